//! References to the embedder's own values.

use core::hash::{Hash, Hasher};
use std::any::Any;

use super::exn::ExnRef;
use super::gc::AnyRef;
use super::val::Val;
use crate::api::calls::func::Func;
use crate::api::store::context::{AsContext, AsContextMut, StoreContext, StoreContextMut};
use crate::api::types;
use crate::error::{Error, Misuse};
use crate::exec::objects;
use crate::runtime::heap::{Handle, Referent, referent};
use crate::runtime::registry::TypeId;
use crate::runtime::store::{Store, StoreId};
use crate::syntax::index::TypeIdx;
use crate::syntax::types::{CompType, HeapType, RefType};

/// The wrapper that other runtimes have around references that need a store; here references are plain handles.
pub type Rooted<R> = R;

/// A reference to a value of the embedder, which WebAssembly can pass around but not look at.
///
/// The value stays alive as long as the embedder or a guest has a reference to it: a collection that finds none drops it, and so does the
/// end of its store.
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
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ExternRef {
    pub(crate) held: HeldRef,
}

impl ExternRef {
    /// Moves a value into a store and refers to it.
    ///
    /// The value counts as an object of the store's heap, by its own size without memory that it owns elsewhere. A collection drops it when
    /// there is no reference left. A panic of its destructor is caught by the collection.
    ///
    /// # Errors
    /// If the heap may hold no more ([`Config::max_heap_bytes`](crate::Config::max_heap_bytes)), or the host has no more memory.
    pub fn new(mut store: impl AsContextMut, value: impl Any + Send + Sync) -> Result<Self, Error> {
        let mut context = store.as_context_mut();
        let runtime = context.runtime();
        let slot = objects::make_host_value(runtime, Box::new(value))?;
        let held = HeldRef::new(slot, runtime);
        Ok(Self { held })
    }

    /// Converts a reference of the guest's hierarchy into one of the embedder's: `extern.convert_any`.
    ///
    /// # Errors
    /// If it is a reference of another store.
    pub fn convert_any(store: impl AsContext, any: AnyRef) -> Result<Self, Error> {
        any.held.check(store.as_context().inner.runtime.id)?;
        Ok(Self { held: any.held })
    }

    /// The value; `None` if it is no value of the embedder, but a reference of another kind that was converted.
    ///
    /// # Errors
    /// If the reference is one of another store.
    pub fn data<'a, T: 'a>(
        &self,
        store: impl Into<StoreContext<'a, T>>,
    ) -> Result<Option<&'a (dyn Any + Send + Sync)>, Error> {
        let runtime = &store.into().inner.runtime;
        Ok(match self.held.referent(runtime)? {
            Referent::Object(addr) => runtime.heap.host_value(addr),
            _ => None,
        })
    }

    /// The value, to be changed; `None` if it is no value of the embedder.
    ///
    /// # Errors
    /// If the reference is one of another store.
    pub fn data_mut<'a, T: 'a>(
        &self,
        store: impl Into<StoreContextMut<'a, T>>,
    ) -> Result<Option<&'a mut (dyn Any + Send + Sync)>, Error> {
        let runtime = &mut store.into().inner.runtime;
        Ok(match self.held.referent(runtime)? {
            Referent::Object(addr) => runtime.heap.host_value_mut(addr),
            _ => None,
        })
    }

    pub(crate) fn to_slot(this: Option<&Self>, store: StoreId) -> Result<u64, Misuse> {
        this.map_or(Ok(0), |this| this.held.slot(store))
    }

    pub(crate) fn of_slot(slot: u64, store: &Store) -> Option<Self> {
        let held = HeldRef::of_slot(slot, store)?;
        Some(Self { held })
    }
}

/// The common part of handles on references: the store, the reference, and the hold on its object.
#[derive(Clone, Debug)]
pub(crate) struct HeldRef {
    store: StoreId,
    slot: u64,
    /// Keeps the object alive, if there is one.
    _handle: Option<Handle>,
}

impl HeldRef {
    /// Holds the object of a reference.
    pub fn new(slot: u64, store: &Store) -> Self {
        let handle = match referent(slot) {
            Referent::Object(_) => Some(store.heap.handles.hold(slot)),
            _ => None,
        };
        Self {
            store: store.id,
            slot,
            _handle: handle,
        }
    }

    /// Holds the object of a reference, unless the reference is null.
    pub fn of_slot(slot: u64, store: &Store) -> Option<Self> {
        (slot != 0).then(|| Self::new(slot, store))
    }

    /// Checks that it is a reference of a store.
    pub fn check(&self, store: StoreId) -> Result<(), Misuse> {
        match self.store == store {
            true => Ok(()),
            false => Err(Misuse::WrongStore),
        }
    }

    /// The reference in slot form, if it is one of a store.
    pub fn slot(&self, store: StoreId) -> Result<u64, Misuse> {
        self.check(store)?;
        Ok(self.slot)
    }

    /// The reference, if it is one of a store.
    pub fn referent(&self, store: &Store) -> Result<Referent, Misuse> {
        self.check(store.id)?;
        Ok(referent(self.slot))
    }

    /// The most precise type of the object, in the hierarchy of `any`.
    pub fn heap_type(&self, store: &Store) -> Result<HeapType, Misuse> {
        Ok(match self.referent(store)? {
            Referent::Null => HeapType::None,
            Referent::I31(_) => HeapType::I31,
            Referent::Object(_) => match store.heap.get(self.slot) {
                Some(object) if object.is_host_value() => HeapType::Any,
                Some(object) => HeapType::Concrete(TypeIdx(object.ty().0)),
                None => HeapType::None,
            },
        })
    }
}

impl PartialEq for HeldRef {
    fn eq(&self, other: &Self) -> bool {
        (self.store, self.slot) == (other.store, other.slot)
    }
}

impl Eq for HeldRef {}

impl Hash for HeldRef {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.store, self.slot).hash(state);
    }
}

/// A reference of any kind, null included: an element of a table.
///
/// ```
/// use tickwasm::{Engine, Func, Ref, Store};
///
/// let mut store = Store::new(&Engine::default(), ());
/// let func = Func::wrap(&mut store, || {});
/// assert!(!Ref::from(func).is_null());
/// assert!(Ref::Extern(None).is_null());
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Ref {
    /// A reference to a function.
    Func(Option<Func>),
    /// A reference to a value of the embedder.
    Extern(Option<ExternRef>),
    /// A reference to an exception.
    Exn(Option<ExnRef>),
    /// A reference to anything else.
    Any(Option<AnyRef>),
}

impl Ref {
    /// The null reference of a type's kind.
    pub fn null(ty: &types::HeapType) -> Self {
        use types::HeapType;
        match ty {
            HeapType::Func | HeapType::NoFunc | HeapType::ConcreteFunc(_) => Self::Func(None),
            HeapType::Extern | HeapType::NoExtern => Self::Extern(None),
            HeapType::Exn | HeapType::NoExn => Self::Exn(None),
            HeapType::Any
            | HeapType::Eq
            | HeapType::I31
            | HeapType::Struct
            | HeapType::ConcreteStruct(_)
            | HeapType::Array
            | HeapType::ConcreteArray(_)
            | HeapType::None => Self::Any(None),
        }
    }

    /// Whether it is null.
    pub fn is_null(&self) -> bool {
        matches!(
            self,
            Self::Func(None) | Self::Extern(None) | Self::Exn(None) | Self::Any(None)
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

    /// The reference to anything else, if it is one.
    pub fn as_any(&self) -> Option<Option<&AnyRef>> {
        match self {
            Self::Any(value) => Some(value.as_ref()),
            _ => None,
        }
    }

    /// The reference of a type that a slot holds.
    pub(crate) fn of_slot(ty: RefType, slot: u64, store: &Store) -> Self {
        match ty.heap {
            HeapType::Func | HeapType::NoFunc => Self::Func(Func::of_slot(slot, store)),
            HeapType::Concrete(id) if is_func(store, TypeId(id.0)) => {
                Self::Func(Func::of_slot(slot, store))
            }
            HeapType::Extern | HeapType::NoExtern => Self::Extern(ExternRef::of_slot(slot, store)),
            HeapType::Exn | HeapType::NoExn => Self::Exn(ExnRef::of_slot(slot, store)),
            _ => Self::Any(AnyRef::of_slot(slot, store)),
        }
    }
}

fn is_func(store: &Store, ty: TypeId) -> bool {
    let definition = store.registry.definition(ty);
    matches!(definition.composite, CompType::Func(_))
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
            Ref::Any(value) => Self::AnyRef(value),
        }
    }
}

impl From<AnyRef> for Ref {
    fn from(value: AnyRef) -> Self {
        Self::Any(Some(value))
    }
}

impl From<Option<AnyRef>> for Ref {
    fn from(value: Option<AnyRef>) -> Self {
        Self::Any(value)
    }
}
