//! Stopping execution from outside: handles for other threads, and epochs. Where running code looks, is `exec::meter`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::context::{AsContextMut, StoreContextMut};
use super::store::Store;
use crate::error::{Error, Misuse};

/// Stops what runs in a store, from any thread. Made by [`Store::interrupt_handle`]; cloning it is a reference count.
///
/// ```
/// use tickwasm::{Config, Engine, Instance, Module, Store, Trap};
///
/// let engine = Engine::new(Config::new().epoch_interruption(true))?;
/// let module = Module::new(&engine, r#"(module (func (export "spin") (loop $l (br $l))))"#)?;
/// let mut store = Store::new(&engine, ());
/// let spin = Instance::new(&mut store, &module, &[])?.get_typed_func::<(), ()>(&mut store, "spin")?;
///
/// let handle = store.interrupt_handle()?;
/// let timer = std::thread::spawn(move || {
///     std::thread::sleep(std::time::Duration::from_millis(10));
///     handle.interrupt();
/// });
/// let error = spin.call(&mut store, ()).unwrap_err();
/// assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::Interrupt));
/// # timer.join().unwrap();
/// # Ok::<(), tickwasm::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct InterruptHandle {
    asked: Arc<AtomicBool>,
}

impl InterruptHandle {
    /// Stops the call that is under way, or else the next one, before its next instruction or a few ten thousand instructions later: it
    /// traps with [`Trap::Interrupt`](crate::Trap::Interrupt), or is suspended if it was made with
    /// [`call_resumable`](crate::Func::call_resumable).
    ///
    /// No instruction is cut in two: where one works on much memory at once (`memory.fill`), that is how long it may take. A host function
    /// is not stopped either, but nothing runs after it. Of several requests before the first is answered, one is answered.
    pub fn interrupt(&self) {
        // What this thread did before is visible to whoever sees the interruption.
        self.asked.store(true, Ordering::Release);
    }
}

impl<T> Store<T> {
    /// A handle for other threads to stop what runs in this store.
    ///
    /// # Errors
    /// If the engine was made without [`Config::epoch_interruption`](crate::Config::epoch_interruption): its code would not notice.
    pub fn interrupt_handle(&self) -> Result<InterruptHandle, Error> {
        let interrupts = self.context().inner.runtime.interrupts.as_ref();
        let asked = interrupts.ok_or(Misuse::NotInterruptible)?.asked.clone();
        Ok(InterruptHandle { asked })
    }

    /// Sets the deadline of what runs in this store: so many calls of [`Engine::increment_epoch`](crate::Engine::increment_epoch) from now.
    /// A new store has none.
    ///
    /// At the deadline calls trap with [`Trap::Interrupt`](crate::Trap::Interrupt), or are suspended if they were made with
    /// [`call_resumable`](crate::Func::call_resumable); so do all calls after it, until there is another deadline. How soon it is noticed,
    /// [`InterruptHandle::interrupt`] says. Without [`Config::epoch_interruption`](crate::Config::epoch_interruption) this has no effect.
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
        self.as_context_mut()
            .set_epoch_deadline(ticks_beyond_current);
    }

    /// At the deadline, calls trap. This is so at first.
    pub fn epoch_deadline_trap(&mut self) {
        self.as_context_mut().epoch_deadline_trap();
    }

    /// At the deadline, async calls let others run, and go on with a deadline so many epochs later. Other calls trap or are suspended as
    /// always, with that later deadline for the next one.
    pub fn epoch_deadline_async_yield_and_update(&mut self, delta: u64) {
        self.as_context_mut()
            .epoch_deadline_async_yield_and_update(delta);
    }
}

impl<T> StoreContextMut<'_, T> {
    /// Sets the deadline, see [`Store::set_epoch_deadline`].
    pub fn set_epoch_deadline(&mut self, ticks_beyond_current: u64) {
        if let Some(interrupts) = &mut self.runtime().interrupts {
            interrupts.set_deadline(ticks_beyond_current);
        }
    }

    /// At the deadline, calls trap, see [`Store::epoch_deadline_trap`].
    pub fn epoch_deadline_trap(&mut self) {
        if let Some(interrupts) = &mut self.runtime().interrupts {
            interrupts.yields = None;
        }
    }

    /// At the deadline, async calls let others run, see [`Store::epoch_deadline_async_yield_and_update`].
    pub fn epoch_deadline_async_yield_and_update(&mut self, delta: u64) {
        if let Some(interrupts) = &mut self.runtime().interrupts {
            interrupts.yields = Some(delta);
        }
    }
}
