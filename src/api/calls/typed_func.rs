//! Functions whose type is known to the Rust compiler.

use core::fmt;
use core::marker::PhantomData;

use super::func::Func;
use crate::api::store::context::AsContextMut;
use crate::api::values::slots::{self, SlotBuffer};
use crate::api::values::wasm_ty::{WasmParams, WasmResults};
use crate::error::{Error, Misuse};
use crate::runtime::addr::FuncAddr;
use crate::runtime::store::Store;

/// A function whose parameters and results are values of Rust types: made by [`Func::typed`] or
/// [`Instance::get_typed_func`](crate::Instance::get_typed_func), which check that the types are right.
///
/// ```
/// use tickwasm::{Engine, Instance, Module, Store};
///
/// let engine = Engine::default();
/// let module = Module::new(&engine, r#"(module
///     (func (export "swap") (param i32 i64) (result i64 i32)
///         local.get 1
///         local.get 0))"#)?;
/// let mut store = Store::new(&engine, ());
/// let instance = Instance::new(&mut store, &module, &[])?;
/// let swap = instance.get_typed_func::<(i32, i64), (i64, i32)>(&mut store, "swap")?;
/// assert_eq!(swap.call(&mut store, (1, 2))?, (2, 1));
/// # Ok::<(), tickwasm::Error>(())
/// ```
pub struct TypedFunc<Params, Results> {
    func: Func,
    types: PhantomData<fn(Params) -> Results>,
}

impl<Params: WasmParams, Results: WasmResults> TypedFunc<Params, Results> {
    pub(crate) fn new(func: Func) -> Self {
        Self {
            func,
            types: PhantomData,
        }
    }

    /// Returns the function.
    pub fn func(&self) -> &Func {
        &self.func
    }

    /// Calls the function.
    ///
    /// # Errors
    /// If it is a function of another store, or an argument is a reference of one; if the call traps, runs out of fuel, or a host
    /// function fails; if it reaches an async host function ([`TypedFunc::call_async`] is for that) or one that asks to suspend
    /// ([`TypedFunc::call_resumable`] is for that).
    #[inline]
    pub fn call(&self, mut store: impl AsContextMut, params: Params) -> Result<Results, Error> {
        let mut context = store.as_context_mut();
        let mut buffer = SlotBuffer::new();
        let (addr, slots) = self.begin(context.runtime(), params, &mut buffer)?;
        context.invoke(addr, Self::COUNTS, slots)?;
        Ok(Results::read(slots::cells(slots), context.runtime()))
    }

    /// The numbers of slots of its parameters and results.
    pub(crate) const COUNTS: (usize, usize) = (Params::SLOTS, Results::SLOTS);

    /// Begins a call of any kind: checks the function and puts the arguments into slots. Returns its address and the slots.
    #[inline]
    pub(crate) fn begin<'b>(
        &self,
        store: &Store,
        params: Params,
        buffer: &'b mut SlotBuffer,
    ) -> Result<(FuncAddr, &'b mut [u64]), Misuse> {
        let addr = self.func.checked(store)?;
        let slots = buffer.take(Self::COUNTS.0.max(Self::COUNTS.1));
        params.write(slots::cells(slots), store.id)?;
        Ok((addr, slots))
    }
}

impl<Params, Results> Clone for TypedFunc<Params, Results> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<Params, Results> Copy for TypedFunc<Params, Results> {}

impl<Params, Results> fmt::Debug for TypedFunc<Params, Results> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TypedFunc").field(&self.func).finish()
    }
}
