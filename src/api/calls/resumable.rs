//! Calls that can be suspended and resumed. `exec::suspend` is the mechanism.

use core::fmt;
use core::marker::PhantomData;

use super::caller::Caller;
use super::func::{Func, type_of};
use super::host_func::HostFunc;
use super::typed_func::TypedFunc;
use crate::api::linking::linker::Linker;
use crate::api::store::context::{AsContext, AsContextMut, StoreContextMut};
use crate::api::types::FuncType;
use crate::api::values::slots::{self, SlotBuffer};
use crate::api::values::val::Val;
use crate::api::values::wasm_ty::{WasmParams, WasmResults};
use crate::error::{Error, Misuse};
use crate::exec::{Answer, Mode, Suspended, Why};
use crate::runtime::addr::FuncAddr;
use crate::runtime::store::{Store, StoreId};

/// The return type of a host function that can ask for its call to be suspended.
///
/// It is for functions whose results the embedder gets later, from elsewhere: the call has to be made with
/// [`TypedFunc::call_resumable`] or [`Func::call_resumable`], and is resumed with the results. In any other call, asking is an error.
///
/// ```
/// use tickwasm::{Engine, Linker, MaySuspend, Module, ResumableCall, Store, Val};
///
/// let engine = Engine::default();
/// let mut linker = Linker::new(&engine);
/// linker.func_wrap("host", "ask", |n: i32| -> MaySuspend<i32> {
///     if n == 0 { MaySuspend::Return(0) } else { MaySuspend::Suspend }
/// })?;
/// let module = Module::new(&engine, r#"(module
///     (import "host" "ask" (func $ask (param i32) (result i32)))
///     (func (export "run") (param i32) (result i32)
///         (i32.add (call $ask (local.get 0)) (i32.const 1))))"#)?;
/// let mut store = Store::new(&engine, ());
/// let run = linker.instantiate(&mut store, &module)?.get_typed_func::<i32, i32>(&mut store, "run")?;
///
/// let ResumableCall::Suspended(call) = run.call_resumable(&mut store, 7)? else { panic!() };
/// assert_eq!(call.host_params(&store)?[0].i32(), Some(7));
/// // From here until the call is resumed, it takes no room on the host's stack.
/// let ResumableCall::Finished(result) = call.resume_with(&mut store, &[Val::I32(41)])? else { panic!() };
/// assert_eq!(result, 42);
/// # Ok::<(), tickwasm::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MaySuspend<R> {
    /// The function returns.
    Return(R),
    /// The function asks for the call to be suspended.
    Suspend,
}

/// The outcome of a call that can be suspended.
#[derive(Debug)]
pub enum ResumableCall<R> {
    /// The call returned these results.
    Finished(R),
    /// The call is suspended and can go on later.
    Suspended(SuspendedCall<R>),
}

/// The reason why a call is suspended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum SuspendReason {
    /// The store has less fuel than the next instruction costs; none has been taken for it.
    OutOfFuel {
        /// The cost of that instruction: with less fuel the call would be suspended again at once.
        required: u64,
    },
    /// Another thread interrupted it, or its deadline was reached: see [`Config::epoch_interruption`](crate::Config::epoch_interruption).
    Interrupted,
    /// A host function asked for it. Its results are needed to go on.
    Host,
}

/// A suspended call, with all that it needs to go on.
///
/// A store can have any number of them, they can be resumed in any order, and dropping one ends the call. In between, the store can be
/// used in any way; a call that goes on sees the changes. A suspended call can be sent to another thread.
///
/// See [`MaySuspend`] and [`TypedFunc::call_resumable`] for examples.
#[must_use = "dropping a suspended call ends it"]
pub struct SuspendedCall<R> {
    store: StoreId,
    func: FuncAddr,
    inner: Box<Suspended>,
    results: PhantomData<fn() -> R>,
}

/// The results of a call that can be suspended: those of a [`TypedFunc`], or values in a vector.
pub trait CallResults: read::Sealed {}

impl<R: read::Sealed> CallResults for R {}

mod read {
    use super::{FuncAddr, Store};

    pub trait Sealed: Sized {
        /// Reads the results of a function from slots.
        fn read_results(slots: &mut [u64], func: FuncAddr, store: &Store) -> Self;
    }
}

impl<R: WasmResults> read::Sealed for R {
    fn read_results(slots: &mut [u64], _: FuncAddr, store: &Store) -> Self {
        R::read(slots::cells(slots), store)
    }
}

impl read::Sealed for Vec<Val> {
    fn read_results(slots: &mut [u64], func: FuncAddr, store: &Store) -> Self {
        let ty = type_of(store, func);
        slots::read(&ty.func().results, &*slots, store).collect()
    }
}

impl<R: CallResults> SuspendedCall<R> {
    /// Returns why it is suspended.
    pub fn reason(&self) -> SuspendReason {
        match self.inner.why {
            Why::OutOfFuel { required } => SuspendReason::OutOfFuel { required },
            Why::Host(_) => SuspendReason::Host,
            Why::Interrupted | Why::Yield | Why::Deadline => SuspendReason::Interrupted,
        }
    }

    /// Returns the type of the host function that it waits for, if it waits for one.
    ///
    /// # Errors
    /// If the call is one of another store.
    pub fn host_type(&self, store: impl AsContext) -> Result<Option<FuncType>, Error> {
        let context = store.as_context();
        let runtime = &context.inner.runtime;
        self.check(runtime)?;
        Ok(match self.inner.why {
            Why::Host(call) => Some(FuncType::of(&runtime.registry, call.ty)),
            _ => None,
        })
    }

    /// Returns the arguments of the host function that it waits for; they are empty if it waits for none.
    ///
    /// # Errors
    /// If the call is one of another store.
    pub fn host_params(&self, store: impl AsContext) -> Result<Vec<Val>, Error> {
        let context = store.as_context();
        let ty = self.host_type(context)?;
        Ok(match (ty, self.inner.host_slots()) {
            (Some(ty), Some(slots)) => {
                slots::read(&ty.inner().params, &slots, &context.inner.runtime).collect()
            }
            _ => Vec::new(),
        })
    }

    /// Resumes the call.
    ///
    /// # Errors
    /// If the call is one of another store, or waits for a host function that has results, see [`resume_with`](Self::resume_with). If the
    /// call traps or a host function fails. In all of these cases the call has ended.
    pub fn resume(self, store: impl AsContextMut) -> Result<ResumableCall<R>, Error> {
        self.resume_with(store, &[])
    }

    /// Resumes the call with the results of the host function that asked for the suspension.
    ///
    /// # Errors
    /// As for [`resume`](Self::resume), and if the number or types of the results are not those of the host function.
    pub fn resume_with(
        self,
        mut store: impl AsContextMut,
        results: &[Val],
    ) -> Result<ResumableCall<R>, Error> {
        let mut context = store.as_context_mut();
        let expected = self.host_type(&context)?;
        let runtime = context.runtime();
        let types = expected.as_ref().map_or(&[][..], |ty| &ty.inner().results);
        slots::check_count("results", types.len(), results.len())?;
        let mut values = vec![0; types.iter().map(|ty| ty.slots() as usize).sum()];
        slots::write(results, types, slots::cells(&mut values), runtime)?;
        self.go_on(context, Answer::Values(&values))
    }

    /// Resumes the call as if the host function that asked for the suspension had failed: it ends with the error and a backtrace, unless the
    /// error is an [exception](crate::StoreContextMut::throw) that the guest catches.
    ///
    /// # Errors
    /// This error, where the guest does not catch it; an error if the call is one of another store, or waits for no host function.
    pub fn resume_with_error(
        self,
        mut store: impl AsContextMut,
        error: impl Into<Error>,
    ) -> Result<ResumableCall<R>, Error> {
        let context = store.as_context_mut();
        if self.host_type(&context)?.is_none() {
            return Err(Misuse::NotWaiting.into());
        }
        let reason = context.failed(error.into().into());
        self.go_on(context, Answer::Failure(reason))
    }

    fn go_on<T>(
        self,
        mut context: StoreContextMut<'_, T>,
        answer: Answer<'_>,
    ) -> Result<ResumableCall<R>, Error> {
        let mut buffer = SlotBuffer::new();
        let slots = buffer.take(self.inner.results());
        let suspended = context.go_on(Mode::Resumable, *self.inner, answer, slots)?;
        Ok(outcome(suspended, self.func, slots, context.runtime()))
    }

    fn check(&self, store: &Store) -> Result<(), Misuse> {
        match self.store == store.id {
            true => Ok(()),
            false => Err(Misuse::WrongStore),
        }
    }
}

impl<R> fmt::Debug for SuspendedCall<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SuspendedCall")
            .field("why", &self.inner.why)
            .finish_non_exhaustive()
    }
}

/// Returns the outcome of a call that has returned or is suspended.
fn outcome<R: CallResults>(
    suspended: Option<Box<Suspended>>,
    func: FuncAddr,
    slots: &mut [u64],
    store: &Store,
) -> ResumableCall<R> {
    match suspended {
        None => ResumableCall::Finished(R::read_results(slots, func, store)),
        Some(inner) => ResumableCall::Suspended(SuspendedCall {
            store: store.id,
            func,
            inner,
            results: PhantomData,
        }),
    }
}

impl<Params: WasmParams, Results: WasmResults> TypedFunc<Params, Results> {
    /// Calls the function in a way that can be suspended: when fuel runs out, when it is interrupted, or when a host function asks for it.
    ///
    /// ```
    /// use tickwasm::{Config, Engine, Instance, Module, ResumableCall, Store};
    ///
    /// let engine = Engine::new(Config::new().consume_fuel(true))?;
    /// let module = Module::new(&engine, r#"(module
    ///     (func (export "sum") (param $n i64) (result i64) (local $sum i64)
    ///         (loop $again
    ///             (local.set $sum (i64.add (local.get $sum) (local.get $n)))
    ///             (local.set $n (i64.sub (local.get $n) (i64.const 1)))
    ///             (br_if $again (i64.ne (local.get $n) (i64.const 0))))
    ///         (local.get $sum)))"#)?;
    /// let mut store = Store::new(&engine, ());
    /// let sum = Instance::new(&mut store, &module, &[])?.get_typed_func::<i64, i64>(&mut store, "sum")?;
    ///
    /// let mut slices = 0;
    /// let mut call = sum.call_resumable(&mut store, 100)?;
    /// let result = loop {
    ///     match call {
    ///         ResumableCall::Finished(result) => break result,
    ///         ResumableCall::Suspended(suspended) => {
    ///             slices += 1;
    ///             store.set_fuel(500)?;
    ///             call = suspended.resume(&mut store)?;
    ///         }
    ///     }
    /// };
    /// // Twelve instructions a round, and one after the last.
    /// assert_eq!((result, slices), (5050, 3));
    /// # Ok::<(), tickwasm::Error>(())
    /// ```
    ///
    /// A call that a host function makes into the store meanwhile is a call of its own: if it is made with [`TypedFunc::call`] and fuel runs
    /// out in it, it ends with [`Error::FuelExhausted`], which the host function may return.
    ///
    /// # Errors
    /// As for [`TypedFunc::call`], except that running out of fuel and being interrupted are not errors.
    pub fn call_resumable(
        &self,
        mut store: impl AsContextMut,
        params: Params,
    ) -> Result<ResumableCall<Results>, Error> {
        let mut context = store.as_context_mut();
        let mut buffer = SlotBuffer::new();
        let (addr, slots) = self.begin(context.runtime(), params, &mut buffer)?;
        let suspended = context.start(Mode::Resumable, addr, Self::COUNTS, slots)?;
        Ok(outcome(suspended, addr, slots, context.runtime()))
    }
}

impl Func {
    /// Calls the function in a way that can be suspended, see [`TypedFunc::call_resumable`].
    ///
    /// # Errors
    /// As for [`Func::call`], except that running out of fuel and being interrupted are not errors.
    pub fn call_resumable(
        &self,
        mut store: impl AsContextMut,
        params: &[Val],
    ) -> Result<ResumableCall<Vec<Val>>, Error> {
        let mut context = store.as_context_mut();
        let mut buffer = SlotBuffer::new();
        let call = self.begin(context.runtime(), params, None, &mut buffer)?;
        let suspended = context.start(Mode::Resumable, call.addr, call.counts, call.slots)?;
        Ok(outcome(suspended, call.addr, call.slots, context.runtime()))
    }

    /// Makes a function as [`Func::new`] does, of a closure that can ask for the call to be suspended, see [`MaySuspend`].
    ///
    /// If it asks, the results that it has set are ignored.
    ///
    /// # Panics
    /// If the type is a type of another engine than the store's, or there is no more memory.
    pub fn new_suspending<T>(
        mut store: impl AsContextMut<Data = T>,
        ty: FuncType,
        func: impl Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<MaySuspend<()>, Error>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        let host = HostFunc::suspending(ty, func);
        Self::expect(Self::add_host(store.as_context_mut(), host))
    }
}

impl<T> Linker<T> {
    /// Defines a host function that can ask for the call to be suspended; see [`Func::new_suspending`]. A function that is defined with
    /// [`func_wrap`](Self::func_wrap) can ask as well, if it returns [`MaySuspend`].
    ///
    /// # Errors
    /// If the name is defined already, or the type is a type of another engine.
    pub fn func_new_suspending(
        &mut self,
        module: &str,
        name: &str,
        ty: FuncType,
        func: impl Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<MaySuspend<()>, Error>
        + Send
        + Sync
        + 'static,
    ) -> Result<&mut Self, Error> {
        self.define_host(module, name, HostFunc::suspending(ty, func))
    }
}

#[cfg(all(test, feature = "wat"))]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use crate::exec::COPIES;
    use crate::{Config, Engine, Func, Instance, Module, Store};

    /// Sums the numbers up to its argument by recursion; at the bottom it asks the host, again and again.
    const SUM: &str = r#"(module
        (import "" "" (func $ask))
        (func $sum (export "sum") (param i32 i32) (result i64)
            (if (result i64) (local.get 0)
                (then (i64.add
                    (i64.extend_i32_u (local.get 0))
                    (call $sum (i32.sub (local.get 0) (i32.const 1)) (local.get 1))))
                (else
                    (loop $again
                        (call $ask)
                        (br_if $again (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))
                    (i64.const 0)))))"#;

    fn sum_in_slices(store: &mut Store<()>, depth: u32, asks: u32) -> (u64, usize) {
        let module = Module::new(store.engine(), SUM).unwrap();
        let ask = Func::wrap(&mut *store, || MaySuspend::<()>::Suspend);
        let instance = Instance::new(&mut *store, &module, &[ask.into()]).unwrap();
        let sum = instance.get_typed_func::<(u32, u32), u64>(&mut *store, "sum");
        let mut call = sum.unwrap().call_resumable(&mut *store, (depth, asks));
        let before = COPIES.get();
        loop {
            call = match call.unwrap() {
                ResumableCall::Finished(sum) => return (sum, COPIES.get() - before),
                ResumableCall::Suspended(call) => call.resume(&mut *store),
            }
        }
    }

    #[test]
    fn how_deep_a_recursion_is_does_not_matter_to_its_suspensions() {
        let mut store = Store::new(&Engine::default(), ());
        let (sum, copied) = sum_in_slices(&mut store, 10, 1000);
        assert_eq!(sum, 55);
        assert!((100_000..1_000_000).contains(&copied), "{copied}");
        for depth in [1000, 10_000] {
            let (sum, copied) = sum_in_slices(&mut store, depth, 1000);
            assert_eq!(sum, u64::from(depth) * (u64::from(depth) + 1) / 2);
            assert_eq!(copied, 0, "{depth}");
        }
    }

    #[test]
    fn a_store_has_no_stack_while_no_call_is_under_way() {
        let engine = Engine::new(Config::new().consume_fuel(true)).unwrap();
        let mut store = Store::new(&engine, ());
        store.set_fuel(1 << 30).unwrap();
        let has_stack = |store: &mut Store<()>| {
            let context = store.as_context_mut();
            context.inner.runtime.stack.slots().is_some()
        };
        for depth in [10, 10_000] {
            let (_, _) = sum_in_slices(&mut store, depth, 2);
            assert!(!has_stack(&mut store));
            let text = r#"(module (func $f (export "f") (param i32)
                (if (i32.eqz (local.get 0)) (then unreachable))
                (call $f (i32.sub (local.get 0) (i32.const 1)))))"#;
            let module = Module::new(&engine, text).unwrap();
            let instance = Instance::new(&mut store, &module, &[]).unwrap();
            let trap = instance.get_typed_func::<u32, ()>(&mut store, "f").unwrap();
            assert!(trap.call(&mut store, depth).is_err());
            assert!(!has_stack(&mut store));
            // Dropped while it is suspended.
            store.set_fuel(u64::from(depth)).unwrap();
            let call = trap.call_resumable(&mut store, u32::MAX).unwrap();
            assert!(matches!(call, ResumableCall::Suspended(_)));
            assert!(!has_stack(&mut store));
            drop(call);
            store.set_fuel(1 << 30).unwrap();
        }
    }

    #[test]
    fn a_stack_that_no_host_has_is_an_error_and_never_a_panic() {
        let error = Engine::new(Config::new().max_wasm_stack(usize::MAX)).unwrap_err();
        assert!(matches!(error, Error::Misuse(Misuse::StackTooLarge)));
        let engine = Engine::new(Config::new().max_wasm_stack(isize::MAX as usize)).unwrap();
        let mut store = Store::new(&engine, ());
        let module = Module::new(&engine, r#"(module (func (export "f")))"#).unwrap();
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let f = instance.get_func(&mut store, "f").unwrap();
        let error = f.call(&mut store, &[], &mut []).unwrap_err();
        assert_eq!(
            error.downcast_ref(),
            Some(&crate::Trap::StackOverflow),
            "{error}"
        );
        assert!(f.call_resumable(&mut store, &[]).is_err());
    }
}
