//! References to objects of the collector: structures, arrays, unboxed integers.
//!
//! Handles are counted: an object stays alive as long as a handle or a guest refers to it. A handle is used with the store that it comes
//! from; with another one its methods return errors.

use std::sync::Arc;

use super::refs::{ExternRef, HeldRef};
use super::val::Val;
use crate::api::store::context::{AsContext, AsContextMut};
use crate::api::types::{ArrayType, HeapType, StructType};
use crate::code::layout::Storage;
use crate::error::{Error, Misuse};
use crate::exec::objects;
use crate::runtime::heap::{self, Object, Referent};
use crate::runtime::limiter::Exhausted;
use crate::runtime::registry::TypeId;
use crate::runtime::store::{Store, StoreId};
use crate::syntax::types::{CompType, FieldType};

/// An unboxed integer of 31 bits: a reference without an object.
///
/// <https://webassembly.github.io/spec/core/syntax/types.html#heap-types>
///
/// ```
/// use tickwasm::I31;
///
/// assert_eq!(I31::new_i32(-5).map(I31::get_i32), Some(-5));
/// assert_eq!(I31::new_u32(1 << 31), None);
/// assert_eq!(I31::wrapping_u32(u32::MAX).get_u32(), 0x7fff_ffff);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct I31(u32);

impl I31 {
    /// A number, if it has no more than 31 bits.
    pub fn new_u32(value: u32) -> Option<Self> {
        (value >> 31 == 0).then_some(Self(value))
    }

    /// A number, if it has no more than 31 bits, of which the highest is the sign.
    pub fn new_i32(value: i32) -> Option<Self> {
        let this = Self::wrapping_i32(value);
        (this.get_i32() == value).then_some(this)
    }

    /// The lower 31 bits of a number.
    pub fn wrapping_u32(value: u32) -> Self {
        Self(value & 0x7fff_ffff)
    }

    /// The lower 31 bits of a number.
    pub fn wrapping_i32(value: i32) -> Self {
        Self::wrapping_u32(value as u32)
    }

    /// The number, without a sign.
    pub fn get_u32(self) -> u32 {
        self.0
    }

    /// The number, its highest bit taken for the sign.
    pub fn get_i32(self) -> i32 {
        (self.0 << 1) as i32 >> 1
    }

    pub(crate) fn to_slot(this: Option<&Self>, _: StoreId) -> Result<u64, Misuse> {
        Ok(this.map_or(0, |this| heap::i31(this.0)))
    }

    pub(crate) fn of_slot(slot: u64, _: &Store) -> Option<Self> {
        match heap::referent(slot) {
            Referent::I31(value) => Some(Self(value)),
            _ => None,
        }
    }
}

/// Defines the kinds of references, with the methods that all of them have.
macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, Debug)]
        pub struct $name {
            pub(crate) held: HeldRef,
        }

        impl $name {
            /// The most precise type of the object.
            ///
            /// # Errors
            /// If it is a reference of another store.
            pub fn heap_type(&self, store: impl AsContext) -> Result<HeapType, Error> {
                let runtime = &store.as_context().inner.runtime;
                Ok(HeapType::of(&runtime.registry, self.held.heap_type(runtime)?))
            }

            pub(crate) fn to_slot(this: Option<&Self>, store: StoreId) -> Result<u64, Misuse> {
                this.map_or(Ok(0), |this| this.held.slot(store))
            }

            pub(crate) fn of_slot(slot: u64, store: &Store) -> Option<Self> {
                let held = HeldRef::of_slot(slot, store)?;
                Some(Self { held })
            }
        }
    )*};
}

kinds! {
    /// A reference to anything but a function or an exception: to a structure, an array, an unboxed integer, or a value of the
    /// embedder that was converted.
    ///
    /// ```
    /// use tickwasm::{AnyRef, Engine, I31, Instance, Module, Store};
    ///
    /// let engine = Engine::default();
    /// let module = Module::new(&engine, r#"(module
    ///     (type $pair (struct (field i32) (field anyref)))
    ///     (func (export "pair") (param i32 anyref) (result (ref $pair))
    ///         (struct.new $pair (local.get 0) (local.get 1))))"#)?;
    /// let mut store = Store::new(&engine, ());
    /// let instance = Instance::new(&mut store, &module, &[])?;
    /// let pair = instance.get_func(&mut store, "pair").expect("it is exported");
    /// let pair = pair.typed::<(i32, Option<AnyRef>), AnyRef>(&store)?;
    ///
    /// let five = AnyRef::from_i31(&mut store, I31::wrapping_i32(5));
    /// let made = pair.call(&mut store, (7, Some(five.clone())))?;
    /// let made = made.as_struct(&store)?.expect("it is a structure");
    /// assert_eq!(made.field(&store, 0)?.i32(), Some(7));
    /// assert_eq!(made.field(&store, 1)?.any_ref(), Some(Some(five)));
    /// # Ok::<(), tickwasm::Error>(())
    /// ```
    AnyRef;
    /// A reference that can be compared: to a structure, an array or an unboxed integer.
    ///
    /// ```
    /// use tickwasm::{AnyRef, Engine, ExternRef, I31, Store};
    ///
    /// let mut store = Store::new(&Engine::default(), ());
    /// let number = AnyRef::from_i31(&mut store, I31::wrapping_i32(5));
    /// assert!(number.as_eq(&store)?.is_some());
    /// let value = ExternRef::new(&mut store, "a value of the host")?;
    /// assert!(AnyRef::convert_extern(&mut store, value)?.as_eq(&store)?.is_none());
    /// # Ok::<(), tickwasm::Error>(())
    /// ```
    EqRef;
    /// A reference to a structure.
    ///
    /// ```
    /// use tickwasm::{Engine, FieldType, Mutability, StorageType, Store, StructRef, StructType, Val, ValType};
    ///
    /// let engine = Engine::default();
    /// let mut store = Store::new(&engine, ());
    /// let ty = StructType::new(&engine, [
    ///     FieldType::new(Mutability::Var, StorageType::I8),
    ///     FieldType::new(Mutability::Const, ValType::F64.into()),
    /// ])?;
    /// let made = StructRef::new(&mut store, &ty, &[Val::I32(-1), Val::from(0.5)])?;
    /// assert_eq!(made.field(&store, 0)?.i32(), Some(255));
    /// made.set_field(&mut store, 0, Val::I32(3))?;
    /// assert_eq!(made.field(&store, 0)?.i32(), Some(3));
    /// assert!(made.set_field(&mut store, 1, Val::from(1.0)).is_err());
    /// # Ok::<(), tickwasm::Error>(())
    /// ```
    StructRef;
    /// A reference to an array.
    ///
    /// ```
    /// use tickwasm::{ArrayRef, ArrayType, Engine, FieldType, Mutability, Store, Val, ValType};
    ///
    /// let engine = Engine::default();
    /// let mut store = Store::new(&engine, ());
    /// let ty = ArrayType::new(&engine, FieldType::new(Mutability::Var, ValType::I64.into()));
    /// let made = ArrayRef::new(&mut store, &ty, &Val::I64(7), 3)?;
    /// made.set(&mut store, 1, Val::I64(-7))?;
    /// assert_eq!(made.len(&store)?, 3);
    /// assert_eq!(made.get(&store, 1)?.i64(), Some(-7));
    /// assert!(made.get(&store, 3).is_err());
    /// # Ok::<(), tickwasm::Error>(())
    /// ```
    ArrayRef;
}

impl AnyRef {
    /// A reference that is a number.
    pub fn from_i31(mut store: impl AsContextMut, value: I31) -> Self {
        let mut context = store.as_context_mut();
        let held = HeldRef::new(heap::i31(value.0), context.runtime());
        Self { held }
    }

    /// Converts a reference of the embedder's into one of the guest's hierarchy: `any.convert_extern`.
    ///
    /// # Errors
    /// If it is a reference of another store.
    pub fn convert_extern(store: impl AsContext, value: ExternRef) -> Result<Self, Error> {
        value.held.check(store.as_context().inner.runtime.id)?;
        Ok(Self { held: value.held })
    }

    /// The number, if it is one.
    ///
    /// # Errors
    /// If it is a reference of another store.
    pub fn as_i31(&self, store: impl AsContext) -> Result<Option<I31>, Error> {
        Ok(
            match self.held.referent(&store.as_context().inner.runtime)? {
                Referent::I31(value) => Some(I31(value)),
                _ => None,
            },
        )
    }

    /// The reference as one that can be compared, if it is one.
    ///
    /// # Errors
    /// If it is a reference of another store.
    pub fn as_eq(&self, store: impl AsContext) -> Result<Option<EqRef>, Error> {
        let context = store.as_context();
        let heap = &context.inner.runtime.heap;
        let slot = self.held.slot(context.inner.runtime.id)?;
        Ok(heap.is_eq(slot).then(|| EqRef {
            held: self.held.clone(),
        }))
    }

    /// The structure, if it refers to one.
    ///
    /// # Errors
    /// If it is a reference of another store.
    pub fn as_struct(&self, store: impl AsContext) -> Result<Option<StructRef>, Error> {
        let is_struct = |shape: &heap::Shape| matches!(shape, heap::Shape::Struct(_));
        let held = self.held_of(&store.as_context().inner.runtime, is_struct)?;
        Ok(held.map(|held| StructRef { held }))
    }

    /// The array, if it refers to one.
    ///
    /// # Errors
    /// If it is a reference of another store.
    pub fn as_array(&self, store: impl AsContext) -> Result<Option<ArrayRef>, Error> {
        let is_array = |shape: &heap::Shape| matches!(shape, heap::Shape::Array(_));
        let held = self.held_of(&store.as_context().inner.runtime, is_array)?;
        Ok(held.map(|held| ArrayRef { held }))
    }

    /// Its handle, if the object is of such a shape.
    fn held_of(
        &self,
        store: &Store,
        is_it: impl Fn(&heap::Shape) -> bool,
    ) -> Result<Option<HeldRef>, Misuse> {
        let object = store.heap.get(self.held.slot(store.id)?);
        let info = object.and_then(|object| store.heap.info(object));
        let found = info.is_some_and(|info| is_it(&info.shape));
        Ok(found.then(|| self.held.clone()))
    }
}

impl StructRef {
    /// Makes a structure of the values of its fields.
    ///
    /// # Errors
    /// If the values are not of the type's fields, a value or the type is of another store or engine, or a limit of the store or the host's
    /// memory does not suffice.
    pub fn new(
        mut store: impl AsContextMut,
        ty: &StructType,
        fields: &[Val],
    ) -> Result<Self, Error> {
        let mut context = store.as_context_mut();
        let store = context.runtime();
        let id = ty.within(&store.registry)?;
        let expected = ty.inner().len();
        if fields.len() != expected {
            return Err(Misuse::Count {
                what: "fields",
                expected,
                found: fields.len(),
            }
            .into());
        }
        let values = ty.inner().iter().zip(fields);
        let values = values.map(|(ty, value)| value.to_slots(ty.unpacked(), store));
        let values = values.collect::<Result<Vec<_>, _>>()?;
        let info = meet(store, id)?;
        let slot = objects::make(store, id, 0, info.bytes(0), |data| {
            for (field, value) in info.fields().iter().zip(&values) {
                heap::store(field.storage, data, field.offset as usize, *value);
            }
        })?;
        let held = HeldRef::new(slot, store);
        Ok(Self { held })
    }

    /// The value of a field, counted from 0. Packed numbers are extended without a sign.
    ///
    /// # Errors
    /// If there is no such field, or it is a reference of another store.
    pub fn field(&self, store: impl AsContext, index: usize) -> Result<Val, Error> {
        let store = &store.as_context().inner.runtime;
        Ok(self.component(store, index)?.get(&self.held, store)?)
    }

    /// Sets a field. Packed fields keep the lower bits of a number.
    ///
    /// # Errors
    /// If there is no such field, it is immutable, the value is not of its type, or the reference or the value is of another store.
    pub fn set_field(
        &self,
        mut store: impl AsContextMut,
        index: usize,
        value: Val,
    ) -> Result<(), Error> {
        let mut context = store.as_context_mut();
        let store = context.runtime();
        let field = self.component(store, index)?;
        Ok(field.set(&self.held, &value, store)?)
    }

    fn component(&self, store: &Store, index: usize) -> Result<Component, Misuse> {
        let ty = store.registry.definition(object(&self.held, store)?.ty());
        let CompType::Struct(fields) = &ty.composite else {
            unreachable!("validated: it refers to a structure");
        };
        let info = store.heap.info(object(&self.held, store)?);
        let place = info.and_then(|info| info.fields().get(index).copied());
        match fields.get(index).zip(place) {
            Some((ty, place)) => Ok(Component {
                ty: *ty,
                storage: place.storage,
                offset: place.offset as usize,
            }),
            None => Err(Misuse::FieldIndex {
                index: index as u64,
                count: fields.len() as u64,
            }),
        }
    }
}

impl ArrayRef {
    /// Makes an array of so many elements of one value.
    ///
    /// # Errors
    /// If the value is not of the type's elements, the value or the type is of another store or engine, or a limit of the store or the host's memory
    /// does not suffice.
    pub fn new(
        mut store: impl AsContextMut,
        ty: &ArrayType,
        element: &Val,
        len: u32,
    ) -> Result<Self, Error> {
        let mut context = store.as_context_mut();
        let store = context.runtime();
        ty.within(&store.registry)?;
        let value = element.to_slots(ty.inner().unpacked(), store)?;
        Self::make(store, ty, len, core::iter::repeat(value))
    }

    /// Makes an array of the values of its elements.
    ///
    /// # Errors
    /// If there are more than 2³² - 1 values; otherwise as for [`new`](Self::new).
    pub fn new_fixed(
        mut store: impl AsContextMut,
        ty: &ArrayType,
        elements: &[Val],
    ) -> Result<Self, Error> {
        let mut context = store.as_context_mut();
        let store = context.runtime();
        ty.within(&store.registry)?;
        let len = u32::try_from(elements.len()).map_err(|_| Misuse::FieldIndex {
            index: elements.len() as u64,
            count: u64::from(u32::MAX),
        })?;
        let element = ty.inner().unpacked();
        let values = elements.iter().map(|value| value.to_slots(element, store));
        let values = values.collect::<Result<Vec<_>, _>>()?;
        Self::make(store, ty, len, values.into_iter())
    }

    fn make(
        store: &mut Store,
        ty: &ArrayType,
        len: u32,
        values: impl Iterator<Item = [u64; 2]>,
    ) -> Result<Self, Error> {
        let id = ty.within(&store.registry)?;
        let info = meet(store, id)?;
        let storage = Storage::of(ty.inner().storage);
        let slot = objects::make(store, id, len, info.bytes(len), |data| {
            for (bytes, value) in data.chunks_exact_mut(storage.bytes()).zip(values) {
                heap::store(storage, bytes, 0, value);
            }
        })?;
        let held = HeldRef::new(slot, store);
        Ok(Self { held })
    }

    /// The number of elements.
    ///
    /// # Errors
    /// If it is a reference of another store.
    pub fn len(&self, store: impl AsContext) -> Result<u32, Error> {
        let store = &store.as_context().inner.runtime;
        Ok(object(&self.held, store)?.len())
    }

    /// Whether it has no elements.
    ///
    /// # Errors
    /// If it is a reference of another store.
    pub fn is_empty(&self, store: impl AsContext) -> Result<bool, Error> {
        Ok(self.len(store)? == 0)
    }

    /// The value of an element. Packed numbers are extended without a sign.
    ///
    /// # Errors
    /// If there is no such element, or it is a reference of another store.
    pub fn get(&self, store: impl AsContext, index: u32) -> Result<Val, Error> {
        let store = &store.as_context().inner.runtime;
        Ok(self.component(store, index)?.get(&self.held, store)?)
    }

    /// Sets an element. Packed elements keep the lower bits of a number.
    ///
    /// # Errors
    /// If there is no such element, elements are immutable, the value is not of their type, or the reference or the value is of another store.
    pub fn set(&self, mut store: impl AsContextMut, index: u32, value: Val) -> Result<(), Error> {
        let mut context = store.as_context_mut();
        let store = context.runtime();
        let element = self.component(store, index)?;
        Ok(element.set(&self.held, &value, store)?)
    }

    fn component(&self, store: &Store, index: u32) -> Result<Component, Misuse> {
        let count = object(&self.held, store)?.len();
        if index >= count {
            return Err(Misuse::FieldIndex {
                index: index.into(),
                count: count.into(),
            });
        }
        let ty = store.registry.definition(object(&self.held, store)?.ty());
        let CompType::Array(ty) = ty.composite else {
            unreachable!("validated: it refers to an array");
        };
        let storage = Storage::of(ty.storage);
        Ok(Component {
            ty,
            storage,
            offset: index as usize * storage.bytes(),
        })
    }
}

/// Returns the facts that the heap keeps about a type. The store holds the type from now on.
fn meet(store: &mut Store, ty: TypeId) -> Result<Arc<heap::TypeInfo>, Exhausted> {
    store.hold_type(ty)?;
    match store.heap.meet(&store.registry, ty) {
        Ok(info) => Ok(info.clone()),
        Err(_) => unreachable!("it was met just now"),
    }
}

/// The object that a handle keeps.
fn object<'s>(held: &HeldRef, store: &'s Store) -> Result<&'s Object, Misuse> {
    match store.heap.get(held.slot(store.id)?) {
        Some(object) => Ok(object),
        None => unreachable!("a handle keeps its object"),
    }
}

/// A field or element that an object has: its type, and its place in the object's bytes.
struct Component {
    ty: FieldType,
    storage: Storage,
    offset: usize,
}

impl Component {
    fn get(&self, held: &HeldRef, store: &Store) -> Result<Val, Misuse> {
        let data = &object(held, store)?.data;
        let value = heap::load(self.storage, data, self.offset).unwrap_or_default();
        Ok(Val::of_slots(self.ty.unpacked(), value, store))
    }

    fn set(&self, held: &HeldRef, value: &Val, store: &mut Store) -> Result<(), Misuse> {
        if !self.ty.mutable {
            return Err(Misuse::ImmutableField);
        }
        let value = value.to_slots(self.ty.unpacked(), store)?;
        if let Some(object) = store.heap.get_mut(held.slot(store.id)?) {
            heap::store(self.storage, &mut object.data, self.offset, value);
        }
        Ok(())
    }
}

/// Defines the types of objects.
macro_rules! types_of_objects {
    ($($object:ident: $ty:ident;)*) => {$(
        impl $object {
            /// Its type.
            ///
            /// # Errors
            /// If it is a reference of another store.
            pub fn ty(&self, store: impl AsContext) -> Result<$ty, Error> {
                let store = &store.as_context().inner.runtime;
                match $ty::of(&store.registry, object(&self.held, store)?.ty()) {
                    Some(ty) => Ok(ty),
                    None => unreachable!("validated: the reference is of this kind"),
                }
            }
        }
    )*};
}

types_of_objects! {
    StructRef: StructType;
    ArrayRef: ArrayType;
}

/// Implements the conversions to the more general kinds.
macro_rules! upcasts {
    ($($from:ident to $($to:ident)*;)*) => {$($(
        impl From<$from> for $to {
            fn from(value: $from) -> Self {
                Self { held: value.held }
            }
        }
    )*)*};
}

upcasts! {
    EqRef to AnyRef;
    StructRef to EqRef AnyRef;
    ArrayRef to EqRef AnyRef;
}

macro_rules! values {
    ($($from:ident)*) => {$(
        impl From<$from> for Val {
            fn from(value: $from) -> Self {
                Self::AnyRef(Some(value.into()))
            }
        }
    )*};
}

values!(EqRef StructRef ArrayRef);
