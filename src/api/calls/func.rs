//! Functions of a store.

use std::sync::Arc;

use super::caller::Caller;
use super::host_func::{HostFunc, IntoFunc};
use super::typed_func::TypedFunc;
use crate::api::store::context::{AsContext, AsContextMut, StoreContextMut};
use crate::api::types::FuncType;
use crate::api::values::slots::{self, SlotBuffer};
use crate::api::values::val::Val;
use crate::api::values::wasm_ty::{WasmParams, WasmResults};
use crate::error::{Error, Misuse};
use crate::runtime::addr::FuncAddr;
use crate::runtime::registry::{Registry, TypeDef};
use crate::runtime::store::{Store, StoreId};
use crate::syntax::types as syntax;
use crate::syntax::types::ValType;

/// A function of a store, defined by a module or by the embedder.
///
/// <https://webassembly.github.io/spec/core/exec/runtime.html#function-instances>
///
/// ```
/// use tickwasm::{Engine, Func, Store, Val};
///
/// let mut store = Store::new(&Engine::default(), ());
/// let add = Func::wrap(&mut store, |a: i32, b: i32| a.wrapping_add(b));
/// assert_eq!(add.ty(&store).to_string(), "[i32 i32] -> [i32]");
///
/// // Types known at compile time:
/// assert_eq!(add.typed::<(i32, i32), i32>(&store)?.call(&mut store, (2, 3))?, 5);
/// // Types known at run time:
/// let mut results = [Val::I32(0)];
/// add.call(&mut store, &[Val::I32(2), Val::I32(3)], &mut results)?;
/// assert_eq!(results[0].i32(), Some(5));
/// # Ok::<(), tickwasm::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Func {
    store: StoreId,
    addr: FuncAddr,
}

impl Func {
    pub(crate) fn at(store: StoreId, addr: FuncAddr) -> Self {
        Self { store, addr }
    }

    /// Makes a function of a Rust closure whose parameters and results are values of Rust types.
    ///
    /// The closure takes up to 16 parameters, each a [`WasmTy`](crate::WasmTy), with or without a [`Caller`] before them. It returns nothing, a
    /// [`WasmTy`](crate::WasmTy), a tuple of up to 16, or a [`Result`] of those whose error is [`Error`] or any other error type.
    ///
    /// # Panics
    /// If there is no more memory.
    pub fn wrap<T, Params, Results>(
        mut store: impl AsContextMut<Data = T>,
        func: impl IntoFunc<T, Params, Results>,
    ) -> Self {
        let context = store.as_context_mut();
        let host = func.into_host(context.engine());
        Self::expect(host.and_then(|host| Self::add_host(context, host)))
    }

    /// Makes a function of a type that is known at run time only, of a Rust closure that takes and returns values as [`Val`]s.
    ///
    /// The closure gets the arguments, and the results to be set, which are 0 or null at first. If it sets one to a value of another
    /// type, or to a reference of another store, the call is an error.
    ///
    /// ```
    /// use tickwasm::{Engine, Func, FuncType, Store, Val, ValType};
    ///
    /// let engine = Engine::default();
    /// let mut store = Store::new(&engine, ());
    /// let ty = FuncType::new(&engine, [ValType::I32], [ValType::I64]);
    /// let widen = Func::new(&mut store, ty, |_caller, params, results| {
    ///     results[0] = Val::I64(params[0].unwrap_i32().into());
    ///     Ok(())
    /// });
    /// assert_eq!(widen.typed::<i32, i64>(&store)?.call(&mut store, -1)?, -1);
    /// # Ok::<(), tickwasm::Error>(())
    /// ```
    ///
    /// # Panics
    /// Where [`try_new`](Self::try_new) fails: if the type is a type of another engine than the store's, or there is no more memory.
    pub fn new<T>(
        store: impl AsContextMut<Data = T>,
        ty: FuncType,
        func: impl Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<(), Error> + Send + Sync + 'static,
    ) -> Self {
        Self::expect(Self::try_new(store, ty, func))
    }

    /// Makes a function as [`new`](Self::new) does, and returns an error where that panics.
    ///
    /// # Errors
    /// [`Misuse::WrongEngine`] if the type is a type of another engine than the store's, or an error if there is no more memory.
    pub fn try_new<T>(
        mut store: impl AsContextMut<Data = T>,
        ty: FuncType,
        func: impl Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<(), Error> + Send + Sync + 'static,
    ) -> Result<Self, Error> {
        Self::add_host(store.as_context_mut(), HostFunc::new(ty, func))
    }

    /// Adds a host function to a store.
    pub(crate) fn add_host<T>(
        mut context: StoreContextMut<'_, T>,
        host: HostFunc<T>,
    ) -> Result<Self, Error> {
        let addr = context.add_host(host)?;
        Ok(Self::at(context.inner.runtime.id, addr))
    }

    /// Returns the function; panics where the interface has no error.
    #[track_caller]
    pub(crate) fn expect(made: Result<Self, Error>) -> Self {
        match made {
            Ok(func) => func,
            Err(error) => panic!("{error}"),
        }
    }

    /// Returns its type.
    ///
    /// # Panics
    /// If the function is one of another store.
    pub fn ty(&self, store: impl AsContext) -> FuncType {
        let runtime = &store.as_context().inner.runtime;
        let addr = self.assert(runtime);
        FuncType::of(&runtime.registry, runtime.funcs[addr.index()].ty)
    }

    /// Calls it with values whose types are checked at the call. For repeated calls [`Func::typed`] is much faster.
    ///
    /// `results` is as long as the function has results; its contents are overwritten.
    ///
    /// # Errors
    /// If the number or the types of arguments, or the number of results, are not those of the function; if it is one of another store;
    /// if the call traps, runs out of fuel, or a host function fails; if it reaches an async host function ([`Func::call_async`] is for
    /// that) or one that asks to suspend ([`Func::call_resumable`]).
    pub fn call(
        &self,
        mut store: impl AsContextMut,
        params: &[Val],
        results: &mut [Val],
    ) -> Result<(), Error> {
        let mut context = store.as_context_mut();
        let mut buffer = SlotBuffer::new();
        let count = Some(results.len());
        let call = self.begin(context.runtime(), params, count, &mut buffer)?;
        context.invoke(call.addr, call.counts, call.slots)?;
        call.read_results(context.runtime(), results);
        Ok(())
    }

    /// Begins a call of any kind: checks the function and the numbers of values, and puts the arguments into slots. `results` is the number
    /// of results that the caller expects, if it says so.
    ///
    /// It is a function of its own so that it takes no room in the frames of calls that guests make back into the store.
    pub(crate) fn begin<'b>(
        &self,
        store: &Store,
        params: &[Val],
        results: Option<usize>,
        buffer: &'b mut SlotBuffer,
    ) -> Result<UntypedCall<'b>, Misuse> {
        let addr = self.checked(store)?;
        let definition = type_of(store, addr);
        let ty = definition.func();
        slots::check_count("arguments", ty.params.len(), params.len())?;
        if let Some(results) = results {
            slots::check_count("results", ty.results.len(), results)?;
        }
        let counts = ty.slots();
        let slots = buffer.take(counts.0.max(counts.1));
        slots::write(params, &ty.params, slots::cells(slots), store)?;
        Ok(UntypedCall {
            addr,
            definition,
            counts,
            slots,
        })
    }

    /// Returns the function as one of a type that is known to the Rust compiler, which is checked here once instead of at each call.
    ///
    /// # Errors
    /// If the function has another type, or is one of another store.
    pub fn typed<Params: WasmParams, Results: WasmResults>(
        &self,
        store: impl AsContext,
    ) -> Result<TypedFunc<Params, Results>, Error> {
        let context = store.as_context();
        let runtime = &context.inner.runtime;
        let addr = self.checked(runtime)?;
        let registry = &runtime.registry;
        let ty = type_of(runtime, addr);
        let found = ty.func();
        // Results of Rust's non-null types must not be null; arguments may be of subtypes of the function's parameters.
        if matches(registry, Params::TYPES, &found.params)
            && matches(registry, &found.results, Results::TYPES)
        {
            return Ok(TypedFunc::new(*self));
        }
        Err(Misuse::Signature {
            expected: type_of_rust::<Params, Results>(registry)?,
            found: self.ty(context),
        }
        .into())
    }

    /// Returns the address, if the function is one of the store.
    #[inline]
    pub(crate) fn checked(&self, store: &Store) -> Result<FuncAddr, Misuse> {
        match self.store == store.id {
            true => Ok(self.addr),
            false => Err(Misuse::WrongStore),
        }
    }

    #[track_caller]
    fn assert(&self, store: &Store) -> FuncAddr {
        assert!(self.store == store.id, "{}", Misuse::WrongStore);
        self.addr
    }

    pub(crate) fn to_slot(this: Option<&Self>, store: StoreId) -> Result<u64, Misuse> {
        match this {
            None => Ok(0),
            Some(this) if this.store == store => Ok(u64::from(this.addr.0) + 1),
            Some(_) => Err(Misuse::WrongStore),
        }
    }

    pub(crate) fn of_slot(slot: u64, store: &Store) -> Option<Self> {
        let addr = FuncAddr(slot.checked_sub(1)? as u32);
        let store = store.id;
        Some(Self { store, addr })
    }
}

/// A call of a function whose type is known at run time only, with its arguments in slots.
pub(crate) struct UntypedCall<'b> {
    pub(crate) addr: FuncAddr,
    definition: Arc<TypeDef>,
    /// The numbers of slots of parameters and results.
    pub(crate) counts: (usize, usize),
    pub(crate) slots: &'b mut [u64],
}

impl UntypedCall<'_> {
    /// Reads the results of the call that is done.
    pub(crate) fn read_results(&self, store: &Store, results: &mut [Val]) {
        let types = &self.definition.func().results;
        slots::read_into(types, self.slots, store, results);
    }
}

/// Returns the type of a function of a store, which is a function type.
pub(crate) fn type_of(store: &Store, func: FuncAddr) -> Arc<TypeDef> {
    store.registry.definition(store.funcs[func.index()].ty)
}

/// Returns the type of functions whose parameters and results are of Rust types.
pub(crate) fn type_of_rust<Params: WasmParams, Results: WasmResults>(
    registry: &Arc<Registry>,
) -> Result<FuncType, Error> {
    FuncType::of_rust(
        registry,
        syntax::FuncType {
            params: Params::TYPES.into(),
            results: Results::TYPES.into(),
        },
    )
}

fn matches(registry: &Registry, a: &[ValType], b: &[ValType]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| registry.matches(*a, *b))
}
