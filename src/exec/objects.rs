//! Objects made and collected by the embedder.

use crate::runtime::exceptions::Exception;
use crate::runtime::heap::{Heap, HostValue, NoMemory};
use crate::runtime::limiter::{Exhausted, RefusedGrowth};
use crate::runtime::registry::TypeId;
use crate::runtime::store::Store;

/// Collects objects.
pub fn collect(store: &mut Store) -> Result<(), NoMemory> {
    store.collect(store.stack.used)
}

/// Makes an object; returns a reference to it. `fill` sets its bytes, which are all zero at first.
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
    store.make_room(bytes, store.stack.used)?;
    let mut data = Heap::zeros(bytes as usize).map_err(no_memory)?;
    fill(&mut data);
    store.add_object(ty, len, data).map_err(no_memory)
}

/// Puts a value of the host into the heap; returns a reference to it.
pub fn make_host_value(store: &mut Store, value: HostValue) -> Result<u64, Exhausted> {
    store.add_host_value(value, store.stack.used)
}

/// Puts an exception into the heap; returns a reference to it.
pub fn make_exception(store: &mut Store, exception: &Exception) -> Result<u64, RefusedGrowth> {
    store.add_exception(exception, store.stack.used)
}
