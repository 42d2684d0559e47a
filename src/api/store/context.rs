//! Access to a store for all its holders: the embedder, host functions, and code that is generic over both.

use core::cell::Cell;

use super::{Store, StoreInner};
use crate::api::calls::backtrace::{FrameInfo, WasmBacktrace};
use crate::api::calls::caller::Caller;
use crate::api::calls::host_func::{HostFn, HostFunc, HostFuncs};
use crate::api::engine::Engine;
use crate::api::values::exn;
use crate::error::{Error, MemoryFault, Misuse};
use crate::exec::{self, Answer, Called, Embedder, HostError, Mode, Reason, Stop, Suspended};
use crate::runtime;
use crate::runtime::addr::{FuncAddr, InstanceAddr, MemAddr, TableAddr};
use crate::runtime::func_inst::FuncInst;
use crate::runtime::limiter::GrowError;
use crate::runtime::trap::Trap;

/// Shared access to a store.
///
/// ```
/// use tickwasm::{AsContext, Engine, Store};
///
/// let store = Store::new(&Engine::default(), 7);
/// assert_eq!(*store.as_context().data(), 7);
/// ```
pub struct StoreContext<'a, T> {
    pub(crate) inner: &'a StoreInner<T>,
}

/// Exclusive access to a store.
///
/// ```
/// use tickwasm::{AsContextMut, Engine, Store};
///
/// let mut store = Store::new(&Engine::default(), 7);
/// *store.as_context_mut().data_mut() += 1;
/// assert_eq!(store.into_data(), 8);
/// ```
pub struct StoreContextMut<'a, T> {
    pub(crate) hosts: &'a HostFuncs<T>,
    pub(crate) inner: &'a mut StoreInner<T>,
}

/// Values that give access to a store: [`Store`], [`Caller`], [`StoreContext`], [`StoreContextMut`], and references to them.
///
/// A type that holds one of these can implement it by returning that one's context. No code relies on an implementation to return
/// the same store each time: handles of another store are errors, as anywhere else.
///
/// ```
/// use tickwasm::{AsContext, Engine, Store};
///
/// fn data<T: Copy>(store: impl AsContext<Data = T>) -> T {
///     *store.as_context().data()
/// }
/// let mut store = Store::new(&Engine::default(), 3);
/// assert_eq!(data(&store) + data(&mut store), 6);
/// ```
pub trait AsContext {
    /// The embedder's data in the store.
    type Data;

    /// Returns the store.
    fn as_context(&self) -> StoreContext<'_, Self::Data>;
}

/// Values that give exclusive access to a store: [`Store`], [`Caller`], [`StoreContextMut`], and mutable references to them.
///
/// ```
/// use tickwasm::{AsContextMut, Engine, Store};
///
/// fn count(mut store: impl AsContextMut<Data = u32>) {
///     *store.as_context_mut().data_mut() += 1;
/// }
/// let mut store = Store::new(&Engine::default(), 0);
/// count(&mut store);
/// count(store.as_context_mut());
/// assert_eq!(*store.data(), 2);
/// ```
pub trait AsContextMut: AsContext {
    /// Returns the store.
    fn as_context_mut(&mut self) -> StoreContextMut<'_, Self::Data>;
}

impl<T> Clone for StoreContext<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for StoreContext<'_, T> {}

impl<'a, T> StoreContext<'a, T> {
    /// Returns the embedder's data.
    pub fn data(&self) -> &'a T {
        &self.inner.data
    }

    /// Returns the engine.
    pub fn engine(&self) -> &'a Engine {
        &self.inner.engine
    }

    /// Returns the remaining fuel, see [`Store::get_fuel`].
    ///
    /// # Errors
    /// If the engine does not count fuel.
    pub fn get_fuel(&self) -> Result<u64, Error> {
        self.inner.get_fuel()
    }
}

impl<T> StoreContextMut<'_, T> {
    pub(crate) fn inner(&self) -> &StoreInner<T> {
        self.inner
    }

    pub(crate) fn inner_mut(&mut self) -> &mut StoreInner<T> {
        self.inner
    }

    pub(crate) fn runtime(&mut self) -> &mut runtime::store::Store {
        &mut self.inner.runtime
    }

    /// Adds a host function to the store, which keeps it, and with it its type.
    pub(crate) fn add_host(&mut self, func: HostFunc<T>) -> Result<FuncAddr, Error> {
        let host = self.inner.hosts;
        let runtime = &mut self.inner.runtime;
        let ty = func.ty.within(&runtime.registry)?;
        let addr = runtime.alloc_func(FuncInst::host(ty, host))?;
        self.hosts.set(host, func);
        // This cannot overflow: each host function is a function, and those have 32-bit addresses.
        self.inner.hosts += 1;
        Ok(addr)
    }

    /// Runs a function. `counts` are the numbers of slots of its parameters and of its results; `slots` is as long as the larger of the two.
    #[inline]
    pub(crate) fn invoke(
        &mut self,
        func: FuncAddr,
        counts: (usize, usize),
        slots: &mut [u64],
    ) -> Result<(), Error> {
        match self.start(Mode::Straight, func, counts, slots)? {
            None => Ok(()),
            Some(_) => unreachable!("a straight call is not suspended"),
        }
    }

    /// Runs a function in a way that may be suspended.
    #[inline]
    pub(crate) fn start(
        &mut self,
        mode: Mode,
        func: FuncAddr,
        counts: (usize, usize),
        slots: &mut [u64],
    ) -> Result<Option<Box<Suspended>>, Error> {
        match self.enter(|store| exec::invoke(store, mode, func, counts, slots))? {
            None => Ok(None),
            Some(suspended) => self.deadline(mode, suspended, slots),
        }
    }

    /// Goes on with a suspended call, see [`exec::resume`].
    pub(crate) fn go_on(
        &mut self,
        mode: Mode,
        suspended: Suspended,
        answer: Answer<'_>,
        slots: &mut [u64],
    ) -> Result<Option<Box<Suspended>>, Error> {
        match self.go_on_once(mode, suspended, answer, slots)? {
            None => Ok(None),
            Some(suspended) => self.deadline(mode, suspended, slots),
        }
    }

    /// Goes on as [`go_on`](Self::go_on) does, but returns at a deadline.
    pub(crate) fn go_on_once(
        &mut self,
        mode: Mode,
        suspended: Suspended,
        answer: Answer<'_>,
        slots: &mut [u64],
    ) -> Result<Option<Box<Suspended>>, Error> {
        self.enter(|store| exec::resume(store, mode, suspended, answer, slots))
    }

    /// Enters the executor, if the host's stack has room for that.
    #[inline]
    fn enter(
        &mut self,
        execute: impl FnOnce(&mut Self) -> Result<Option<Box<Suspended>>, Stop>,
    ) -> Result<Option<Box<Suspended>>, Error> {
        let Some(guard) = self.hosts.stack.enter() else {
            return Err(Trap::StackOverflow.into());
        };
        let done = execute(self);
        drop(guard);
        done.map_err(|stop| self.explain(stop))
    }

    /// Returns the reason that the error of a host function is: an exception, if the error holds one of this store.
    #[cold]
    pub(crate) fn failed(&self, error: HostError) -> Reason {
        let thrown = match error.downcast_ref() {
            Some(Error::Exception(thrown)) => Some(thrown),
            _ => error.downcast_ref(),
        };
        let store = &self.inner.runtime;
        match thrown.map(|thrown| exn::exception(store, thrown.tag(), thrown.payload())) {
            Some(Ok(exception)) => Reason::Exception(exception),
            _ => Reason::Host(error),
        }
    }

    /// Makes the embedder's error of a stop.
    #[cold]
    pub(crate) fn explain(&self, stop: Stop) -> Error {
        let frames = stop.backtrace.iter().map(|frame| {
            let module = self.inner.modules[frame.instance.index()].clone();
            FrameInfo::new(module, frame.func, frame.offset)
        });
        let backtrace = WasmBacktrace::new(frames.collect());
        let error = match stop.reason {
            Reason::Trap(trap) => Error::trap(trap, stop.fault.map(MemoryFault::from)),
            Reason::Exception(exception) => exn::thrown(&self.inner.runtime, &exception).into(),
            Reason::Host(error) => Error::from(error),
            Reason::Panic(panic) => std::panic::resume_unwind(panic),
            Reason::NotResumable => Misuse::NotResumable.into(),
            Reason::NotAsync => Misuse::NotAsync.into(),
        };
        error.with_backtrace(backtrace)
    }
}

impl<T> Embedder for StoreContextMut<'_, T> {
    #[inline]
    fn store(&mut self) -> &mut runtime::store::Store {
        &mut self.inner.runtime
    }

    fn grow_memory(&mut self, addr: MemAddr, delta: u64) -> Result<u64, GrowError> {
        let (runtime, mut guard) = self.guarded();
        runtime.grow_memory(&mut guard, addr, delta)
    }

    fn grow_table(&mut self, addr: TableAddr, delta: u64, init: u64) -> Result<u64, GrowError> {
        let (runtime, mut guard) = self.guarded();
        runtime.grow_table(&mut guard, addr, delta, init)
    }

    #[inline]
    fn call_host(
        &mut self,
        host: u32,
        instance: Option<InstanceAddr>,
        slots: &[Cell<u64>],
    ) -> Result<Called, Reason> {
        let HostFn::Sync(func) = self.hosts.get(host) else {
            return Ok(Called::Awaits);
        };
        let store = StoreContextMut {
            hosts: self.hosts,
            inner: &mut *self.inner,
        };
        let result = func(Caller { store, instance }, slots);
        result.map_err(|error| self.failed(error))
    }
}

impl<C: AsContext> AsContext for &C {
    type Data = C::Data;

    fn as_context(&self) -> StoreContext<'_, C::Data> {
        C::as_context(self)
    }
}

impl<C: AsContext> AsContext for &mut C {
    type Data = C::Data;

    fn as_context(&self) -> StoreContext<'_, C::Data> {
        C::as_context(self)
    }
}

impl<C: AsContextMut> AsContextMut for &mut C {
    #[inline]
    fn as_context_mut(&mut self) -> StoreContextMut<'_, C::Data> {
        C::as_context_mut(self)
    }
}

impl<T> AsContext for StoreContext<'_, T> {
    type Data = T;

    fn as_context(&self) -> StoreContext<'_, T> {
        *self
    }
}

impl<T> AsContext for StoreContextMut<'_, T> {
    type Data = T;

    fn as_context(&self) -> StoreContext<'_, T> {
        StoreContext { inner: self.inner }
    }
}

impl<T> AsContextMut for StoreContextMut<'_, T> {
    #[inline]
    fn as_context_mut(&mut self) -> StoreContextMut<'_, T> {
        StoreContextMut {
            hosts: self.hosts,
            inner: self.inner,
        }
    }
}

impl<T> AsContext for Store<T> {
    type Data = T;

    fn as_context(&self) -> StoreContext<'_, T> {
        self.context()
    }
}

impl<T> AsContextMut for Store<T> {
    #[inline]
    fn as_context_mut(&mut self) -> StoreContextMut<'_, T> {
        self.context_mut()
    }
}

impl<T> AsContext for Caller<'_, T> {
    type Data = T;

    fn as_context(&self) -> StoreContext<'_, T> {
        self.store.as_context()
    }
}

impl<T> AsContextMut for Caller<'_, T> {
    #[inline]
    fn as_context_mut(&mut self) -> StoreContextMut<'_, T> {
        self.store.as_context_mut()
    }
}

impl<'a, C: AsContext> From<&'a C> for StoreContext<'a, C::Data> {
    fn from(store: &'a C) -> Self {
        C::as_context(store)
    }
}

impl<'a, C: AsContext> From<&'a mut C> for StoreContext<'a, C::Data> {
    fn from(store: &'a mut C) -> Self {
        C::as_context(store)
    }
}

impl<'a, C: AsContextMut> From<&'a mut C> for StoreContextMut<'a, C::Data> {
    fn from(store: &'a mut C) -> Self {
        C::as_context_mut(store)
    }
}
