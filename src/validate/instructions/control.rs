//! <https://webassembly.github.io/spec/core/valid/instructions.html#control-instructions>

use super::{Check, ErrorKind, FuncValidator, OpType};
use crate::syntax::index::*;
use crate::syntax::instr::{CastArg, Opcode};
use crate::syntax::types::*;
use crate::validate::error::TypeList;
use crate::validate::matching;
use crate::validate::stack::{FrameKind, List};

impl FuncValidator<'_> {
    /// `[t1*] -> [t2*]`, the block's type.
    #[inline]
    pub(super) fn block(&mut self, ty: BlockType) -> Check {
        self.open_block(FrameKind::Block, ty)
    }

    /// `[t1*] -> [t2*]`, the block's type.
    #[inline]
    pub(super) fn loop_(&mut self, ty: BlockType) -> Check {
        self.open_block(FrameKind::Loop, ty)
    }

    /// `[t1* i32] -> [t2*]` for a block of type `[t1*] -> [t2*]`.
    #[inline]
    pub(super) fn if_(&mut self, ty: BlockType) -> Check {
        self.ctx.check_block_type(ty)?;
        self.pop(OpType::I32)?;
        self.enter(FrameKind::If, ty)
    }

    /// Checks a block's type and its operands, and opens it.
    #[inline]
    pub(super) fn open_block(&mut self, kind: FrameKind, ty: BlockType) -> Check {
        self.ctx.check_block_type(ty)?;
        self.enter(kind, ty)
    }

    #[inline]
    fn enter(&mut self, kind: FrameKind, ty: BlockType) -> Check {
        self.pop_list(List::params(ty))?;
        self.push_frame(kind, ty);
        self.push_list(List::params(ty))
    }

    /// Takes the results of the first branch, and pushes the parameters of the second.
    pub(super) fn else_(&mut self, opcode: Opcode) -> Check {
        if self.frame.kind != FrameKind::If {
            Err(ErrorKind::Misplaced { instr: opcode })?;
        }
        self.check_end()?;
        self.next_part(FrameKind::Else);
        let ty = self.frame.ty;
        self.push_list(List::params(ty))
    }

    /// Takes and pushes the block's results.
    #[inline]
    pub(super) fn end(&mut self) -> Check {
        if self.frame.kind == FrameKind::If {
            self.check_missing_else()?;
        }
        self.check_end()?;
        let results = List::results(self.frame.ty);
        self.pop_frame();
        self.push_list(results)
    }

    /// Without `else`, the block's parameters must be its results.
    fn check_missing_else(&self) -> Check {
        let (mut one, mut other) = ([OpType::BOT], [OpType::BOT]);
        let params = List::params(self.frame.ty).packed(self.ctx, &mut one);
        let results = List::results(self.frame.ty).packed(self.ctx, &mut other);
        if self.all_match(params, results) {
            Ok(())
        } else {
            Err(ErrorKind::MissingElse {
                required: TypeList::new(results),
                found: TypeList::new(params),
            })?
        }
    }

    fn all_match(&self, a: &[OpType], b: &[OpType]) -> bool {
        a.len() == b.len() && a.iter().zip(b).all(|(&a, &b)| self.ctx.matches(a, b))
    }

    /// The types that a branch to a label takes.
    #[inline]
    pub(super) fn label_list(&self, label: LabelIdx) -> Check<List> {
        let frame = self.label(label)?;
        Ok(match frame.kind {
            FrameKind::Loop => List::params(frame.ty),
            _ => List::results(frame.ty),
        })
    }

    /// The types that the function returns.
    fn return_list(&self) -> Check<List> {
        let outermost = LabelIdx(self.open_blocks() as u32 - 1);
        Ok(List::results(self.label(outermost)?.ty))
    }

    /// `[t1* t*] -> [t2*]` for a label that takes `[t*]`.
    #[inline]
    pub(super) fn br(&mut self, label: LabelIdx) -> Check {
        let list = self.label_list(label)?;
        self.leave(list)
    }

    /// `[t1* t*] -> [t2*]` for a function that returns `[t*]`.
    pub(super) fn return_(&mut self) -> Check {
        let list = self.return_list()?;
        self.leave(list)
    }

    fn leave(&mut self, list: List) -> Check {
        self.pop_list(list)?;
        self.set_unreachable();
        Ok(())
    }

    /// `[t* i32] -> [t*]` for a label that takes `[t*]`.
    #[inline]
    pub(super) fn br_if(&mut self, label: LabelIdx) -> Check {
        self.pop(OpType::I32)?;
        let list = self.label_list(label)?;
        self.pop_list(list)?;
        self.push_list(list)
    }

    /// `[t1* t* i32] -> [t2*]` for labels that all take `[t*]` or a supertype of it.
    pub(super) fn br_table(&mut self, labels: &[LabelIdx], default: LabelIdx) -> Check {
        self.pop(OpType::I32)?;
        let list = self.label_list(default)?;
        let mut one = [OpType::BOT];
        let arity = list.packed(self.ctx, &mut one).len();
        self.begin_marks();
        for &label in labels {
            let list = self.label_list(label)?;
            // Labels often share a type, which may have a thousand operands.
            if self.mark(list) {
                continue;
            }
            let types = list.packed(self.ctx, &mut one);
            if types.len() != arity {
                Err(ErrorKind::LabelArity {
                    label,
                    required: arity,
                    found: types.len(),
                })?;
            }
            self.check_top(types)?;
        }
        self.pop_list(list)?;
        self.set_unreachable();
        Ok(())
    }

    /// `[t1*] -> [t2*]`, the function's type.
    #[inline]
    pub(super) fn call(&mut self, func: FuncIdx) -> Check {
        let ty = self.ctx.func_at(func)?;
        self.pop_list(List::Params(ty))?;
        self.push_list(List::Results(ty))
    }

    /// `[t1* at] -> [t2*]` for type `[t1*] -> [t2*]` and a table with indices of type `at`.
    #[inline]
    pub(super) fn call_indirect(&mut self, ty: TypeIdx, table: TableIdx) -> Check {
        let index = self.callee_index(ty, table)?;
        self.call_by(ty, index)
    }

    /// `[t1* (ref null ty)] -> [t2*]`
    pub(super) fn call_ref(&mut self, ty: TypeIdx) -> Check {
        let callee = self.callee_ref(ty)?;
        self.call_by(ty, callee)
    }

    fn call_by(&mut self, ty: TypeIdx, callee: OpType) -> Check {
        self.pop(callee)?;
        self.pop_list(List::Params(ty))?;
        self.push_list(List::Results(ty))
    }

    /// `[t3* t1*] -> [t4*]` for a function of type `[t1*] -> [t2*]`, where `[t2*]` are the results of the caller.
    pub(super) fn return_call(&mut self, func: FuncIdx) -> Check {
        let ty = self.ctx.func_at(func)?;
        self.check_returned(ty)?;
        self.pop_list(List::Params(ty))?;
        self.set_unreachable();
        Ok(())
    }

    /// As [`return_call`](Self::return_call), with an index into the table last.
    pub(super) fn return_call_indirect(&mut self, ty: TypeIdx, table: TableIdx) -> Check {
        let index = self.callee_index(ty, table)?;
        self.return_call_by(ty, index)
    }

    /// As [`return_call`](Self::return_call), with the function last.
    pub(super) fn return_call_ref(&mut self, ty: TypeIdx) -> Check {
        let callee = self.callee_ref(ty)?;
        self.return_call_by(ty, callee)
    }

    fn return_call_by(&mut self, ty: TypeIdx, callee: OpType) -> Check {
        self.check_returned(ty)?;
        self.pop(callee)?;
        self.pop_list(List::Params(ty))?;
        self.set_unreachable();
        Ok(())
    }

    /// Checks the immediates of an indirect call; returns the type of the table's indices.
    #[inline]
    fn callee_index(&self, ty: TypeIdx, table: TableIdx) -> Check<OpType> {
        let table = self.ctx.table_at(table)?;
        if !matching::reference(self.ctx, table.element, RefType::FUNCREF) {
            Err(ErrorKind::Types {
                what: "indirect call through a table",
                required: TypeList::new(&[OpType::new(ValType::FUNCREF)]),
                found: TypeList::new(&[OpType::new(ValType::Ref(table.element))]),
            })?;
        }
        self.ctx.func_type_at(ty)?;
        Ok(OpType::new(table.addr.val_type()))
    }

    fn callee_ref(&self, ty: TypeIdx) -> Check<OpType> {
        self.ctx.func_type_at(ty)?;
        Ok(self
            .ctx
            .pack(ValType::Ref(RefType::nullable(HeapType::Concrete(ty)))))
    }

    /// Checks that the results of a function of type `callee` are results of the current one.
    fn check_returned(&self, callee: TypeIdx) -> Check {
        let mut one = [OpType::BOT];
        let required = self.return_list()?.packed(self.ctx, &mut one);
        let found = self.ctx.results(callee);
        if self.all_match(found, required) {
            Ok(())
        } else {
            Err(ErrorKind::Types {
                what: "return from the callee",
                required: TypeList::new(required),
                found: TypeList::new(found),
            })?
        }
    }

    /// `[t* (ref null ht)] -> [t* (ref ht)]` for a label that takes `[t*]`.
    pub(super) fn br_on_null(&mut self, label: LabelIdx) -> Check {
        let list = self.label_list(label)?;
        let operand = self.pop_ref()?;
        self.pop_list(list)?;
        self.push_list(list)?;
        self.push(operand.without_null());
        Ok(())
    }

    /// `[t* (ref null ht)] -> [t*]` for a label that takes `[t* (ref ht)]`.
    pub(super) fn br_on_non_null(&mut self, label: LabelIdx) -> Check {
        let operand = self.pop_ref()?;
        self.branch_with_ref(label, operand.without_null(), None)
    }

    /// `[t* rt1] -> [t* rt1\rt2]` for a label that takes `[t* rt2]`, where `rt1` and `rt2` are the cast's types and `rt1\rt2` is
    /// the rest of `rt1` without `rt2`: non-nullable, if `rt2` is nullable.
    pub(super) fn br_on_cast(&mut self, cast: CastArg) -> Check {
        let (from, to, rest) = self.cast_types(cast)?;
        self.pop(from)?;
        self.branch_with_ref(cast.label, to, Some(rest))
    }

    /// `[t* rt1] -> [t* rt2]` for a label that takes `[t* rt1\rt2]`.
    pub(super) fn br_on_cast_fail(&mut self, cast: CastArg) -> Check {
        let (from, to, rest) = self.cast_types(cast)?;
        self.pop(from)?;
        self.branch_with_ref(cast.label, rest, Some(to))
    }

    fn cast_types(&self, cast: CastArg) -> Check<(OpType, OpType, OpType)> {
        let ctx = self.ctx;
        ctx.check_ref_type(cast.from)?;
        ctx.check_ref_type(cast.to)?;
        let pack = |ty| ctx.pack(ValType::Ref(ty));
        let (from, to) = (pack(cast.from), pack(cast.to));
        if !matching::reference(ctx, cast.to, cast.from) {
            Err(ErrorKind::Cast { from, to })?;
        }
        let rest = if cast.to.nullable {
            from.without_null()
        } else {
            from
        };
        Ok((from, to, rest))
    }

    /// Checks a branch that passes a reference of type `taken`, and pushes `rest` where it falls through. The operand that becomes the
    /// reference is already popped.
    fn branch_with_ref(&mut self, label: LabelIdx, taken: OpType, rest: Option<OpType>) -> Check {
        let list = self.label_list(label)?;
        let mut one = [OpType::BOT];
        let types = list.packed(self.ctx, &mut one);
        let others = match types {
            [others @ .., last] if self.ctx.matches(taken, *last) => others,
            types => Err(ErrorKind::LabelTypes {
                label,
                required: TypeList::new(&[taken]),
                found: TypeList::new(types),
            })?,
        };
        self.pop_all(others)?;
        self.push_all(others)?;
        if let Some(rest) = rest {
            self.push(rest);
        }
        Ok(())
    }
}
