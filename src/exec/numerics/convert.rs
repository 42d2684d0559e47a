//! Conversions. <https://webassembly.github.io/spec/core/exec/numerics.html#conversions>

use super::{trapping_unops, unops};
use crate::runtime::trap::Trap;

/// `x` truncated, if that lies strictly between two bounds: the first values on either side that are out of range.
macro_rules! trunc {
    ($x:ident, $low:expr, $high:expr => $int:ty as $out:ty) => {
        if $x > $low && $x < $high {
            Ok($x as $int as $out)
        } else if $x.is_nan() {
            Err(Trap::BadConversionToInteger)
        } else {
            Err(Trap::IntegerOverflow)
        }
    };
}

trapping_unops! {
    // The bound below i32::MIN is not an f32; the next one below it is.
    I32TruncF32S: f32 => u32 = |x| trunc!(x, -2_147_483_904.0, 2_147_483_648.0 => i32 as u32);
    I32TruncF32U: f32 => u32 = |x| trunc!(x, -1.0, 4_294_967_296.0 => u32 as u32);
    I32TruncF64S: f64 => u32 = |x| trunc!(x, -2_147_483_649.0, 2_147_483_648.0 => i32 as u32);
    I32TruncF64U: f64 => u32 = |x| trunc!(x, -1.0, 4_294_967_296.0 => u32 as u32);
    I64TruncF32S: f32 => u64 = |x| trunc!(x, -9_223_373_136_366_403_584.0, 9_223_372_036_854_775_808.0 => i64 as u64);
    I64TruncF32U: f32 => u64 = |x| trunc!(x, -1.0, 18_446_744_073_709_551_616.0 => u64 as u64);
    I64TruncF64S: f64 => u64 = |x| trunc!(x, -9_223_372_036_854_777_856.0, 9_223_372_036_854_775_808.0 => i64 as u64);
    I64TruncF64U: f64 => u64 = |x| trunc!(x, -1.0, 18_446_744_073_709_551_616.0 => u64 as u64);
}

unops! {
    I32WrapI64: u64 => u32 = |x| x as u32;
    I64ExtendI32S: u32 => u64 = |x| x as i32 as u64;
    I64ExtendI32U: u32 => u64 = |x| u64::from(x);
    I32TruncSatF32S: f32 => u32 = |x| x as i32 as u32;
    I32TruncSatF32U: f32 => u32 = |x| x as u32;
    I32TruncSatF64S: f64 => u32 = |x| x as i32 as u32;
    I32TruncSatF64U: f64 => u32 = |x| x as u32;
    I64TruncSatF32S: f32 => u64 = |x| x as i64 as u64;
    I64TruncSatF32U: f32 => u64 = |x| x as u64;
    I64TruncSatF64S: f64 => u64 = |x| x as i64 as u64;
    I64TruncSatF64U: f64 => u64 = |x| x as u64;
    F32ConvertI32S: u32 => f32 = |x| x as i32 as f32;
    F32ConvertI32U: u32 => f32 = |x| x as f32;
    F32ConvertI64S: u64 => f32 = |x| x as i64 as f32;
    F32ConvertI64U: u64 => f32 = |x| x as f32;
    F64ConvertI32S: u32 => f64 = |x| f64::from(x as i32);
    F64ConvertI32U: u32 => f64 = |x| f64::from(x);
    F64ConvertI64S: u64 => f64 = |x| x as i64 as f64;
    F64ConvertI64U: u64 => f64 = |x| x as f64;
    F32DemoteF64: f64 => f32 = |x| x as f32;
    F64PromoteF32: f32 => f64 = |x| f64::from(x);
    I32ReinterpretF32: f32 => u32 = |x| x.to_bits();
    I64ReinterpretF64: f64 => u64 = |x| x.to_bits();
    F32ReinterpretI32: u32 => f32 = |x| f32::from_bits(x);
    F64ReinterpretI64: u64 => f64 = |x| f64::from_bits(x);
}
