//! Vectors of integers, and of bits.

use super::{
    Lanes, Replace, Shift, Ternop, V128, gather_binops, gather_unops, lanewise_binops,
    lanewise_unops,
};
use crate::exec::numerics::{Binop, Unop, binops, unops};

/// A lane that is a truth value.
macro_rules! mask {
    ($ty:ty, $condition:expr) => {
        if $condition { <$ty>::MAX } else { 0 }
    };
}

macro_rules! shifts {
    ($($name:ident: [$ty:ty; $n:literal] = |$x:ident, $count:ident| $body:expr;)*) => {$(
        #[doc = concat!("`", stringify!($name), "`")]
        pub(crate) struct $name;
        impl Shift for $name {
            #[inline(always)]
            fn apply(x: V128, $count: u32) -> V128 {
                let x: [$ty; $n] = Lanes::of(x);
                core::array::from_fn::<$ty, $n, _>(|i| { let $x = x[i]; $body }).vector()
            }
        }
    )*};
}

macro_rules! replaces {
    ($($name:ident: $value:ty as [$ty:ty; $n:literal] = |$v:ident| $lane:expr;)*) => {$(
        #[doc = concat!("`", stringify!($name), "`")]
        pub(crate) struct $name;
        impl Replace for $name {
            type Lane = $value;
            #[inline(always)]
            fn apply(x: V128, $v: $value, lane: u32) -> V128 {
                let x: [$ty; $n] = Lanes::of(x);
                let value: $ty = $lane;
                core::array::from_fn::<$ty, $n, _>(|i| {
                    let here = mask!($ty, i as $ty == lane as $ty);
                    value & here | x[i] & !here
                }).vector()
            }
        }
    )*};
}

/// Operations of all integer shapes: `$u` and `$s` are the types of their lanes, `$n` their number, `$value` the type that splats to a lane.
macro_rules! integers {
    ($u:ident, $s:ident, $n:literal, $value:ty,
        $Splat:ident $Replace:ident $Abs:ident $Neg:ident $AllTrue:ident $Add:ident $Sub:ident $Shl:ident $ShrS:ident $ShrU:ident,
        $Eq:ident $Ne:ident $LtS:ident $GtS:ident $LeS:ident $GeS:ident
    ) => {
        unops! {
            $Splat: $value => V128 = |x| [x as $u; $n].vector();
            $AllTrue: V128 => u32 = |x| {
                let x: [$u; $n] = Lanes::of(x);
                u32::from(x.iter().fold(true, |all, &x| all & (x != 0)))
            };
        }
        lanewise_unops! {
            $Abs: [$s; $n] => $s = |x| x.wrapping_abs();
            $Neg: [$u; $n] => $u = |x| x.wrapping_neg();
        }
        lanewise_binops! {
            $Add: [$u; $n] => $u = |x, y| x.wrapping_add(y);
            $Sub: [$u; $n] => $u = |x, y| x.wrapping_sub(y);
            $Eq: [$u; $n] => $u = |x, y| mask!($u, x == y);
            $Ne: [$u; $n] => $u = |x, y| mask!($u, x != y);
            $LtS: [$s; $n] => $u = |x, y| mask!($u, x < y);
            $GtS: [$s; $n] => $u = |x, y| mask!($u, x > y);
            $LeS: [$s; $n] => $u = |x, y| mask!($u, x <= y);
            $GeS: [$s; $n] => $u = |x, y| mask!($u, x >= y);
        }
        shifts! {
            $Shl: [$u; $n] = |x, count| x.wrapping_shl(count);
            $ShrS: [$s; $n] = |x, count| x.wrapping_shr(count);
            $ShrU: [$u; $n] = |x, count| x.wrapping_shr(count);
        }
        replaces! { $Replace: $value as [$u; $n] = |value| value as $u; }
    };
}

integers! { u8, i8, 16, u32,
    I8x16Splat I8x16ReplaceLane I8x16Abs I8x16Neg I8x16AllTrue I8x16Add I8x16Sub I8x16Shl I8x16ShrS I8x16ShrU,
    I8x16Eq I8x16Ne I8x16LtS I8x16GtS I8x16LeS I8x16GeS
}
integers! { u16, i16, 8, u32,
    I16x8Splat I16x8ReplaceLane I16x8Abs I16x8Neg I16x8AllTrue I16x8Add I16x8Sub I16x8Shl I16x8ShrS I16x8ShrU,
    I16x8Eq I16x8Ne I16x8LtS I16x8GtS I16x8LeS I16x8GeS
}
integers! { u32, i32, 4, u32,
    I32x4Splat I32x4ReplaceLane I32x4Abs I32x4Neg I32x4AllTrue I32x4Add I32x4Sub I32x4Shl I32x4ShrS I32x4ShrU,
    I32x4Eq I32x4Ne I32x4LtS I32x4GtS I32x4LeS I32x4GeS
}
integers! { u64, i64, 2, u64,
    I64x2Splat I64x2ReplaceLane I64x2Abs I64x2Neg I64x2AllTrue I64x2Add I64x2Sub I64x2Shl I64x2ShrS I64x2ShrU,
    I64x2Eq I64x2Ne I64x2LtS I64x2GtS I64x2LeS I64x2GeS
}

replaces! {
    F32x4ReplaceLane: f32 as [u32; 4] = |value| value.to_bits();
    F64x2ReplaceLane: f64 as [u64; 2] = |value| value.to_bits();
}

/// Operations of the shapes up to 32 bits.
macro_rules! narrow_integers {
    ($u:ident, $s:ident, $n:literal,
        $LtU:ident $GtU:ident $LeU:ident $GeU:ident $MinS:ident $MinU:ident $MaxS:ident $MaxU:ident
    ) => {
        lanewise_binops! {
            $LtU: [$u; $n] => $u = |x, y| mask!($u, x < y);
            $GtU: [$u; $n] => $u = |x, y| mask!($u, x > y);
            $LeU: [$u; $n] => $u = |x, y| mask!($u, x <= y);
            $GeU: [$u; $n] => $u = |x, y| mask!($u, x >= y);
            $MinS: [$s; $n] => $s = |x, y| x.min(y);
            $MinU: [$u; $n] => $u = |x, y| x.min(y);
            $MaxS: [$s; $n] => $s = |x, y| x.max(y);
            $MaxU: [$u; $n] => $u = |x, y| x.max(y);
        }
    };
}

narrow_integers! { u8, i8, 16,
    I8x16LtU I8x16GtU I8x16LeU I8x16GeU I8x16MinS I8x16MinU I8x16MaxS I8x16MaxU
}
narrow_integers! { u16, i16, 8,
    I16x8LtU I16x8GtU I16x8LeU I16x8GeU I16x8MinS I16x8MinU I16x8MaxS I16x8MaxU
}
narrow_integers! { u32, i32, 4,
    I32x4LtU I32x4GtU I32x4LeU I32x4GeU I32x4MinS I32x4MinU I32x4MaxS I32x4MaxU
}

lanewise_unops! {
    I8x16Popcnt: [u8; 16] => u8 = |x| x.count_ones() as u8;
}

lanewise_binops! {
    I8x16AddSatS: [i8; 16] => i8 = |x, y| x.saturating_add(y);
    I8x16AddSatU: [u8; 16] => u8 = |x, y| x.saturating_add(y);
    I8x16SubSatS: [i8; 16] => i8 = |x, y| x.saturating_sub(y);
    I8x16SubSatU: [u8; 16] => u8 = |x, y| x.saturating_sub(y);
    I16x8AddSatS: [i16; 8] => i16 = |x, y| x.saturating_add(y);
    I16x8AddSatU: [u16; 8] => u16 = |x, y| x.saturating_add(y);
    I16x8SubSatS: [i16; 8] => i16 = |x, y| x.saturating_sub(y);
    I16x8SubSatU: [u16; 8] => u16 = |x, y| x.saturating_sub(y);
    I8x16AvgrU: [u8; 16] => u8 = |x, y| ((u16::from(x) + u16::from(y) + 1) >> 1) as u8;
    I16x8AvgrU: [u16; 8] => u16 = |x, y| ((u32::from(x) + u32::from(y) + 1) >> 1) as u16;
    I16x8Mul: [u16; 8] => u16 = |x, y| x.wrapping_mul(y);
    I32x4Mul: [u32; 4] => u32 = |x, y| x.wrapping_mul(y);
    I64x2Mul: [u64; 2] => u64 = |x, y| x.wrapping_mul(y);
    // The only product that does not fit is that of the least number with itself.
    I16x8Q15mulrSatS: [i16; 8] => i16 = |x, y| ((i32::from(x) * i32::from(y) + 0x4000) >> 15).min(0x7fff) as i16;
}

/// The pairwise sums of products of bytes. A product fits; a sum saturates.
#[inline(always)]
fn dot_of_bytes(x: V128, y: V128) -> [i16; 8] {
    let (x, y): ([i8; 16], [i8; 16]) = (Lanes::of(x), Lanes::of(y));
    core::array::from_fn(|i| {
        let product = |i: usize| i16::from(x[i]) * i16::from(y[i]);
        product(2 * i).saturating_add(product(2 * i + 1))
    })
}

gather_binops! {
    I32x4DotI16x8S: [i16; 8] => [i32; 4] = |x, y, i| {
        let product = |i: usize| i32::from(x[i]) * i32::from(y[i]);
        product(2 * i).wrapping_add(product(2 * i + 1))
    };
}

/// The sums of neighbours, in lanes twice as wide.
macro_rules! extadds {
    ($($name:ident: [$in:ty; $n:literal] => [$out:ty; $m:literal];)*) => {
        gather_unops! {$(
            $name: [$in; $n] => [$out; $m] = |x, i| <$out>::from(x[2 * i]) + <$out>::from(x[2 * i + 1]);
        )*}
    };
}

extadds! {
    I16x8ExtaddPairwiseI8x16S: [i8; 16] => [i16; 8];
    I16x8ExtaddPairwiseI8x16U: [u8; 16] => [u16; 8];
    I32x4ExtaddPairwiseI16x8S: [i16; 8] => [i32; 4];
    I32x4ExtaddPairwiseI16x8U: [u16; 8] => [u32; 4];
}

/// Lanes twice as wide, of the lower or the upper half; and the products of such.
macro_rules! extensions {
    ($($in:ident $n:literal, $out:ident $m:literal: $Low:ident $High:ident $MulLow:ident $MulHigh:ident;)*) => {
        gather_unops! {$(
            $Low: [$in; $n] => [$out; $m] = |x, i| <$out>::from(x[i]);
            $High: [$in; $n] => [$out; $m] = |x, i| <$out>::from(x[i + $m]);
        )*}
        gather_binops! {$(
            $MulLow: [$in; $n] => [$out; $m] = |x, y, i| <$out>::from(x[i]) * <$out>::from(y[i]);
            $MulHigh: [$in; $n] => [$out; $m] = |x, y, i| <$out>::from(x[i + $m]) * <$out>::from(y[i + $m]);
        )*}
    };
}

extensions! {
    i8 16, i16 8: I16x8ExtendLowI8x16S I16x8ExtendHighI8x16S I16x8ExtmulLowI8x16S I16x8ExtmulHighI8x16S;
    u8 16, u16 8: I16x8ExtendLowI8x16U I16x8ExtendHighI8x16U I16x8ExtmulLowI8x16U I16x8ExtmulHighI8x16U;
    i16 8, i32 4: I32x4ExtendLowI16x8S I32x4ExtendHighI16x8S I32x4ExtmulLowI16x8S I32x4ExtmulHighI16x8S;
    u16 8, u32 4: I32x4ExtendLowI16x8U I32x4ExtendHighI16x8U I32x4ExtmulLowI16x8U I32x4ExtmulHighI16x8U;
    i32 4, i64 2: I64x2ExtendLowI32x4S I64x2ExtendHighI32x4S I64x2ExtmulLowI32x4S I64x2ExtmulHighI32x4S;
    u32 4, u64 2: I64x2ExtendLowI32x4U I64x2ExtendHighI32x4U I64x2ExtmulLowI32x4U I64x2ExtmulHighI32x4U;
}

/// Both vectors' lanes in half the width, saturated.
macro_rules! narrowings {
    ($($name:ident: [$in:ty; $n:literal] => [$out:ty; $m:literal];)*) => {
        gather_binops! {$(
            $name: [$in; $n] => [$out; $m] = |x, y, i| {
                let lane = if i < $n { x[i] } else { y[i - $n] };
                lane.clamp(<$in>::from(<$out>::MIN), <$in>::from(<$out>::MAX)) as $out
            };
        )*}
    };
}

narrowings! {
    I8x16NarrowI16x8S: [i16; 8] => [i8; 16];
    I8x16NarrowI16x8U: [i16; 8] => [u8; 16];
    I16x8NarrowI32x4S: [i32; 4] => [i16; 8];
    I16x8NarrowI32x4U: [i32; 4] => [u16; 8];
}

/// The uppermost bits of a slot's lanes, moved together by a product: each bit is added at a place of its own.
#[inline(always)]
fn gather_bits(slot: u64, top_bits: u64, spread: u64, count: u32) -> u32 {
    (((slot & top_bits) >> (64 / count - 1)).wrapping_mul(spread) >> (64 - count)) as u32
        & ((1 << count) - 1)
}

unops! {
    I8x16Bitmask: V128 => u32 = |x| {
        let [low, high] = x.to_slots().map(|slot| gather_bits(slot, 0x8080_8080_8080_8080, 0x0102_0408_1020_4080, 8));
        low | high << 8
    };
    I16x8Bitmask: V128 => u32 = |x| {
        let [low, high] = x.to_slots().map(|slot| gather_bits(slot, 0x8000_8000_8000_8000, 0x1000_2000_4000_8000, 4));
        low | high << 4
    };
    I32x4Bitmask: V128 => u32 = |x| {
        let [low, high] = x.to_slots().map(|slot| (slot >> 31 & 1 | slot >> 62 & 2) as u32);
        low | high << 2
    };
    I64x2Bitmask: V128 => u32 = |x| {
        let [low, high] = x.to_slots();
        (low >> 63 | high >> 62 & 2) as u32
    };
    V128AnyTrue: V128 => u32 = |x| {
        let [low, high] = x.to_slots();
        u32::from(low | high != 0)
    };
}

lanewise_unops! {
    V128Not: [u64; 2] => u64 = |x| !x;
}

lanewise_binops! {
    V128And: [u64; 2] => u64 = |x, y| x & y;
    V128Andnot: [u64; 2] => u64 = |x, y| x & !y;
    V128Or: [u64; 2] => u64 = |x, y| x | y;
    V128Xor: [u64; 2] => u64 = |x, y| x ^ y;
}

/// Ternary operators.
macro_rules! ternops {
    ($($name:ident = |$x:ident, $y:ident, $z:ident| $body:expr;)*) => {$(
        #[doc = concat!("`", stringify!($name), "`")]
        pub(crate) struct $name;
        impl Ternop for $name {
            #[inline(always)]
            fn apply($x: V128, $y: V128, $z: V128) -> V128 {
                $body
            }
        }
    )*};
}
pub(super) use ternops;

ternops! {
    V128Bitselect = |x, y, mask| {
        let (x, y, mask): ([u64; 2], [u64; 2], [u64; 2]) = (Lanes::of(x), Lanes::of(y), Lanes::of(mask));
        core::array::from_fn::<u64, 2, _>(|i| x[i] & mask[i] | y[i] & !mask[i]).vector()
    };
    I32x4RelaxedDotI8x16I7x16AddS = |x, y, z| {
        let dots = <I32x4ExtaddPairwiseI16x8S as Unop>::apply(dot_of_bytes(x, y).vector());
        <I32x4Add as Binop>::apply(dots, z)
    };
}

binops! {
    I16x8RelaxedDotI8x16I7x16S: V128 = |x, y| dot_of_bytes(x, y).vector();
    // Each lane is a look-up by number: no instruction for that exists on all processors.
    I8x16Swizzle: V128 = |x, y| {
        let mut lanes = [0; 32];
        lanes[..16].copy_from_slice(&x.0);
        V128(core::array::from_fn(|i| lanes[usize::from(y.0[i].min(16))]))
    };
}

ternops! {
    // The lanes of `x` and `y` with the numbers in `lanes`: those of `x` come first, those of `y` from 16 on. Numbers beyond are reduced.
    I8x16Shuffle = |x, y, lanes| {
        let mut both = [0; 32];
        both[..16].copy_from_slice(&x.0);
        both[16..].copy_from_slice(&y.0);
        V128(core::array::from_fn(|i| both[usize::from(lanes.0[i] & 31)]))
    };
}
