//! Calls of the functions of `numerics` by handlers: in line, and for those on vectors by a call where `build.rs` demands it. Holds unsafe
//! code: see the parent.
//!
//! A handler that passes a vector to a function by reference keeps it in memory, and then its last call is no longer a jump. At levels
//! of optimisation that do not inline small functions there is therefore one call of a function that takes and returns registers.

use super::operand::Value;
use crate::exec::numerics::{Binop, Canonical, Load, Replace, Shift, Ternop, Unop, V128};

/// Writes each computation twice: in line, and in a function that takes and returns registers, which is called if one of the types
/// listed is that of vectors.
macro_rules! computations {
    ($abi:literal $(
        $(#[$meta:meta])*
        fn $name:ident / $far:ident[$O:ident: $bound:ident]($($arg:ident: $ty:ty),*) -> $out:ty = $body:expr;
    )*) => {$(
        $(#[$meta])*
        #[inline(always)]
        pub(super) fn $name<$O: $bound>($($arg: $ty),*) -> $out {
            if cfg!(outlined_vectors) && (<$out as Value>::IS_VECTOR $(|| <$ty as Value>::IS_VECTOR)*) {
                return Value::of_register($far::<$O>($($arg.to_register()),*));
            }
            $body
        }

        #[allow(
            improper_ctypes_definitions,
            reason = "callers and callees are in this crate"
        )]
        #[inline(never)]
        extern $abi fn $far<$O: $bound>(
            $($arg: <$ty as Value>::Register),*
        ) -> <$out as Value>::Register {
            $(let $arg: $ty = Value::of_register($arg);)*
            let result: $out = $body;
            result.to_register()
        }
    )*};
}

/// Writes the same for a load: it takes a place in memory.
macro_rules! load_computation {
    ($abi:literal) => {
        /// The value whose bytes are at `from`.
        ///
        /// # Safety
        ///
        /// The bytes are readable, by MEM or otherwise.
        #[inline(always)]
        pub(super) unsafe fn load<L: Load>(from: *const u8) -> L::Out {
            // SAFETY: the caller's.
            unsafe {
                if cfg!(outlined_vectors) && L::Out::IS_VECTOR {
                    return Value::of_register(far_load::<L>(from));
                }
                L::decode(from.cast::<L::Bytes>().read_unaligned())
            }
        }

        #[allow(
            improper_ctypes_definitions,
            reason = "callers and callees are in this crate"
        )]
        #[inline(never)]
        unsafe extern $abi fn far_load<L: Load>(from: *const u8) -> <L::Out as Value>::Register {
            // SAFETY: the caller's.
            L::decode(unsafe { from.cast::<L::Bytes>().read_unaligned() }).to_register()
        }
    };
}

/// The convention of handlers: it passes vectors in registers.
#[cfg(target_arch = "x86_64")]
macro_rules! in_registers {
    ($($item:tt)*) => {
        computations! { "sysv64" $($item)* }
        load_computation! { "sysv64" }
    };
}
/// The convention of handlers: it passes vectors in registers.
#[cfg(not(target_arch = "x86_64"))]
macro_rules! in_registers {
    ($($item:tt)*) => {
        computations! { "C" $($item)* }
        load_computation! { "C" }
    };
}

in_registers! {
    /// `op x`
    fn unop / far_unop[O: Unop](x: O::In) -> O::Out = O::apply(x);
    /// `x op y`
    fn binop / far_binop[O: Binop](x: O::In, y: O::In) -> O::Out = O::apply(x, y);
    /// `op x, y, z`
    fn ternop / far_ternop[O: Ternop](x: V128, y: V128, z: V128) -> V128 = O::apply(x, y, z);
    /// `x` shifted by `y`
    fn shift / far_shift[O: Shift](x: V128, y: u32) -> V128 = O::apply(x, y);
    /// `x` with `y` in a lane
    fn replace / far_replace[O: Replace](x: V128, y: O::Lane, lane: u32) -> V128 = O::apply(x, y, lane);
    /// 1 if there is a NaN in `x`, else 0
    fn is_needed / far_is_needed[O: Canonical](x: O::Floats) -> u32 = u32::from(O::is_needed(x));
}
