//! Vectors: the results of their instructions, lane by lane. <https://webassembly.github.io/spec/core/exec/numerics.html>
//!
//! A vector is sixteen bytes, and a shape is an array type: `[i16; 8]`. Everything is written as a loop over lanes without branches,
//! which the compiler turns into instructions on vectors; where it does not, the function says so and uses another method.
//!
//! Of the relaxed instructions, only those that combine others are here: lowering replaces each of the rest by the instruction that the
//! standard's deterministic profile names.

mod convert;
mod float;
mod int;
mod memory;
#[cfg(test)]
mod tests;

pub(crate) use convert::*;
pub(crate) use float::*;
pub(crate) use int::*;
pub(crate) use memory::*;

use crate::exec::handlers::operand::Value;
use crate::exec::numerics::Unop;

/// A vector: its bytes, those of lane 0 first, each lane with its lowest byte first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(transparent)]
pub(crate) struct V128(pub [u8; 16]);

impl V128 {
    /// The vector without a bit set.
    pub const ZERO: Self = Self([0; 16]);

    /// The vector that two slots hold.
    #[inline(always)]
    pub fn from_slots(slots: [u64; 2]) -> Self {
        slots.vector()
    }

    /// The vector as two slots.
    #[inline(always)]
    pub fn to_slots(self) -> [u64; 2] {
        Lanes::of(self)
    }
}

/// A shape: all lanes of a vector.
pub(crate) trait Lanes: Sized {
    /// The lanes of a vector.
    fn of(vector: V128) -> Self;
    /// The vector of these lanes.
    fn vector(self) -> V128;
}

macro_rules! shapes {
    ($($ty:ident $n:literal $bytes:literal;)*) => {$(
        impl Lanes for [$ty; $n] {
            #[inline(always)]
            fn of(vector: V128) -> Self {
                let (chunks, _) = vector.0.as_chunks::<$bytes>();
                core::array::from_fn(|i| <$ty>::from_le_bytes(chunks[i]))
            }

            #[inline(always)]
            fn vector(self) -> V128 {
                let mut bytes = [0; 16];
                let (chunks, _) = bytes.as_chunks_mut::<$bytes>();
                for (chunk, lane) in chunks.iter_mut().zip(self) {
                    *chunk = lane.to_le_bytes();
                }
                V128(bytes)
            }
        }
    )*};
}

shapes! {
    u8 16 1; i8 16 1; u16 8 2; i16 8 2; u32 4 4; i32 4 4; u64 2 8; i64 2 8; f32 4 4; f64 2 8;
}

/// A shift of all lanes by one number, modulo a lane's width.
pub(crate) trait Shift {
    /// Computes the result.
    fn apply(x: V128, count: u32) -> V128;
}

/// From three vectors to one.
pub(crate) trait Ternop {
    /// Computes the result.
    fn apply(x: V128, y: V128, z: V128) -> V128;
}

/// An operation that makes the NaNs among floats canonical.
pub(crate) trait Canonical: Unop<In = Self::Floats, Out = Self::Floats> {
    /// The floats: a single one, or a vector.
    type Floats: Value;
    /// Whether there is a NaN.
    fn is_needed(x: Self::Floats) -> bool;
}

/// The replacement of one lane.
pub(crate) trait Replace {
    /// The type of the new lane's value; a narrow lane takes its lower bits.
    type Lane: Value;
    /// Computes the result. `lane` is below the number of lanes.
    fn apply(x: V128, value: Self::Lane, lane: u32) -> V128;
}

/// Unary operators that do the same to each lane: `Name: [In; N] => [Out; N] = |x| …;`.
macro_rules! lanewise_unops {
    ($($name:ident: [$in:ty; $n:literal] => $out:ty = |$x:ident| $body:expr;)*) => {
        $crate::exec::numerics::unops! {$(
            $name: V128 => V128 = |x| {
                let x: [$in; $n] = Lanes::of(x);
                core::array::from_fn::<$out, $n, _>(|i| { let $x = x[i]; $body }).vector()
            };
        )*}
    };
}

/// Binary operators that do the same to each pair of lanes: `Name: [In; N] => Out = |x, y| …;`.
macro_rules! lanewise_binops {
    ($($name:ident: [$in:ty; $n:literal] => $out:ty = |$x:ident, $y:ident| $body:expr;)*) => {
        $crate::exec::numerics::binops! {$(
            $name: V128 = |x, y| {
                let (x, y): ([$in; $n], [$in; $n]) = (Lanes::of(x), Lanes::of(y));
                core::array::from_fn::<$out, $n, _>(|i| { let ($x, $y) = (x[i], y[i]); $body }).vector()
            };
        )*}
    };
}

/// Unary operators whose lane `i` is computed from all lanes: `Name: In => [Out; N] = |x, i| …;`.
macro_rules! gather_unops {
    ($($name:ident: $in:ty => [$out:ty; $n:literal] = |$x:ident, $i:ident| $body:expr;)*) => {
        $crate::exec::numerics::unops! {$(
            $name: V128 => V128 = |x| {
                let $x: $in = Lanes::of(x);
                core::array::from_fn::<$out, $n, _>(|$i| $body).vector()
            };
        )*}
    };
}

/// Binary operators whose lane `i` is computed from all lanes: `Name: In => [Out; N] = |x, y, i| …;`.
macro_rules! gather_binops {
    ($($name:ident: $in:ty => [$out:ty; $n:literal] = |$x:ident, $y:ident, $i:ident| $body:expr;)*) => {
        $crate::exec::numerics::binops! {$(
            $name: V128 = |x, y| {
                let ($x, $y): ($in, $in) = (Lanes::of(x), Lanes::of(y));
                core::array::from_fn::<$out, $n, _>(|$i| $body).vector()
            };
        )*}
    };
}

use {gather_binops, gather_unops, lanewise_binops, lanewise_unops};
