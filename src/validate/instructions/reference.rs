//! <https://webassembly.github.io/spec/core/valid/instructions.html#reference-instructions>

use super::{Check, ErrorKind, FuncValidator, OpType};
use crate::syntax::index::FuncIdx;
use crate::syntax::types::*;
use crate::validate::matching::{Kind, Types};
use crate::validate::stack::mismatch;

impl FuncValidator<'_> {
    /// `[] -> [(ref null ht)]`
    pub(super) fn ref_null(&mut self, heap: HeapType) -> Check {
        self.ctx.check_heap_type(heap)?;
        self.rule(&[], &[ValType::Ref(RefType::nullable(heap))])
    }

    /// `[(ref null ht)] -> [i32]`
    pub(super) fn ref_is_null(&mut self) -> Check {
        self.pop_ref()?;
        self.push(OpType::I32);
        Ok(())
    }

    /// `[] -> [(ref ty)]` for the function's type.
    pub(super) fn ref_func(&mut self, func: FuncIdx) -> Check {
        let ty = self.ctx.func_at(func)?;
        if !self.is_constant() && !self.ctx.is_declared(func) {
            Err(ErrorKind::UndeclaredRef { func })?;
        }
        self.rule(
            &[],
            &[ValType::Ref(RefType::non_null(HeapType::Concrete(ty)))],
        )
    }

    /// `[(ref null ht)] -> [(ref ht)]`
    pub(super) fn ref_as_non_null(&mut self) -> Check {
        let operand = self.pop_ref()?;
        self.push(operand.without_null());
        Ok(())
    }

    /// `[(ref null ht')] -> [i32]`, where `ht'` is the top of the hierarchy of `ht`.
    pub(super) fn ref_test(&mut self, heap: HeapType, _nullable: bool) -> Check {
        let top = self.checked_top(heap)?;
        self.rule(&[top], &[ValType::I32])
    }

    /// `[(ref null ht')] -> [(ref null? ht)]`, where `ht'` is the top of the hierarchy of `ht`.
    pub(super) fn ref_cast(&mut self, heap: HeapType, nullable: bool) -> Check {
        let top = self.checked_top(heap)?;
        self.rule(&[top], &[ValType::Ref(RefType { nullable, heap })])
    }

    /// Checks a heap type; returns a nullable reference to the top of its hierarchy.
    fn checked_top(&self, heap: HeapType) -> Check<ValType> {
        use HeapType::*;
        self.ctx.check_heap_type(heap)?;
        Ok(ValType::Ref(RefType::nullable(match heap {
            Func | NoFunc => Func,
            Exn | NoExn => Exn,
            Extern | NoExtern => Extern,
            Concrete(ty) if self.ctx.kind(ty) == Kind::Func => Func,
            Any | Eq | I31 | Struct | Array | None | Concrete(_) => Any,
        })))
    }

    /// `[(ref null? extern)] -> [(ref null? any)]`
    pub(super) fn any_convert_extern(&mut self) -> Check {
        self.convert(HeapType::Extern, HeapType::Any)
    }

    /// `[(ref null? any)] -> [(ref null? extern)]`
    pub(super) fn extern_convert_any(&mut self) -> Check {
        self.convert(HeapType::Any, HeapType::Extern)
    }

    fn convert(&mut self, from: HeapType, to: HeapType) -> Check {
        let operand = self.pop_ref()?;
        let required = OpType::new(ValType::Ref(RefType::nullable(from)));
        if !self.ctx.matches(operand, required) {
            return Err(mismatch(&[required], &[operand]));
        }
        let nullable = !operand.is_non_null();
        let result = OpType::new(ValType::Ref(RefType { nullable, heap: to }));
        self.push(result);
        Ok(())
    }
}
