//! Globals.

use crate::api::store::context::{AsContext, AsContextMut};
use crate::api::types::GlobalType;
use crate::api::values::val::Val;
use crate::error::{Error, Misuse};
use crate::runtime::addr::GlobalAddr;
use crate::runtime::global_inst::GlobalInst;
use crate::runtime::store::{Store, StoreId};

/// A global of a store: one value, which may be mutable.
///
/// Methods that return a [`Result`] fail if it is a global of another store; the others panic.
/// <https://webassembly.github.io/spec/core/exec/runtime.html#global-instances>
///
/// ```
/// use tickwasm::{Engine, Global, GlobalType, Mutability, Store, Val, ValType};
///
/// let mut store = Store::new(&Engine::default(), ());
/// let ty = GlobalType::new(ValType::I32, Mutability::Var);
/// let global = Global::new(&mut store, ty, Val::I32(1))?;
/// global.set(&mut store, Val::I32(2))?;
/// assert_eq!(global.get(&mut store).i32(), Some(2));
/// # Ok::<(), tickwasm::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Global {
    store: StoreId,
    addr: GlobalAddr,
}

impl Global {
    pub(crate) fn at(store: StoreId, addr: GlobalAddr) -> Self {
        Self { store, addr }
    }

    /// Makes a global with a value.
    ///
    /// # Errors
    /// If the value is not of the type, or the type is a type of another engine than the store's.
    pub fn new(mut store: impl AsContextMut, ty: GlobalType, value: Val) -> Result<Self, Error> {
        let mut context = store.as_context_mut();
        let runtime = context.runtime();
        let ty = ty.within(&runtime.registry)?;
        let value = value.to_slots(ty.value, runtime)?;
        runtime.hold_types_of(ty.value)?;
        let addr = runtime.alloc_global(GlobalInst { value, ty })?;
        Ok(Self::at(runtime.id, addr))
    }

    /// Its type.
    pub fn ty(&self, store: impl AsContext) -> GlobalType {
        let runtime = &store.as_context().inner.runtime;
        GlobalType::of(&runtime.registry, self.inst(runtime).ty)
    }

    /// Its value.
    pub fn get(&self, store: impl AsContext) -> Val {
        let context = store.as_context();
        let runtime = &context.inner.runtime;
        let global = self.inst(runtime);
        Val::of_slots(global.ty.value, global.value, runtime)
    }

    /// Sets its value.
    ///
    /// # Errors
    /// If it is immutable, or the value is not of its type.
    pub fn set(&self, mut store: impl AsContextMut, value: Val) -> Result<(), Error> {
        let mut context = store.as_context_mut();
        let runtime = context.runtime();
        let addr = self.checked(runtime)?;
        let ty = runtime.globals[addr.index()].ty;
        if !ty.mutable {
            return Err(Misuse::ImmutableGlobal.into());
        }
        runtime.globals[addr.index()].value = value.to_slots(ty.value, runtime)?;
        Ok(())
    }

    #[track_caller]
    fn inst<'s>(&self, store: &'s Store) -> &'s GlobalInst {
        assert!(self.store == store.id, "{}", Misuse::WrongStore);
        &store.globals[self.addr.index()]
    }

    pub(crate) fn checked(&self, store: &Store) -> Result<GlobalAddr, Misuse> {
        match self.store == store.id {
            true => Ok(self.addr),
            false => Err(Misuse::WrongStore),
        }
    }
}
