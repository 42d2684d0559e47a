//! A cursor over a part of a binary, which knows where in the binary it is.
//!
//! The values of the binary format that are not instructions or parts of types are read here.
//! <https://webassembly.github.io/spec/core/binary/values.html>

use core::ops::Range;

use super::error::{Counted, DecodeError, DecodeErrorKind};
use super::leb128;
use crate::limits;

/// A cursor. What it yields borrows from the binary.
#[derive(Clone, Debug)]
pub(super) struct Reader<'m> {
    /// The binary from its beginning up to where this reader ends, so that positions are offsets.
    bytes: &'m [u8],
    at: usize,
    /// All of the binary: what lies behind the end tells apart what may be wrong with it.
    binary: &'m [u8],
}

impl<'m> Reader<'m> {
    /// A reader of a part of a binary.
    ///
    /// What of the range lies outside of the binary is treated as missing input.
    pub(super) fn new(bytes: &'m [u8], range: Range<usize>) -> Self {
        let end = range.end.min(bytes.len());
        Self {
            bytes: &bytes[..end],
            at: range.start.min(end),
            binary: bytes,
        }
    }

    /// Where it is, from the beginning of the binary.
    #[inline]
    pub(super) fn offset(&self) -> usize {
        self.at
    }

    /// How many bytes are left.
    pub(super) fn remaining(&self) -> usize {
        self.bytes.len() - self.at
    }

    /// Whether nothing is left.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.at == self.bytes.len()
    }

    /// What is left, and the end as the new position.
    pub(super) fn rest(&mut self) -> Range<usize> {
        let range = self.at..self.bytes.len();
        self.at = range.end;
        range
    }

    /// An error here.
    #[cold]
    pub(super) fn error(&self, kind: DecodeErrorKind) -> DecodeError {
        DecodeError {
            kind,
            offset: self.at,
        }
    }

    /// An error about the byte just read.
    #[cold]
    pub(super) fn error_before(&self, kind: DecodeErrorKind) -> DecodeError {
        DecodeError {
            kind,
            offset: self.at - 1,
        }
    }

    /// The next byte, without a step.
    #[inline(always)]
    pub(super) fn peek(&self) -> Result<u8, DecodeError> {
        match self.bytes.get(self.at) {
            Some(&byte) => Ok(byte),
            None => Err(self.error(DecodeErrorKind::UnexpectedEnd)),
        }
    }

    /// A byte.
    #[inline(always)]
    pub(super) fn byte(&mut self) -> Result<u8, DecodeError> {
        let byte = self.peek()?;
        self.at += 1;
        Ok(byte)
    }

    /// As many bytes as the array has.
    #[inline]
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        match self.bytes[self.at..].first_chunk() {
            Some(&array) => {
                self.at += N;
                Ok(array)
            }
            None => {
                self.at = self.bytes.len();
                Err(self.error(DecodeErrorKind::UnexpectedEnd))
            }
        }
    }

    /// Where the next `length` bytes are, and a step behind them.
    pub(super) fn take(&mut self, length: usize) -> Result<Range<usize>, DecodeError> {
        if length > self.remaining() {
            self.at = self.bytes.len();
            return Err(self.error(DecodeErrorKind::UnexpectedEnd));
        }
        let range = self.at..self.at + length;
        self.at = range.end;
        Ok(range)
    }

    /// A byte that must be zero.
    pub(super) fn zero(&mut self) -> Result<(), DecodeError> {
        match self.byte()? {
            0 => Ok(()),
            byte => Err(self.error_before(DecodeErrorKind::ZeroByte(byte))),
        }
    }

    /// An unsigned 32-bit integer.
    #[inline(always)]
    pub(super) fn u32(&mut self) -> Result<u32, DecodeError> {
        // Nearly all integers have one byte.
        match self.bytes.get(self.at) {
            Some(&byte) if byte < 0x80 => {
                self.at += 1;
                Ok(byte.into())
            }
            _ => self.long_u32(),
        }
    }

    fn long_u32(&mut self) -> Result<u32, DecodeError> {
        self.integer(leb128::unsigned::<32>)
            .map(|value| value as u32)
    }

    /// An unsigned 64-bit integer.
    #[inline(always)]
    pub(super) fn u64(&mut self) -> Result<u64, DecodeError> {
        match self.bytes.get(self.at) {
            Some(&byte) if byte < 0x80 => {
                self.at += 1;
                Ok(byte.into())
            }
            _ => self.integer(leb128::unsigned::<64>),
        }
    }

    /// A signed 32-bit integer.
    #[inline]
    pub(super) fn s32(&mut self) -> Result<i32, DecodeError> {
        self.integer(leb128::signed::<32>).map(|value| value as i32)
    }

    /// A signed 33-bit integer: a type index, or something negative.
    pub(super) fn s33(&mut self) -> Result<i64, DecodeError> {
        self.integer(leb128::signed::<33>)
    }

    /// A signed 64-bit integer.
    #[inline]
    pub(super) fn s64(&mut self) -> Result<i64, DecodeError> {
        self.integer(leb128::signed::<64>)
    }

    #[inline]
    fn integer<T>(
        &mut self,
        read: impl Fn(&[u8], &mut usize) -> Result<T, DecodeErrorKind>,
    ) -> Result<T, DecodeError> {
        let start = self.at;
        read(self.bytes, &mut self.at).map_err(|kind| self.integer_error(kind, start, read))
    }

    /// What is wrong with an integer that began at `start`.
    ///
    /// One that reaches beyond the end, where it would be wrong for another reason, is wrong for that reason: the integer is
    /// more likely to be the culprit than the length of what it is in.
    #[cold]
    fn integer_error<T>(
        &self,
        kind: DecodeErrorKind,
        start: usize,
        read: impl Fn(&[u8], &mut usize) -> Result<T, DecodeErrorKind>,
    ) -> DecodeError {
        let mut beyond = start;
        match read(self.binary, &mut beyond) {
            Err(kind) => DecodeError {
                kind,
                offset: beyond,
            },
            Ok(_) => self.error(kind),
        }
    }

    /// A length in bytes, and a reader of that many bytes; this one goes on behind them.
    pub(super) fn sized(&mut self) -> Result<Self, DecodeError> {
        let start = self.at;
        let length = self.u32()?;
        let remaining = self.remaining();
        if length as usize > remaining {
            return Err(DecodeError {
                kind: DecodeErrorKind::LengthOutOfBounds {
                    length,
                    remaining: u32::try_from(remaining).unwrap_or(u32::MAX),
                },
                offset: start,
            });
        }
        let part = Self::new(self.binary, self.at..self.at + length as usize);
        self.at += length as usize;
        Ok(part)
    }

    /// A name.
    pub(super) fn name(&mut self) -> Result<&'m str, DecodeError> {
        let mut part = self.sized()?;
        let range = part.rest();
        let bytes = &self.bytes[range.clone()];
        if bytes.len() > limits::MAX_NAME_BYTES as usize {
            return Err(DecodeError {
                kind: DecodeErrorKind::TooMany {
                    what: Counted::NameBytes,
                    limit: limits::MAX_NAME_BYTES,
                },
                offset: range.start,
            });
        }
        core::str::from_utf8(bytes).map_err(|error| DecodeError {
            kind: DecodeErrorKind::Utf8,
            offset: range.start + error.valid_up_to(),
        })
    }

    /// How many entries follow; an error if there are more than the limit, to which `others` count too.
    pub(super) fn count(
        &mut self,
        what: Counted,
        others: usize,
        limit: u32,
    ) -> Result<u32, DecodeError> {
        let offset = self.at;
        let count = self.u32()?;
        if (count as usize).saturating_add(others) > limit as usize {
            return Err(DecodeError {
                kind: DecodeErrorKind::TooMany { what, limit },
                offset,
            });
        }
        Ok(count)
    }

    /// For how many entries to make room when a list is said to have `count`.
    ///
    /// The count may be a lie, so this is an advance that no liar profits from; the list grows as entries come in.
    pub(super) fn room(&self, count: u32) -> usize {
        const ADVANCE: usize = 1024;
        self.remaining().min(count as usize).min(ADVANCE)
    }

    /// A list of `count` entries.
    pub(super) fn list<T>(
        &mut self,
        count: u32,
        mut entry: impl FnMut(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Box<[T]>, DecodeError> {
        let mut list = Vec::with_capacity(self.room(count));
        for _ in 0..count {
            list.push(entry(self)?);
        }
        Ok(list.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_bounded_by_the_input_and_by_the_advance() {
        let bytes = [0; 5000];
        let reader = |length| Reader::new(&bytes, 0..length);
        assert_eq!(reader(10).room(3), 3);
        assert_eq!(reader(10).room(u32::MAX), 10);
        assert_eq!(reader(5000).room(u32::MAX), 1024);
    }

    #[test]
    fn a_part_ends_where_its_length_says() {
        let bytes = [9, 2, 7, 8, 5];
        let mut reader = Reader::new(&bytes, 1..5);
        let mut part = reader.sized().unwrap();
        assert_eq!((part.byte(), part.byte()), (Ok(7), Ok(8)));
        let kind = DecodeErrorKind::UnexpectedEnd;
        assert_eq!(part.byte(), Err(DecodeError { kind, offset: 4 }));
        assert_eq!((reader.offset(), reader.byte()), (4, Ok(5)));
    }

    #[test]
    fn an_integer_beyond_the_end_is_wrong_for_its_own_reason_if_it_has_one() {
        let bytes = [0x80, 0x80, 0x80, 0x80, 0x80, 0x00];
        let error = Reader::new(&bytes, 0..3).u32().unwrap_err();
        assert_eq!(error.kind, DecodeErrorKind::IntegerTooLong);
        let error = Reader::new(&bytes[1..], 0..3).u32().unwrap_err();
        assert_eq!(error.kind, DecodeErrorKind::UnexpectedEnd);
    }
}
