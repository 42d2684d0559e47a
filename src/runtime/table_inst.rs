//! Table instances.
//! <https://webassembly.github.io/spec/core/exec/runtime.html#table-instances>

use super::trap::Trap;
use crate::syntax::types::TableType;

/// A table of a store. Its elements are references in slot form: 0 is null.
#[derive(Debug)]
pub struct TableInst {
    /// Its type, with the size it was declared with; concrete heap types in it are canonical ids of the engine.
    pub ty: TableType,
    /// Its elements.
    pub elems: Vec<u64>,
}

impl TableInst {
    /// A table of the type's initial size, all elements `init`; nothing where there is not enough memory at hand.
    pub fn new(ty: TableType, init: u64) -> Option<Self> {
        // As for growth, see `max_size`.
        let len = u32::try_from(ty.limits.min).ok()? as usize;
        let mut elems = Vec::new();
        elems.try_reserve_exact(len).ok()?;
        elems.resize(len, init);
        Some(Self { ty, elems })
    }

    /// The number of elements.
    pub fn size(&self) -> u64 {
        self.elems.len() as u64
    }

    /// The most elements the table may ever have, by its type.
    pub fn max_size(&self) -> u64 {
        // Also with 64-bit indices: calls through tables look at 32 bits, and at the largest number for all that are larger.
        let addressable = u64::from(u32::MAX);
        self.ty.limits.max.unwrap_or(addressable).min(addressable)
    }

    /// Grows by `delta` elements of value `init`; returns the old size, or nothing where the type's maximum, the address
    /// type or the memory at hand does not allow it. Limits of the store are the caller's to check.
    pub fn grow(&mut self, delta: u64, init: u64) -> Option<u64> {
        let old = self.size();
        let new = old.checked_add(delta)?;
        if new > self.max_size() {
            return None;
        }
        let delta = usize::try_from(delta).ok()?;
        self.elems.try_reserve_exact(delta).ok()?;
        self.elems.resize(self.elems.len() + delta, init);
        Some(old)
    }

    /// Sets `len` elements from `at` on to `value`.
    pub fn fill(&mut self, at: u64, value: u64, len: u64) -> Result<(), Trap> {
        let range = range(at, len, self.elems.len())?;
        self.elems[range].fill(value);
        Ok(())
    }

    /// Copies `len` elements of `source` to this table.
    pub fn init(&mut self, at: u64, source: &[u64], from: u64, len: u64) -> Result<(), Trap> {
        let from = range(from, len, source.len())?;
        let to = range(at, len, self.elems.len())?;
        self.elems[to].copy_from_slice(&source[from]);
        Ok(())
    }

    /// Sets elements from `at` on, if there are as many.
    pub fn init_with(
        &mut self,
        at: u64,
        source: impl ExactSizeIterator<Item = u64>,
    ) -> Result<(), Trap> {
        let to = range(at, source.len() as u64, self.elems.len())?;
        for (element, value) in self.elems[to].iter_mut().zip(source) {
            *element = value;
        }
        Ok(())
    }

    /// Copies `len` elements within this table; the ranges may overlap.
    pub fn copy_within(&mut self, to: u64, from: u64, len: u64) -> Result<(), Trap> {
        let from = range(from, len, self.elems.len())?;
        let to = range(to, len, self.elems.len())?;
        self.elems.copy_within(from, to.start);
        Ok(())
    }
}

/// `at .. at + len` if it lies within `size` elements.
fn range(at: u64, len: u64, size: usize) -> Result<core::ops::Range<usize>, Trap> {
    match at.checked_add(len) {
        Some(end) if end <= size as u64 => Ok(at as usize..end as usize),
        _ => Err(Trap::TableOutOfBounds),
    }
}
