//! Exceptions, the older ones included.
//! <https://webassembly.github.io/spec/core/valid/instructions.html#control-instructions>

use super::{Check, ErrorKind, FuncValidator, OpType};
use crate::syntax::index::{LabelIdx, TagIdx};
use crate::syntax::instr::{Catch, Opcode};
use crate::syntax::types::*;
use crate::validate::error::TypeList;
use crate::validate::stack::{FrameKind, List};

const EXN: OpType = OpType::new(ValType::Ref(RefType::non_null(HeapType::Exn)));
const EXNREF: OpType = OpType::new(ValType::Ref(RefType::nullable(HeapType::Exn)));

impl FuncValidator<'_> {
    /// `[t1*] -> [t2*]`, the block's type.
    pub(super) fn try_table(&mut self, ty: BlockType, catches: &[Catch]) -> Check {
        // The labels of the clauses count from outside of the block, so they are checked before it is opened.
        for &catch in catches {
            self.check_catch(catch)?;
        }
        self.open_block(FrameKind::Block, ty)
    }

    fn check_catch(&self, catch: Catch) -> Check {
        let (tag, label, reference) = match catch {
            Catch::One { tag, label } => (Some(tag), label, None),
            Catch::OneRef { tag, label } => (Some(tag), label, Some(EXN)),
            Catch::All { label } => (None, label, None),
            Catch::AllRef { label } => (None, label, Some(EXN)),
        };
        let payload = match tag {
            Some(tag) => self.ctx.params(self.ctx.tag_at(tag)?),
            None => &[],
        };
        let mut one = [OpType::BOT];
        let required = self.label_list(label)?.packed(self.ctx, &mut one);
        let found = payload.iter().chain(&reference);
        let fits = required.len() == payload.len() + usize::from(reference.is_some())
            && found
                .clone()
                .zip(required)
                .all(|(&a, &b)| self.ctx.matches(a, b));
        if fits {
            return Ok(());
        }
        Err(ErrorKind::Types {
            what: "the label of a catch clause",
            required: TypeList::new(required),
            found: TypeList::new(&found.copied().collect::<Vec<_>>()),
        })?
    }

    /// `[t1* t*] -> [t2*]` for a tag with parameters `[t*]`.
    pub(super) fn throw(&mut self, tag: TagIdx) -> Check {
        let payload = List::Params(self.ctx.tag_at(tag)?);
        self.pop_list(payload)?;
        self.set_unreachable();
        Ok(())
    }

    /// `[t1* exnref] -> [t2*]`
    pub(super) fn throw_ref(&mut self) -> Check {
        self.pop(EXNREF)?;
        self.set_unreachable();
        Ok(())
    }

    /// `[t1*] -> [t2*]`, the block's type.
    pub(super) fn try_(&mut self, ty: BlockType) -> Check {
        self.open_block(FrameKind::Try, ty)
    }

    /// Takes the results of the previous part, and pushes the tag's payload.
    pub(super) fn catch(&mut self, opcode: Opcode, tag: TagIdx) -> Check {
        let payload = List::Params(self.ctx.tag_at(tag)?);
        self.handler(opcode, FrameKind::Catch, payload)
    }

    /// Takes the results of the previous part, and pushes nothing.
    pub(super) fn catch_all(&mut self, opcode: Opcode) -> Check {
        self.handler(opcode, FrameKind::CatchAll, List::Empty)
    }

    fn handler(&mut self, opcode: Opcode, kind: FrameKind, payload: List) -> Check {
        if !matches!(self.frame.kind, FrameKind::Try | FrameKind::Catch) {
            Err(ErrorKind::Misplaced { instr: opcode })?;
        }
        self.check_end()?;
        self.next_part(kind);
        self.push_list(payload)
    }

    /// Ends the block, as `end` does.
    pub(super) fn delegate(&mut self, opcode: Opcode, label: LabelIdx) -> Check {
        if self.frame.kind != FrameKind::Try {
            Err(ErrorKind::Misplaced { instr: opcode })?;
        }
        self.check_end()?;
        let results = List::results(self.frame.ty);
        self.pop_frame();
        // The label counts from outside of the block.
        self.label(label)?;
        self.push_list(results)
    }

    /// `[t1*] -> [t2*]` for the label of a handler.
    pub(super) fn rethrow(&mut self, label: LabelIdx) -> Check {
        if !matches!(
            self.label(label)?.kind,
            FrameKind::Catch | FrameKind::CatchAll
        ) {
            Err(ErrorKind::Rethrow { label })?;
        }
        self.set_unreachable();
        Ok(())
    }
}
