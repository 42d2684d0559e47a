//! Values, types, traps: the nouns the other files share.
//!
//! Floats are kept as bits, so that no host conversion can touch a NaN.

use std::fmt;

/// A value type of the supported subset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ValType {
    /// 32-bit integer.
    I32,
    /// 64-bit integer.
    I64,
    /// 32-bit float.
    F32,
    /// 64-bit float.
    F64,
    /// Nullable reference to a function.
    FuncRef,
    /// Nullable reference to something of the host.
    ExternRef,
}

impl ValType {
    /// The default value of a local of this type.
    pub fn zero(self) -> Value {
        match self {
            ValType::FuncRef => Value::FuncRef(None),
            ValType::ExternRef => Value::ExternRef(None),
            number => Value::from_bits(number, 0),
        }
    }

    /// Width in bits of a number type.
    ///
    /// # Panics
    /// On a reference type, which has no width.
    pub fn width(self) -> u32 {
        match self {
            ValType::I32 | ValType::F32 => 32,
            ValType::I64 | ValType::F64 => 64,
            ValType::FuncRef | ValType::ExternRef => panic!("a reference has no width"),
        }
    }

    /// Whether this is `f32` or `f64`.
    pub fn is_float(self) -> bool {
        matches!(self, ValType::F32 | ValType::F64)
    }
}

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
    /// `funcref`; `None` is null.
    FuncRef(Option<FuncAddr>),
    /// `externref`, a number the host chose; `None` is null.
    ExternRef(Option<u32>),
}

impl Value {
    /// The type of this value.
    pub fn ty(self) -> ValType {
        match self {
            Value::I32(_) => ValType::I32,
            Value::I64(_) => ValType::I64,
            Value::F32(_) => ValType::F32,
            Value::F64(_) => ValType::F64,
            Value::FuncRef(_) => ValType::FuncRef,
            Value::ExternRef(_) => ValType::ExternRef,
        }
    }

    /// The bits of a number, zero-extended.
    ///
    /// # Panics
    /// On a reference.
    pub fn bits(self) -> u64 {
        match self {
            Value::I32(bits) | Value::F32(bits) => u64::from(bits),
            Value::I64(bits) | Value::F64(bits) => bits,
            Value::FuncRef(_) | Value::ExternRef(_) => panic!("a reference has no bits"),
        }
    }

    /// The number of type `ty` with these bits.
    ///
    /// # Panics
    /// On a reference type, or when the bits do not fit.
    pub fn from_bits(ty: ValType, bits: u64) -> Value {
        let narrow = || u32::try_from(bits).expect("the bits fit the type");
        match ty {
            ValType::I32 => Value::I32(narrow()),
            ValType::F32 => Value::F32(narrow()),
            ValType::I64 => Value::I64(bits),
            ValType::F64 => Value::F64(bits),
            ValType::FuncRef | ValType::ExternRef => panic!("a reference has no bits"),
        }
    }

    /// Whether this is a null reference.
    pub fn is_null(self) -> bool {
        matches!(self, Value::FuncRef(None) | Value::ExternRef(None))
    }

    /// Whether this is a float NaN.
    pub fn is_nan(self) -> bool {
        match self {
            Value::F32(bits) => f32::from_bits(bits).is_nan(),
            Value::F64(bits) => f64::from_bits(bits).is_nan(),
            _ => false,
        }
    }

    /// Equality with any NaN equal to any NaN of its type: what two right implementations agree on.
    pub fn agrees_with(self, other: Value) -> bool {
        self == other || (self.ty() == other.ty() && self.is_nan() && other.is_nan())
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

/// A function type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FuncType {
    /// Types of the parameters.
    pub params: Vec<ValType>,
    /// Types of the results.
    pub results: Vec<ValType>,
}

/// Why a computation trapped; `Display` gives the words of the official scripts.
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
            Trap::Host(message) => message,
        })
    }
}

/// Why execution stopped before it returned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// A trap: the computation is over, its effects stay.
    Trap(Trap),
    /// The next step costs more than what is left; [`Oracle::resume`](crate::Oracle::resume) goes on from there.
    OutOfFuel,
    /// More frames or more values than the configured limits: the computation is over.
    CallDepth,
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Stop::Trap(trap) => trap.fmt(f),
            Stop::OutOfFuel => f.write_str("all fuel consumed"),
            Stop::CallDepth => f.write_str("call stack exhausted"),
        }
    }
}

impl From<Trap> for Stop {
    fn from(trap: Trap) -> Stop {
        Stop::Trap(trap)
    }
}
