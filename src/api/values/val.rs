//! Values of a type that is known at run time.

use super::exn::ExnRef;
use super::gc::AnyRef;
use super::refs::{ExternRef, Ref};
use crate::api::calls::func::Func;
use crate::api::store::context::AsContext;
use crate::api::types;
use crate::error::{Error, Misuse};
use crate::runtime::store::Store;
use crate::syntax::index::TypeIdx;
use crate::syntax::types::{HeapType, RefType, ValType};

/// A vector of 128 bits.
///
/// ```
/// assert_eq!(tickwasm::V128::from(5).as_u128(), 5);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct V128(u128);

impl V128 {
    /// Returns the bits, those of lane 0 lowest.
    pub fn as_u128(self) -> u128 {
        self.0
    }
}

impl From<u128> for V128 {
    fn from(bits: u128) -> Self {
        Self(bits)
    }
}

/// A value of any type, for code that knows types at run time only.
///
/// Floats are kept as bits, so that NaNs keep their payloads.
/// <https://webassembly.github.io/spec/core/exec/runtime.html#values>
///
/// ```
/// use tickwasm::{Engine, Instance, Module, Store, Val};
///
/// let engine = Engine::default();
/// let module = Module::new(&engine, r#"(module (func (export "half") (param f64) (result f64)
///     local.get 0  f64.const 0.5  f64.mul))"#)?;
/// let mut store = Store::new(&engine, ());
/// let half = Instance::new(&mut store, &module, &[])?.get_func(&mut store, "half").unwrap();
/// let mut results = [Val::I32(0)];
/// half.call(&mut store, &[Val::from(3.0)], &mut results)?;
/// assert_eq!(results[0].f64(), Some(1.5));
/// # Ok::<(), tickwasm::Error>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Val {
    /// A 32-bit integer.
    I32(i32),
    /// A 64-bit integer.
    I64(i64),
    /// The bits of a 32-bit float.
    F32(u32),
    /// The bits of a 64-bit float.
    F64(u64),
    /// A vector.
    V128(V128),
    /// A reference to a function, or null.
    FuncRef(Option<Func>),
    /// A reference to a value of the embedder, or null.
    ExternRef(Option<ExternRef>),
    /// A reference to an exception, or null.
    ExnRef(Option<ExnRef>),
    /// A reference to anything but functions, exceptions and the embedder's values, or null.
    AnyRef(Option<AnyRef>),
}

macro_rules! accessors {
    ($($(#[$doc:meta])* $name:ident $unwrap:ident $ty:ty: $pattern:pat => $value:expr;)*) => {$(
        $(#[$doc])*
        pub fn $name(&self) -> Option<$ty> {
            match self {
                $pattern => Some($value),
                _ => None,
            }
        }

        $(#[$doc])*
        ///
        /// # Panics
        /// If it is a value of another type.
        #[track_caller]
        pub fn $unwrap(&self) -> $ty {
            match self.$name() {
                Some(value) => value,
                None => panic!(concat!("not a value of type ", stringify!($name), ": {:?}"), self),
            }
        }
    )*};
}

impl Val {
    /// Returns the null reference to a function.
    pub const fn null_func_ref() -> Self {
        Self::FuncRef(None)
    }

    /// Returns the null reference to a value of the embedder.
    pub const fn null_extern_ref() -> Self {
        Self::ExternRef(None)
    }

    /// Returns the null reference to an exception.
    pub const fn null_exn_ref() -> Self {
        Self::ExnRef(None)
    }

    /// Returns the null reference to anything but functions, exceptions and the embedder's values.
    pub const fn null_any_ref() -> Self {
        Self::AnyRef(None)
    }

    /// Returns the initial value of locals of a type: 0 or null. It is `None` for references that cannot be null.
    pub fn default_for_ty(ty: &types::ValType) -> Option<Self> {
        use types::ValType;
        Some(match ty {
            ValType::I32 => Self::I32(0),
            ValType::I64 => Self::I64(0),
            ValType::F32 => Self::F32(0),
            ValType::F64 => Self::F64(0),
            ValType::V128 => Self::V128(V128(0)),
            ValType::Ref(ty) if ty.is_nullable() => Ref::null(ty.heap_type()).into(),
            ValType::Ref(_) => return None,
        })
    }

    accessors! {
        /// Returns the integer, if it is an `i32`.
        i32 unwrap_i32 i32: Self::I32(value) => *value;
        /// Returns the integer, if it is an `i64`.
        i64 unwrap_i64 i64: Self::I64(value) => *value;
        /// Returns the float, if it is an `f32`.
        f32 unwrap_f32 f32: Self::F32(bits) => f32::from_bits(*bits);
        /// Returns the float, if it is an `f64`.
        f64 unwrap_f64 f64: Self::F64(bits) => f64::from_bits(*bits);
        /// Returns the vector, if it is one.
        v128 unwrap_v128 V128: Self::V128(value) => *value;
        /// Returns the function, if it is a reference to one; null is `Some(None)`.
        func_ref unwrap_func_ref Option<Func>: Self::FuncRef(func) => *func;
        /// Returns the embedder's value, if it is a reference to one; null is `Some(None)`.
        extern_ref unwrap_extern_ref Option<ExternRef>: Self::ExternRef(value) => value.clone();
        /// Returns the exception, if it is a reference to one; null is `Some(None)`.
        exn_ref unwrap_exn_ref Option<ExnRef>: Self::ExnRef(value) => value.clone();
        /// Returns the reference, if it is one to anything but functions, exceptions and the embedder's values; null is `Some(None)`.
        any_ref unwrap_any_ref Option<AnyRef>: Self::AnyRef(value) => value.clone();
    }

    /// Returns the reference, if it is one.
    pub fn ref_(self) -> Option<Ref> {
        match self {
            Self::FuncRef(func) => Some(Ref::Func(func)),
            Self::ExternRef(value) => Some(Ref::Extern(value)),
            Self::ExnRef(value) => Some(Ref::Exn(value)),
            Self::AnyRef(value) => Some(Ref::Any(value)),
            _ => None,
        }
    }

    /// Returns its most precise type.
    ///
    /// # Errors
    /// If it is a reference of another store.
    pub fn ty(&self, store: impl AsContext) -> Result<types::ValType, Error> {
        let runtime = &store.as_context().inner.runtime;
        Ok(types::ValType::of(
            &runtime.registry,
            self.type_in(runtime)?,
        ))
    }

    fn type_in(&self, store: &Store) -> Result<ValType, Misuse> {
        let reference = |nullable, heap| ValType::Ref(RefType { nullable, heap });
        Ok(match self {
            Self::I32(_) => ValType::I32,
            Self::I64(_) => ValType::I64,
            Self::F32(_) => ValType::F32,
            Self::F64(_) => ValType::F64,
            Self::V128(_) => ValType::V128,
            Self::FuncRef(None) => reference(true, HeapType::NoFunc),
            Self::FuncRef(Some(func)) => {
                let ty = store.funcs[func.checked(store)?.index()].ty;
                reference(false, HeapType::Concrete(TypeIdx(ty.0)))
            }
            Self::ExternRef(None) => reference(true, HeapType::NoExtern),
            Self::ExternRef(Some(value)) => {
                value.held.check(store.id)?;
                reference(false, HeapType::Extern)
            }
            Self::ExnRef(None) => reference(true, HeapType::NoExn),
            Self::ExnRef(Some(value)) => {
                value.held.check(store.id)?;
                reference(false, HeapType::Exn)
            }
            Self::AnyRef(None) => reference(true, HeapType::None),
            Self::AnyRef(Some(value)) => reference(false, value.held.heap_type(store)?),
        })
    }

    /// Returns the value in slots, of which the second matters for vectors only, if it is a value of the type.
    pub(crate) fn to_slots(&self, expected: ValType, store: &Store) -> Result<[u64; 2], Misuse> {
        let found = self.type_in(store)?;
        if !store.registry.matches(found, expected) {
            let of = |ty| types::ValType::of(&store.registry, ty);
            let (expected, found) = (of(expected), of(found));
            return Err(Misuse::Type { expected, found });
        }
        Ok([
            match self {
                Self::I32(value) => u64::from(*value as u32),
                Self::I64(value) => *value as u64,
                Self::F32(bits) => (*bits).into(),
                Self::F64(bits) => *bits,
                Self::V128(V128(bits)) => return Ok([*bits as u64, (bits >> 64) as u64]),
                Self::FuncRef(func) => Func::to_slot(func.as_ref(), store.id)?,
                Self::ExternRef(value) => ExternRef::to_slot(value.as_ref(), store.id)?,
                Self::ExnRef(value) => ExnRef::to_slot(value.as_ref(), store.id)?,
                Self::AnyRef(value) => AnyRef::to_slot(value.as_ref(), store.id)?,
            },
            0,
        ])
    }

    /// Returns the value of a type that slots hold.
    pub(crate) fn of_slots(ty: ValType, slots: [u64; 2], store: &Store) -> Self {
        let [slot, high] = slots;
        match ty {
            ValType::I32 => Self::I32(slot as i32),
            ValType::I64 => Self::I64(slot as i64),
            ValType::F32 => Self::F32(slot as u32),
            ValType::F64 => Self::F64(slot),
            ValType::V128 => Self::V128(V128(u128::from(slot) | u128::from(high) << 64)),
            ValType::Ref(ty) => Ref::of_slot(ty, slot, store).into(),
        }
    }
}

macro_rules! from_value {
    ($($ty:ty, $value:ident => $val:expr;)*) => {$(
        impl From<$ty> for Val {
            fn from($value: $ty) -> Self {
                $val
            }
        }
    )*};
}

from_value! {
    i32, value => Self::I32(value);
    u32, value => Self::I32(value as i32);
    i64, value => Self::I64(value);
    u64, value => Self::I64(value as i64);
    f32, value => Self::F32(value.to_bits());
    f64, value => Self::F64(value.to_bits());
    V128, value => Self::V128(value);
    Func, func => Self::FuncRef(Some(func));
    Option<Func>, func => Self::FuncRef(func);
    ExternRef, value => Self::ExternRef(Some(value));
    Option<ExternRef>, value => Self::ExternRef(value);
    ExnRef, value => Self::ExnRef(Some(value));
    Option<ExnRef>, value => Self::ExnRef(value);
    AnyRef, value => Self::AnyRef(Some(value));
    Option<AnyRef>, value => Self::AnyRef(value);
}
