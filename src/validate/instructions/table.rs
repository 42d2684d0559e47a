//! <https://webassembly.github.io/spec/core/valid/instructions.html#table-instructions>

use super::{Check, ErrorKind, FuncValidator};
use crate::syntax::index::{ElemIdx, TableIdx};
use crate::syntax::types::*;
use crate::validate::error::TypeList;
use crate::validate::matching;
use crate::validate::operand::OpType;

impl FuncValidator<'_> {
    /// The types of a table's indices and elements.
    fn table(&self, table: TableIdx) -> Check<(ValType, ValType)> {
        let table = self.ctx.table_at(table)?;
        Ok((table.addr.val_type(), ValType::Ref(table.element)))
    }

    /// `[at] -> [t]`
    pub(super) fn table_get(&mut self, table: TableIdx) -> Check {
        let (at, t) = self.table(table)?;
        self.rule(&[at], &[t])
    }

    /// `[at t] -> []`
    pub(super) fn table_set(&mut self, table: TableIdx) -> Check {
        let (at, t) = self.table(table)?;
        self.rule(&[at, t], &[])
    }

    /// `[] -> [at]`
    pub(super) fn table_size(&mut self, table: TableIdx) -> Check {
        let (at, _) = self.table(table)?;
        self.rule(&[], &[at])
    }

    /// `[t at] -> [at]`
    pub(super) fn table_grow(&mut self, table: TableIdx) -> Check {
        let (at, t) = self.table(table)?;
        self.rule(&[t, at], &[at])
    }

    /// `[at t at] -> []`
    pub(super) fn table_fill(&mut self, table: TableIdx) -> Check {
        let (at, t) = self.table(table)?;
        self.rule(&[at, t, at], &[])
    }

    /// `[at1 at2 at] -> []`, where `at` is the smaller of the two.
    pub(super) fn table_copy(&mut self, dst: TableIdx, src: TableIdx) -> Check {
        let (dst, src) = (*self.ctx.table_at(dst)?, *self.ctx.table_at(src)?);
        self.check_elements("a copy between tables", src.element, dst.element)?;
        let len = smaller(dst.addr, src.addr);
        self.rule(
            &[dst.addr.val_type(), src.addr.val_type(), len.val_type()],
            &[],
        )
    }

    /// `[at i32 i32] -> []`
    pub(super) fn table_init(&mut self, elem: ElemIdx, table: TableIdx) -> Check {
        let table = *self.ctx.table_at(table)?;
        let segment = self.ctx.elem_at(elem)?;
        self.check_elements("the table of an element segment", segment, table.element)?;
        self.rule(&[table.addr.val_type(), ValType::I32, ValType::I32], &[])
    }

    /// `[] -> []`
    pub(super) fn elem_drop(&mut self, elem: ElemIdx) -> Check {
        self.ctx.elem_at(elem)?;
        Ok(())
    }

    /// Checks that elements of one type can be stored in place of another.
    pub(super) fn check_elements(
        &self,
        what: &'static str,
        found: RefType,
        required: RefType,
    ) -> Check {
        if matching::reference(self.ctx, found, required) {
            return Ok(());
        }
        let list = |ty| TypeList::new(&[OpType::new(ValType::Ref(ty))]);
        Err(ErrorKind::Types {
            what,
            required: list(required),
            found: list(found),
        })?
    }
}

/// The smaller of two address types: the type of lengths of copies.
pub(super) fn smaller(a: AddrType, b: AddrType) -> AddrType {
    match (a, b) {
        (AddrType::I64, AddrType::I64) => AddrType::I64,
        _ => AddrType::I32,
    }
}
