//! Memories that threads share.

use core::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::api::engine::Engine;
use crate::api::types::MemoryType;
use crate::error::{Error, MemoryAccessError, Misuse};
use crate::runtime::limiter::{LimitOf, RefusedGrowth, Resource};
use crate::runtime::shared_mem::SharedMem;
use crate::runtime::trap::Trap;

pub use crate::runtime::shared_mem::WaitResult;

/// A memory that threads share: it belongs to no store, and instances in any number of stores can import it.
///
/// Guests order concurrent accesses by atomic instructions. In any case, each access stays within the memory. Its bytes cannot be
/// borrowed as those of a [`Memory`](crate::Memory) can: they may change at any time.
/// <https://webassembly.github.io/threads/core/>
///
/// Modules use it only where [`Config::wasm_threads`](crate::Config::wasm_threads) is on.
///
/// ```
/// use std::thread;
/// use tickwasm::{Config, Engine, Instance, MemoryTypeBuilder, Module, SharedMemory, Store};
///
/// let engine = Engine::new(Config::new().wasm_threads(true))?;
/// let ty = MemoryTypeBuilder::new().min(1).max(Some(1)).shared(true).build()?;
/// let memory = SharedMemory::new(&engine, ty)?;
/// let module = Module::new(&engine, r#"(module (import "env" "memory" (memory 1 1 shared))
///     (func (export "count") (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))))"#)?;
/// thread::scope(|scope| {
///     for _ in 0..4 {
///         scope.spawn(|| {
///             let mut store = Store::new(&engine, ());
///             let instance = Instance::new(&mut store, &module, &[memory.clone().into()])?;
///             let count = instance.get_typed_func::<(), ()>(&mut store, "count")?;
///             (0..100).try_for_each(|_| count.call(&mut store, ()))
///         });
///     }
/// });
/// let mut counted = [0; 4];
/// memory.read(0, &mut counted)?;
/// assert_eq!(u32::from_le_bytes(counted), 400);
/// # Ok::<(), tickwasm::Error>(())
/// ```
#[derive(Clone)]
pub struct SharedMemory {
    engine: Engine,
    memory: Arc<SharedMem>,
}

impl SharedMemory {
    /// Makes a memory of the type's initial size, all zero.
    ///
    /// It may have as many bytes as the memories of a store of the engine ([`Config::max_memory_bytes`](crate::Config::max_memory_bytes),
    /// [`Config::max_total_bytes`](crate::Config::max_total_bytes)). Limits and limiters of stores do not apply to it; a growth by a
    /// guest counts for the guest's store.
    ///
    /// # Errors
    /// If the type is not that of a shared memory, or the engine's limits or the host's memory do not suffice.
    pub fn new(engine: &Engine, ty: MemoryType) -> Result<Self, Error> {
        if !ty.is_shared() || !ty.is_possible() {
            return Err(Misuse::Limits.into());
        }
        let bytes = ty.minimum().saturating_mul(ty.page_size());
        check_limit(engine, 0, bytes)?;
        match SharedMem::new(ty.inner) {
            Some(memory) => Ok(Self::at(engine, Arc::new(memory))),
            None => Err(refused(0, bytes, None).into()),
        }
    }

    pub(crate) fn at(engine: &Engine, memory: Arc<SharedMem>) -> Self {
        Self {
            engine: engine.clone(),
            memory,
        }
    }

    pub(crate) fn inner(&self) -> &Arc<SharedMem> {
        &self.memory
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Its type; the minimum is the current size.
    pub fn ty(&self) -> MemoryType {
        let mut inner = self.memory.ty();
        inner.limits.min = self.size();
        MemoryType { inner }
    }

    /// Its size in pages.
    pub fn size(&self) -> u64 {
        self.memory.size()
    }

    /// Its size in bytes.
    pub fn data_size(&self) -> usize {
        usize::try_from(self.memory.len()).unwrap_or(usize::MAX)
    }

    /// Bytes in a page.
    pub fn page_size(&self) -> u64 {
        self.ty().page_size()
    }

    /// Copies the bytes from `offset` on to `buffer`; it may or may not see concurrent writes.
    ///
    /// # Errors
    /// If they reach beyond the memory; no byte is copied then.
    pub fn read(&self, offset: usize, buffer: &mut [u8]) -> Result<(), MemoryAccessError> {
        self.check(offset, buffer.len())?;
        self.memory.read(offset as u64, buffer);
        Ok(())
    }

    /// Copies `buffer` to the bytes from `offset` on.
    ///
    /// # Errors
    /// If they reach beyond the memory; no byte is copied then.
    pub fn write(&self, offset: usize, buffer: &[u8]) -> Result<(), MemoryAccessError> {
        self.check(offset, buffer.len())?;
        self.memory.write(offset as u64, buffer);
        Ok(())
    }

    fn check(&self, offset: usize, size: usize) -> Result<(), MemoryAccessError> {
        let error = MemoryAccessError {
            offset,
            size,
            len: self.data_size(),
        };
        let checked = self.memory.check(offset as u64, size as u64);
        checked.map_err(|_| error)
    }

    /// Grows it by `delta` pages of zeros; returns its old size in pages.
    ///
    /// # Errors
    /// [`Error::MemoryExhausted`] if its type, the engine's limits (see [`new`](Self::new)) or the host's memory do not allow it.
    pub fn grow(&self, delta: u64) -> Result<u64, Error> {
        let bytes = |pages: u64| pages.saturating_mul(self.page_size());
        let size = self.size();
        if delta > 0 {
            check_limit(&self.engine, bytes(size), bytes(size.saturating_add(delta)))?;
        }
        self.memory.grow(delta).ok_or_else(|| {
            let size = self.size();
            let limit = self.memory.ty().limits.max.map(bytes);
            refused(bytes(size), bytes(size.saturating_add(delta)), limit).into()
        })
    }

    /// Wakes up to `count` threads that wait at an address, as `memory.atomic.notify` does; returns their number.
    ///
    /// # Errors
    /// [`Trap::HeapMisaligned`] if the address is not a multiple of 4, [`Trap::MemoryOutOfBounds`] if it lies beyond the memory.
    pub fn atomic_notify(&self, addr: u64, count: u32) -> Result<u32, Trap> {
        self.check_aligned(addr, 4)?;
        Ok(self.memory.notify(addr, count))
    }

    /// Waits until another thread notifies an address, as `memory.atomic.wait32` does, unless the four bytes there are not `expected`.
    /// Without a timeout it may wait forever.
    ///
    /// # Errors
    /// [`Trap::HeapMisaligned`] if the address is not a multiple of 4, [`Trap::MemoryOutOfBounds`] if it lies beyond the memory.
    pub fn atomic_wait32(
        &self,
        addr: u64,
        expected: u32,
        timeout: Option<Duration>,
    ) -> Result<WaitResult, Trap> {
        self.check_aligned(addr, 4)?;
        self.memory
            .wait(addr, 4, expected.into(), timeout, &mut || false)
    }

    /// Waits as [`atomic_wait32`](Self::atomic_wait32) does, with eight bytes: `memory.atomic.wait64`.
    ///
    /// # Errors
    /// [`Trap::HeapMisaligned`] if the address is not a multiple of 8, [`Trap::MemoryOutOfBounds`] if it lies beyond the memory.
    pub fn atomic_wait64(
        &self,
        addr: u64,
        expected: u64,
        timeout: Option<Duration>,
    ) -> Result<WaitResult, Trap> {
        self.check_aligned(addr, 8)?;
        self.memory.wait(addr, 8, expected, timeout, &mut || false)
    }

    fn check_aligned(&self, addr: u64, width: u64) -> Result<(), Trap> {
        match addr.is_multiple_of(width) {
            true => self.memory.check(addr, width),
            false => Err(Trap::HeapMisaligned),
        }
    }
}

/// Fails if a memory would have more bytes than the engine allows all memories of a store.
fn check_limit(engine: &Engine, current: u64, requested: u64) -> Result<(), RefusedGrowth> {
    let limits = &engine.config().limits;
    let (limit, limit_of) = match limits.memory_bytes <= limits.total_bytes {
        true => (limits.memory_bytes, LimitOf::Store),
        false => (limits.total_bytes, LimitOf::Total),
    };
    if requested <= limit {
        return Ok(());
    }
    Err(RefusedGrowth {
        resource: Resource::Memory,
        current,
        requested,
        limit: Some(limit),
        limit_of,
    })
}

fn refused(current: u64, requested: u64, limit: Option<u64>) -> RefusedGrowth {
    let limit = limit.filter(|limit| requested > *limit);
    RefusedGrowth {
        resource: Resource::Memory,
        current,
        requested,
        limit,
        limit_of: limit.map_or(LimitOf::Host, |_| LimitOf::Type),
    }
}

impl fmt::Debug for SharedMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.memory.fmt(f)
    }
}

/// Whether they are one and the same memory.
impl PartialEq for SharedMemory {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.memory, &other.memory)
    }
}

impl Eq for SharedMemory {}

impl core::hash::Hash for SharedMemory {
    fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.memory).hash(state);
    }
}
