//! The store: the embedder's data, and whatever its modules' instances consist of.

pub(crate) mod context;
pub(crate) mod limiter;

use core::fmt;

use crate::api::calls::host_func::HostFuncs;
use crate::api::calls::interrupt::DeadlineCallback;
use crate::api::engine::Engine;
use crate::api::module::Module;
use crate::error::{Error, Misuse};
use crate::runtime;
use crate::runtime::limiter::{Exhausted, GrowError, LimitOf, RefusedGrowth, Resource};
use context::{StoreContext, StoreContextMut};
use limiter::{FindLimiter, ResourceLimiter};

/// What instances live in, with data of the embedder's that host functions can reach.
///
/// All of it is freed with the store and nothing before, so a store is best made for a task and dropped after it. A store is used by one
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
    /// Finds the embedder's limiter, if it has one.
    pub(crate) limiter: Option<FindLimiter<T>>,
    /// How many host functions there are.
    pub(crate) hosts: u32,
    /// What is asked at a deadline.
    pub(crate) on_deadline: Option<DeadlineCallback<T>>,
    pub(crate) data: T,
}

impl<T> StoreInner<T> {
    pub(crate) fn get_fuel(&self) -> Result<u64, Error> {
        match self.engine.config().fuel {
            true => Ok(self.runtime.fuel),
            false => Err(Misuse::FuelNotCounted.into()),
        }
    }

    pub(crate) fn set_fuel(&mut self, fuel: u64) -> Result<(), Error> {
        self.get_fuel()?;
        self.runtime.fuel = fuel;
        Ok(())
    }
}

impl<T> Store<T> {
    /// An empty store, with the limits and the fuel of the engine's configuration.
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

    fn inner(&self) -> &StoreInner<T> {
        &self.parts.1
    }

    fn inner_mut(&mut self) -> &mut StoreInner<T> {
        &mut self.parts.1
    }

    /// The embedder's data.
    pub fn data(&self) -> &T {
        &self.inner().data
    }

    /// The embedder's data.
    pub fn data_mut(&mut self) -> &mut T {
        &mut self.inner_mut().data
    }

    /// The embedder's data; the store is freed.
    pub fn into_data(self) -> T {
        self.parts.1.data
    }

    /// Throws an exception: the error that a host function returns to do so.
    ///
    /// # Errors
    /// Always: [`Error::Exception`], or if the reference is one of another store, an error that says so.
    pub fn throw<R>(&mut self, exception: crate::api::values::exn::ExnRef) -> Result<R, Error> {
        self.context_mut().throw(exception)
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.inner().engine
    }

    /// The remaining fuel: how much the instructions may cost that are yet to run.
    ///
    /// ```
    /// use tickwasm::{Config, Engine, Store};
    ///
    /// let engine = Engine::new(Config::new().consume_fuel(true))?;
    /// let mut store = Store::new(&engine, ());
    /// assert_eq!(store.get_fuel()?, 0);
    /// store.set_fuel(1000)?;
    /// assert_eq!(store.get_fuel()?, 1000);
    /// # Ok::<(), tickwasm::Error>(())
    /// ```
    ///
    /// # Errors
    /// If the engine does not count fuel, see [`Config::consume_fuel`](crate::Config::consume_fuel).
    pub fn get_fuel(&self) -> Result<u64, Error> {
        self.inner().get_fuel()
    }

    /// Sets the remaining fuel. A call that needs more stops with [`Error::FuelExhausted`].
    ///
    /// # Errors
    /// If the engine does not count fuel, see [`Config::consume_fuel`](crate::Config::consume_fuel).
    pub fn set_fuel(&mut self, fuel: u64) -> Result<(), Error> {
        self.inner_mut().set_fuel(fuel)
    }

    /// Sets who is asked, in addition to the limits of this store, before a memory or table is made or grows: a part of the embedder's data.
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

    /// The growth that was refused last, and why: of a memory or table, by a guest or the embedder.
    ///
    /// See [`RefusedGrowth`] for an example.
    pub fn refused_growth(&self) -> Option<RefusedGrowth> {
        self.inner().runtime.refused
    }

    /// Sets how many bytes all memories of this store may have together.
    ///
    /// What they have already, they keep; see [`Config::max_memory_bytes`](crate::Config::max_memory_bytes).
    pub fn set_max_memory_bytes(&mut self, bytes: u64) {
        self.inner_mut().runtime.limits.memory_bytes = bytes;
    }

    /// Sets how many elements all tables of this store may have together.
    pub fn set_max_table_elements(&mut self, elements: u64) {
        self.inner_mut().runtime.limits.table_elements = elements;
    }

    /// Sets how many bytes the heap of objects may have.
    ///
    /// What it has already, it keeps; see [`Config::max_heap_bytes`](crate::Config::max_heap_bytes).
    pub fn set_max_heap_bytes(&mut self, bytes: u64) {
        self.inner_mut().runtime.limits.heap_bytes = bytes;
    }

    /// Sets how many bytes memories, tables and the heap of objects may have all together.
    ///
    /// What they have already, they keep; see [`Config::max_total_bytes`](crate::Config::max_total_bytes).
    pub fn set_max_total_bytes(&mut self, bytes: u64) {
        self.inner_mut().runtime.limits.total_bytes = bytes;
    }

    /// Frees the structures and arrays that nothing refers to any more, cycles of them too.
    ///
    /// This is done from time to time anyway, when more of them have been made than there were.
    pub fn gc(&mut self) {
        self.context_mut().gc();
    }

    /// Bytes of the structures and arrays of this store, with those that nothing refers to and that have not been freed yet.
    pub fn heap_bytes(&self) -> u64 {
        self.inner().runtime.usage.heap_bytes
    }

    /// Sets how many instances this store may have.
    pub fn set_max_instances(&mut self, instances: u32) {
        self.inner_mut().runtime.limits.instances = instances;
    }

    /// Bytes of all memories of this store together.
    pub fn memory_bytes(&self) -> u64 {
        self.inner().runtime.usage.memory_bytes
    }

    /// Bytes of memories, tables and the heap of objects, all together.
    pub fn total_bytes(&self) -> u64 {
        self.inner().runtime.usage.total_bytes()
    }

    /// Elements of all tables of this store together.
    pub fn table_elements(&self) -> u64 {
        self.inner().runtime.usage.table_elements
    }
}

impl<T: Default> Default for Store<T> {
    /// An empty store with an engine of its own.
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
                // What the host still has, nobody can tell; it is less than this.
                limit: requested.saturating_sub(1),
            },
        }
    }
}

impl From<RefusedGrowth> for Error {
    fn from(refused: RefusedGrowth) -> Self {
        let requested = refused.requested;
        // What nobody can tell is less than what was asked for.
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
