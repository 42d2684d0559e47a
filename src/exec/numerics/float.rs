//! Floating-point operations. <https://webassembly.github.io/spec/core/exec/numerics.html#floating-point-operations>
#![allow(
    clippy::neg_cmp_op_on_partial_ord,
    reason = "the negations are intended: they hold for NaNs"
)]

use super::{binops, relops, unops};

/// The operations of one width: `$f` its Rust type, `$u` the integer of its size.
macro_rules! floats {
    ($f:ty, $u:ty, $fmin:ident $fmax:ident $quiet:ident,
        $Abs:ident $Neg:ident $Ceil:ident $Floor:ident $Trunc:ident $Nearest:ident $Sqrt:ident,
        $Add:ident $Sub:ident $Mul:ident $Div:ident $Min:ident $Max:ident $Copysign:ident,
        $Eq:ident $Ne:ident $Lt:ident $Gt:ident $Le:ident $Ge:ident,
        $NotLt:ident $NotGt:ident $NotLe:ident $NotGe:ident
    ) => {
        /// A NaN with its quiet bit set; other values as they are. Rounding functions of the platform may pass on a signalling
        /// NaN, which arithmetic never yields.
        #[inline(always)]
        fn $quiet(x: $f) -> $f {
            if x.is_nan() {
                <$f>::from_bits(x.to_bits() | 1 << (<$f>::MANTISSA_DIGITS - 2))
            } else {
                x
            }
        }

        /// <https://webassembly.github.io/spec/core/exec/numerics.html#op-fmin>
        #[inline(always)]
        fn $fmin(x: $f, y: $f) -> $f {
            if x < y {
                x
            } else if y < x {
                y
            } else if x == y {
                // Equal: the same value, or zeros, of which the negative one is less.
                <$f>::from_bits(x.to_bits() | y.to_bits())
            } else {
                x + y
            }
        }

        /// <https://webassembly.github.io/spec/core/exec/numerics.html#op-fmax>
        #[inline(always)]
        fn $fmax(x: $f, y: $f) -> $f {
            if x > y {
                x
            } else if y > x {
                y
            } else if x == y {
                <$f>::from_bits(x.to_bits() & y.to_bits())
            } else {
                x + y
            }
        }

        unops! {
            $Abs: $f => $f = |x| x.abs();
            $Neg: $f => $f = |x| -x;
            $Ceil: $f => $f = |x| $quiet(x.ceil());
            $Floor: $f => $f = |x| $quiet(x.floor());
            $Trunc: $f => $f = |x| $quiet(x.trunc());
            $Nearest: $f => $f = |x| $quiet(x.round_ties_even());
            $Sqrt: $f => $f = |x| x.sqrt();
        }
        binops! {
            $Add: $f = |x, y| x + y;
            $Sub: $f = |x, y| x - y;
            $Mul: $f = |x, y| x * y;
            $Div: $f = |x, y| x / y;
            $Min: $f = |x, y| $fmin(x, y);
            $Max: $f = |x, y| $fmax(x, y);
            $Copysign: $f = |x, y| x.copysign(y);
        }
        relops! {
            $Eq: $f = |x, y| x == y;
            $Ne: $f = |x, y| x != y;
            $Lt: $f = |x, y| x < y;
            $Gt: $f = |x, y| x > y;
            $Le: $f = |x, y| x <= y;
            $Ge: $f = |x, y| x >= y;
            // Not instructions: these hold exactly when the comparison does not, NaNs included.
            $NotLt: $f = |x, y| !(x < y);
            $NotGt: $f = |x, y| !(x > y);
            $NotLe: $f = |x, y| !(x <= y);
            $NotGe: $f = |x, y| !(x >= y);
        }
    };
}

floats! { f32, u32, fmin_32 fmax_32 quiet_32,
    F32Abs F32Neg F32Ceil F32Floor F32Trunc F32Nearest F32Sqrt,
    F32Add F32Sub F32Mul F32Div F32Min F32Max F32Copysign,
    F32Eq F32Ne F32Lt F32Gt F32Le F32Ge,
    F32NotLt F32NotGt F32NotLe F32NotGe
}
floats! { f64, u64, fmin_64 fmax_64 quiet_64,
    F64Abs F64Neg F64Ceil F64Floor F64Trunc F64Nearest F64Sqrt,
    F64Add F64Sub F64Mul F64Div F64Min F64Max F64Copysign,
    F64Eq F64Ne F64Lt F64Gt F64Le F64Ge,
    F64NotLt F64NotGt F64NotLe F64NotGe
}
