//! A cursor over a part of a binary that tracks its position in the whole binary.
//!
//! The values of the binary format that are not instructions or parts of types are read here.
//! <https://webassembly.github.io/spec/core/binary/values.html>

use core::ops::Range;

use super::error::{Counted, DecodeError, DecodeErrorKind};
use super::leb128;
use crate::limits;

/// A cursor. The values it returns borrow from the binary.
#[derive(Clone, Debug)]
pub(super) struct Reader<'m> {
    /// The binary from its beginning up to the end of this reader, so that positions are offsets.
    bytes: &'m [u8],
    at: usize,
    /// All of the binary: the bytes beyond the end tell apart two kinds of errors.
    binary: &'m [u8],
}

impl<'m> Reader<'m> {
    /// Creates a reader of a part of a binary.
    ///
    /// Any part of the range outside of the binary counts as missing input.
    pub(super) fn new(bytes: &'m [u8], range: Range<usize>) -> Self {
        let end = range.end.min(bytes.len());
        Self {
            bytes: &bytes[..end],
            at: range.start.min(end),
            binary: bytes,
        }
    }

    /// The position, from the beginning of the binary.
    #[inline]
    pub(super) fn offset(&self) -> usize {
        self.at
    }

    /// Number of bytes left.
    pub(super) fn remaining(&self) -> usize {
        self.bytes.len() - self.at
    }

    /// Whether nothing is left.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.at == self.bytes.len()
    }

    /// Returns the range of the bytes left, and moves to the end.
    pub(super) fn rest(&mut self) -> Range<usize> {
        let range = self.at..self.bytes.len();
        self.at = range.end;
        range
    }

    /// Makes an error at the position.
    #[cold]
    pub(super) fn error(&self, kind: DecodeErrorKind) -> DecodeError {
        DecodeError {
            kind,
            offset: self.at,
        }
    }

    /// Makes an error about the byte just read.
    #[cold]
    pub(super) fn error_before(&self, kind: DecodeErrorKind) -> DecodeError {
        DecodeError {
            kind,
            offset: self.at - 1,
        }
    }

    /// Returns the next byte without moving.
    #[inline(always)]
    pub(super) fn peek(&self) -> Result<u8, DecodeError> {
        match self.bytes.get(self.at) {
            Some(&byte) => Ok(byte),
            None => Err(self.error(DecodeErrorKind::UnexpectedEnd)),
        }
    }

    /// Reads a byte.
    #[inline(always)]
    pub(super) fn byte(&mut self) -> Result<u8, DecodeError> {
        let byte = self.peek()?;
        self.at += 1;
        Ok(byte)
    }

    /// Reads as many bytes as the array has.
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

    /// Returns the range of the next `length` bytes, and moves behind them.
    pub(super) fn take(&mut self, length: usize) -> Result<Range<usize>, DecodeError> {
        if length > self.remaining() {
            self.at = self.bytes.len();
            return Err(self.error(DecodeErrorKind::UnexpectedEnd));
        }
        let range = self.at..self.at + length;
        self.at = range.end;
        Ok(range)
    }

    /// Reads a byte that must be zero.
    pub(super) fn zero(&mut self) -> Result<(), DecodeError> {
        match self.byte()? {
            0 => Ok(()),
            byte => Err(self.error_before(DecodeErrorKind::ZeroByte(byte))),
        }
    }

    /// Reads an unsigned 32-bit integer.
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

    /// Reads an unsigned 64-bit integer.
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

    /// Reads a signed 32-bit integer.
    #[inline]
    pub(super) fn s32(&mut self) -> Result<i32, DecodeError> {
        self.integer(leb128::signed::<32>).map(|value| value as i32)
    }

    /// Reads a signed 33-bit integer: a type index, or a negative number.
    pub(super) fn s33(&mut self) -> Result<i64, DecodeError> {
        self.integer(leb128::signed::<33>)
    }

    /// Reads a signed 64-bit integer.
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

    /// The error for a malformed integer that began at `start`.
    ///
    /// An integer that reaches beyond the end of this reader is reported as malformed if reading on finds it malformed: the integer is
    /// more likely to be wrong than the length of its surroundings.
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

    /// Reads a length in bytes, and returns a reader of that many bytes; this one continues behind them.
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

    /// Reads a name.
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

    /// Reads the number of entries that follow; an error if there are more than the limit together with `others`.
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

    /// The capacity to reserve for a list of `count` entries.
    ///
    /// The input may lie about the count, so the capacity is bounded by the bytes left; the list grows as entries are read.
    pub(super) fn room(&self, count: u32) -> usize {
        const ADVANCE: usize = 1024;
        self.remaining().min(count as usize).min(ADVANCE)
    }

    /// Reads a list of `count` entries.
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
