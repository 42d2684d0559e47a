//! Memory instances.
//! <https://webassembly.github.io/spec/core/exec/runtime.html#memory-instances>

use core::ops::{Deref, DerefMut};
use std::sync::Arc;

use super::shared_mem::SharedMem;
use super::trap::Trap;
use super::zeroed::zeroed;
use crate::syntax::types::{AddrType, MemType};

/// A memory of a store.
#[derive(Debug)]
pub struct MemInst {
    /// Its type, with the size it was declared with.
    pub ty: MemType,
    contents: Contents,
}

/// The contents of a memory.
#[derive(Debug)]
enum Contents {
    /// Bytes that belong to this memory.
    Own(Own),
    /// Bytes that threads share.
    Shared(Arc<SharedMem>),
}

/// The bytes of a memory, with room to grow.
#[derive(Debug)]
struct Own {
    /// The bytes, and behind them zeros that are not part of the memory yet.
    bytes: Vec<u8>,
    len: usize,
}

impl Own {
    fn new(len: usize) -> Option<Self> {
        let bytes = zeroed(len)?;
        Some(Self { bytes, len })
    }

    /// Grows to `len` bytes, by zeros. Room is made for as many bytes again as there were, unless that would be more than `most`, so that
    /// a memory that grows page by page is not copied for each page.
    fn grow(&mut self, len: usize, most: u64) -> Option<()> {
        if len > self.bytes.len() {
            let most = usize::try_from(most).unwrap_or(usize::MAX);
            let reserved = self.len.saturating_mul(2).min(most).max(len);
            if len - self.len >= self.len {
                // Fresh pages need not be written, and what is copied is no more than what comes in addition.
                let mut bytes = zeroed(reserved).or_else(|| zeroed(len))?;
                bytes[..self.len].copy_from_slice(self);
                self.bytes = bytes;
            } else {
                // Many allocators move large memories without copying. The bytes that they add may hold anything, so zeros are written over them.
                reserve(&mut self.bytes, len, reserved)?;
                self.bytes.resize(len, 0);
            }
        }
        self.len = len;
        Some(())
    }
}

impl Deref for Own {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

impl DerefMut for Own {
    #[inline]
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[..self.len]
    }
}

/// Makes room for `len` items in all, and if possible for `reserved`, which is no less.
pub(super) fn reserve<I>(list: &mut Vec<I>, len: usize, reserved: usize) -> Option<()> {
    if len > list.capacity() {
        let before = list.len();
        list.try_reserve_exact(reserved - before)
            .or_else(|_| list.try_reserve_exact(len - before))
            .ok()?;
    }
    Some(())
}

/// Bytes that are copied at once between memories of which one is shared.
const CHUNK: u64 = 1024;

impl MemInst {
    /// A memory of the type's initial size, all zero; `None` if there is not enough memory.
    pub fn new(ty: MemType) -> Option<Self> {
        if ty.shared {
            return Some(Self::shared_with(Arc::new(SharedMem::new(ty)?)));
        }
        let len = bytes(ty.limits.min, ty)?;
        Some(Self {
            ty,
            contents: Contents::Own(Own::new(len)?),
        })
    }

    /// A memory that others share.
    pub fn shared_with(memory: Arc<SharedMem>) -> Self {
        Self {
            ty: memory.ty(),
            contents: Contents::Shared(memory),
        }
    }

    /// The shared bytes, if threads share this memory.
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

    /// The beginning and the number of bytes of the contents; none of a memory that is shared. The pointer is valid until the memory grows.
    #[inline]
    pub fn place(&mut self) -> (*mut u8, u64) {
        match &mut self.contents {
            // The vector's own pointer. One that derives from a reference to the bytes would not outlive the next such reference.
            Contents::Own(Own { bytes, len }) => (bytes.as_mut_ptr(), *len as u64),
            Contents::Shared(_) => (core::ptr::null_mut(), 0),
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

    /// Grows by `delta` pages; returns the old size, or `None` if the type's maximum or the host's memory does not
    /// allow it. The caller checks the limits of the store. `spare` is the number of bytes that they allow beyond that: no more room is
    /// reserved.
    pub fn grow(&mut self, delta: u64, spare: u64) -> Option<u64> {
        let max = self.max_size();
        let own = match &mut self.contents {
            Contents::Own(own) => own,
            Contents::Shared(memory) => return memory.grow(delta),
        };
        let old = own.len() as u64 >> self.ty.page_size_log2;
        let new = old.checked_add(delta).filter(|new| *new <= max)?;
        let len = bytes(new, self.ty)?;
        let most = max.saturating_mul(1 << self.ty.page_size_log2);
        own.grow(len, most.min(spare.saturating_add(len as u64)))?;
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

    /// Reads the bytes from `at` on.
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

    /// Reads `width` bytes at `at` and writes the result of `change`, if it has one: atomically, as other threads see it. Returns the old
    /// value.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::types::Limits;

    const PAGE: usize = 1 << 16;

    fn memory(min: u64, max: Option<u64>) -> MemInst {
        let ty = MemType {
            addr: AddrType::I32,
            limits: Limits { min, max },
            shared: false,
            page_size_log2: 16,
        };
        MemInst::new(ty).unwrap()
    }

    fn reserved(memory: &MemInst) -> usize {
        match &memory.contents {
            Contents::Own(own) => own.bytes.capacity(),
            Contents::Shared(_) => 0,
        }
    }

    #[test]
    fn growth_keeps_what_was_there_and_adds_zeros() {
        let mut memory = memory(0, None);
        let mut size = 0;
        for delta in [1, 1, 1, 1, 3, 0, 20, 1, 1, 1, 2, 60] {
            assert_eq!(memory.grow(delta, u64::MAX), Some(size));
            let old = size as usize * PAGE;
            size += delta;
            assert_eq!(memory.len(), size << 16);
            assert!(memory.data()[..old].iter().all(|byte| *byte == 7));
            assert!(memory.data()[old..].iter().all(|byte| *byte == 0));
            memory.data_mut().fill(7);
        }
    }

    #[test]
    fn a_memory_that_grows_page_by_page_moves_a_few_times() {
        let mut memory = memory(1, None);
        let mut moves = 0;
        for _ in 0..1000 {
            let before = reserved(&memory);
            memory.grow(1, u64::MAX).unwrap();
            moves += u32::from(before != reserved(&memory));
            assert!(reserved(&memory) <= 2 * memory.data().len());
        }
        assert!(moves <= 10, "{moves}");
    }

    #[test]
    fn no_more_is_reserved_than_the_type_and_the_store_allow() {
        let mut with_maximum = memory(4, Some(6));
        with_maximum.grow(1, u64::MAX).unwrap();
        assert_eq!(reserved(&with_maximum), 6 * PAGE);
        let mut in_a_small_store = memory(4, None);
        in_a_small_store.grow(1, 0).unwrap();
        assert_eq!(reserved(&in_a_small_store), 5 * PAGE);
        // A large step reserves nothing.
        let mut one_step = memory(1, None);
        one_step.grow(9, u64::MAX).unwrap();
        assert_eq!(reserved(&one_step), 10 * PAGE);
    }
}
