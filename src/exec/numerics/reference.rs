//! Unboxed integers. <https://webassembly.github.io/spec/core/exec/instructions.html#reference-instructions>

use super::{trapping_unops, unops};
use crate::runtime::heap::{i31, is_i31};
use crate::runtime::trap::Trap;

unops! {
    RefI31: u32 => u64 = |x| i31(x);
}

trapping_unops! {
    I31GetS: u64 => u32 = |x| i31_of(x).map(|value| ((value << 1) as i32 >> 1) as u32);
    I31GetU: u64 => u32 = |x| i31_of(x);
}

/// The 31 bits in a reference of type `i31`.
fn i31_of(slot: u64) -> Result<u32, Trap> {
    match is_i31(slot) {
        true => Ok(slot as u32),
        false => Err(Trap::NullReference),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exec::numerics::{TrappingUnop, Unop};

    #[test]
    fn an_unboxed_integer_keeps_31_bits() {
        for value in [
            0,
            1,
            0x3fff_ffff,
            0x4000_0000,
            0x7fff_ffff,
            0x8000_0000,
            u32::MAX,
        ] {
            let slot = RefI31::apply(value);
            assert_eq!(I31GetU::apply(slot), Ok(value & 0x7fff_ffff));
            let signed = i64::from(value & 0x3fff_ffff) - i64::from(value & 0x4000_0000);
            assert_eq!(I31GetS::apply(slot), Ok(signed as u32));
        }
        assert_eq!(I31GetS::apply(0), Err(Trap::NullReference));
    }
}
