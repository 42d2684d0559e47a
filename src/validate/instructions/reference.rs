//! <https://webassembly.github.io/spec/core/valid/instructions.html#reference-instructions>

use super::{Check, ErrorKind, FuncValidator, OpType, Typed};
use crate::syntax::index::FuncIdx;
use crate::syntax::types::*;
use crate::validate::matching::{Kind, Types};
use crate::validate::stack::mismatch;

impl FuncValidator<'_> {
    /// `[] -> [(ref null ht)]`
    pub(super) fn ref_null(&mut self, heap: HeapType) -> Typed<'_> {
        self.ctx.check_heap_type(heap)?;
        self.rule(&[], &[ValType::Ref(RefType::nullable(heap))])
    }

    /// `[(ref null ht)] -> [i32]`
    pub(super) fn ref_is_null(&mut self) -> Typed<'_> {
        let operand = self.pop_ref()?;
        self.push(OpType::I32);
        self.types(operand, OpType::I32)
    }

    /// `[] -> [(ref ty)]` for the function's type.
    pub(super) fn ref_func(&mut self, func: FuncIdx) -> Typed<'_> {
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
    pub(super) fn ref_as_non_null(&mut self) -> Typed<'_> {
        let operand = self.pop_ref()?;
        self.push(operand.without_null());
        self.types(operand, operand.without_null())
    }

    /// `[(ref null ht')] -> [i32]`, where `ht'` is the top of the hierarchy of `ht`.
    pub(super) fn ref_test(&mut self, heap: HeapType, _nullable: bool) -> Typed<'_> {
        let top = self.checked_top(heap)?;
        self.rule(&[top], &[ValType::I32])
    }

    /// `[(ref null ht')] -> [(ref null? ht)]`, where `ht'` is the top of the hierarchy of `ht`.
    pub(super) fn ref_cast(&mut self, heap: HeapType, nullable: bool) -> Typed<'_> {
        let top = self.checked_top(heap)?;
        self.rule(&[top], &[ValType::Ref(RefType { nullable, heap })])
    }

    /// Checks a heap type; yields nullable references to the top of its hierarchy.
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
    pub(super) fn any_convert_extern(&mut self) -> Typed<'_> {
        self.convert(HeapType::Extern, HeapType::Any)
    }

    /// `[(ref null? any)] -> [(ref null? extern)]`
    pub(super) fn extern_convert_any(&mut self) -> Typed<'_> {
        self.convert(HeapType::Any, HeapType::Extern)
    }

    fn convert(&mut self, from: HeapType, to: HeapType) -> Typed<'_> {
        let operand = self.pop_ref()?;
        let required = OpType::new(ValType::Ref(RefType::nullable(from)));
        if !self.ctx.matches(operand, required) {
            return Err(mismatch(&[required], &[operand]));
        }
        let nullable = !operand.is_non_null();
        let result = OpType::new(ValType::Ref(RefType { nullable, heap: to }));
        self.push(result);
        self.types(operand, result)
    }

    /// The types of an instruction with one parameter and one result, which has done its work.
    fn types(&mut self, param: OpType, result: OpType) -> Typed<'_> {
        let buffers = &mut self.buffers;
        buffers.params.clear();
        buffers.params.push(param.val_type());
        buffers.results.clear();
        buffers.results.push(result.val_type());
        Ok((&buffers.params, &buffers.results))
    }
}
