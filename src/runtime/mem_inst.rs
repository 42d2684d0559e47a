//! Memory instances. Holds unsafe code: memory is asked for as zeroed pages, which the standard vector cannot fail at gently.
//!
//! <https://webassembly.github.io/spec/core/exec/runtime.html#memory-instances>
#![allow(unsafe_code)]

use std::alloc::{Layout, alloc_zeroed};
use std::sync::Arc;

use super::shared_mem::SharedMem;
use super::trap::Trap;
use crate::syntax::types::{AddrType, MemType};

/// A memory of a store.
#[derive(Debug)]
pub struct MemInst {
    /// Its type, with the size it was declared with.
    pub ty: MemType,
    contents: Contents,
}

/// What a memory holds.
#[derive(Debug)]
enum Contents {
    /// Bytes of its own.
    Own(Vec<u8>),
    /// What threads share.
    Shared(Arc<SharedMem>),
}

/// Bytes that are copied at once between memories of which one is shared.
const CHUNK: u64 = 1024;

impl MemInst {
    /// A memory of the type's initial size, all zero; nothing where there is not enough memory at hand.
    pub fn new(ty: MemType) -> Option<Self> {
        if ty.shared {
            return Some(Self::shared_with(Arc::new(SharedMem::new(ty)?)));
        }
        let len = bytes(ty.limits.min, ty)?;
        Some(Self {
            ty,
            contents: Contents::Own(zeroed(len)?),
        })
    }

    /// A memory that others share.
    pub fn shared_with(memory: Arc<SharedMem>) -> Self {
        Self {
            ty: memory.ty(),
            contents: Contents::Shared(memory),
        }
    }

    /// What threads share, if they share this memory.
    pub fn shared(&self) -> Option<&Arc<SharedMem>> {
        match &self.contents {
            Contents::Own(_) => None,
            Contents::Shared(memory) => Some(memory),
        }
    }

    /// The contents; nothing of a memory that is shared.
    #[inline]
    pub fn data(&self) -> &[u8] {
        match &self.contents {
            Contents::Own(bytes) => bytes,
            Contents::Shared(_) => &[],
        }
    }

    /// The contents, to be changed; nothing of a memory that is shared.
    #[inline]
    pub fn data_mut(&mut self) -> &mut [u8] {
        match &mut self.contents {
            Contents::Own(bytes) => bytes,
            Contents::Shared(_) => &mut [],
        }
    }

    /// The size in bytes.
    pub fn len(&self) -> u64 {
        match &self.contents {
            Contents::Own(bytes) => bytes.len() as u64,
            Contents::Shared(memory) => memory.len(),
        }
    }

    /// The size in pages.
    #[inline]
    pub fn size(&self) -> u64 {
        self.len() >> self.ty.page_size_log2
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
        let max = self.max_size();
        let own = match &mut self.contents {
            Contents::Own(own) => own,
            Contents::Shared(memory) => return memory.grow(delta),
        };
        let old = own.len() as u64 >> self.ty.page_size_log2;
        let new = old.checked_add(delta).filter(|new| *new <= max)?;
        let len = bytes(new, self.ty)?;
        if own.is_empty() {
            *own = zeroed(len)?;
        } else {
            own.try_reserve_exact(len - own.len()).ok()?;
            own.resize(len, 0);
        }
        Some(old)
    }

    /// Sets `len` bytes from `at` on to `value`.
    pub fn fill(&mut self, at: u64, value: u8, len: u64) -> Result<(), Trap> {
        match &mut self.contents {
            Contents::Own(own) => {
                let range = range(at, len, own.len())?;
                own[range].fill(value);
            }
            Contents::Shared(memory) => {
                memory.check(at, len)?;
                let chunk = [value; CHUNK as usize];
                for (start, size) in chunks(len) {
                    memory.write(at + start, &chunk[..size]);
                }
            }
        }
        Ok(())
    }

    /// Copies `len` bytes of `source` to this memory.
    pub fn init(&mut self, at: u64, source: &[u8], from: u64, len: u64) -> Result<(), Trap> {
        let from = range(from, len, source.len())?;
        match &mut self.contents {
            Contents::Own(own) => {
                let to = range(at, len, own.len())?;
                own[to].copy_from_slice(&source[from]);
            }
            Contents::Shared(memory) => {
                memory.check(at, len)?;
                memory.write(at, &source[from]);
            }
        }
        Ok(())
    }

    /// Copies `len` bytes of another memory to this one. They may be the same one, shared.
    pub fn copy(&mut self, at: u64, source: &Self, from: u64, len: u64) -> Result<(), Trap> {
        match (&mut self.contents, &source.contents) {
            (_, Contents::Own(source)) => self.init(at, source, from, len),
            (Contents::Own(own), Contents::Shared(source)) => {
                source.check(from, len)?;
                let to = range(at, len, own.len())?;
                source.read(from, &mut own[to]);
                Ok(())
            }
            (Contents::Shared(memory), Contents::Shared(source)) => {
                move_shared(memory, at, source, from, len)
            }
        }
    }

    /// Copies `len` bytes within this memory; the ranges may overlap.
    pub fn copy_within(&mut self, to: u64, from: u64, len: u64) -> Result<(), Trap> {
        match &mut self.contents {
            Contents::Own(own) => {
                let from = range(from, len, own.len())?;
                let to = range(to, len, own.len())?;
                own.copy_within(from, to.start);
                Ok(())
            }
            Contents::Shared(memory) => move_shared(memory, to, memory, from, len),
        }
    }

    /// Reads what begins at `at`.
    pub fn read(&self, at: u64, to: &mut [u8]) -> Result<(), Trap> {
        match &self.contents {
            Contents::Own(own) => {
                to.copy_from_slice(&own[range(at, to.len() as u64, own.len())?]);
            }
            Contents::Shared(memory) => {
                memory.check(at, to.len() as u64)?;
                memory.read(at, to);
            }
        }
        Ok(())
    }

    /// Reads `width` bytes at `at` and writes what `change` makes of them, if it makes anything: all at once, as other threads see it.
    /// Returns what was there.
    pub fn update(
        &mut self,
        at: u64,
        width: u64,
        change: impl Fn(u64) -> Option<u64>,
    ) -> Result<u64, Trap> {
        if !at.is_multiple_of(width) {
            return Err(Trap::HeapMisaligned);
        }
        match &mut self.contents {
            Contents::Own(own) => {
                let range = range(at, width, own.len())?;
                let mut bytes = [0; 8];
                bytes[..width as usize].copy_from_slice(&own[range.clone()]);
                let old = u64::from_le_bytes(bytes);
                if let Some(new) = change(old) {
                    own[range].copy_from_slice(&new.to_le_bytes()[..width as usize]);
                }
                Ok(old)
            }
            Contents::Shared(memory) => {
                memory.check(at, width)?;
                Ok(memory.update(at, width, change))
            }
        }
    }
}

/// Copies between shared memories, which may be one and the same, as if all were read before any is written.
fn move_shared(
    target: &SharedMem,
    to: u64,
    source: &SharedMem,
    from: u64,
    len: u64,
) -> Result<(), Trap> {
    source.check(from, len)?;
    target.check(to, len)?;
    let mut buffer = [0; CHUNK as usize];
    let mut copy = |(start, size): (u64, usize)| {
        source.read(from + start, &mut buffer[..size]);
        target.write(to + start, &buffer[..size]);
    };
    if to <= from {
        chunks(len).for_each(&mut copy);
    } else {
        chunks(len).rev().for_each(&mut copy);
    }
    Ok(())
}

/// The beginnings and sizes of the chunks of so many bytes.
fn chunks(len: u64) -> impl DoubleEndedIterator<Item = (u64, usize)> {
    (0..len.div_ceil(CHUNK)).map(move |chunk| {
        let start = chunk * CHUNK;
        (start, (len - start).min(CHUNK) as usize)
    })
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
