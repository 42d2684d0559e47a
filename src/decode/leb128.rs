//! Integers in LEB128: seven bits a byte, the lowest first, the top bit set on all bytes but the last.
//!
//! A type of N bits has at most ⌈N/7⌉ bytes. Fewer significant bits than that may be spelled with more bytes, up to this
//! bound, but the bits of the last byte for which the type has no room must be zero, or copies of the sign.
//! <https://webassembly.github.io/spec/core/binary/values.html#integers>

use super::error::DecodeErrorKind;

/// Reads an unsigned integer of `BITS` bits at `*at`, which is left behind it, or at the byte that is wrong.
#[inline]
pub(super) fn unsigned<const BITS: u32>(
    bytes: &[u8],
    at: &mut usize,
) -> Result<u64, DecodeErrorKind> {
    let mut value = 0;
    let mut shift = 0;
    loop {
        let byte = *bytes.get(*at).ok_or(DecodeErrorKind::UnexpectedEnd)?;
        value |= u64::from(byte & 0x7f) << shift;
        if BITS - shift <= 7 {
            // The last byte that there may be, with room for so many bits.
            let room = BITS - shift;
            if byte & 0x80 != 0 {
                return Err(DecodeErrorKind::IntegerTooLong);
            }
            if byte >> room != 0 {
                return Err(DecodeErrorKind::IntegerTooLarge);
            }
        }
        *at += 1;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
        shift += 7;
    }
}

/// Reads a signed integer of `BITS` bits at `*at`, which is left behind it, or at the byte that is wrong.
#[inline]
pub(super) fn signed<const BITS: u32>(
    bytes: &[u8],
    at: &mut usize,
) -> Result<i64, DecodeErrorKind> {
    let mut value = 0;
    let mut shift = 0;
    loop {
        let byte = *bytes.get(*at).ok_or(DecodeErrorKind::UnexpectedEnd)?;
        value |= i64::from(byte & 0x7f) << shift;
        if BITS - shift <= 7 {
            let room = BITS - shift;
            if byte & 0x80 != 0 {
                return Err(DecodeErrorKind::IntegerTooLong);
            }
            // What lies above the room, and the sign, which is the room's highest bit: all zeros or all ones.
            let above = ((byte << 1) as i8) >> room;
            if above != 0 && above != -1 {
                return Err(DecodeErrorKind::IntegerTooLarge);
            }
        }
        *at += 1;
        shift += 7;
        if byte & 0x80 == 0 {
            let unused = 64u32.saturating_sub(shift);
            return Ok(value << unused >> unused);
        }
    }
}
