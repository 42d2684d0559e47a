//! Loads and stores of vectors.

use super::{Lanes, V128};
use crate::exec::numerics::{Load, Store};

macro_rules! vector_loads {
    ($($name:ident: $bytes:literal = |$x:ident| $body:expr;)*) => {$(
        #[doc = concat!("`", stringify!($name), "`")]
        pub(crate) struct $name;
        impl Load for $name {
            type Bytes = [u8; $bytes];
            type Out = V128;
            #[inline(always)]
            fn decode($x: [u8; $bytes]) -> V128 {
                $body
            }
        }
    )*};
}

/// The lower half of a vector.
#[inline(always)]
fn low(bytes: [u8; 8]) -> V128 {
    [u64::from_le_bytes(bytes), 0].vector()
}

/// Each lane in twice the width.
macro_rules! extend {
    ($bytes:ident: $in:ty, $width:literal => [$out:ty; $n:literal]) => {{
        let (lanes, _) = $bytes.as_chunks::<$width>();
        core::array::from_fn::<$out, $n, _>(|i| <$in>::from_le_bytes(lanes[i]).into()).vector()
    }};
}

vector_loads! {
    V128Load: 16 = |bytes| V128(bytes);
    V128Load8x8S: 8 = |bytes| extend!(bytes: i8, 1 => [i16; 8]);
    V128Load8x8U: 8 = |bytes| extend!(bytes: u8, 1 => [u16; 8]);
    V128Load16x4S: 8 = |bytes| extend!(bytes: i16, 2 => [i32; 4]);
    V128Load16x4U: 8 = |bytes| extend!(bytes: u16, 2 => [u32; 4]);
    V128Load32x2S: 8 = |bytes| extend!(bytes: i32, 4 => [i64; 2]);
    V128Load32x2U: 8 = |bytes| extend!(bytes: u32, 4 => [u64; 2]);
    V128Load8Splat: 1 = |bytes| [bytes[0]; 16].vector();
    V128Load16Splat: 2 = |bytes| [u16::from_le_bytes(bytes); 8].vector();
    V128Load32Splat: 4 = |bytes| [u32::from_le_bytes(bytes); 4].vector();
    V128Load64Splat: 8 = |bytes| [u64::from_le_bytes(bytes); 2].vector();
    V128Load32Zero: 4 = |bytes| [u32::from_le_bytes(bytes), 0, 0, 0].vector();
    V128Load64Zero: 8 = |bytes| low(bytes);
}

/// `V128Store`
pub(crate) struct V128Store;

impl Store for V128Store {
    type In = V128;
    type Bytes = [u8; 16];

    #[inline(always)]
    fn encode(value: V128) -> [u8; 16] {
        value.0
    }
}
