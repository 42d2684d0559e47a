//! The methods that all holders of a store have: the store itself, the contexts of calls, and the callers of host functions.

use std::num::NonZeroU64;

use super::context::StoreContextMut;
use super::{Store, StoreInner};
use crate::api::calls::caller::Caller;
use crate::api::engine::Engine;
use crate::api::values::exn::ExnRef;
use crate::error::{Error, Misuse};
use crate::exec;
use crate::runtime::interrupt::OnDeadline;

impl<T> StoreInner<T> {
    pub(crate) fn get_fuel(&self) -> Result<u64, Error> {
        match self.engine.config().fuel {
            true => Ok(self.runtime.fuel),
            false => Err(Misuse::FuelNotCounted.into()),
        }
    }

    fn set_fuel(&mut self, fuel: u64) -> Result<(), Error> {
        self.get_fuel()?;
        self.runtime.fuel = fuel;
        Ok(())
    }

    fn set_yield_interval(&mut self, interval: Option<u64>) -> Result<(), Error> {
        self.get_fuel()?;
        let interval = match interval {
            Some(fuel) => Some(NonZeroU64::new(fuel).ok_or(Misuse::NoInterval)?),
            None => None,
        };
        self.runtime.yield_interval = interval;
        self.runtime.until_yield = interval.map_or(0, NonZeroU64::get);
        Ok(())
    }

    fn set_deadline(&mut self, ticks_beyond_current: u64) {
        if let Some(interrupts) = &mut self.runtime.interrupts {
            interrupts.set_deadline(ticks_beyond_current);
        }
    }

    pub(crate) fn set_on_deadline(&mut self, action: OnDeadline) {
        if let Some(interrupts) = &mut self.runtime.interrupts {
            interrupts.on_deadline = action;
        }
    }

    fn gc(&mut self) {
        // If the host has not the memory that a collection takes, it frees nothing.
        let _ = exec::objects::collect(&mut self.runtime);
    }
}

/// Defines the methods for a holder, whose `inner` and `inner_mut` return the store.
macro_rules! holders {
    ($($holder:ty)*) => {$(
        impl<T> $holder {
            /// Returns the embedder's data.
            pub fn data(&self) -> &T {
                &self.inner().data
            }

            /// Returns the embedder's data, to be changed.
            pub fn data_mut(&mut self) -> &mut T {
                &mut self.inner_mut().data
            }

            /// Returns the engine.
            pub fn engine(&self) -> &Engine {
                &self.inner().engine
            }

            /// Returns the remaining fuel: the cost of the instructions that can still run. In a host function, the costs of the calling
            /// code up to the call, and of the call, have been taken off.
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

            /// Sets how much fuel an async call in this store uses at most before it lets others run: the future then wakes itself and waits
            /// to be polled again. With `None`, the default, it does not.
            ///
            /// The cost of one instruction is not divided, and calls that are not async are not affected.
            ///
            /// # Errors
            /// If the engine does not count fuel, or the interval is 0.
            pub fn fuel_async_yield_interval(&mut self, interval: Option<u64>) -> Result<(), Error> {
                self.inner_mut().set_yield_interval(interval)
            }

            /// Sets the deadline of calls in this store: so many calls of [`Engine::increment_epoch`](crate::Engine::increment_epoch) from
            /// now. A new store has none.
            ///
            /// At the deadline calls trap with [`Trap::Interrupt`](crate::Trap::Interrupt), or are suspended if they were made with
            /// [`call_resumable`](crate::Func::call_resumable); so do all later calls, until another deadline is set.
            /// [`InterruptHandle::interrupt`](crate::InterruptHandle::interrupt) says how soon a deadline is noticed. Without
            /// [`Config::epoch_interruption`](crate::Config::epoch_interruption) this has no effect.
            ///
            /// ```
            /// use tickwasm::{Config, Engine, Instance, Module, Store, Trap};
            ///
            /// let engine = Engine::new(Config::new().epoch_interruption(true))?;
            /// let module = Module::new(&engine, r#"(module (func (export "run")))"#)?;
            /// let mut store = Store::new(&engine, ());
            /// let run = Instance::new(&mut store, &module, &[])?.get_typed_func::<(), ()>(&mut store, "run")?;
            /// store.set_epoch_deadline(2);
            /// engine.increment_epoch();
            /// run.call(&mut store, ())?;
            /// engine.increment_epoch();
            /// # // Falling off the end of a function costs nothing, so it would not notice.
            /// # let module = Module::new(&engine, r#"(module (func (export "run") (drop (i32.const 0))))"#)?;
            /// # let run = Instance::new(&mut store, &module, &[])?.get_typed_func::<(), ()>(&mut store, "run")?;
            /// let error = run.call(&mut store, ()).unwrap_err();
            /// assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::Interrupt));
            /// # Ok::<(), tickwasm::Error>(())
            /// ```
            pub fn set_epoch_deadline(&mut self, ticks_beyond_current: u64) {
                self.inner_mut().set_deadline(ticks_beyond_current);
            }

            /// Lets calls trap at the deadline, which is the default.
            pub fn epoch_deadline_trap(&mut self) {
                self.inner_mut().set_on_deadline(OnDeadline::Stop);
            }

            /// Lets async calls yield to others at the deadline, and go on with a deadline so many epochs later. Other calls trap or are
            /// suspended as always; the later deadline applies to the next call.
            pub fn epoch_deadline_async_yield_and_update(&mut self, delta: u64) {
                self.inner_mut().set_on_deadline(OnDeadline::Yield(delta));
            }

            /// Frees the structures and arrays that are no longer referred to, cycles of them too.
            ///
            /// This also happens by itself, whenever the objects made since the last time exceed those that were left.
            pub fn gc(&mut self) {
                self.inner_mut().gc();
            }

            /// Throws an exception: returns the error with which a host function does so.
            ///
            /// # Errors
            /// Always: [`Error::Exception`], or [`Misuse::WrongStore`] if the reference is one of another store.
            pub fn throw<R>(&mut self, exception: ExnRef) -> Result<R, Error> {
                Err(exception.thrown(&self.inner().runtime)?.into())
            }
        }
    )*};
}

holders! {
    Store<T>
    StoreContextMut<'_, T>
    Caller<'_, T>
}
