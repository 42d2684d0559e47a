//! Integer operations. <https://webassembly.github.io/spec/core/exec/numerics.html#integer-operations>

use super::{binops, relops, trapping_binops, unops};
use crate::runtime::trap::Trap;

/// The operations of one integer width: `$u` and `$s` are its unsigned and signed Rust types.
macro_rules! integers {
    ($u:ty, $s:ty,
        $Clz:ident $Ctz:ident $Popcnt:ident $Eqz:ident $Nez:ident,
        $Add:ident $Sub:ident $Mul:ident $And:ident $Or:ident $Xor:ident,
        $Shl:ident $ShrS:ident $ShrU:ident $Rotl:ident $Rotr:ident,
        $DivS:ident $DivU:ident $RemS:ident $RemU:ident,
        $Eq:ident $Ne:ident $LtS:ident $LtU:ident $GtS:ident $GtU:ident $LeS:ident $LeU:ident $GeS:ident $GeU:ident,
        $Test:ident $TestNot:ident
    ) => {
        unops! {
            $Clz: $u => $u = |x| <$u>::from(x.leading_zeros() as u8);
            $Ctz: $u => $u = |x| <$u>::from(x.trailing_zeros() as u8);
            $Popcnt: $u => $u = |x| <$u>::from(x.count_ones() as u8);
            $Eqz: $u => u32 = |x| u32::from(x == 0);
            $Nez: $u => u32 = |x| u32::from(x != 0);
        }
        binops! {
            $Add: $u = |x, y| x.wrapping_add(y);
            $Sub: $u = |x, y| x.wrapping_sub(y);
            $Mul: $u = |x, y| x.wrapping_mul(y);
            $And: $u = |x, y| x & y;
            $Or: $u = |x, y| x | y;
            $Xor: $u = |x, y| x ^ y;
            $Shl: $u = |x, y| x.wrapping_shl(y as u32);
            $ShrS: $u = |x, y| (x as $s).wrapping_shr(y as u32) as $u;
            $ShrU: $u = |x, y| x.wrapping_shr(y as u32);
            $Rotl: $u = |x, y| x.rotate_left(y as u32 & (<$u>::BITS - 1));
            $Rotr: $u = |x, y| x.rotate_right(y as u32 & (<$u>::BITS - 1));
        }
        trapping_binops! {
            $DivS: $u = |x, y| match (x as $s, y as $s) {
                (_, 0) => Err(Trap::IntegerDivisionByZero),
                (x, y) => x.checked_div(y).map(|q| q as $u).ok_or(Trap::IntegerOverflow),
            };
            $DivU: $u = |x, y| x.checked_div(y).ok_or(Trap::IntegerDivisionByZero);
            $RemS: $u = |x, y| match (x as $s, y as $s) {
                (_, 0) => Err(Trap::IntegerDivisionByZero),
                // The remainder of the least integer by -1 is 0, although the quotient does not fit.
                (x, y) => Ok(x.wrapping_rem(y) as $u),
            };
            $RemU: $u = |x, y| x.checked_rem(y).ok_or(Trap::IntegerDivisionByZero);
        }
        relops! {
            $Eq: $u = |x, y| x == y;
            $Ne: $u = |x, y| x != y;
            $LtS: $u = |x, y| (x as $s) < y as $s;
            $LtU: $u = |x, y| x < y;
            $GtS: $u = |x, y| x as $s > y as $s;
            $GtU: $u = |x, y| x > y;
            $LeS: $u = |x, y| x as $s <= y as $s;
            $LeU: $u = |x, y| x <= y;
            $GeS: $u = |x, y| x as $s >= y as $s;
            $GeU: $u = |x, y| x >= y;
            // Not instructions: an `and` whose result is only compared with zero.
            $Test: $u = |x, y| x & y != 0;
            $TestNot: $u = |x, y| x & y == 0;
        }
    };
}

integers! { u32, i32,
    I32Clz I32Ctz I32Popcnt I32Eqz I32Nez,
    I32Add I32Sub I32Mul I32And I32Or I32Xor,
    I32Shl I32ShrS I32ShrU I32Rotl I32Rotr,
    I32DivS I32DivU I32RemS I32RemU,
    I32Eq I32Ne I32LtS I32LtU I32GtS I32GtU I32LeS I32LeU I32GeS I32GeU,
    I32Test I32TestNot
}
integers! { u64, i64,
    I64Clz I64Ctz I64Popcnt I64Eqz I64Nez,
    I64Add I64Sub I64Mul I64And I64Or I64Xor,
    I64Shl I64ShrS I64ShrU I64Rotl I64Rotr,
    I64DivS I64DivU I64RemS I64RemU,
    I64Eq I64Ne I64LtS I64LtU I64GtS I64GtU I64LeS I64LeU I64GeS I64GeU,
    I64Test I64TestNot
}

unops! {
    I32Extend8S: u32 => u32 = |x| x as i8 as u32;
    I32Extend16S: u32 => u32 = |x| x as i16 as u32;
    I64Extend8S: u64 => u64 = |x| x as i8 as u64;
    I64Extend16S: u64 => u64 = |x| x as i16 as u64;
    I64Extend32S: u64 => u64 = |x| x as i32 as u64;
}
