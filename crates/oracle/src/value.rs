//! Values, types, traps: the nouns the other files share.
//!
//! Floats are kept as bits, so that no host conversion can touch a NaN.

use std::fmt;

use crate::types::ValType;

/// The address of a function in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FuncAddr(pub usize);

/// The address of a table in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TableAddr(pub usize);

/// The address of a memory in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MemAddr(pub usize);

/// The address of a global in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct GlobalAddr(pub usize);

/// The address of a tag in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TagAddr(pub usize);

/// The address of a structure or array in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ObjectAddr(pub usize);

/// The address of an exception in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ExnAddr(pub usize);

/// The target of a reference of the `any` hierarchy, or of the `extern` one around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AnyRef {
    /// An unboxed integer of 31 bits.
    I31(u32),
    /// A structure or an array.
    Object(ObjectAddr),
    /// A value of the host: a number of its choice.
    Host(u32),
}

/// A reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ref {
    /// The null of any type.
    Null,
    /// Of the `func` hierarchy.
    Func(FuncAddr),
    /// Of the `exn` hierarchy.
    Exn(ExnAddr),
    /// Of the `any` hierarchy.
    Any(AnyRef),
    /// Of the `extern` hierarchy.
    Extern(AnyRef),
}

/// A value with its type; a float is its bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// `i32`, without a sign of its own.
    I32(u32),
    /// `i64`, without a sign of its own.
    I64(u64),
    /// The bits of an `f32`.
    F32(u32),
    /// The bits of an `f64`.
    F64(u64),
    /// `v128`; the first lane is the lowest.
    V128(u128),
    /// A reference.
    Ref(Ref),
}

impl Value {
    /// The null reference.
    pub const NULL: Value = Value::Ref(Ref::Null);

    /// A reference to a value of the host.
    pub const fn host(number: u32) -> Value {
        Value::Ref(Ref::Extern(AnyRef::Host(number)))
    }

    /// The type of a number or vector.
    ///
    /// # Panics
    /// On a reference, which has many types.
    pub fn ty(self) -> ValType {
        match self {
            Value::I32(_) => ValType::I32,
            Value::I64(_) => ValType::I64,
            Value::F32(_) => ValType::F32,
            Value::F64(_) => ValType::F64,
            Value::V128(_) => ValType::V128,
            Value::Ref(_) => panic!("a reference has many types"),
        }
    }

    /// The bits of a number, zero-extended.
    ///
    /// # Panics
    /// On a vector or reference.
    pub fn bits(self) -> u64 {
        match self {
            Value::I32(bits) | Value::F32(bits) => u64::from(bits),
            Value::I64(bits) | Value::F64(bits) => bits,
            other => panic!("{other:?} is no number"),
        }
    }

    /// The number of type `ty` with these bits.
    ///
    /// # Panics
    /// On a vector or reference type, or when the bits do not fit.
    pub fn from_bits(ty: ValType, bits: u64) -> Value {
        let narrow = || u32::try_from(bits).expect("the bits fit the type");
        match ty {
            ValType::I32 => Value::I32(narrow()),
            ValType::F32 => Value::F32(narrow()),
            ValType::I64 => Value::I64(bits),
            ValType::F64 => Value::F64(bits),
            other => panic!("{other:?} is no number type"),
        }
    }

    /// Whether this is a null reference.
    pub fn is_null(self) -> bool {
        self == Value::NULL
    }

    /// Whether this is a float NaN.
    pub fn is_nan(self) -> bool {
        match self {
            Value::F32(bits) => f32::from_bits(bits).is_nan(),
            Value::F64(bits) => f64::from_bits(bits).is_nan(),
            _ => false,
        }
    }

    /// Equality with any NaN equal to any NaN of its type: correct implementations agree up to this. A vector is compared by bits.
    pub fn agrees_with(self, other: Value) -> bool {
        let nans = self.is_nan() && other.is_nan();
        self == other || (nans && self.ty() == other.ty())
    }
}

impl From<i32> for Value {
    fn from(value: i32) -> Value {
        Value::I32(value as u32)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Value {
        Value::I64(value as u64)
    }
}

impl From<f32> for Value {
    fn from(value: f32) -> Value {
        Value::F32(value.to_bits())
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Value {
        Value::F64(value.to_bits())
    }
}

/// The reason of a trap; `Display` has the words of the official scripts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trap {
    /// `unreachable` was executed.
    Unreachable,
    /// Division or remainder by zero.
    IntegerDivideByZero,
    /// A quotient or a truncated float that does not fit.
    IntegerOverflow,
    /// A NaN truncated to an integer.
    InvalidConversionToInteger,
    /// An access past the end of a memory or data segment.
    OutOfBoundsMemoryAccess,
    /// An access past the end of a table or element segment.
    OutOfBoundsTableAccess,
    /// An indirect call past the end of its table.
    UndefinedElement,
    /// An indirect call through a null element.
    UninitializedElement,
    /// An indirect call of a function of another type.
    IndirectCallTypeMismatch,
    /// A null where an object, function or exception is needed.
    NullReference,
    /// A cast to a type that the reference does not have.
    CastFailure,
    /// An access past the end of an array.
    OutOfBoundsArrayAccess,
    /// An object that is larger than the limit.
    AllocationTooLarge,
    /// A host function's own failure.
    Host(String),
}

impl fmt::Display for Trap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Trap::Unreachable => "unreachable",
            Trap::IntegerDivideByZero => "integer divide by zero",
            Trap::IntegerOverflow => "integer overflow",
            Trap::InvalidConversionToInteger => "invalid conversion to integer",
            Trap::OutOfBoundsMemoryAccess => "out of bounds memory access",
            Trap::OutOfBoundsTableAccess => "out of bounds table access",
            Trap::UndefinedElement => "undefined element",
            Trap::UninitializedElement => "uninitialized element",
            Trap::IndirectCallTypeMismatch => "indirect call type mismatch",
            Trap::NullReference => "null reference",
            Trap::CastFailure => "cast failure",
            Trap::OutOfBoundsArrayAccess => "out of bounds array access",
            Trap::AllocationTooLarge => "allocation size too large",
            Trap::Host(message) => message,
        })
    }
}

/// The reason why execution stopped before it returned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// A trap: the computation is over, its effects stay.
    Trap(Trap),
    /// The next step costs more than the fuel left; [`Oracle::resume`](crate::Oracle::resume) continues from there.
    OutOfFuel,
    /// More frames or more values than the configured limits: the computation is over.
    CallDepth,
    /// An uncaught exception: its tag and its values.
    Exception(TagAddr, Vec<Value>),
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Stop::Trap(trap) => trap.fmt(f),
            Stop::OutOfFuel => f.write_str("all fuel consumed"),
            Stop::CallDepth => f.write_str("call stack exhausted"),
            Stop::Exception(tag, values) => write!(f, "uncaught exception {tag:?} {values:?}"),
        }
    }
}

impl From<Trap> for Stop {
    fn from(trap: Trap) -> Stop {
        Stop::Trap(trap)
    }
}
