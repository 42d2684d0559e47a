//! Memory instances. Holds unsafe code: memory is asked for as zeroed pages, which the standard vector cannot fail at gently.
//!
//! <https://webassembly.github.io/spec/core/exec/runtime.html#memory-instances>
#![allow(unsafe_code)]

use std::alloc::{Layout, alloc_zeroed};

use super::trap::Trap;
use crate::syntax::types::{AddrType, MemType};

/// A memory of a store.
#[derive(Debug)]
pub struct MemInst {
    /// Its type, with the size it was declared with.
    pub ty: MemType,
    /// Its contents.
    bytes: Vec<u8>,
}

impl MemInst {
    /// A memory of the type's initial size, all zero; nothing where there is not enough memory at hand.
    pub fn new(ty: MemType) -> Option<Self> {
        let len = bytes(ty.limits.min, ty)?;
        Some(Self {
            ty,
            bytes: zeroed(len)?,
        })
    }

    /// The contents.
    #[inline]
    pub fn data(&self) -> &[u8] {
        &self.bytes
    }

    /// The contents, to be changed.
    #[inline]
    pub fn data_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }

    /// The size in pages.
    #[inline]
    pub fn size(&self) -> u64 {
        self.bytes.len() as u64 >> self.ty.page_size_log2
    }

    /// The most pages the memory may ever have, by its type and its page size.
    pub fn max_size(&self) -> u64 {
        let bits = match self.ty.addr {
            AddrType::I32 => 32,
            AddrType::I64 => 64,
        };
        let addressable = 1_u64
            .checked_shl(bits - u32::from(self.ty.page_size_log2))
            .unwrap_or(u64::MAX);
        self.ty.limits.max.unwrap_or(addressable).min(addressable)
    }

    /// Grows by `delta` pages; returns the old size, or nothing where the type's maximum or the memory at hand does not
    /// allow it. Limits of the store are the caller's to check.
    pub fn grow(&mut self, delta: u64) -> Option<u64> {
        let old = self.size();
        let new = old
            .checked_add(delta)
            .filter(|new| *new <= self.max_size())?;
        let len = bytes(new, self.ty)?;
        if self.bytes.is_empty() {
            self.bytes = zeroed(len)?;
        } else {
            self.bytes.try_reserve_exact(len - self.bytes.len()).ok()?;
            self.bytes.resize(len, 0);
        }
        Some(old)
    }

    /// Sets `len` bytes from `at` on to `value`.
    pub fn fill(&mut self, at: u64, value: u8, len: u64) -> Result<(), Trap> {
        let range = range(at, len, self.bytes.len())?;
        self.bytes[range].fill(value);
        Ok(())
    }

    /// Copies `len` bytes of `source` to this memory.
    pub fn init(&mut self, at: u64, source: &[u8], from: u64, len: u64) -> Result<(), Trap> {
        let from = range(from, len, source.len())?;
        let to = range(at, len, self.bytes.len())?;
        self.bytes[to].copy_from_slice(&source[from]);
        Ok(())
    }

    /// Copies `len` bytes within this memory; the ranges may overlap.
    pub fn copy_within(&mut self, to: u64, from: u64, len: u64) -> Result<(), Trap> {
        let from = range(from, len, self.bytes.len())?;
        let to = range(to, len, self.bytes.len())?;
        self.bytes.copy_within(from, to.start);
        Ok(())
    }
}

/// `at .. at + len` if it lies within `size` bytes.
fn range(at: u64, len: u64, size: usize) -> Result<core::ops::Range<usize>, Trap> {
    match at.checked_add(len) {
        Some(end) if end <= size as u64 => Ok(at as usize..end as usize),
        _ => Err(Trap::MemoryOutOfBounds),
    }
}

/// The bytes of so many pages, if that is a number that the host has.
fn bytes(pages: u64, ty: MemType) -> Option<usize> {
    let page = 1_u64.checked_shl(ty.page_size_log2.into())?;
    usize::try_from(pages.checked_mul(page)?).ok()
}

/// `len` zero bytes, taken as fresh pages where the system has them; nothing where it has not enough.
fn zeroed(len: usize) -> Option<Vec<u8>> {
    if len == 0 {
        return Some(Vec::new());
    }
    let layout = Layout::array::<u8>(len).ok()?;
    // SAFETY: the layout's size is not zero.
    let bytes = unsafe { alloc_zeroed(layout) };
    if bytes.is_null() {
        return None;
    }
    // SAFETY: `bytes` was allocated just now by the global allocator for `len` bytes of alignment one, all initialised to zero.
    Some(unsafe { Vec::from_raw_parts(bytes, len, len) })
}
