//! Stopping execution from outside: handles for other threads, and epochs. Where running code looks, is `exec::meter`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::asynchronous::Waiting;
use crate::api::store::Store;
use crate::api::store::context::{AsContextMut, StoreContextMut};
use crate::error::{Error, Misuse};
use crate::exec::{self, Answer, Mode, Reason, Suspended, Why};
use crate::runtime::interrupt::OnDeadline;
use crate::runtime::trap::Trap;

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

/// What to do at a deadline, see [`Store::epoch_deadline_callback`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum UpdateDeadline {
    /// The call traps with [`Trap::Interrupt`](crate::Trap::Interrupt), or is suspended if it can be resumed.
    Interrupt,
    /// The call goes on, with a deadline so many epochs from now, at least one.
    Continue(u64),
    /// Others have their turn first; for async calls only, in others this is [`UpdateDeadline::Interrupt`].
    Yield(u64),
}

/// What says so.
pub(crate) type DeadlineCallback<T> =
    Box<dyn FnMut(StoreContextMut<'_, T>) -> Result<UpdateDeadline, Error> + Send + Sync>;

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

    /// At the deadline, a closure says what to do. An error that it returns ends the call. While it runs there is no other such closure: calls
    /// that it makes itself trap at the deadline.
    ///
    /// ```
    /// use tickwasm::{Config, Engine, Instance, Module, Store, UpdateDeadline};
    ///
    /// let engine = Engine::new(Config::new().epoch_interruption(true))?;
    /// let module = Module::new(&engine, r#"(module (func (export "spin") (loop $l (br $l))))"#)?;
    /// let mut store = Store::new(&engine, 0);
    /// let spin = Instance::new(&mut store, &module, &[])?.get_typed_func::<(), ()>(&mut store, "spin")?;
    /// std::thread::spawn(move || loop {
    ///     std::thread::sleep(std::time::Duration::from_millis(1));
    ///     engine.increment_epoch();
    /// });
    /// store.epoch_deadline_callback(|mut store| {
    ///     *store.data_mut() += 1;
    ///     Ok(if *store.data() < 5 { UpdateDeadline::Continue(1) } else { UpdateDeadline::Interrupt })
    /// });
    /// store.set_epoch_deadline(1);
    /// assert!(spin.call(&mut store, ()).is_err());
    /// assert_eq!(*store.data(), 5);
    /// # Ok::<(), tickwasm::Error>(())
    /// ```
    pub fn epoch_deadline_callback(
        &mut self,
        callback: impl FnMut(StoreContextMut<'_, T>) -> Result<UpdateDeadline, Error>
        + Send
        + Sync
        + 'static,
    ) {
        let mut context = self.as_context_mut();
        context.inner.on_deadline = Some(Box::new(callback));
        context.on_deadline(OnDeadline::Ask);
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
        self.on_deadline(OnDeadline::Stop);
    }

    /// At the deadline, async calls let others run, see [`Store::epoch_deadline_async_yield_and_update`].
    pub fn epoch_deadline_async_yield_and_update(&mut self, delta: u64) {
        self.on_deadline(OnDeadline::Yield(delta));
    }

    fn on_deadline(&mut self, what: OnDeadline) {
        if let Some(interrupts) = &mut self.runtime().interrupts {
            interrupts.on_deadline = what;
        }
    }

    /// Asks what is to become of a call that has reached its deadline; it may go on until the next, and so on.
    #[cold]
    pub(crate) fn deadline(
        &mut self,
        mode: Mode,
        mut suspended: Box<Suspended>,
        slots: &mut [u64],
    ) -> Result<Option<Box<Suspended>>, Error> {
        while let Why::Deadline = suspended.why {
            let reason = match self.ask(&suspended) {
                Ok(UpdateDeadline::Continue(epochs)) => {
                    self.put_off(epochs);
                    match self.go_on_once(mode, *suspended, Answer::Values(&[]), slots)? {
                        None => return Ok(None),
                        Some(left) => suspended = left,
                    }
                    continue;
                }
                Ok(UpdateDeadline::Yield(epochs)) if mode == Mode::Async => {
                    self.put_off(epochs);
                    suspended.why = Why::Yield;
                    continue;
                }
                Ok(UpdateDeadline::Yield(_) | UpdateDeadline::Interrupt) => {
                    if mode == Mode::Resumable {
                        suspended.why = Why::Interrupted;
                        continue;
                    }
                    Reason::Trap(Trap::Interrupt)
                }
                Err(error) => Reason::Host(error.into()),
            };
            let stop = exec::abandon(self, *suspended, reason);
            return Err(self.explain(stop));
        }
        Ok(Some(suspended))
    }

    fn ask(&mut self, suspended: &Suspended) -> Result<UpdateDeadline, Error> {
        let Some(mut callback) = self.inner.on_deadline.take() else {
            return Ok(UpdateDeadline::Interrupt);
        };
        // The frames of a call that cannot be resumed are where they were.
        let end = suspended.stack_end(self.runtime());
        let mut waiting = Waiting::new(self.as_context_mut(), end);
        let update = callback(waiting.store.as_context_mut());
        drop(waiting);
        // It may have set another one.
        self.inner.on_deadline.get_or_insert(callback);
        update
    }

    fn put_off(&mut self, epochs: u64) {
        if let Some(interrupts) = &mut self.runtime().interrupts {
            interrupts.put_off(epochs);
        }
    }
}
