//! Objects made and collected by the embedder. Holds unsafe code: the collector looks at the value stack.
#![allow(unsafe_code)]

use super::machine::Slot;
use crate::runtime::exceptions::Exception;
use crate::runtime::heap::{Heap, HostValue, NoMemory};
use crate::runtime::limiter::{Exhausted, RefusedGrowth};
use crate::runtime::registry::TypeId;
use crate::runtime::store::Store;

/// Collects objects.
pub fn collect(store: &mut Store) -> Result<(), NoMemory> {
    let (base, used) = (store.stack.slots.as_ptr(), store.stack_used);
    // SAFETY: FRAME; see `frames`.
    let frames = unsafe { frames(base, used) };
    store.collect(frames)
}

/// Makes an object; a reference to it. `fill` sets its bytes, which are all zero at first.
pub fn make(
    store: &mut Store,
    ty: TypeId,
    len: u32,
    bytes: u64,
    fill: impl FnOnce(&mut [u8]),
) -> Result<u64, Exhausted> {
    let requested = Heap::cost(bytes);
    let no_memory = |NoMemory| Exhausted::Host { requested };
    if bytes > Heap::MOST_BYTES {
        return Err(no_memory(NoMemory));
    }
    let (base, used) = (store.stack.slots.as_ptr(), store.stack_used);
    // SAFETY: FRAME; see `frames`.
    store.make_room(bytes, || unsafe { frames(base, used) })?;
    let mut data = Heap::zeros(bytes as usize).map_err(no_memory)?;
    fill(&mut data);
    store.add_object(ty, len, data).map_err(no_memory)
}

/// Puts a value of the host into the heap; a reference to it.
pub fn make_host_value(store: &mut Store, value: HostValue) -> Result<u64, Exhausted> {
    let (base, used) = (store.stack.slots.as_ptr(), store.stack_used);
    // SAFETY: FRAME; see `frames`.
    store.add_host_value(value, || unsafe { frames(base, used) })
}

/// Puts an exception into the heap; a reference to it.
pub fn make_exception(store: &mut Store, exception: &Exception) -> Result<u64, RefusedGrowth> {
    let (base, used) = (store.stack.slots.as_ptr(), store.stack_used);
    // SAFETY: FRAME; see `frames`.
    store.add_exception(exception, || unsafe { frames(base, used) })
}

/// The slots of the value stack that calls under way use.
///
/// # Safety
///
/// FRAME; so many bytes from there are in use. All slots of the value stack are initialised, and nothing writes to
/// it while the collector runs.
unsafe fn frames<'f>(base: *const Slot, used: usize) -> &'f [Slot] {
    // SAFETY: the caller's.
    unsafe { core::slice::from_raw_parts(base, used / size_of::<Slot>()) }
}
