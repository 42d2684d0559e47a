//! Types of values.

use core::fmt;
use std::sync::Arc;

use super::defined::{ArrayType, FuncType, StructType};
use crate::error::Misuse;
use crate::runtime::registry::Registry;
use crate::syntax::index::TypeIdx;
use crate::syntax::types as syntax;

/// An abstract or concrete heap type: the type of the target of a reference.
///
/// The concrete ones are types of an engine, and are used with what belongs to the same engine.
///
/// ```
/// use tickwasm::{Engine, FuncType, HeapType, RefType};
///
/// assert_eq!(RefType::FUNCREF.heap_type(), &HeapType::Func);
/// assert_eq!(HeapType::NoExtern.to_string(), "noextern");
/// let ty = HeapType::from(FuncType::new(&Engine::default(), [], []));
/// assert!(ty.as_concrete_func().is_some() && ty.is_concrete());
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum HeapType {
    /// Common supertype of all internal references.
    Any,
    /// Internal references that can be compared.
    Eq,
    /// Unboxed 31-bit integers.
    I31,
    /// All structures.
    Struct,
    /// Structures of a type.
    ConcreteStruct(StructType),
    /// All arrays.
    Array,
    /// Arrays of a type.
    ConcreteArray(ArrayType),
    /// Bottom of the internal hierarchy.
    None,
    /// All functions.
    Func,
    /// Functions of a type.
    ConcreteFunc(FuncType),
    /// Bottom of the function hierarchy.
    NoFunc,
    /// Exceptions.
    Exn,
    /// Bottom of the exception hierarchy.
    NoExn,
    /// Values of the embedder.
    Extern,
    /// Bottom of the external hierarchy.
    NoExtern,
}

/// Converts abstract heap types, which are the same here and inside.
macro_rules! abstract_types {
    ($($name:ident)*) => {
        impl HeapType {
            pub(crate) fn of(registry: &Arc<Registry>, ty: syntax::HeapType) -> Self {
                match ty {
                    $(syntax::HeapType::$name => Self::$name,)*
                    syntax::HeapType::Concrete(id) => super::defined::heap_type(registry, id),
                }
            }

            pub(crate) fn within(&self, registry: &Arc<Registry>) -> Result<syntax::HeapType, Misuse> {
                let id = match self {
                    $(Self::$name => return Ok(syntax::HeapType::$name),)*
                    Self::ConcreteStruct(ty) => ty.within(registry)?,
                    Self::ConcreteArray(ty) => ty.within(registry)?,
                    Self::ConcreteFunc(ty) => ty.within(registry)?,
                };
                Ok(syntax::HeapType::Concrete(TypeIdx(id.0)))
            }
        }

        impl fmt::Display for HeapType {
            /// Displays it as in the text format; a concrete type as its number in the engine.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$name => syntax::HeapType::$name.fmt(f),)*
                    Self::ConcreteStruct(ty) => ty.id().0.fmt(f),
                    Self::ConcreteArray(ty) => ty.id().0.fmt(f),
                    Self::ConcreteFunc(ty) => ty.id().0.fmt(f),
                }
            }
        }
    };
}

abstract_types!(Any Eq I31 Struct Array None Func NoFunc Exn NoExn Extern NoExtern);

impl HeapType {
    /// Whether a module or the embedder has defined it.
    pub fn is_concrete(&self) -> bool {
        matches!(
            self,
            Self::ConcreteStruct(_) | Self::ConcreteArray(_) | Self::ConcreteFunc(_)
        )
    }

    /// The structure type, if it is one that was defined.
    pub fn as_concrete_struct(&self) -> Option<&StructType> {
        match self {
            Self::ConcreteStruct(ty) => Some(ty),
            _ => None,
        }
    }

    /// The array type, if it is one that was defined.
    pub fn as_concrete_array(&self) -> Option<&ArrayType> {
        match self {
            Self::ConcreteArray(ty) => Some(ty),
            _ => None,
        }
    }

    /// The function type, if it is one that was defined.
    pub fn as_concrete_func(&self) -> Option<&FuncType> {
        match self {
            Self::ConcreteFunc(ty) => Some(ty),
            _ => None,
        }
    }
}

impl From<StructType> for HeapType {
    fn from(ty: StructType) -> Self {
        Self::ConcreteStruct(ty)
    }
}

impl From<ArrayType> for HeapType {
    fn from(ty: ArrayType) -> Self {
        Self::ConcreteArray(ty)
    }
}

impl From<FuncType> for HeapType {
    fn from(ty: FuncType) -> Self {
        Self::ConcreteFunc(ty)
    }
}

/// A reference type: `(ref null? ht)`.
///
/// ```
/// use tickwasm::{HeapType, RefType};
///
/// let ty = RefType::new(false, HeapType::Extern);
/// assert_eq!(ty.to_string(), "(ref extern)");
/// assert!(RefType::EXTERNREF.is_nullable());
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct RefType {
    nullable: bool,
    heap: HeapType,
}

impl RefType {
    /// `(ref null func)`.
    pub const FUNCREF: Self = Self::new(true, HeapType::Func);
    /// `(ref null extern)`.
    pub const EXTERNREF: Self = Self::new(true, HeapType::Extern);

    /// A reference type of its two parts.
    pub const fn new(nullable: bool, heap: HeapType) -> Self {
        Self { nullable, heap }
    }

    /// Whether the null reference belongs to the type.
    pub const fn is_nullable(&self) -> bool {
        self.nullable
    }

    /// The type of the reference's target.
    pub const fn heap_type(&self) -> &HeapType {
        &self.heap
    }

    pub(crate) fn of(registry: &Arc<Registry>, ty: syntax::RefType) -> Self {
        Self {
            nullable: ty.nullable,
            heap: HeapType::of(registry, ty.heap),
        }
    }

    pub(crate) fn within(&self, registry: &Arc<Registry>) -> Result<syntax::RefType, Misuse> {
        Ok(syntax::RefType {
            nullable: self.nullable,
            heap: self.heap.within(registry)?,
        })
    }
}

impl fmt::Display for RefType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The abbreviations exist for nullable references to the tops and bottoms; these two are in common use.
        match (self.nullable, &self.heap) {
            (true, HeapType::Func) => f.write_str("funcref"),
            (true, HeapType::Extern) => f.write_str("externref"),
            (true, heap) => write!(f, "(ref null {heap})"),
            (false, heap) => write!(f, "(ref {heap})"),
        }
    }
}

/// The type of a value on the operand stack, in a local or in a global.
///
/// ```
/// use tickwasm::ValType;
///
/// assert_eq!(ValType::I64.to_string(), "i64");
/// assert!(ValType::FUNCREF.is_ref() && !ValType::F32.is_ref());
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum ValType {
    /// 32-bit integers.
    I32,
    /// 64-bit integers.
    I64,
    /// IEEE 754 binary32.
    F32,
    /// IEEE 754 binary64.
    F64,
    /// 128-bit vectors.
    V128,
    /// References.
    Ref(RefType),
}

impl ValType {
    /// `funcref`.
    pub const FUNCREF: Self = Self::Ref(RefType::FUNCREF);
    /// `externref`.
    pub const EXTERNREF: Self = Self::Ref(RefType::EXTERNREF);
    /// `eqref`.
    pub const EQREF: Self = Self::Ref(RefType::new(true, HeapType::Eq));
    /// `arrayref`.
    pub const ARRAYREF: Self = Self::Ref(RefType::new(true, HeapType::Array));
    /// `i31ref`.
    pub const I31REF: Self = Self::Ref(RefType::new(true, HeapType::I31));
    /// `(ref i31)`.
    pub const REF_I31: Self = Self::Ref(RefType::new(false, HeapType::I31));

    /// Whether this is a reference type.
    pub const fn is_ref(&self) -> bool {
        matches!(self, Self::Ref(_))
    }

    /// The reference type, if this is one.
    pub const fn as_ref(&self) -> Option<&RefType> {
        match self {
            Self::Ref(ty) => Some(ty),
            _ => None,
        }
    }

    pub(crate) fn of(registry: &Arc<Registry>, ty: syntax::ValType) -> Self {
        match ty {
            syntax::ValType::I32 => Self::I32,
            syntax::ValType::I64 => Self::I64,
            syntax::ValType::F32 => Self::F32,
            syntax::ValType::F64 => Self::F64,
            syntax::ValType::V128 => Self::V128,
            syntax::ValType::Ref(ty) => Self::Ref(RefType::of(registry, ty)),
        }
    }

    pub(crate) fn within(&self, registry: &Arc<Registry>) -> Result<syntax::ValType, Misuse> {
        Ok(match self {
            Self::I32 => syntax::ValType::I32,
            Self::I64 => syntax::ValType::I64,
            Self::F32 => syntax::ValType::F32,
            Self::F64 => syntax::ValType::F64,
            Self::V128 => syntax::ValType::V128,
            Self::Ref(ty) => syntax::ValType::Ref(ty.within(registry)?),
        })
    }
}

impl From<RefType> for ValType {
    fn from(ty: RefType) -> Self {
        Self::Ref(ty)
    }
}

impl fmt::Display for ValType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::I32 => f.write_str("i32"),
            Self::I64 => f.write_str("i64"),
            Self::F32 => f.write_str("f32"),
            Self::F64 => f.write_str("f64"),
            Self::V128 => f.write_str("v128"),
            Self::Ref(ty) => ty.fmt(f),
        }
    }
}

/// The type of a field or array element: a value type, or an integer narrower than any value.
///
/// ```
/// use tickwasm::{StorageType, ValType};
///
/// assert_eq!(StorageType::from(ValType::I64), StorageType::ValType(ValType::I64));
/// assert_eq!(StorageType::I16.to_string(), "i16");
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum StorageType {
    /// An 8-bit integer.
    I8,
    /// A 16-bit integer.
    I16,
    /// A full value.
    ValType(ValType),
}

impl StorageType {
    pub(crate) fn of(registry: &Arc<Registry>, ty: syntax::StorageType) -> Self {
        match ty {
            syntax::StorageType::I8 => Self::I8,
            syntax::StorageType::I16 => Self::I16,
            syntax::StorageType::Val(ty) => Self::ValType(ValType::of(registry, ty)),
        }
    }

    pub(crate) fn within(&self, registry: &Arc<Registry>) -> Result<syntax::StorageType, Misuse> {
        Ok(match self {
            Self::I8 => syntax::StorageType::I8,
            Self::I16 => syntax::StorageType::I16,
            Self::ValType(ty) => syntax::StorageType::Val(ty.within(registry)?),
        })
    }
}

impl From<ValType> for StorageType {
    fn from(ty: ValType) -> Self {
        Self::ValType(ty)
    }
}

impl fmt::Display for StorageType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::I8 => f.write_str("i8"),
            Self::I16 => f.write_str("i16"),
            Self::ValType(ty) => ty.fmt(f),
        }
    }
}
