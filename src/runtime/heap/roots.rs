//! What keeps objects, other than objects: the one place that names all of it.

use super::collect::Marker;
use super::{Handle, Heap, NoMemory, ObjectAddr};
use crate::runtime::exceptions::Exception;
use crate::runtime::limiter::{Exhausted, LimitOf, RefusedGrowth, Resource};
use crate::runtime::registry::TypeId;
use crate::runtime::store::Store;
use crate::syntax::types::{HeapType, RefType, ValType};

impl Store {
    /// Collects objects. `frames` are the slots of the value stack that are in use.
    pub fn collect(&mut self, frames: &[u64]) -> Result<(), NoMemory> {
        let Self {
            heap,
            globals,
            tables,
            instances,
            parked,
            usage,
            ..
        } = self;
        let done = heap.collect(|marker: &mut Marker<'_>| {
            marker.slots(frames);
            for stack in parked.stacks() {
                marker.slots(&**stack);
            }
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

    /// Adds an exception that references are to lead to; a reference to it. `frames` is as for [`make_room`](Self::make_room).
    pub fn add_exception<'f>(
        &mut self,
        exception: &Exception,
        frames: impl FnOnce() -> &'f [u64],
    ) -> Result<u64, RefusedGrowth> {
        // What it carries may be nowhere else any more.
        let handles: Vec<Handle> = self.heap.handles.hold_objects(&exception.payload);
        let room = self.make_room(size_of_val(&*exception.payload) as u64, frames);
        drop(handles);
        let no_memory = RefusedGrowth {
            resource: Resource::Heap,
            current: self.usage.heap_bytes,
            requested: u64::MAX,
            limit: None,
            limit_of: LimitOf::Host,
        };
        room.map_err(|exhausted| match exhausted {
            Exhausted::Growth(refused) => refused,
            _ => no_memory,
        })?;
        let added = self.heap.add_exception(exception);
        self.usage.heap_bytes = self.heap.bytes();
        added
            .map(ObjectAddr::reference)
            .map_err(|NoMemory| no_memory)
    }

    /// Makes sure that there may be an object of so many bytes; collects others if it is time to, or there is no room. `frames` is asked
    /// for the slots of the value stack that are in use.
    #[inline]
    pub fn make_room<'f>(
        &mut self,
        bytes: u64,
        frames: impl FnOnce() -> &'f [u64],
    ) -> Result<(), Exhausted> {
        let more = Heap::cost(bytes);
        if !self.heap.is_due(more) && self.check_room(more).is_ok() {
            return Ok(());
        }
        self.collect(frames())
            .map_err(|NoMemory| Exhausted::Host { requested: more })?;
        self.check_room(more)
    }

    /// As [`make_room`](Self::make_room), where nothing may be collected because not all references are where they would be found.
    #[inline]
    pub fn check_room(&mut self, more: u64) -> Result<(), Exhausted> {
        let granted = self.grow_heap(more);
        // It is counted when it is added.
        self.usage.heap_bytes = self.heap.bytes();
        granted.map_err(Exhausted::Growth)
    }
}

/// Whether references of a type may lead to objects. Concrete types are not told apart: that of a function's reference looks like no object.
fn leads_to_objects(ty: RefType) -> bool {
    !matches!(ty.heap, HeapType::Func | HeapType::NoFunc)
}
