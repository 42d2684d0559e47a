//! Stopping execution from outside: handles for other threads, and epochs. `exec::meter` is where running code notices.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::asynchronous::WaitingStore;
use crate::api::store::Store;
use crate::api::store::context::{AsContextMut, StoreContextMut};
use crate::error::{Error, Misuse};
use crate::exec::{self, Answer, Mode, Reason, Suspended, Why};
use crate::runtime::interrupt::OnDeadline;
use crate::runtime::trap::Trap;

/// A handle that stops the execution in a store, from any thread. Made by [`Store::interrupt_handle`]; cloning it is a reference count.
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
    /// Instructions that work on much memory (`memory.fill`) are interrupted in their middle as well. A host function is not stopped, but no
    /// code of the guest runs after it. Several requests before the first one is noticed count as one.
    pub fn interrupt(&self) {
        // The effects of this thread until now are visible to code that sees the interruption.
        self.asked.store(true, Ordering::Release);
    }
}

/// The action at a deadline, see [`Store::epoch_deadline_callback`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum UpdateDeadline {
    /// The call traps with [`Trap::Interrupt`](crate::Trap::Interrupt), or is suspended if it can be resumed.
    Interrupt,
    /// The call goes on, with a deadline so many epochs from now, at least one.
    Continue(u64),
    /// The call lets others run first. This is for async calls; for others it is [`UpdateDeadline::Interrupt`].
    Yield(u64),
}

/// The callback that decides so.
pub(crate) type DeadlineCallback<T> =
    Box<dyn FnMut(StoreContextMut<'_, T>) -> Result<UpdateDeadline, Error> + Send + Sync>;

impl<T> Store<T> {
    /// Returns a handle with which other threads stop the execution in this store.
    ///
    /// # Errors
    /// If the engine was made without [`Config::epoch_interruption`](crate::Config::epoch_interruption): its code would not notice.
    pub fn interrupt_handle(&self) -> Result<InterruptHandle, Error> {
        let interrupts = self.context().inner.runtime.interrupts.as_ref();
        let asked = interrupts.ok_or(Misuse::NotInterruptible)?.asked.clone();
        Ok(InterruptHandle { asked })
    }

    /// Sets a closure that decides what happens at the deadline. An error that it returns ends the call. Calls that the closure makes itself
    /// trap at the deadline.
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
        let inner = self.inner_mut();
        inner.on_deadline = Some(Box::new(callback));
        inner.set_on_deadline(OnDeadline::Ask);
    }
}

impl<T> StoreContextMut<'_, T> {
    /// Decides about a call that has reached its deadline: it may go on until the next, and so on.
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
        // The frames of a call that cannot be resumed are still on the stack.
        let end = suspended.stack_end(self.runtime());
        let mut waiting = WaitingStore::new(self.as_context_mut(), end);
        let update = callback(waiting.store.as_context_mut());
        drop(waiting);
        // The callback may have set another one.
        self.inner.on_deadline.get_or_insert(callback);
        update
    }

    fn put_off(&mut self, epochs: u64) {
        if let Some(interrupts) = &mut self.runtime().interrupts {
            interrupts.put_off(epochs);
        }
    }
}
