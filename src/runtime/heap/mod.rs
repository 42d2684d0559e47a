//! The heap: structures, arrays, exceptions and values of the host, which references lead to. All of it is collected, cycles too.
//!
//! Objects stand in a list and have their position there for as long as they live; nothing moves. An object holds bytes, whose
//! layout is its type's. `collect` finds the objects that are still in use, `handles` are the references of the embedder, `roots` names
//! all other roots. Instructions are not here: `exec::handlers::heap` has them.
//! <https://webassembly.github.io/spec/core/exec/runtime.html#structure-instances>

mod collect;
mod handles;
mod host_values;
mod reference;
mod roots;
mod types;

pub use handles::{Handle, Handles};
pub use host_values::HostValue;
pub use reference::{ObjectAddr, Referent, i31, is_i31, referent};
pub use types::{Shape, TypeInfo};

use std::any::Any;
use std::sync::Arc;

use super::addr::TagAddr;
use super::exceptions::Exception;
use super::registry::{Registry, TypeId};
use crate::code::layout::{Storage, Target};
use host_values::HostValues;
use types::TypeCache;

/// An object.
#[derive(Debug)]
pub struct Object {
    /// Its type, or [`FREE`].
    ty: TypeId,
    /// How many elements it has, if it is an array; its tag's address, if it is an exception; its position among the values of the
    /// host, if it is one; the next free place, if it is free.
    len: u32,
    /// Its fields or elements.
    pub data: Box<[u8]>,
}

/// The type of a place in the list where no object is. The registry has no type of that number.
const FREE: TypeId = TypeId(u32::MAX);
/// The type of exceptions, which have none but their tags'. The registry has no type of that number either.
const EXCEPTION: TypeId = TypeId(u32::MAX - 1);
/// The type of values of the host. The registry has no type of that number either.
const HOST_VALUE: TypeId = TypeId(u32::MAX - 2);
/// The end of the list of free places.
const NO_PLACE: u32 = u32::MAX;
/// Bytes that an object takes besides its own, with what the host's allocator adds.
const OVERHEAD: u64 = size_of::<Object>() as u64 + 16;

impl Object {
    /// Its type.
    #[inline]
    pub fn ty(&self) -> TypeId {
        self.ty
    }

    /// How many elements it has, if it is an array.
    #[inline]
    pub fn len(&self) -> u32 {
        self.len
    }

    /// Whether it stands for a value of the host.
    #[inline]
    pub fn is_host_value(&self) -> bool {
        self.ty == HOST_VALUE
    }

    fn is_free(&self) -> bool {
        self.ty == FREE
    }
}

/// The objects of a store.
#[derive(Debug)]
pub struct Heap {
    objects: Vec<Object>,
    /// The first free place.
    free: u32,
    /// Bytes that objects take, and free places too.
    bytes: u64,
    /// How many bytes there may be before the next collection.
    threshold: u64,
    /// How many bytes there were after the last collection.
    settled: u64,
    /// How many slots outside the heap and the value stack the last collection has looked at.
    roots: u64,
    /// Whether one collection may happen that has not been paid for.
    permitted: bool,
    /// Collections so far, and how many bytes they have looked at.
    pub collected: CollectionStats,
    types: TypeCache,
    /// Values of the host; nothing where there is none any more.
    host_values: HostValues,
    /// The references that the embedder holds.
    pub handles: Handles,
}

/// Bytes below which nothing is collected while there is room.
const LEAST: u64 = 1 << 20;
/// Where the heap is full, a collection has been paid for by objects of one such part of the bytes that it looks at.
const SHARE: u64 = 8;

/// Counts of the work of collections.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct CollectionStats {
    /// How many there were.
    pub times: u64,
    /// Bytes that they have looked at: of objects and their places, and eight for each slot elsewhere.
    pub bytes: u64,
}

/// There is no memory for an object.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NoMemory;

impl Default for Heap {
    fn default() -> Self {
        Self {
            objects: Vec::new(),
            free: NO_PLACE,
            bytes: 0,
            threshold: LEAST,
            settled: 0,
            roots: 0,
            permitted: true,
            collected: CollectionStats::default(),
            host_values: HostValues::default(),
            types: TypeCache::default(),
            handles: Handles::default(),
        }
    }
}

impl Heap {
    /// The most bytes of an object.
    pub const MOST_BYTES: u64 = 1 << 30;

    /// Bytes that the objects take.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// How many bytes an object of so many takes.
    pub fn cost(bytes: u64) -> u64 {
        bytes.saturating_add(OVERHEAD)
    }

    /// How many bytes more the heap takes with another object of so many: a free place is counted already.
    #[inline]
    pub fn growth(&self, bytes: u64) -> u64 {
        match self.free {
            NO_PLACE => Self::cost(bytes),
            _ => bytes,
        }
    }

    /// Permits one collection that has not been paid for: a call from outside begins.
    #[inline]
    pub fn permit_collection(&mut self) {
        self.permitted = true;
    }

    /// Whether it is time to collect before so many bytes more, although there is room.
    #[inline]
    fn is_due(&self, more: u64) -> bool {
        self.bytes.saturating_add(more) > self.threshold
    }

    /// Whether there may be a collection although it is not due, because the heap is full. `frames` is how many slots of the value stack
    /// are in use.
    ///
    /// The bytes of objects made since the last one have to be a share of the bytes to look at. So the time of all collections stays in
    /// proportion to the allocated bytes, which fuel charges, however full the heap is.
    fn may_collect(&mut self, frames: usize) -> bool {
        let made = self.bytes.saturating_sub(self.settled);
        made.saturating_mul(SHARE) >= self.work(frames) || core::mem::take(&mut self.permitted)
    }

    /// How many bytes a collection looks at.
    fn work(&self, frames: usize) -> u64 {
        let slots = self.roots.saturating_add(frames as u64);
        self.bytes.saturating_add(slots.saturating_mul(8))
    }

    /// Returns the facts that the heap keeps about a type. The store holds the type from now on.
    #[inline]
    pub fn meet(
        &mut self,
        registry: &Arc<Registry>,
        ty: TypeId,
    ) -> Result<&Arc<TypeInfo>, NoMemory> {
        self.types.meet(registry, ty)
    }

    /// Bytes that are all zero: of an object whose fields are to be set, or have their defaults.
    pub fn zeros(bytes: usize) -> Result<Box<[u8]>, NoMemory> {
        let mut data = Vec::new();
        data.try_reserve_exact(bytes).map_err(|_| NoMemory)?;
        data.resize(bytes, 0);
        Ok(data.into_boxed_slice())
    }

    /// Adds an object. Its type was met, and its bytes have the layout of that. The caller has made sure that the store may have it, see
    /// `Store::make_room`.
    pub fn add(&mut self, ty: TypeId, len: u32, data: Box<[u8]>) -> Result<ObjectAddr, NoMemory> {
        debug_assert!(ty == EXCEPTION || self.types.get(ty).is_some());
        let bytes = data.len() as u64;
        self.put(Object { ty, len, data }, bytes)
    }

    /// Adds an object that takes so many bytes besides its place.
    #[inline]
    fn put(&mut self, object: Object, bytes: u64) -> Result<ObjectAddr, NoMemory> {
        if let Some(place) = self.objects.get_mut(self.free as usize) {
            let addr = ObjectAddr(self.free);
            self.free = place.len;
            *place = object;
            self.bytes += bytes;
            return Ok(addr);
        }
        let addr = u32::try_from(self.objects.len()).ok();
        let addr = addr.filter(|addr| *addr < NO_PLACE).ok_or(NoMemory)?;
        self.objects.try_reserve(1).map_err(|_| NoMemory)?;
        self.objects.push(object);
        self.bytes += Self::cost(bytes);
        Ok(ObjectAddr(addr))
    }

    /// Adds an exception, see [`add`](Self::add). Each slot of its payload that looks like a reference is taken for one.
    fn add_exception(&mut self, exception: &Exception) -> Result<ObjectAddr, NoMemory> {
        let mut data = Self::zeros(size_of_val(&*exception.payload))?;
        for (bytes, slot) in data.chunks_exact_mut(8).zip(&*exception.payload) {
            bytes.copy_from_slice(&slot.to_le_bytes());
        }
        self.add(EXCEPTION, exception.tag.0, data)
    }

    /// Adds a value of the host, see [`add`](Self::add).
    pub fn add_host_value(&mut self, value: HostValue) -> Result<ObjectAddr, NoMemory> {
        let bytes = host_values::bytes(&value);
        let len = self.host_values.add(value)?;
        let (ty, data) = (HOST_VALUE, Box::default());
        let added = self.put(Object { ty, len, data }, bytes);
        if added.is_err() {
            self.host_values.remove(len);
        }
        added
    }

    /// The value of the host that an object stands for, if it does.
    pub fn host_value(&self, addr: ObjectAddr) -> Option<&(dyn Any + Send + Sync)> {
        let object = self.objects.get(addr.index())?;
        let value = object
            .is_host_value()
            .then(|| self.host_values.get(object.len));
        value?
    }

    /// The same, to be changed.
    pub fn host_value_mut(&mut self, addr: ObjectAddr) -> Option<&mut (dyn Any + Send + Sync)> {
        let object = self.objects.get(addr.index())?;
        let values = &mut self.host_values;
        let value = object.is_host_value().then(|| values.get_mut(object.len));
        value?
    }

    /// The exception that a slot leads to, which holds a reference to one or null.
    pub fn exception(&self, slot: u64) -> Option<Exception> {
        let object = self.get(slot).filter(|object| object.ty == EXCEPTION)?;
        let slots = object.data.chunks_exact(8);
        let slots = slots.map(|bytes| bytes.try_into().map_or(0, u64::from_le_bytes));
        Some(Exception {
            tag: TagAddr(object.len),
            payload: slots.collect(),
        })
    }

    /// The object that a slot leads to, which holds a reference or null.
    #[inline(always)]
    pub fn get(&self, slot: u64) -> Option<&Object> {
        self.objects.get(ObjectAddr::of_slot(slot)?.index())
    }

    /// The object that a slot leads to, to be changed.
    #[inline(always)]
    pub fn get_mut(&mut self, slot: u64) -> Option<&mut Object> {
        self.objects.get_mut(ObjectAddr::of_slot(slot)?.index())
    }

    /// Two objects, if both are there and not the same.
    pub fn get_two(&mut self, a: u64, b: u64) -> Option<[&mut Object; 2]> {
        let index = |slot| ObjectAddr::of_slot(slot).map(ObjectAddr::index);
        let indices = [index(a)?, index(b)?];
        self.objects.get_disjoint_mut(indices).ok()
    }

    /// The heap's facts about the type of an object.
    #[inline]
    pub fn info(&self, object: &Object) -> Option<&TypeInfo> {
        self.types.get(object.ty)
    }

    /// Whether a reference that is not null is of the type that a cast requires. The heap does not know functions.
    #[inline]
    pub fn fits(&self, slot: u64, target: Target) -> bool {
        match target {
            Target::Top => true,
            Target::Bottom => false,
            Target::Eq => self.is_eq(slot),
            Target::I31 => is_i31(slot),
            Target::Struct => self
                .shape(slot)
                .is_some_and(|shape| matches!(shape, Shape::Struct(_))),
            Target::Array => self
                .shape(slot)
                .is_some_and(|shape| matches!(shape, Shape::Array(_))),
            Target::Object(id) => match self.get(slot) {
                Some(object) if object.ty.0 == id => true,
                // The type of each object was met.
                Some(object) => self
                    .info(object)
                    .is_some_and(|info| info.is_subtype(TypeId(id))),
                None => false,
            },
            Target::Func(_) => false,
        }
    }

    /// Whether a reference leads to an object that can be compared.
    pub fn is_eq(&self, slot: u64) -> bool {
        let is_eq = |object: &Object| !object.is_host_value();
        is_i31(slot) || self.get(slot).is_some_and(is_eq)
    }

    /// Whether a type is another or a subtype of it.
    pub fn is_subtype(&mut self, registry: &Arc<Registry>, sub: TypeId, sup: TypeId) -> bool {
        match self.types.meet(registry, sub) {
            Ok(info) => info.is_subtype(sup),
            Err(NoMemory) => registry.is_subtype(sub, sup),
        }
    }

    fn shape(&self, slot: u64) -> Option<&Shape> {
        Some(&self.info(self.get(slot)?)?.shape)
    }
}

/// The bits that a field or element holds, zero-extended, if there are as many bytes.
#[inline]
pub fn load(storage: Storage, data: &[u8], at: usize) -> Option<[u64; 2]> {
    let data = data.get(at..)?;
    let low = match storage {
        Storage::I8 => u64::from(*data.first()?),
        Storage::I16 => u64::from(u16::from_le_bytes(*data.first_chunk()?)),
        Storage::Bits32 => u64::from(u32::from_le_bytes(*data.first_chunk()?)),
        Storage::Bits64 | Storage::Ref => u64::from_le_bytes(*data.first_chunk()?),
        Storage::Bits128 => {
            let bits = u128::from_le_bytes(*data.first_chunk()?);
            return Some([bits as u64, (bits >> 64) as u64]);
        }
    };
    Some([low, 0])
}

/// Sets a field or element, if there are as many bytes.
#[inline]
pub fn store(storage: Storage, data: &mut [u8], at: usize, value: [u64; 2]) -> Option<()> {
    let data = data.get_mut(at..)?;
    let [low, high] = value;
    match storage {
        Storage::I8 => *data.first_mut()? = low as u8,
        Storage::I16 => *data.first_chunk_mut()? = (low as u16).to_le_bytes(),
        Storage::Bits32 => *data.first_chunk_mut()? = (low as u32).to_le_bytes(),
        Storage::Bits64 | Storage::Ref => *data.first_chunk_mut()? = low.to_le_bytes(),
        Storage::Bits128 => {
            let bits = u128::from(low) | u128::from(high) << 64;
            *data.first_chunk_mut()? = bits.to_le_bytes();
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Storage; 6] = [
        Storage::I8,
        Storage::I16,
        Storage::Bits32,
        Storage::Bits64,
        Storage::Ref,
        Storage::Bits128,
    ];

    #[test]
    fn what_is_stored_is_loaded_and_no_byte_beside_it_changes() {
        let value = [0x0123_4567_89ab_cdef, 0xfedc_ba98_7654_3210];
        let bits = u128::from(value[0]) | u128::from(value[1]) << 64;
        for storage in ALL {
            let mut data = [0x55; 40];
            assert_eq!(store(storage, &mut data, 8, value), Some(()));
            let mut expected = [0x55; 40];
            expected[8..8 + storage.bytes()]
                .copy_from_slice(&bits.to_le_bytes()[..storage.bytes()]);
            assert_eq!(data, expected, "{storage:?}");
            let mask = u128::MAX >> (128 - 8 * storage.bytes());
            let loaded = load(storage, &data, 8).unwrap();
            let loaded = u128::from(loaded[0]) | u128::from(loaded[1]) << 64;
            assert_eq!(loaded, bits & mask, "{storage:?}");
            let last = 40 - storage.bytes();
            assert!(
                load(storage, &data, last).is_some() && load(storage, &data, last + 1).is_none()
            );
            assert_eq!(store(storage, &mut data, last + 1, value), None);
            assert_eq!(store(storage, &mut data, 41, value), None);
            assert_eq!(Storage::of_code(storage as u32), storage);
        }
    }

    /// A heap with a type of lists, whose nodes are a reference and an `i64`.
    fn lists() -> (Heap, TypeId) {
        let registry = Arc::new(Registry::default());
        let bytes = wat::parse_str("(module (type $n (struct (field (ref null $n) i64))))");
        let module = crate::decode::decode_module(&bytes.unwrap()).unwrap();
        let types = registry.register(&module.types).unwrap();
        let ty = types[0];
        let mut heap = Heap::default();
        heap.meet(&registry, ty).unwrap();
        (heap, ty)
    }

    fn node(heap: &mut Heap, ty: TypeId, next: u64) -> u64 {
        let mut data = Heap::zeros(16).unwrap();
        store(Storage::Ref, &mut data, 0, [next, 0]).unwrap();
        heap.add(ty, 0, data).unwrap().reference()
    }

    #[test]
    fn a_place_that_is_free_again_is_used_before_the_list_grows() {
        let (mut heap, ty) = lists();
        let a = node(&mut heap, ty, 0);
        let b = node(&mut heap, ty, 0);
        let c = node(&mut heap, ty, b);
        let bytes = heap.bytes();
        heap.collect([].into_iter(), |marker| marker.slot(c))
            .unwrap();
        assert!(heap.get(a).is_some_and(Object::is_free));
        assert_eq!(bytes - heap.bytes(), 16);
        assert_eq!(node(&mut heap, ty, 0), a);
        assert_eq!(heap.bytes(), bytes);
    }

    #[test]
    fn slots_that_are_no_references_mark_nothing() {
        let (mut heap, ty) = lists();
        let object = node(&mut heap, ty, 0);
        heap.collect([].into_iter(), |marker| {
            marker.slots(&[0, 1, u64::MAX, object + 1, object & 0xffff_ffff, i31(5)])
        })
        .unwrap();
        assert_eq!(heap.bytes(), 0);
    }

    #[test]
    fn handles_keep_what_they_refer_to_and_what_that_refers_to() {
        let (mut heap, ty) = lists();
        let inner = node(&mut heap, ty, 0);
        let outer = node(&mut heap, ty, inner);
        let handle = heap.handles.hold(outer);
        let bytes = heap.bytes();
        heap.collect([].into_iter(), |_| {}).unwrap();
        assert_eq!(heap.bytes(), bytes);
        drop(handle);
        heap.collect([].into_iter(), |_| {}).unwrap();
        assert_eq!(heap.bytes(), 0);
    }
}
