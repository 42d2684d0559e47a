//! Conversions of bytes into values and back, for loads and stores.
//! <https://webassembly.github.io/spec/core/exec/numerics.html#storage>

use crate::exec::handlers::operand::Value;

/// A load: bytes to a value.
pub(crate) trait Load {
    /// The bytes, as an array.
    type Bytes: Copy;
    /// The value.
    type Out: Value;
    /// Returns the value of the bytes.
    fn decode(bytes: Self::Bytes) -> Self::Out;
}

/// A store: a value to bytes.
pub(crate) trait Store {
    /// The value.
    type In: Value;
    /// The bytes, as an array.
    type Bytes: Copy;
    /// Returns the bytes of the value.
    fn encode(value: Self::In) -> Self::Bytes;
}

macro_rules! loads {
    ($($name:ident: $bytes:literal $mem:ty => $out:ty = |$x:ident| $body:expr;)*) => {$(
        #[doc = concat!("`", stringify!($name), "`")]
        pub(crate) struct $name;
        impl Load for $name {
            type Bytes = [u8; $bytes];
            type Out = $out;
            #[inline(always)]
            fn decode(bytes: [u8; $bytes]) -> $out {
                let $x = <$mem>::from_le_bytes(bytes);
                $body
            }
        }
    )*};
}

macro_rules! stores {
    ($($name:ident: $in:ty => $bytes:literal = |$x:ident| $body:expr;)*) => {$(
        #[doc = concat!("`", stringify!($name), "`")]
        pub(crate) struct $name;
        impl Store for $name {
            type In = $in;
            type Bytes = [u8; $bytes];
            #[inline(always)]
            fn encode($x: $in) -> [u8; $bytes] {
                ($body).to_le_bytes()
            }
        }
    )*};
}

loads! {
    I32Load: 4 u32 => u32 = |x| x;
    I64Load: 8 u64 => u64 = |x| x;
    F32Load: 4 f32 => f32 = |x| x;
    F64Load: 8 f64 => f64 = |x| x;
    I32Load8S: 1 i8 => u32 = |x| x as u32;
    I32Load8U: 1 u8 => u32 = |x| u32::from(x);
    I32Load16S: 2 i16 => u32 = |x| x as u32;
    I32Load16U: 2 u16 => u32 = |x| u32::from(x);
    I64Load8S: 1 i8 => u64 = |x| x as u64;
    I64Load8U: 1 u8 => u64 = |x| u64::from(x);
    I64Load16S: 2 i16 => u64 = |x| x as u64;
    I64Load16U: 2 u16 => u64 = |x| u64::from(x);
    I64Load32S: 4 i32 => u64 = |x| x as u64;
    I64Load32U: 4 u32 => u64 = |x| u64::from(x);
}

stores! {
    I32Store: u32 => 4 = |x| x;
    I64Store: u64 => 8 = |x| x;
    F32Store: f32 => 4 = |x| x;
    F64Store: f64 => 8 = |x| x;
    I32Store8: u32 => 1 = |x| x as u8;
    I32Store16: u32 => 2 = |x| x as u16;
    I64Store8: u64 => 1 = |x| x as u8;
    I64Store16: u64 => 2 = |x| x as u16;
    I64Store32: u64 => 4 = |x| x as u32;
}
