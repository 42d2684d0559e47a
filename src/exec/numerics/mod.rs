//! Numerics: the results of numeric instructions, as pure functions.
//!
//! Each instruction is a type with its name in the instruction table, which implements one of the traits below; handlers are
//! generic over them. The functions behind them have the specification's names.
//! <https://webassembly.github.io/spec/core/exec/numerics.html>
#![forbid(unsafe_code)]

mod convert;
mod float;
mod int;
mod memory;
mod reference;
mod simd;
mod wide;

pub(crate) use convert::*;
pub(crate) use float::*;
pub(crate) use int::*;
pub(crate) use memory::*;
pub(crate) use reference::*;
pub(crate) use simd::*;
pub(crate) use wide::*;

use crate::exec::handlers::operand::Value;
use crate::runtime::trap::Trap;

/// From a value to a value: unary operators, tests and conversions.
pub(crate) trait Unop {
    /// The operand.
    type In: Value;
    /// The result.
    type Out: Value;
    /// Computes the result.
    fn apply(x: Self::In) -> Self::Out;
}

/// From a value to a value, or a trap.
pub(crate) trait TrappingUnop {
    /// The operand.
    type In: Copy;
    /// The result.
    type Out: Copy;
    /// Computes the result.
    fn apply(x: Self::In) -> Result<Self::Out, Trap>;
}

/// From two values of a type to a value: binary operators and comparisons, whose result is 0 or 1.
pub(crate) trait Binop {
    /// The operands.
    type In: Value;
    /// The result.
    type Out: Value;
    /// Computes the result.
    fn apply(x: Self::In, y: Self::In) -> Self::Out;
}

/// From two values of a type to one of it, or a trap.
pub(crate) trait TrappingBinop {
    /// The operands and the result.
    type In: Copy;
    /// Computes the result.
    fn apply(x: Self::In, y: Self::In) -> Result<Self::In, Trap>;
}

/// A comparison, or another test of two values, as a condition.
pub(crate) trait Relop {
    /// The operands.
    type In: Copy;
    /// Whether it holds.
    fn holds(x: Self::In, y: Self::In) -> bool;
}

/// Writes one type and its implementation for each line `Name: In -> Out = |x| …;`.
macro_rules! unops {
    ($($name:ident: $in:ty => $out:ty = |$x:ident| $body:expr;)*) => {$(
        #[doc = concat!("`", stringify!($name), "`")]
        pub(crate) struct $name;
        impl $crate::exec::numerics::Unop for $name {
            type In = $in;
            type Out = $out;
            #[inline(always)]
            fn apply($x: $in) -> $out {
                $body
            }
        }
    )*};
}

/// As `unops!`, for those that may trap.
macro_rules! trapping_unops {
    ($($name:ident: $in:ty => $out:ty = |$x:ident| $body:expr;)*) => {$(
        #[doc = concat!("`", stringify!($name), "`")]
        pub(crate) struct $name;
        impl $crate::exec::numerics::TrappingUnop for $name {
            type In = $in;
            type Out = $out;
            #[inline(always)]
            fn apply($x: $in) -> Result<$out, $crate::runtime::trap::Trap> {
                $body
            }
        }
    )*};
}

/// As `unops!`, for two operands of the result's type.
macro_rules! binops {
    ($($name:ident: $ty:ty = |$x:ident, $y:ident| $body:expr;)*) => {$(
        #[doc = concat!("`", stringify!($name), "`")]
        pub(crate) struct $name;
        impl $crate::exec::numerics::Binop for $name {
            type In = $ty;
            type Out = $ty;
            #[inline(always)]
            fn apply($x: $ty, $y: $ty) -> $ty {
                $body
            }
        }
    )*};
}

/// As `binops!`, for those that may trap.
macro_rules! trapping_binops {
    ($($name:ident: $ty:ty = |$x:ident, $y:ident| $body:expr;)*) => {$(
        #[doc = concat!("`", stringify!($name), "`")]
        pub(crate) struct $name;
        impl $crate::exec::numerics::TrappingBinop for $name {
            type In = $ty;
            #[inline(always)]
            fn apply($x: $ty, $y: $ty) -> Result<$ty, $crate::runtime::trap::Trap> {
                $body
            }
        }
    )*};
}

/// As `binops!`, for comparisons: both as a condition and as a value.
macro_rules! relops {
    ($($name:ident: $ty:ty = |$x:ident, $y:ident| $body:expr;)*) => {$(
        #[doc = concat!("`", stringify!($name), "`")]
        pub(crate) struct $name;
        impl $crate::exec::numerics::Relop for $name {
            type In = $ty;
            #[inline(always)]
            fn holds($x: $ty, $y: $ty) -> bool {
                $body
            }
        }
        impl $crate::exec::numerics::Binop for $name {
            type In = $ty;
            type Out = u32;
            #[inline(always)]
            fn apply(x: $ty, y: $ty) -> u32 {
                u32::from(<Self as $crate::exec::numerics::Relop>::holds(x, y))
            }
        }
    )*};
}

use {binops, relops, trapping_binops, trapping_unops, unops};
