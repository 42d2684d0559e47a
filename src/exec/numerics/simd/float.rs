//! Vectors of floats.

use super::int::ternops;
use super::{Canonical, Lanes, Ternop, V128, lanewise_binops, lanewise_unops};
use crate::exec::numerics::unops;

/// A lane that is a truth value.
macro_rules! mask {
    ($u:ty, $condition:expr) => {
        if $condition { <$u>::MAX } else { 0 }
    };
}

/// The operations of one shape: `$f` is its lanes' type, `$u` the integer of its size, `$n` their number.
macro_rules! floats {
    ($f:ident, $u:ident, $n:literal,
        $fmin:ident $fmax:ident $nearest:ident $keep:ident $canonical:ident,
        $Splat:ident $Abs:ident $Neg:ident $Sqrt:ident $Ceil:ident $Floor:ident $Trunc:ident $Nearest:ident,
        $Add:ident $Sub:ident $Mul:ident $Div:ident $Min:ident $Max:ident $Pmin:ident $Pmax:ident,
        $Eq:ident $Ne:ident $Lt:ident $Gt:ident $Le:ident $Ge:ident,
        $RelaxedMadd:ident $RelaxedNmadd:ident $Canonical:ident
    ) => {
        /// <https://webassembly.github.io/spec/core/exec/numerics.html#op-fmin>
        #[inline(always)]
        fn $fmin(x: $f, y: $f) -> $u {
            let (a, b) = (if x < y { x } else { y }, if y < x { y } else { x });
            let nan = mask!($u, x != x || y != y);
            // The two differ if one is NaN, or in the sign of zero, where the negative one is less.
            (x + y).to_bits() & nan | (a.to_bits() | b.to_bits()) & !nan
        }

        /// <https://webassembly.github.io/spec/core/exec/numerics.html#op-fmax>
        #[inline(always)]
        fn $fmax(x: $f, y: $f) -> $u {
            let (a, b) = (if x > y { x } else { y }, if y > x { y } else { x });
            let nan = mask!($u, x != x || y != y);
            (x + y).to_bits() & nan | a.to_bits() & b.to_bits() & !nan
        }

        /// A number rounded to an integer, ties to even, that is not negative and below the least number without a fraction.
        #[inline(always)]
        fn $nearest(x: $f) -> $f {
            const BIG: $f = (1_u64 << (<$f>::MANTISSA_DIGITS - 1)) as $f;
            x + BIG - BIG
        }

        /// The magnitude of `rounded` with the sign of `x`, if `x` may have a fraction; otherwise `x`, a NaN made quiet.
        #[inline(always)]
        fn $keep(x: $f, rounded: $f) -> $u {
            const BIG: $f = (1_u64 << (<$f>::MANTISSA_DIGITS - 1)) as $f;
            const SIGN: $u = 1 << (<$u>::BITS - 1);
            const QUIET: $u = 1 << (<$f>::MANTISSA_DIGITS - 2);
            let fraction = mask!($u, x.abs() < BIG);
            let nan = mask!($u, x != x);
            let (x, rounded) = (x.to_bits(), rounded.to_bits());
            (x & SIGN | rounded & !SIGN) & fraction | (x | QUIET & nan) & !fraction
        }

        /// A NaN made canonical; any other value as it is.
        #[inline(always)]
        fn $canonical(x: $f) -> $u {
            let nan = mask!($u, x != x);
            $f::NAN.to_bits() & nan | x.to_bits() & !nan
        }

        unops! {
            $Splat: $f => V128 = |x| [x; $n].vector();
        }
        lanewise_unops! {
            $Abs: [$u; $n] => $u = |x| x & !(1 << (<$u>::BITS - 1));
            $Neg: [$u; $n] => $u = |x| x ^ 1 << (<$u>::BITS - 1);
            $Sqrt: [$f; $n] => $f = |x| x.sqrt();
            $Ceil: [$f; $n] => $u = |x| {
                let near = $f::from_bits($keep(x, $nearest(x.abs())));
                $keep(x, near + if near < x { 1.0 } else { 0.0 })
            };
            $Floor: [$f; $n] => $u = |x| {
                let near = $f::from_bits($keep(x, $nearest(x.abs())));
                $keep(x, near - if near > x { 1.0 } else { 0.0 })
            };
            $Trunc: [$f; $n] => $u = |x| {
                let near = $nearest(x.abs());
                $keep(x, near - if near > x.abs() { 1.0 } else { 0.0 })
            };
            $Nearest: [$f; $n] => $u = |x| $keep(x, $nearest(x.abs()));
            // Not an instruction: the step that the deterministic profile adds to those above.
            $Canonical: [$f; $n] => $u = |x| $canonical(x);
        }
        impl Canonical for $Canonical {
            type Floats = V128;
            #[inline(always)]
            fn is_needed(x: V128) -> bool {
                let x: [$f; $n] = Lanes::of(x);
                x.iter().fold(false, |any, x| any | x.is_nan())
            }
        }
        lanewise_binops! {
            $Add: [$f; $n] => $f = |x, y| x + y;
            $Sub: [$f; $n] => $f = |x, y| x - y;
            $Mul: [$f; $n] => $f = |x, y| x * y;
            $Div: [$f; $n] => $f = |x, y| x / y;
            $Min: [$f; $n] => $u = |x, y| $fmin(x, y);
            $Max: [$f; $n] => $u = |x, y| $fmax(x, y);
            $Pmin: [$f; $n] => $u = |x, y| if y < x { y.to_bits() } else { x.to_bits() };
            $Pmax: [$f; $n] => $u = |x, y| if x < y { y.to_bits() } else { x.to_bits() };
            $Eq: [$f; $n] => $u = |x, y| mask!($u, x == y);
            $Ne: [$f; $n] => $u = |x, y| mask!($u, x != y);
            $Lt: [$f; $n] => $u = |x, y| mask!($u, x < y);
            $Gt: [$f; $n] => $u = |x, y| mask!($u, x > y);
            $Le: [$f; $n] => $u = |x, y| mask!($u, x <= y);
            $Ge: [$f; $n] => $u = |x, y| mask!($u, x >= y);
        }
        ternops! {
            // Rounded twice, as the deterministic profile prescribes.
            $RelaxedMadd = |x, y, z| {
                let (x, y, z): ([$f; $n], [$f; $n], [$f; $n]) = (Lanes::of(x), Lanes::of(y), Lanes::of(z));
                core::array::from_fn::<$f, $n, _>(|i| x[i] * y[i] + z[i]).vector()
            };
            $RelaxedNmadd = |x, y, z| {
                let (x, y, z): ([$f; $n], [$f; $n], [$f; $n]) = (Lanes::of(x), Lanes::of(y), Lanes::of(z));
                core::array::from_fn::<$f, $n, _>(|i| -x[i] * y[i] + z[i]).vector()
            };
        }
    };
}

floats! { f32, u32, 4,
    fmin_32 fmax_32 nearest_32 keep_32 canonical_32,
    F32x4Splat F32x4Abs F32x4Neg F32x4Sqrt F32x4Ceil F32x4Floor F32x4Trunc F32x4Nearest,
    F32x4Add F32x4Sub F32x4Mul F32x4Div F32x4Min F32x4Max F32x4Pmin F32x4Pmax,
    F32x4Eq F32x4Ne F32x4Lt F32x4Gt F32x4Le F32x4Ge,
    F32x4RelaxedMadd F32x4RelaxedNmadd F32x4Canonical
}
floats! { f64, u64, 2,
    fmin_64 fmax_64 nearest_64 keep_64 canonical_64,
    F64x2Splat F64x2Abs F64x2Neg F64x2Sqrt F64x2Ceil F64x2Floor F64x2Trunc F64x2Nearest,
    F64x2Add F64x2Sub F64x2Mul F64x2Div F64x2Min F64x2Max F64x2Pmin F64x2Pmax,
    F64x2Eq F64x2Ne F64x2Lt F64x2Gt F64x2Le F64x2Ge,
    F64x2RelaxedMadd F64x2RelaxedNmadd F64x2Canonical
}

unops! {
    // Not instructions: the steps that the deterministic profile adds to those on single floats.
    F32Canonical: f32 => f32 = |x| f32::from_bits(canonical_32(x));
    F64Canonical: f64 => f64 = |x| f64::from_bits(canonical_64(x));
}

macro_rules! canonical_scalars {
    ($($name:ident $f:ident;)*) => {$(
        impl Canonical for $name {
            type Floats = $f;
            #[inline(always)]
            fn is_needed(x: $f) -> bool {
                x.is_nan()
            }
        }
    )*};
}

canonical_scalars! {
    F32Canonical f32;
    F64Canonical f64;
}
