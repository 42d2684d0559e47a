//! The store: the embedder's data, and all that the instances of modules consist of.

pub(crate) mod context;
pub(crate) mod limiter;
mod methods;

use core::fmt;

use crate::api::calls::host_func::HostFuncs;
use crate::api::calls::interrupt::DeadlineCallback;
use crate::api::engine::Engine;
use crate::api::module::Module;
use crate::error::Error;
use crate::runtime;
use crate::runtime::limiter::{Exhausted, GrowError, LimitOf, RefusedGrowth, Resource};
use context::{StoreContext, StoreContextMut};
use limiter::{FindLimiter, ResourceLimiter};

/// A container of instances, with data of the embedder's that host functions can reach.
///
/// Instances are freed with the store and not before, so a store is best made for a task and dropped after it. A store is used by one
/// thread at a time, and may be sent to another if the data may.
///
/// Functions, memories and other parts of a store are *handles* ([`Func`](crate::Func), [`Memory`](crate::Memory) and so on), which are
/// used together with it. A handle used with another store is an error where the signature allows one, and a panic otherwise.
/// <https://webassembly.github.io/spec/core/exec/runtime.html#store>
///
/// ```
/// use tickwasm::{Caller, Engine, Func, Store};
///
/// let mut store = Store::new(&Engine::default(), Vec::new());
/// let log = Func::wrap(&mut store, |mut caller: Caller<'_, Vec<i32>>, n: i32| caller.data_mut().push(n));
/// log.typed::<i32, ()>(&store)?.call(&mut store, 5)?;
/// assert_eq!(store.into_data(), [5]);
/// # Ok::<(), tickwasm::Error>(())
/// ```
pub struct Store<T> {
    // The list of host functions stands apart from the rest, because calls borrow it while they change the rest.
    parts: Box<(HostFuncs<T>, StoreInner<T>)>,
}

/// A store without its list of host functions.
pub(crate) struct StoreInner<T> {
    pub(crate) runtime: runtime::store::Store,
    pub(crate) engine: Engine,
    /// The module of each instance.
    pub(crate) modules: Vec<Module>,
    /// Finds the embedder's limiter, if there is one.
    pub(crate) limiter: Option<FindLimiter<T>>,
    /// The number of host functions.
    pub(crate) hosts: u32,
    /// The callback at a deadline.
    pub(crate) on_deadline: Option<DeadlineCallback<T>>,
    pub(crate) data: T,
}

impl<T> Store<T> {
    /// Makes an empty store, with the limits and the fuel of the engine's configuration.
    pub fn new(engine: &Engine, data: T) -> Self {
        let registry = engine.registry().clone();
        let limits = engine.config().limits.clone();
        let mut runtime = runtime::store::Store::new(registry, engine.stacks(), limits);
        runtime.counts_fuel = engine.config().fuel;
        runtime.fuel = engine.config().initial_fuel;
        runtime.interrupts = engine.interrupts();
        let inner = StoreInner {
            runtime,
            engine: engine.clone(),
            modules: Vec::new(),
            limiter: None,
            hosts: 0,
            on_deadline: None,
            data,
        };
        Self {
            parts: Box::new((HostFuncs::new(), inner)),
        }
    }

    pub(crate) fn context(&self) -> StoreContext<'_, T> {
        StoreContext {
            inner: &self.parts.1,
        }
    }

    #[inline]
    pub(crate) fn context_mut(&mut self) -> StoreContextMut<'_, T> {
        let (hosts, inner) = &mut *self.parts;
        StoreContextMut { hosts, inner }
    }

    pub(crate) fn inner(&self) -> &StoreInner<T> {
        &self.parts.1
    }

    pub(crate) fn inner_mut(&mut self) -> &mut StoreInner<T> {
        &mut self.parts.1
    }

    /// Frees the store and returns the embedder's data.
    pub fn into_data(self) -> T {
        self.parts.1.data
    }

    /// Sets a limiter, a part of the embedder's data. Besides the limits of this store, it is asked before a memory or table is made or
    /// grows.
    ///
    /// ```
    /// use tickwasm::{Engine, Error, Instance, Module, Store, StoreLimits, StoreLimitsBuilder};
    ///
    /// struct Tenant { limits: StoreLimits }
    ///
    /// let engine = Engine::default();
    /// let limits = StoreLimitsBuilder::new().memory_size(1 << 20).instances(1).build();
    /// let mut store = Store::new(&engine, Tenant { limits });
    /// store.limiter(|tenant| &mut tenant.limits);
    /// let large = Module::new(&engine, "(module (memory 17))")?;
    /// assert!(matches!(Instance::new(&mut store, &large, &[]), Err(Error::MemoryExhausted { .. })));
    /// # Ok::<(), tickwasm::Error>(())
    /// ```
    pub fn limiter(
        &mut self,
        limiter: impl (FnMut(&mut T) -> &mut dyn ResourceLimiter) + Send + Sync + 'static,
    ) {
        self.inner_mut().limiter = Some(Box::new(limiter));
    }

    /// Returns the growth of a memory or table that was refused last, and why.
    ///
    /// See [`RefusedGrowth`] for an example.
    pub fn refused_growth(&self) -> Option<RefusedGrowth> {
        self.inner().runtime.refused
    }

    /// Sets how many bytes all memories of this store may have together.
    ///
    /// Memories keep the bytes that they have; see [`Config::max_memory_bytes`](crate::Config::max_memory_bytes).
    pub fn set_max_memory_bytes(&mut self, bytes: u64) {
        self.inner_mut().runtime.limits.memory_bytes = bytes;
    }

    /// Sets how many elements all tables of this store may have together.
    pub fn set_max_table_elements(&mut self, elements: u64) {
        self.inner_mut().runtime.limits.table_elements = elements;
    }

    /// Sets how many bytes the heap of objects may have.
    ///
    /// The heap keeps the bytes that it has; see [`Config::max_heap_bytes`](crate::Config::max_heap_bytes).
    pub fn set_max_heap_bytes(&mut self, bytes: u64) {
        self.inner_mut().runtime.limits.heap_bytes = bytes;
    }

    /// Sets how many bytes memories, tables and the heap of objects may have all together.
    ///
    /// They keep the bytes that they have; see [`Config::max_total_bytes`](crate::Config::max_total_bytes).
    pub fn set_max_total_bytes(&mut self, bytes: u64) {
        self.inner_mut().runtime.limits.total_bytes = bytes;
    }

    /// Returns the bytes of the structures and arrays of this store, garbage that has not been freed yet included.
    pub fn heap_bytes(&self) -> u64 {
        self.inner().runtime.usage.heap_bytes
    }

    /// Sets how many instances this store may have.
    pub fn set_max_instances(&mut self, instances: u32) {
        self.inner_mut().runtime.limits.instances = instances;
    }

    /// Returns the bytes of all memories of this store together.
    pub fn memory_bytes(&self) -> u64 {
        self.inner().runtime.usage.memory_bytes
    }

    /// Returns the bytes of memories, tables and the heap of objects, all together.
    pub fn total_bytes(&self) -> u64 {
        self.inner().runtime.usage.total_bytes()
    }

    /// Returns the number of elements of all tables of this store together.
    pub fn table_elements(&self) -> u64 {
        self.inner().runtime.usage.table_elements
    }
}

impl<T: Default> Default for Store<T> {
    /// Makes an empty store with an engine of its own.
    fn default() -> Self {
        Self::new(&Engine::default(), T::default())
    }
}

impl<T: fmt::Debug> fmt::Debug for Store<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store")
            .field("data", self.data())
            .field("instances", &self.inner().modules.len())
            .finish_non_exhaustive()
    }
}

impl From<Exhausted> for Error {
    fn from(exhausted: Exhausted) -> Self {
        match exhausted {
            Exhausted::Growth(refused) => refused.into(),
            Exhausted::Count { what, limit } => Self::TooMany { what, limit },
            Exhausted::Host { requested } => Self::MemoryExhausted {
                requested,
                // The host does not tell how much memory it has; it is less than this.
                limit: requested.saturating_sub(1),
            },
        }
    }
}

impl From<RefusedGrowth> for Error {
    fn from(refused: RefusedGrowth) -> Self {
        let requested = refused.requested;
        // A limit that is not known is less than the request.
        let limit = refused.limit.unwrap_or(requested.saturating_sub(1));
        match refused.resource {
            Resource::Table if refused.limit_of != LimitOf::Total => {
                Self::TableExhausted { requested, limit }
            }
            _ => Self::MemoryExhausted { requested, limit },
        }
    }
}

impl From<GrowError> for Error {
    fn from(error: GrowError) -> Self {
        match error {
            GrowError::Refused(exhausted) => exhausted.into(),
            GrowError::Fatal(error) => error.into(),
        }
    }
}
