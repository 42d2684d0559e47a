//! Table instances.
//! <https://webassembly.github.io/spec/core/exec/runtime.html#table-instances>

use super::mem_inst::reserve;
use super::trap::Trap;
use super::zeroed::zeroed;
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
    /// A table of the type's initial size, all elements `init`; `None` if there is not enough memory.
    pub fn new(ty: TableType, init: u64) -> Option<Self> {
        // As for growth, see `max_size`.
        let len = u32::try_from(ty.limits.min).ok()?;
        let elems = Vec::new();
        let mut table = Self { ty, elems };
        table.resize(len as usize, init)?;
        Some(table)
    }

    /// Makes it larger, by elements of value `init`.
    fn resize(&mut self, len: usize, init: u64) -> Option<()> {
        if init == 0 && self.elems.is_empty() {
            self.elems = zeroed(len)?;
        } else {
            reserve(&mut self.elems, len, len)?;
            self.elems.resize(len, init);
        }
        Some(())
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

    /// Grows by `delta` elements of value `init`; returns the old size, or `None` if the type's maximum, the address
    /// type or the host's memory does not allow it. The caller checks the limits of the store. `spare` is the number of elements that they
    /// allow beyond that: no more room is reserved.
    pub fn grow(&mut self, delta: u64, init: u64, spare: u64) -> Option<u64> {
        let old = self.size();
        let new = old.checked_add(delta)?;
        if new > self.max_size() {
            return None;
        }
        if new == old {
            return Some(old);
        }
        let most = self.max_size().min(new.saturating_add(spare));
        // Twice as many as before, so that a table that grows by single elements is not copied for each.
        let reserved = old.saturating_mul(2).min(most).max(new);
        let [new, reserved] = [new, reserved].map(|len| usize::try_from(len).ok());
        if old > 0 {
            reserve(&mut self.elems, new?, reserved?)?;
        }
        self.resize(new?, init)?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::types::{AddrType, Limits, RefType};

    #[test]
    fn a_table_that_grows_by_single_elements_moves_a_few_times() {
        let limits = Limits { min: 0, max: None };
        let ty = TableType {
            addr: AddrType::I32,
            limits,
            element: RefType::FUNCREF,
        };
        let mut table = TableInst::new(ty, 5).unwrap();
        let mut moves = 0;
        for i in 0..1000 {
            let before = table.elems.capacity();
            assert_eq!(table.grow(1, i, u64::MAX), Some(i));
            moves += u32::from(before != table.elems.capacity());
            assert!(table.elems.capacity() as u64 <= 2 * table.size());
        }
        assert!(moves <= 11, "{moves}");
        assert!(table.elems.iter().copied().eq(0..1000));
        assert_eq!(table.grow(1, 0, 0), Some(1000));
        assert_eq!(table.elems.capacity(), 1024);
        assert_eq!(table.grow(24, 0, 0), Some(1001));
        assert_eq!(table.elems.capacity(), 1025);
    }
}
