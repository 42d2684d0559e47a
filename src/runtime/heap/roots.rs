//! The roots of the heap: this is the one place that names all that keeps objects, other than objects.

use super::collect::Marker;
use super::{Heap, HostValue, NoMemory, host_values};
use crate::runtime::exceptions::Exception;
use crate::runtime::limiter::{Exhausted, LimitOf, RefusedGrowth, Resource};
use crate::runtime::registry::TypeId;
use crate::runtime::store::Store;
use crate::syntax::types::{HeapType, RefType, ValType};

impl Store {
    /// Collects objects. Of the value stack, the first `top` bytes are in use.
    pub fn collect(&mut self, top: usize) -> Result<(), NoMemory> {
        self.collect_but(&[], top)
    }

    /// Collects as [`collect`](Self::collect) does, and keeps the objects of some more slots.
    fn collect_but(&mut self, kept: &[u64], top: usize) -> Result<(), NoMemory> {
        let Self {
            heap,
            globals,
            tables,
            instances,
            stack,
            parked,
            usage,
            ..
        } = self;
        let done = heap.collect(stack.frames(top), |marker: &mut Marker<'_>| {
            marker.slots(kept);
            for stack in parked.stacks() {
                marker.passed(1);
                marker.slots(stack.slots());
            }
            marker.passed(globals.len() + tables.len() + instances.len());
            for global in &*globals {
                if let ValType::Ref(ty) = global.ty.value
                    && leads_to_objects(ty)
                {
                    marker.slot(global.value[0]);
                }
            }
            for table in &*tables {
                if leads_to_objects(table.ty.element) {
                    marker.slots(&table.elems);
                }
            }
            for instance in &*instances {
                instance.elems.iter().for_each(|elem| marker.slots(&**elem));
            }
        });
        usage.heap_bytes = heap.bytes();
        done
    }

    /// Adds an object for which there is room, see [`make_room`](Self::make_room); a reference to it.
    #[inline]
    pub fn add_object(&mut self, ty: TypeId, len: u32, data: Box<[u8]>) -> Result<u64, NoMemory> {
        let addr = self.heap.add(ty, len, data)?;
        self.usage.heap_bytes = self.heap.bytes();
        Ok(addr.reference())
    }

    /// Adds an exception that references are to lead to; a reference to it. `top` is as for [`make_room`](Self::make_room).
    pub fn add_exception(
        &mut self,
        exception: &Exception,
        top: usize,
    ) -> Result<u64, RefusedGrowth> {
        let payload = &*exception.payload;
        // Its payload may be referred to from nowhere else.
        let room = self.make_room_but(payload, size_of_val(payload) as u64, top);
        let added = room.map(|()| self.heap.add_exception(exception));
        let current = self.heap.bytes();
        self.usage.heap_bytes = current;
        match added {
            Ok(Ok(addr)) => Ok(addr.reference()),
            Err(Exhausted::Growth(refused)) => Err(refused),
            Ok(Err(NoMemory)) | Err(_) => Err(RefusedGrowth {
                resource: Resource::Heap,
                current,
                requested: u64::MAX,
                limit: None,
                limit_of: LimitOf::Host,
            }),
        }
    }

    /// Adds a value of the host; a reference to it. `top` is as for [`make_room`](Self::make_room).
    pub fn add_host_value(&mut self, value: HostValue, top: usize) -> Result<u64, Exhausted> {
        let bytes = host_values::bytes(&value);
        self.make_room(bytes, top)?;
        let added = self.heap.add_host_value(value);
        self.usage.heap_bytes = self.heap.bytes();
        let requested = Heap::cost(bytes);
        let addr = added.map_err(|NoMemory| Exhausted::Host { requested })?;
        Ok(addr.reference())
    }

    /// Makes sure that there may be an object of so many bytes; collects others if it is time to, or there is no room. Of the value
    /// stack, the first `top` bytes are in use.
    #[inline]
    pub fn make_room(&mut self, bytes: u64, top: usize) -> Result<(), Exhausted> {
        self.make_room_but(&[], bytes, top)
    }

    /// Makes room as [`make_room`](Self::make_room) does, and keeps the objects of some more slots.
    #[inline]
    fn make_room_but(&mut self, kept: &[u64], bytes: u64, top: usize) -> Result<(), Exhausted> {
        let more = self.heap.growth(bytes);
        let fits = self.heap_fits(more);
        if fits && !self.heap.is_due(more) {
            return Ok(());
        }
        self.make_room_by_collecting(fits, kept, bytes, top)
    }

    #[cold]
    fn make_room_by_collecting(
        &mut self,
        fits: bool,
        kept: &[u64],
        bytes: u64,
        top: usize,
    ) -> Result<(), Exhausted> {
        let frames = self.stack.frames(top).map(<[u64]>::len).sum();
        // An object that fits will be made, and then a collection that is due has been paid for.
        if fits || self.heap_room() >= bytes && self.heap.may_collect(frames) {
            // Without memory for marks nothing is collected; there may be room all the same.
            let _ = self.collect_but(kept, top);
        }
        let more = self.heap.growth(bytes);
        if self.heap_fits(more) {
            return Ok(());
        }
        if self.depth == 0 {
            // The embedder is told, and may try again.
            self.heap.permit_collection();
        }
        Err(Exhausted::Growth(self.refuse_heap(more)))
    }
}

/// Whether references of a type may lead to objects. Concrete types are not told apart: that of a function's reference looks like no object.
fn leads_to_objects(ty: RefType) -> bool {
    !matches!(ty.heap, HeapType::Func | HeapType::NoFunc)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::runtime::addr::TagAddr;
    use crate::runtime::heap::{CollectionStats, OVERHEAD, SHARE};
    use crate::runtime::limiter::{Limits, Unguarded};
    use crate::runtime::stack::Stacks;
    use crate::syntax::types::{AddrType, Limits as Range, TableType};

    /// Bytes that a node takes.
    const NODE: u64 = 16 + OVERHEAD;
    /// Most bytes of the heaps here.
    const LIMIT: u64 = 1 << 18;

    /// A store, and a type of lists in it, whose nodes are a reference and an `i64`.
    fn lists() -> (Store, TypeId) {
        let limits = Limits {
            heap_bytes: LIMIT,
            ..Limits::default()
        };
        let stacks = Arc::new(Stacks::new(2 << 20).unwrap());
        let mut store = Store::new(Arc::default(), &stacks, limits);
        let bytes = wat::parse_str("(module (type $n (struct (field (ref null $n) i64))))");
        let module = crate::decode::decode_module(&bytes.unwrap()).unwrap();
        let registry = store.registry.clone();
        let types = registry.register(&module.types).unwrap();
        let ty = types[0];
        store.heap.meet(&registry, ty).unwrap();
        // As in a call.
        store.depth = 1;
        (store, ty)
    }

    /// A node in front of `next`. The value stack holds `frames`.
    fn node(store: &mut Store, ty: TypeId, next: u64, frames: &[u64]) -> Result<u64, Exhausted> {
        let top = store.stack.write(frames);
        store.make_room(16, top)?;
        let mut data = Heap::zeros(16).unwrap();
        data[..8].copy_from_slice(&next.to_le_bytes());
        Ok(store.add_object(ty, 0, data).unwrap())
    }

    /// A list of so many bytes.
    fn list(store: &mut Store, ty: TypeId, bytes: u64) -> u64 {
        (0..bytes / NODE).fold(0, |list, _| node(store, ty, list, &[list]).unwrap())
    }

    /// Makes up to so many nodes that nothing refers to, while the value stack holds `frames`; returns how many there was room for.
    fn garbage(store: &mut Store, ty: TypeId, count: u64, frames: &[u64]) -> u64 {
        let made = (0..count).map_while(|_| node(store, ty, 0, frames).ok());
        made.count() as u64
    }

    /// That what was looked at is in proportion to what was allocated: eight bytes for one, and one look at everything.
    #[track_caller]
    fn check_work(store: &Store, allocated: u64, everything: u64) {
        let CollectionStats { times, bytes } = store.heap.collected;
        assert!(times > 0);
        let most = SHARE * allocated + everything;
        assert!(
            bytes <= most,
            "{times} collections looked at {bytes}, not {most}"
        );
    }

    #[test]
    fn a_heap_that_is_nearly_full_is_exhausted_instead_of_collected_for_each_object() {
        for eighths_of_an_eighth in [57, 60, 63] {
            let (mut store, ty) = lists();
            let alive = LIMIT / 64 * eighths_of_an_eighth;
            let kept = list(&mut store, ty, alive);
            let mut made = alive / NODE;
            // A host function may call the guest again and again, whatever becomes of these calls.
            for _ in 0..1_000 {
                made += garbage(&mut store, ty, 1_000, &[kept]);
            }
            check_work(&store, made * NODE, 2 * LIMIT);
            assert!(
                store.heap.collected.times <= 4,
                "{:?}",
                store.heap.collected
            );
        }
    }

    #[test]
    fn a_program_that_keeps_seven_eighths_alive_always_goes_on() {
        for eighths in 0..8 {
            let (mut store, ty) = lists();
            let alive = LIMIT / 8 * eighths - eighths.min(1) * NODE * 2;
            let kept = list(&mut store, ty, alive);
            let count = 20 * LIMIT / NODE;
            assert_eq!(garbage(&mut store, ty, count, &[kept]), count, "{eighths}");
            check_work(&store, alive + count * NODE, LIMIT);
        }
    }

    #[test]
    fn what_else_a_collection_looks_at_counts_as_much_as_objects() {
        let table = TableType {
            addr: AddrType::I32,
            limits: Range {
                min: 1 << 18,
                max: None,
            },
            element: RefType::nullable(HeapType::Any),
        };
        let deep = vec![0; 1 << 18];
        let cases: [(bool, &[u64]); 2] = [(true, &[]), (false, &deep)];
        for (with_table, frames) in cases {
            let (mut store, ty) = lists();
            if with_table {
                store.alloc_table(&mut Unguarded, table, 0).unwrap();
            }
            let mut made = 0;
            for _ in 0..100 {
                made += garbage(&mut store, ty, 10_000, frames);
            }
            check_work(&store, made * NODE, LIMIT + (4 << 20));
            assert!(
                store.heap.collected.times <= 2,
                "{:?}",
                store.heap.collected
            );
        }
    }

    #[test]
    fn a_call_from_outside_may_begin_with_a_collection() {
        let (mut store, ty) = lists();
        let kept = list(&mut store, ty, LIMIT - NODE);
        assert!(garbage(&mut store, ty, 1_000, &[kept]) < 1_000);
        // Nothing is alive any more, but nothing was made since that could pay for another look.
        assert_eq!(garbage(&mut store, ty, 1_000, &[]), 0);
        store.heap.permit_collection();
        assert_eq!(garbage(&mut store, ty, 1_000, &[]), 1_000);
        // Without a call it is the embedder who makes objects, and who is told once.
        let kept = list(&mut store, ty, LIMIT / 16 * 15);
        assert!(garbage(&mut store, ty, 10_000, &[kept]) < 10_000);
        store.depth = 0;
        assert_eq!(garbage(&mut store, ty, 1_000, &[]), 0);
        assert_eq!(garbage(&mut store, ty, 1_000, &[]), 1_000);
    }

    #[test]
    fn an_object_that_can_never_fit_is_refused_without_a_collection() {
        let (mut store, ty) = lists();
        list(&mut store, ty, LIMIT / 2);
        let before = store.heap.collected;
        for _ in 0..100 {
            assert!(store.make_room(LIMIT + 1, 0).is_err());
        }
        assert_eq!(store.heap.collected, before);
        assert!(store.make_room(LIMIT / 8 * 7, 0).is_ok());
    }

    #[test]
    fn what_an_exception_carries_survives_the_collection_that_makes_room_for_it() {
        let (mut store, ty) = lists();
        let carried = node(&mut store, ty, 0, &[]).unwrap();
        list(&mut store, ty, LIMIT - NODE);
        let exception = Exception {
            tag: TagAddr(0),
            payload: [carried].into(),
        };
        let exception = store.add_exception(&exception, 0).unwrap();
        assert_eq!(store.heap.collected.times, 1);
        assert_eq!(store.usage.heap_bytes, store.heap.bytes());
        assert!(store.heap.bytes() < 3 * NODE);
        let exception = store.heap.exception(exception).unwrap();
        assert_eq!(store.heap.get(exception.payload[0]).unwrap().ty(), ty);
    }

    #[test]
    fn values_of_the_host_are_dropped_with_their_last_reference_whatever_that_does() {
        struct Panics(Arc<()>);
        impl Drop for Panics {
            fn drop(&mut self) {
                let _ = &self.0;
                std::panic::resume_unwind(Box::new("a destructor"));
            }
        }
        let (mut store, ty) = lists();
        let alive = Arc::new(());
        let value = store.add_host_value(Box::new(alive.clone()), 0);
        let value = value.unwrap();
        let panics = Panics(alive.clone());
        store.add_host_value(Box::new(panics), 0).unwrap();
        let kept = node(&mut store, ty, value, &[]).unwrap();
        let full = store.heap.bytes();
        let top = store.stack.write(&[kept]);
        store.collect(top).unwrap();
        assert_eq!(Arc::strong_count(&alive), 2);
        assert!(store.heap.bytes() < full);
        store.collect(0).unwrap();
        assert_eq!(Arc::strong_count(&alive), 1);
        assert_eq!(store.heap.bytes(), 0);
    }
}
