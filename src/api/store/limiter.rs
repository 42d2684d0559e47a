//! Limiters: the embedder's decisions about the growth of memories and tables.

use super::StoreInner;
use super::context::StoreContextMut;
use crate::error::{Error, Result};
use crate::runtime::limiter::{Counted, Guard, LimitOf, RefusedGrowth, Resource};
use crate::runtime::store::Store;
use crate::runtime::trap::HostError;

/// The default of a limiter for the numbers of instances, memories and tables each.
const COUNT: usize = 10_000;

/// Decides whether a memory or table of a store may be made or grow, see [`Store::limiter`](crate::Store::limiter).
///
/// Sizes are those of a single memory or table: bytes, or elements. The store itself limits all memories and tables together, in addition
/// to this, see [`Store::set_max_memory_bytes`](crate::Store::set_max_memory_bytes) and its neighbours. [`StoreLimits`] is the
/// implementation that most embedders want.
///
/// ```
/// use tickwasm::{Engine, Instance, Module, ResourceLimiter, Result, Store};
///
/// /// Counts how often memories wanted to grow, and lets them.
/// #[derive(Default)]
/// struct Watch { growths: usize }
///
/// impl ResourceLimiter for Watch {
///     fn memory_growing(&mut self, _current: usize, _desired: usize, _maximum: Option<usize>) -> Result<bool> {
///         self.growths += 1;
///         Ok(true)
///     }
///     fn table_growing(&mut self, _current: usize, _desired: usize, _maximum: Option<usize>) -> Result<bool> {
///         Ok(true)
///     }
/// }
///
/// let engine = Engine::default();
/// let module = Module::new(&engine, r#"(module (memory 1)
///     (func (export "run") (drop (memory.grow (i32.const 1)))))"#)?;
/// let mut store = Store::new(&engine, Watch::default());
/// store.limiter(|data| data);
/// let instance = Instance::new(&mut store, &module, &[])?;
/// instance.get_typed_func::<(), ()>(&mut store, "run")?.call(&mut store, ())?;
/// assert_eq!(store.data().growths, 2);
/// # Ok::<(), tickwasm::Error>(())
/// ```
pub trait ResourceLimiter: Send {
    /// Returns whether a memory may grow from `current` to `desired` bytes; `maximum` is that of its type. A new memory grows from 0.
    ///
    /// On `Ok(false)` the guest gets -1 from `memory.grow`, the embedder [`Error::MemoryExhausted`].
    ///
    /// # Errors
    /// An error ends the execution, like the error of a host function.
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool>;

    /// Is called when a memory could not grow, though [`memory_growing`](Self::memory_growing) permitted it: its type, a limit of the store
    /// or the host's memory forbade it. The error is a [`GrowthFailure`].
    ///
    /// # Errors
    /// An error ends the execution, like the error of a host function. By default the guest handles the failure.
    fn memory_grow_failed(&mut self, error: Error) -> Result<()> {
        let _ = error;
        Ok(())
    }

    /// Returns whether a table may grow from `current` to `desired` elements; `maximum` is that of its type. A new table grows from 0.
    ///
    /// On `Ok(false)` the guest gets -1 from `table.grow`, the embedder [`Error::TableExhausted`].
    ///
    /// # Errors
    /// An error ends the execution, like the error of a host function.
    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool>;

    /// Is called when a table could not grow, though [`table_growing`](Self::table_growing) permitted it.
    ///
    /// # Errors
    /// An error ends the execution, like the error of a host function. By default the guest handles the failure.
    fn table_grow_failed(&mut self, error: Error) -> Result<()> {
        let _ = error;
        Ok(())
    }

    /// The most bytes that [`memory_growing`](Self::memory_growing) ever permits, for messages only.
    fn memory_limit(&self) -> Option<usize> {
        None
    }

    /// The most elements that [`table_growing`](Self::table_growing) ever permits, for messages only.
    fn table_limit(&self) -> Option<usize> {
        None
    }

    /// The most instances of the store, 10,000 by default.
    fn instances(&self) -> usize {
        COUNT
    }

    /// The most tables of the store, 10,000 by default.
    fn tables(&self) -> usize {
        COUNT
    }

    /// The most memories of the store, 10,000 by default.
    fn memories(&self) -> usize {
        COUNT
    }
}

/// A growth that was refused, as an error that can end an execution: a [`ResourceLimiter`] gets it, and [`StoreLimits`] fails with it
/// if [told to](StoreLimitsBuilder::trap_on_grow_failure).
///
/// ```
/// use tickwasm::{Engine, GrowthFailure, Instance, LimitOf, Module, Store, StoreLimitsBuilder};
///
/// let engine = Engine::default();
/// let module = Module::new(&engine, r#"(module (memory 1)
///     (func (export "run") (drop (memory.grow (i32.const 1)))))"#)?;
/// let limits = StoreLimitsBuilder::new().memory_size(1 << 16).trap_on_grow_failure(true);
/// let mut store = Store::new(&engine, limits.build());
/// store.limiter(|limits| limits);
/// let instance = Instance::new(&mut store, &module, &[])?;
/// let error = instance.get_typed_func::<(), ()>(&mut store, "run")?.call(&mut store, ()).unwrap_err();
/// let GrowthFailure(refused) = error.downcast_ref().expect("that was it");
/// assert_eq!((refused.requested, refused.limit_of), (2 << 16, LimitOf::Limiter));
/// # Ok::<(), tickwasm::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, thiserror::Error)]
#[error("{0}")]
pub struct GrowthFailure(pub RefusedGrowth);

/// A [`ResourceLimiter`] with fixed limits; made by [`StoreLimitsBuilder`].
///
/// ```
/// use tickwasm::{Engine, Memory, MemoryType, Store, StoreLimits, StoreLimitsBuilder};
///
/// let limits = StoreLimitsBuilder::new().memory_size(2 << 16).build();
/// let mut store = Store::new(&Engine::default(), limits);
/// store.limiter(|limits| limits);
/// let memory = Memory::new(&mut store, MemoryType::new(1, None))?;
/// assert_eq!(memory.grow(&mut store, 1)?, 1);
/// let error = memory.grow(&mut store, 1).unwrap_err();
/// assert_eq!(error.to_string(), "memory exhausted (requested 196608 bytes, limit 131072)");
/// # Ok::<(), tickwasm::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct StoreLimits {
    memory_size: Option<usize>,
    table_elements: Option<usize>,
    instances: usize,
    tables: usize,
    memories: usize,
    trap_on_grow_failure: bool,
}

impl Default for StoreLimits {
    /// No limit on sizes, 10,000 instances, tables and memories each.
    fn default() -> Self {
        Self {
            memory_size: None,
            table_elements: None,
            instances: COUNT,
            tables: COUNT,
            memories: COUNT,
            trap_on_grow_failure: false,
        }
    }
}

/// Makes [`StoreLimits`]. See there for an example.
#[derive(Clone, Debug, Default)]
pub struct StoreLimitsBuilder(StoreLimits);

impl StoreLimitsBuilder {
    /// Begins with the defaults of [`StoreLimits`].
    pub fn new() -> Self {
        Self::default()
    }

    /// The most bytes that each memory may have; unlimited by default.
    #[must_use]
    pub fn memory_size(mut self, limit: usize) -> Self {
        self.0.memory_size = Some(limit);
        self
    }

    /// The most elements that each table may have; unlimited by default.
    #[must_use]
    pub fn table_elements(mut self, limit: usize) -> Self {
        self.0.table_elements = Some(limit);
        self
    }

    /// The most instances of the store, 10,000 by default.
    #[must_use]
    pub fn instances(mut self, limit: usize) -> Self {
        self.0.instances = limit;
        self
    }

    /// The most tables of the store, 10,000 by default.
    #[must_use]
    pub fn tables(mut self, tables: usize) -> Self {
        self.0.tables = tables;
        self
    }

    /// The most memories of the store, 10,000 by default.
    #[must_use]
    pub fn memories(mut self, memories: usize) -> Self {
        self.0.memories = memories;
        self
    }

    /// Sets whether a growth that fails, for any reason, ends the execution with a [`GrowthFailure`] as its error instead of
    /// giving the guest -1. Off by default.
    #[must_use]
    pub fn trap_on_grow_failure(mut self, trap: bool) -> Self {
        self.0.trap_on_grow_failure = trap;
        self
    }

    /// The limits.
    pub fn build(self) -> StoreLimits {
        self.0
    }
}

impl StoreLimits {
    fn growing(
        &self,
        resource: Resource,
        current: usize,
        desired: usize,
        limit: Option<usize>,
    ) -> Result<bool> {
        match limit {
            Some(limit) if desired > limit => match self.trap_on_grow_failure {
                true => Err(Error::new(GrowthFailure(RefusedGrowth {
                    resource,
                    current: current as u64,
                    requested: desired as u64,
                    limit: Some(limit as u64),
                    limit_of: LimitOf::Limiter,
                }))),
                false => Ok(false),
            },
            _ => Ok(true),
        }
    }

    fn failed(&self, error: Error) -> Result<()> {
        match self.trap_on_grow_failure {
            true => Err(error),
            false => Ok(()),
        }
    }
}

impl ResourceLimiter for StoreLimits {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> Result<bool> {
        self.growing(Resource::Memory, current, desired, self.memory_size)
    }

    fn memory_grow_failed(&mut self, error: Error) -> Result<()> {
        self.failed(error)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> Result<bool> {
        self.growing(Resource::Table, current, desired, self.table_elements)
    }

    fn table_grow_failed(&mut self, error: Error) -> Result<()> {
        self.failed(error)
    }

    fn memory_limit(&self) -> Option<usize> {
        self.memory_size
    }

    fn table_limit(&self) -> Option<usize> {
        self.table_elements
    }

    fn instances(&self) -> usize {
        self.instances
    }

    fn tables(&self) -> usize {
        self.tables
    }

    fn memories(&self) -> usize {
        self.memories
    }
}

/// Finds the limiter in the embedder's data.
pub(crate) type FindLimiter<T> =
    Box<dyn (FnMut(&mut T) -> &mut dyn ResourceLimiter) + Send + Sync + 'static>;

/// The embedder's limiter, if there is one, in the form that the runtime calls.
pub(crate) struct StoreGuard<'a, T> {
    find: Option<&'a mut FindLimiter<T>>,
    data: &'a mut T,
}

impl<T> StoreInner<T> {
    /// The runtime's store, and the guard that decides about growth in it.
    pub(crate) fn guarded(&mut self) -> (&mut Store, StoreGuard<'_, T>) {
        let guard = StoreGuard {
            find: self.limiter.as_mut(),
            data: &mut self.data,
        };
        (&mut self.runtime, guard)
    }
}

impl<T> StoreContextMut<'_, T> {
    /// The same as [`StoreInner::guarded`].
    pub(crate) fn guarded(&mut self) -> (&mut Store, StoreGuard<'_, T>) {
        self.inner.guarded()
    }
}

impl<T> StoreGuard<'_, T> {
    fn limiter(&mut self) -> Option<&mut dyn ResourceLimiter> {
        self.find.as_mut().map(|find| find(self.data))
    }
}

impl<T> Guard for StoreGuard<'_, T> {
    fn growing(
        &mut self,
        resource: Resource,
        current: u64,
        desired: u64,
        maximum: Option<u64>,
    ) -> Result<bool, HostError> {
        let Some(limiter) = self.limiter() else {
            return Ok(true);
        };
        let (current, desired, maximum) = (size(current), size(desired), maximum.map(size));
        let granted = match resource {
            Resource::Memory => limiter.memory_growing(current, desired, maximum),
            Resource::Table => limiter.table_growing(current, desired, maximum),
            Resource::Heap => Ok(true),
        };
        Ok(granted?)
    }

    fn limit(&mut self, resource: Resource) -> Option<u64> {
        let limiter = self.limiter()?;
        let limit = match resource {
            Resource::Memory => limiter.memory_limit(),
            Resource::Table => limiter.table_limit(),
            Resource::Heap => None,
        };
        limit.map(|limit| limit as u64)
    }

    fn grow_failed(&mut self, refused: RefusedGrowth) -> Result<(), HostError> {
        let Some(limiter) = self.limiter() else {
            return Ok(());
        };
        let error = Error::new(GrowthFailure(refused));
        let passed = match refused.resource {
            Resource::Memory => limiter.memory_grow_failed(error),
            Resource::Table => limiter.table_grow_failed(error),
            Resource::Heap => Ok(()),
        };
        Ok(passed?)
    }

    fn most(&mut self, what: Counted) -> u32 {
        let Some(limiter) = self.limiter() else {
            return u32::MAX;
        };
        let most = match what {
            Counted::Instances => limiter.instances(),
            Counted::Memories => limiter.memories(),
            Counted::Tables => limiter.tables(),
        };
        u32::try_from(most).unwrap_or(u32::MAX)
    }
}

/// Converts a size; one that the host cannot have becomes one that cannot be allocated.
fn size(value: u64) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}
