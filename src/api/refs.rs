//! References to the embedder's own values.

use std::any::Any;

use super::context::{AsContextMut, StoreContext, StoreContextMut};
use super::exn::ExnRef;
use super::func::Func;
use super::types::{HeapType, RefType};
use super::val::Val;
use crate::error::{Error, Misuse};
use crate::runtime::addr::ExternAddr;
use crate::runtime::store::{Store, StoreId};

/// What other runtimes wrap references in that need a store; here references are plain handles.
pub type Rooted<R> = R;

/// A reference to a value of the embedder's, which WebAssembly can pass around but not look at. The value lives as long as its store.
///
/// <https://webassembly.github.io/spec/core/syntax/types.html#heap-types>
///
/// ```
/// use tickwasm::{Engine, ExternRef, Instance, Module, Store};
///
/// let engine = Engine::default();
/// let module = Module::new(&engine, r#"(module
///     (func (export "same") (param externref) (result externref) local.get 0))"#)?;
/// let mut store = Store::new(&engine, ());
/// let instance = Instance::new(&mut store, &module, &[])?;
/// let same = instance.get_typed_func::<ExternRef, Option<ExternRef>>(&mut store, "same")?;
/// let hello = ExternRef::new(&mut store, "hello")?;
/// let back = same.call(&mut store, hello)?.expect("it is not null");
/// assert_eq!(back.data(&store)?.and_then(|value| value.downcast_ref()), Some(&"hello"));
/// # Ok::<(), tickwasm::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ExternRef {
    store: StoreId,
    addr: ExternAddr,
}

impl ExternRef {
    /// Moves a value into a store and refers to it.
    ///
    /// # Errors
    /// If there is no more memory.
    pub fn new(mut store: impl AsContextMut, value: impl Any + Send + Sync) -> Result<Self, Error> {
        let mut context = store.as_context_mut();
        let runtime = context.runtime();
        Ok(Self {
            addr: runtime.alloc_extern(Box::new(value))?,
            store: runtime.id,
        })
    }

    /// The value. Never nothing at present: references that stem from other kinds of references would have none.
    ///
    /// # Errors
    /// If the reference is one of another store.
    pub fn data<'a, T: 'a>(
        &self,
        store: impl Into<StoreContext<'a, T>>,
    ) -> Result<Option<&'a (dyn Any + Send + Sync)>, Error> {
        let inner = store.into().inner;
        if inner.runtime.id != self.store {
            return Err(Misuse::WrongStore.into());
        }
        Ok(Some(&*inner.runtime.externs[self.addr.index()]))
    }

    /// The value, to be changed.
    ///
    /// # Errors
    /// If the reference is one of another store.
    pub fn data_mut<'a, T: 'a>(
        &self,
        store: impl Into<StoreContextMut<'a, T>>,
    ) -> Result<Option<&'a mut (dyn Any + Send + Sync)>, Error> {
        let inner = store.into().inner;
        if inner.runtime.id != self.store {
            return Err(Misuse::WrongStore.into());
        }
        Ok(Some(&mut *inner.runtime.externs[self.addr.index()]))
    }

    pub(crate) fn to_slot(this: Option<Self>, store: StoreId) -> Result<u64, Misuse> {
        match this {
            None => Ok(0),
            Some(this) if this.store == store => Ok(u64::from(this.addr.0) + 1),
            Some(_) => Err(Misuse::WrongStore),
        }
    }

    pub(crate) fn of_slot(slot: u64, store: StoreId) -> Option<Self> {
        let addr = ExternAddr(slot.checked_sub(1)? as u32);
        Some(Self { store, addr })
    }
}

/// A reference of any kind, null included: what tables hold.
///
/// ```
/// use tickwasm::{Engine, Func, Ref, Store};
///
/// let mut store = Store::new(&Engine::default(), ());
/// let func = Func::wrap(&mut store, || {});
/// assert!(!Ref::from(func).is_null());
/// assert!(Ref::Extern(None).is_null());
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Ref {
    /// A reference to a function.
    Func(Option<Func>),
    /// A reference to a value of the embedder's.
    Extern(Option<ExternRef>),
    /// A reference to an exception.
    Exn(Option<ExnRef>),
}

impl Ref {
    /// The null reference of a type's kind. Nothing for kinds that this crate has no values of yet.
    pub fn null(ty: &HeapType) -> Option<Self> {
        match ty {
            HeapType::Func | HeapType::NoFunc => Some(Self::Func(None)),
            HeapType::Extern | HeapType::NoExtern => Some(Self::Extern(None)),
            HeapType::Exn | HeapType::NoExn => Some(Self::Exn(None)),
            _ => None,
        }
    }

    /// Whether it is null.
    pub fn is_null(&self) -> bool {
        matches!(
            self,
            Self::Func(None) | Self::Extern(None) | Self::Exn(None)
        )
    }

    /// The function, if it is a reference to one.
    pub fn as_func(&self) -> Option<Option<&Func>> {
        match self {
            Self::Func(func) => Some(func.as_ref()),
            _ => None,
        }
    }

    /// The embedder's value, if it is a reference to one.
    pub fn as_extern(&self) -> Option<Option<&ExternRef>> {
        match self {
            Self::Extern(value) => Some(value.as_ref()),
            _ => None,
        }
    }

    /// The exception, if it is a reference to one.
    pub fn as_exn(&self) -> Option<Option<&ExnRef>> {
        match self {
            Self::Exn(value) => Some(value.as_ref()),
            _ => None,
        }
    }

    pub(crate) fn of_slot(ty: RefType, slot: u64, store: &Store) -> Self {
        match ty.heap {
            HeapType::Func | HeapType::NoFunc | HeapType::Concrete(_) => {
                Self::Func(Func::of_slot(slot, store.id))
            }
            HeapType::Extern | HeapType::NoExtern => {
                Self::Extern(ExternRef::of_slot(slot, store.id))
            }
            HeapType::Exn | HeapType::NoExn => Self::Exn(ExnRef::of_slot(slot, store)),
            _ => unreachable!("validated: there are no values of type {ty} yet"),
        }
    }
}

impl From<Func> for Ref {
    fn from(func: Func) -> Self {
        Self::Func(Some(func))
    }
}

impl From<Option<Func>> for Ref {
    fn from(func: Option<Func>) -> Self {
        Self::Func(func)
    }
}

impl From<ExternRef> for Ref {
    fn from(value: ExternRef) -> Self {
        Self::Extern(Some(value))
    }
}

impl From<Option<ExternRef>> for Ref {
    fn from(value: Option<ExternRef>) -> Self {
        Self::Extern(value)
    }
}

impl From<ExnRef> for Ref {
    fn from(value: ExnRef) -> Self {
        Self::Exn(Some(value))
    }
}

impl From<Option<ExnRef>> for Ref {
    fn from(value: Option<ExnRef>) -> Self {
        Self::Exn(value)
    }
}

impl From<Ref> for Val {
    fn from(value: Ref) -> Self {
        match value {
            Ref::Func(func) => Self::FuncRef(func),
            Ref::Extern(value) => Self::ExternRef(value),
            Ref::Exn(value) => Self::ExnRef(value),
        }
    }
}
