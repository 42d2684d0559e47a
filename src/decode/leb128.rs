//! Integers in LEB128: seven bits a byte, the lowest first, the top bit set on all bytes but the last.
//!
//! A type of N bits has at most ⌈N/7⌉ bytes. A number with fewer significant bits may be spelled with more bytes than it needs, up to
//! this bound, but the bits of the last byte beyond the type's width must be zero, or copies of the sign.
//! <https://webassembly.github.io/spec/core/binary/values.html#integers>

use super::error::DecodeErrorKind;

/// Reads an unsigned integer of `BITS` bits at `*at`, and moves `*at` behind it, or to the malformed byte.
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
            // The last possible byte, which has room for this many bits.
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

/// Reads a signed integer of `BITS` bits at `*at`, and moves `*at` behind it, or to the malformed byte.
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
            // The bits above the room, and the sign, which is the room's highest bit: all zeros or all ones.
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Returns the number read at the beginning, and the number of bytes it took.
    fn read<T>(
        bytes: &[u8],
        read: fn(&[u8], &mut usize) -> Result<T, DecodeErrorKind>,
    ) -> Result<(T, usize), DecodeErrorKind> {
        let mut at = 0;
        read(bytes, &mut at).map(|value| (value, at))
    }

    /// Returns the shortest spelling, by the `leb128` crate.
    fn spell_unsigned(value: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        ::leb128::write::unsigned(&mut bytes, value).unwrap();
        bytes
    }

    fn spell_signed(value: i64) -> Vec<u8> {
        let mut bytes = Vec::new();
        ::leb128::write::signed(&mut bytes, value).unwrap();
        bytes
    }

    /// Returns a longer spelling of the same number, of `length` bytes.
    fn pad(mut bytes: Vec<u8>, length: usize, negative: bool) -> Vec<u8> {
        let filler = if negative { 0x7F } else { 0 };
        while bytes.len() < length {
            *bytes.last_mut().unwrap() |= 0x80;
            bytes.push(filler);
        }
        bytes
    }

    proptest! {
        #[test]
        fn every_spelling_of_an_unsigned_integer_is_read(value: u64, bits in 0u32..64, length in 1usize..=10) {
            let value = value >> bits;
            let bytes = pad(spell_unsigned(value), length, false);
            prop_assert_eq!(read(&bytes, unsigned::<64>), Ok((value, bytes.len())));
            let (narrow, length) = (u64::from(value as u32), length.min(5));
            let bytes = pad(spell_unsigned(narrow), length, false);
            prop_assert_eq!(read(&bytes, unsigned::<32>), Ok((narrow, bytes.len())));
        }

        #[test]
        fn every_spelling_of_a_signed_integer_is_read(value: i64, bits in 0u32..64, length in 1usize..=10) {
            let value = value >> bits;
            let bytes = pad(spell_signed(value), length, value < 0);
            prop_assert_eq!(read(&bytes, signed::<64>), Ok((value, bytes.len())));
            for (narrow, read_narrow) in [
                (i64::from(value as i32), signed::<32> as fn(&[u8], &mut usize) -> _),
                (value << 31 >> 31, signed::<33>),
            ] {
                let bytes = pad(spell_signed(narrow), length.min(5), narrow < 0);
                prop_assert_eq!(read(&bytes, read_narrow), Ok((narrow, bytes.len())));
            }
        }

        #[test]
        fn what_is_read_is_what_the_other_reader_reads(bytes: [u8; 12]) {
            let other = |read: fn(&mut &[u8]) -> Option<i128>| {
                let mut rest = &bytes[..];
                read(&mut rest).map(|value| (value, bytes.len() - rest.len()))
            };
            let wide_unsigned = other(|rest| ::leb128::read::unsigned(rest).ok().map(i128::from));
            let wide_signed = other(|rest| ::leb128::read::signed(rest).ok().map(i128::from));
            // The other reader supports 64 bits only and cannot tell what is too long or large for fewer: compare the value.
            let fits = |wide: Option<(i128, usize)>, bits: u32, min: i128, max: i128| {
                wide.filter(|&(value, length)| {
                    (min..=max).contains(&value) && length <= bits.div_ceil(7) as usize
                })
            };
            let ours = |read: Result<(u64, usize), _>| read.ok().map(|(value, length)| (i128::from(value), length));
            prop_assert_eq!(ours(read(&bytes, unsigned::<32>)), fits(wide_unsigned, 32, 0, u32::MAX.into()));
            prop_assert_eq!(ours(read(&bytes, unsigned::<64>)), fits(wide_unsigned, 64, 0, u64::MAX.into()));
            let ours = |read: Result<(i64, usize), _>| read.ok().map(|(value, length)| (i128::from(value), length));
            let bound = |bits: u32| (-(1i128 << (bits - 1)), (1i128 << (bits - 1)) - 1);
            for (bits, read_signed) in [
                (32, signed::<32> as fn(&[u8], &mut usize) -> _),
                (33, signed::<33>),
                (64, signed::<64>),
            ] {
                let (min, max) = bound(bits);
                prop_assert_eq!(ours(read(&bytes, read_signed)), fits(wide_signed, bits, min, max));
            }
        }
    }

    #[test]
    fn u32_leb_of_six_bytes_is_rejected() {
        let six = pad(vec![1], 6, false);
        assert_eq!(
            read(&six, unsigned::<32>),
            Err(DecodeErrorKind::IntegerTooLong)
        );
        assert_eq!(read(&six, unsigned::<64>), Ok((1, 6)));
    }

    #[test]
    fn unused_bits_of_the_last_byte_are_zeros_or_signs() {
        let with_last = |last: u8| [0xFF, 0xFF, 0xFF, 0xFF, last];
        for last in 0..0x80 {
            let ok = read(&with_last(last), unsigned::<32>).is_ok();
            assert_eq!(ok, last <= 0x0F, "unsigned {last:#x}");
            let ok = read(&with_last(last), signed::<32>).is_ok();
            assert_eq!(ok, last <= 0x07 || last >= 0x78, "signed {last:#x}");
        }
    }

    #[test]
    fn an_integer_that_is_cut_off_is_an_unexpected_end() {
        for length in 0..5 {
            let bytes = vec![0x80; length];
            assert_eq!(
                read(&bytes, unsigned::<32>),
                Err(DecodeErrorKind::UnexpectedEnd)
            );
            assert_eq!(
                read(&bytes, signed::<33>),
                Err(DecodeErrorKind::UnexpectedEnd)
            );
        }
    }
}
