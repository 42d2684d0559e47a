//! Host functions: closures as functions of a store, and the list that keeps them.
//!
//! Functions can be added to the list while others run.

use core::cell::Cell;
use core::pin::Pin;
use std::sync::Arc;

use super::caller::Caller;
use super::func::type_of_rust;
use super::resumable::MaySuspend;
use crate::api::engine::Engine;
use crate::api::types::FuncType;
use crate::api::values::slots;
use crate::api::values::val::Val;
use crate::api::values::wasm_ty::{WasmParams, WasmResults, WasmTy, tuples};
use crate::error::{Error, of_host};
use crate::exec::{Called, HostError};
use crate::runtime::store::StoreId;
use crate::support::append_list::AppendList;
use crate::support::host_stack::HostStack;

/// A host function with its type, which is kept for as long as the function exists.
pub struct HostFunc<T> {
    pub(crate) ty: FuncType,
    pub(crate) func: HostFn<T>,
}

impl<T> Clone for HostFunc<T> {
    fn clone(&self) -> Self {
        Self {
            ty: self.ty.clone(),
            func: self.func.clone(),
        }
    }
}

/// A host function as the executor calls it: the slots hold the arguments, and the results are put there.
pub(crate) enum HostFn<T> {
    /// A function that returns its results.
    Sync(Arc<SyncFn<T>>),
    /// A function whose results are awaited.
    Async(Arc<AsyncFn<T>>),
}

type SyncFn<T> = dyn Fn(Caller<'_, T>, &[Cell<u64>]) -> Result<Called, HostError> + Send + Sync;

type AsyncFn<T> = dyn for<'a> Fn(Caller<'a, T>, &'a mut [u64]) -> HostFuture<'a> + Send + Sync;

/// The future of an async host function, which has put its results into the slots when it is done.
pub(crate) type HostFuture<'a> =
    Pin<Box<dyn Future<Output = Result<Called, HostError>> + Send + 'a>>;

impl<T> Clone for HostFn<T> {
    fn clone(&self) -> Self {
        match self {
            Self::Sync(func) => Self::Sync(func.clone()),
            Self::Async(func) => Self::Async(func.clone()),
        }
    }
}

/// The host functions of a store by number. A call borrows the function that it is in, while that function may add others.
pub(crate) struct HostFuncs<T> {
    list: AppendList<HostFunc<T>>,
    /// Here because it is used as the functions are: by calls that borrow the rest of the store mutably.
    pub(crate) stack: HostStack,
}

impl<T> HostFuncs<T> {
    pub(crate) fn new() -> Self {
        Self {
            list: AppendList::new(),
            stack: HostStack::default(),
        }
    }

    /// Adds a function under a number that has not been used yet.
    pub(crate) fn set(&self, host: u32, func: HostFunc<T>) {
        self.list.set(host, func);
    }

    #[inline]
    pub(crate) fn get(&self, host: u32) -> &HostFn<T> {
        match self.list.get(host) {
            Some(host) => &host.func,
            None => unreachable!("a function of the store names one of its host functions"),
        }
    }
}

impl<T> HostFunc<T> {
    /// Makes a host function of a closure of values.
    pub(crate) fn new(
        ty: FuncType,
        func: impl Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<(), Error> + Send + Sync + 'static,
    ) -> Self {
        Self::suspending(ty, move |caller, params, results| {
            func(caller, params, results).map(MaySuspend::Return)
        })
    }

    /// Makes a host function of a closure of values that can ask for its call to be suspended.
    pub(crate) fn suspending(
        ty: FuncType,
        func: impl Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<MaySuspend<()>, Error>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        let signature = ty.clone();
        let func = move |mut caller: Caller<'_, T>, slots: &[Cell<u64>]| {
            let (params, mut results) = values(&signature, slots, &caller);
            match func(caller.reborrow(), &params, &mut results)? {
                MaySuspend::Return(()) => put(&signature, &results, slots, &caller),
                MaySuspend::Suspend => Ok(Called::Suspends),
            }
        };
        Self {
            ty,
            func: HostFn::Sync(Arc::new(func)),
        }
    }

    /// Makes an async host function of a closure of Rust types.
    pub(crate) fn wrap_async<F, Params, Results>(engine: &Engine, func: F) -> Result<Self, Error>
    where
        F: for<'a> Fn(Caller<'a, T>, Params) -> Box<dyn Future<Output = Results> + Send + 'a>
            + Send
            + Sync
            + 'static,
        Params: WasmParams,
        Results: WasmRet + 'static,
    {
        let ty = type_of_rust::<Params, <Results as ret::Sealed>::Values>(engine.registry())?;
        let func = HostFn::Async(Arc::new(move |caller, slots| {
            let store = caller.store_id();
            let params = Params::read(slots::cells(slots), caller.runtime());
            let results = Pin::from(func(caller, params));
            Box::pin(async move {
                let results = results.await;
                results.put(slots::cells(slots), store)
            })
        }));
        Ok(Self { ty, func })
    }

    /// Makes an async host function of a closure of values.
    pub(crate) fn new_async<F>(ty: FuncType, func: F) -> Self
    where
        T: Send,
        F: for<'a> Fn(
                Caller<'a, T>,
                &'a [Val],
                &'a mut [Val],
            ) -> Box<dyn Future<Output = Result<(), Error>> + Send + 'a>
            + Send
            + Sync
            + 'static,
    {
        let shared = Arc::new((ty.clone(), func));
        let func = HostFn::Async(Arc::new(move |mut caller: Caller<'_, T>, slots| {
            let shared = shared.clone();
            Box::pin(async move {
                let (ty, func) = &*shared;
                let (params, mut results) = values(ty, slots::cells(slots), &caller);
                Pin::from(func(caller.reborrow(), &params, &mut results)).await?;
                put(ty, &results, slots::cells(slots), &caller)
            })
        }));
        Self { ty, func }
    }
}

/// Returns the arguments that slots hold, and results to be set.
fn values<T>(ty: &FuncType, slots: &[Cell<u64>], caller: &Caller<'_, T>) -> (Vec<Val>, Vec<Val>) {
    let runtime = &caller.store.inner.runtime;
    let params = slots::read(&ty.inner().params, slots, runtime).collect();
    let unset = |ty| Val::default_for_ty(&ty).unwrap_or(Val::I32(0));
    (params, ty.results().map(unset).collect())
}

/// Puts results into slots.
fn put<T>(
    ty: &FuncType,
    results: &[Val],
    slots: &[Cell<u64>],
    caller: &Caller<'_, T>,
) -> Result<Called, HostError> {
    let runtime = &caller.store.inner.runtime;
    match slots::write(results, &ty.inner().results, slots, runtime) {
        Ok(()) => Ok(Called::Returned),
        Err(misuse) => Err(Error::from(misuse).into()),
    }
}

/// The return types of host functions: nothing, a [`WasmTy`], a tuple of up to 16, a [`MaySuspend`] of those, or a [`Result`] of any of these, of
/// any error type.
///
/// ```
/// use tickwasm::{Engine, Func, Store};
///
/// let mut store = Store::new(&Engine::default(), ());
/// let divide = Func::wrap(&mut store, |a: u32, b: u32| -> Result<(u32, u32), tickwasm::Error> {
///     let quotient = a.checked_div(b).ok_or_else(|| tickwasm::Error::msg("nothing goes into zero"))?;
///     Ok((quotient, a % b))
/// });
/// let divide = divide.typed::<(u32, u32), (u32, u32)>(&store)?;
/// assert_eq!(divide.call(&mut store, (7, 2))?, (3, 1));
/// assert_eq!(divide.call(&mut store, (7, 0)).unwrap_err().to_string(), "nothing goes into zero");
/// # Ok::<(), tickwasm::Error>(())
/// ```
///
/// The error may be any type that converts into a boxed error: [`Error`], those of the standard library, `anyhow::Error`, a text. Where the
/// closure does not determine the type, it has to be named: `|| Ok::<_, Error>(())`, not `|| Ok(())`.
pub trait WasmRet: ret::Sealed {}

impl<R: ret::Sealed> WasmRet for R {}

pub(crate) mod ret {
    use super::{Called, Cell, HostError, StoreId, WasmResults};

    pub trait Sealed {
        type Values: WasmResults;

        fn put(self, slots: &[Cell<u64>], store: StoreId) -> Result<Called, HostError>;
    }
}

impl<R: WasmResults> ret::Sealed for R {
    type Values = R;

    #[inline]
    fn put(self, slots: &[Cell<u64>], store: StoreId) -> Result<Called, HostError> {
        match self.write(slots, store) {
            Ok(()) => Ok(Called::Returned),
            Err(misuse) => Err(Error::from(misuse).into()),
        }
    }
}

impl<R: WasmResults> ret::Sealed for MaySuspend<R> {
    type Values = R;

    #[inline]
    fn put(self, slots: &[Cell<u64>], store: StoreId) -> Result<Called, HostError> {
        match self {
            Self::Return(values) => values.put(slots, store),
            Self::Suspend => Ok(Called::Suspends),
        }
    }
}

impl<R: ret::Sealed, E: Into<HostError> + 'static> ret::Sealed for Result<R, E> {
    type Values = R::Values;

    #[inline]
    fn put(self, slots: &[Cell<u64>], store: StoreId) -> Result<Called, HostError> {
        match self {
            Ok(values) => values.put(slots, store),
            Err(error) => Err(of_host(error)),
        }
    }
}

/// A closure that can be a host function, see [`Func::wrap`](crate::Func::wrap).
///
/// ```
/// use tickwasm::{Engine, Func, IntoFunc, Store};
///
/// fn make<P, R>(store: &mut Store<()>, func: impl IntoFunc<(), P, R>) -> Func {
///     Func::wrap(store, func)
/// }
/// let mut store = Store::new(&Engine::default(), ());
/// make(&mut store, |n: f32| n.sqrt());
/// ```
pub trait IntoFunc<T, Params, Results>: Send + Sync + 'static {
    #[doc(hidden)]
    fn into_host(self, engine: &Engine) -> Result<HostFunc<T>, Error>;
}

/// Implements the trait for closures with and without a [`Caller`] before their other parameters.
macro_rules! closures {
    ($($name:ident)*) => {
        closures!(@one [$($name)*] [] |caller|);
        closures!(@one [$($name)*] [Caller<'_, T>,] |caller| caller,);
    };
    (@one [$($name:ident)*] [$($first:tt)*] |$caller:ident| $($pass:tt)*) => {
        impl<T, Closure, Results, $($name),*> IntoFunc<T, ($($first)* $($name,)*), Results> for Closure
        where
            Closure: Fn($($first)* $($name),*) -> Results + Send + Sync + 'static,
            Results: WasmRet,
            $($name: WasmTy,)*
        {
            #[doc(hidden)]
            #[allow(non_snake_case, unused_variables, unused_mut)]
            fn into_host(self, engine: &Engine) -> Result<HostFunc<T>, Error> {
                use crate::api::values::wasm_ty::sealed::WasmValues;
                let func = move |$caller: Caller<'_, T>, slots: &[Cell<u64>]| {
                    let store = $caller.store_id();
                    let ($($name,)*) = <($($name,)*)>::read(slots, $caller.runtime());
                    self($($pass)* $($name),*).put(slots, store)
                };
                Ok(HostFunc {
                    ty: type_of_rust::<($($name,)*), <Results as ret::Sealed>::Values>(engine.registry())?,
                    func: HostFn::Sync(Arc::new(func)),
                })
            }
        }
    };
}

tuples!(closures);
