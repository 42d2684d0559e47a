//! Conversions between shapes.

use super::{Lanes, V128, gather_unops, lanewise_unops};

lanewise_unops! {
    I32x4TruncSatF32x4S: [f32; 4] => i32 = |x| x as i32;
    I32x4TruncSatF32x4U: [f32; 4] => u32 = |x| x as u32;
    F32x4ConvertI32x4S: [i32; 4] => f32 = |x| x as f32;
    F32x4ConvertI32x4U: [u32; 4] => f32 = |x| x as f32;
}

gather_unops! {
    I32x4TruncSatF64x2SZero: [f64; 2] => [i32; 4] = |x, i| if i < 2 { x[i] as i32 } else { 0 };
    I32x4TruncSatF64x2UZero: [f64; 2] => [u32; 4] = |x, i| if i < 2 { x[i] as u32 } else { 0 };
    F64x2ConvertLowI32x4S: [i32; 4] => [f64; 2] = |x, i| x[i].into();
    F64x2ConvertLowI32x4U: [u32; 4] => [f64; 2] = |x, i| x[i].into();
    F32x4DemoteF64x2Zero: [f64; 2] => [f32; 4] = |x, i| if i < 2 { x[i] as f32 } else { 0.0 };
    F64x2PromoteLowF32x4: [f32; 4] => [f64; 2] = |x, i| x[i].into();
}
