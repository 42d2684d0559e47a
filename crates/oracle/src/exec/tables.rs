//! Tables and element segments.

use std::ops::Range;

use super::Thread;
use super::memory::size_value;
use crate::instr::Table;
use crate::value::{Trap, Value};
use crate::{Oracle, TableAddr};

/// Number of elements of bulk work that cost one.
pub(super) const ELEMENTS_PER_FUEL: u64 = 8;

impl Oracle {
    fn table_addr(&self, thread: &Thread, table: u32) -> TableAddr {
        self.instances[thread.instance()].tables[table as usize]
    }

    fn elements(&mut self, thread: &Thread, table: u32) -> &mut Vec<Value> {
        let addr = self.table_addr(thread, table);
        &mut self.tables[addr.0].elements
    }

    /// The operands of an instruction on `count` elements are, from the top: the count, and the start of each range.
    pub(super) fn table_work(&self, thread: &Thread, instr: &Table) -> u64 {
        let table = |table| &*self.tables[self.table_addr(thread, table).0].elements;
        let count = || thread.peek_index(0);
        let fits =
            |elements: &[Value], at: usize| range(elements, thread.peek_index(at), count()).is_ok();
        let is_done = match *instr {
            Table::Grow(index) => {
                let addr = self.table_addr(thread, index);
                self.grown_elements(addr, count()).is_some()
            }
            // The value lies in between.
            Table::Fill(index) => fits(table(index), 2),
            Table::Copy { dst, src } => fits(table(src), 1) && fits(table(dst), 2),
            Table::Init { elem, table: index } => {
                let segment = &self.instances[thread.instance()].elems[elem as usize];
                fits(segment, 1) && fits(table(index), 2)
            }
            _ => return 0,
        };
        match is_done {
            true => count() / ELEMENTS_PER_FUEL,
            false => 0,
        }
    }

    pub(super) fn execute_table(&mut self, thread: &mut Thread, instr: &Table) -> Result<(), Trap> {
        match *instr {
            Table::Get(table) => {
                let index = thread.pop_index();
                let elements = self.elements(thread, table);
                let value = elements[range(elements, index, 1)?.start];
                thread.push(value);
            }
            Table::Set(table) => {
                let value = thread.pop();
                let index = thread.pop_index();
                let elements = self.elements(thread, table);
                let at = range(elements, index, 1)?.start;
                elements[at] = value;
            }
            Table::Size(table) => {
                let table = &self.tables[self.table_addr(thread, table).0];
                let size = table.elements.len() as u64;
                thread.push(size_value(table.is64, Some(size)));
            }
            Table::Grow(table) => {
                let count = thread.pop_index();
                let value = thread.pop();
                let addr = self.table_addr(thread, table);
                let new = self.grown_elements(addr, count);
                let table = &mut self.tables[addr.0];
                let old = table.elements.len() as u64;
                if let Some(new) = new {
                    table.elements.resize(new as usize, value);
                }
                thread.push(size_value(table.is64, new.map(|_| old)));
            }
            Table::Fill(table) => {
                let count = thread.pop_index();
                let value = thread.pop();
                let at = thread.pop_index();
                let elements = self.elements(thread, table);
                let range = range(elements, at, count)?;
                elements[range].fill(value);
            }
            Table::Copy { dst, src } => {
                let count = thread.pop_index();
                let from = thread.pop_index();
                let to = thread.pop_index();
                let source = self.elements(thread, src);
                // The copy makes overlap irrelevant.
                let moved = source[range(source, from, count)?].to_vec();
                let elements = self.elements(thread, dst);
                let range = range(elements, to, count)?;
                elements[range].copy_from_slice(&moved);
            }
            Table::Init { elem, table } => {
                let count = thread.pop_index();
                let from = thread.pop_index();
                let to = thread.pop_index();
                let moved = self.elem(thread, elem, from, count)?.to_vec();
                let elements = self.elements(thread, table);
                let range = range(elements, to, count)?;
                elements[range].copy_from_slice(&moved);
            }
            Table::ElemDrop(elem) => {
                self.instances[thread.instance()].elems[elem as usize].clear();
            }
        }
        Ok(())
    }

    /// `count` elements of a segment, if all of them exist.
    pub(super) fn elem(
        &self,
        thread: &Thread,
        elem: u32,
        from: u64,
        count: u64,
    ) -> Result<&[Value], Trap> {
        let segment = &self.instances[thread.instance()].elems[elem as usize];
        Ok(&segment[range(segment, from, count)?])
    }

    /// The new size in elements, if the table can grow by `count`.
    fn grown_elements(&self, addr: TableAddr, count: u64) -> Option<u64> {
        let table = &self.tables[addr.0];
        let old = table.elements.len() as u64;
        let addressable = if table.is64 {
            u64::MAX
        } else {
            u32::MAX.into()
        };
        let new = old.checked_add(count)?;
        let all = self.tables.iter().map(|table| table.elements.len() as u64);
        let sum = count.checked_add(all.sum())?;
        let within =
            new <= table.max.unwrap_or(addressable) && (count == 0 || sum <= self.limits.elements);
        within.then_some(new)
    }
}

/// The range of `count` elements from `at` on, if all of them exist.
fn range(elements: &[Value], at: u64, count: u64) -> Result<Range<usize>, Trap> {
    let end = u128::from(at) + u128::from(count);
    if end > elements.len() as u128 {
        return Err(Trap::OutOfBoundsTableAccess);
    }
    Ok(at as usize..end as usize)
}
