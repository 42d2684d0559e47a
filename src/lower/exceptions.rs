//! Exceptions, the older instructions for them included.
//!
//! No code is emitted where a guarded region begins or ends: `code::catches` is a table beside the code that lists the
//! clauses for each range of it. A clause that catches an exception continues at a *landing* behind the function's
//! own code, which loads the pins and branches to the label. The executor has written the values to their slots before, so the state
//! is that of any label: operands in their slots, accumulators empty.
//!
//! In the handler of an older `try`, the exception may be thrown again. A reference to it lies below the handler's values, in a slot
//! that is no operand of any instruction; it is only written if there is a `rethrow`.

use super::Lowerer;
use super::control::Kind;
use super::operands::Operands;
use crate::code::builder::Target;
use crate::code::catches::Catches;
use crate::code::ops::{Op, SlotOffset};
use crate::syntax::index::{LabelIdx, TagIdx};
use crate::syntax::instr::{Catch, Opcode};
use crate::syntax::types::{BlockType, HeapType, RefType, ValType};

/// The exceptions of a function.
#[derive(Default)]
pub(super) struct Exceptions {
    pub catches: Catches,
    /// The targets of the landings that are known. The function's own label has no place: a landing that stays without a target
    /// returns.
    landings: Vec<Option<Target>>,
}

impl Exceptions {
    /// Adds a landing.
    pub fn landing(&mut self, target: Option<Target>) -> u32 {
        self.landings.push(target);
        self.landings.len() as u32 - 1
    }

    /// Sets the target of a landing.
    pub fn place(&mut self, landing: u32, target: Target) {
        self.landings[landing as usize] = Some(target);
    }
}

/// The type of a reference to an exception.
const EXNREF: ValType = ValType::Ref(RefType::nullable(HeapType::Exn));

impl Lowerer<'_> {
    pub(super) fn try_table(&mut self, ty: BlockType, catches: &[Catch]) {
        self.flush_all();
        if catches.is_empty() {
            return self.open_block(Kind::Block, ty);
        }
        let region = self.exceptions.catches.open(self.builder.here());
        for catch in catches {
            self.catch_clause(region, *catch);
        }
        self.open_block(Kind::TryTable, ty);
    }

    /// Adds a clause whose label counts from the current place.
    fn catch_clause(&mut self, region: u32, catch: Catch) {
        let (tag, label, wants_exn) = match catch {
            Catch::One { tag, label } => (Some(tag.0), label, false),
            Catch::OneRef { tag, label } => (Some(tag.0), label, true),
            Catch::All { label } => (None, label, false),
            Catch::AllRef { label } => (None, label, true),
        };
        let position = self.labels.position(label);
        let first = self.operands.slot_at(self.labels.height(position));
        let end = first.saturating_add(self.label_slots(label));
        self.operands.reserve(end);
        // The reference is the last of the label's values.
        let exn = wants_exn.then(|| Operands::offset(end - 1));
        let landing = self.labels.landing(position, &mut self.exceptions);
        let catches = &mut self.exceptions.catches;
        catches.clause(region, tag, landing, Operands::offset(first), exn);
    }

    pub(super) fn throw(&mut self, tag: TagIdx) {
        let ty = self.module.tags[tag.index()];
        let height = self.operands.height() - self.module.func_type(ty).params.len();
        self.flush_all();
        let from = Operands::offset(self.operands.slot_at(height));
        let count = self.module.slots[ty.index()].params;
        let cost = Opcode::Throw.cost();
        let tag = tag.0;
        let op = Op::Throw {
            cost,
            tag,
            from,
            count,
        };
        self.emit_throw(op);
    }

    pub(super) fn throw_ref(&mut self) {
        self.flush_all();
        let x = Operands::offset(self.operands.top().slot);
        let cost = Opcode::ThrowRef.cost();
        self.emit_throw(Op::ThrowRef { cost, x });
    }

    /// Emits an op that throws. It charges for itself, because its cost depends on the clause that catches.
    fn emit_throw(&mut self, op: Op) {
        self.builder.charging_op(&op, self.at);
        self.unreachable_from_here();
    }

    pub(super) fn try_(&mut self, ty: BlockType) {
        self.flush_all();
        let region = self.exceptions.catches.open(self.builder.here());
        self.open_block(Kind::Try { region }, ty);
    }

    /// Begins a handler of the innermost block, a `try`, whose previous part has ended.
    pub(super) fn catch(&mut self, tag: Option<TagIdx>) {
        if self.dead == 0 {
            self.jump(LabelIdx(0), true);
            self.builder.end_superblock();
        }
        let (region, height) = self.labels.innermost_try();
        if self.labels.in_try() {
            self.exceptions.catches.close(self.builder.here());
        }
        self.dead = 0;
        self.operands.take_pending();
        self.operands.truncate(height);
        self.operands.push_stored(EXNREF);
        if let Some(tag) = tag {
            let ty = self.module.tags[tag.index()];
            self.push_params(BlockType::Type(ty));
        }
        self.operands.clear_accs();
        let payload = Operands::offset(self.operands.slot_at(height).saturating_add(1));
        let here = self.builder.point();
        let landing = self.exceptions.landing(Some(here));
        let catches = &mut self.exceptions.catches;
        let clause = catches.clause(region, tag.map(|tag| tag.0), landing, payload, None);
        let outer = self.exceptions.catches.innermost();
        self.labels
            .begin_handler(Kind::Handler { region, clause }, outer);
    }

    pub(super) fn rethrow(&mut self, label: LabelIdx) {
        let position = self.labels.position(label);
        let Kind::Handler { clause, .. } = self.labels.kind(position) else {
            unreachable!("validated: the label is that of a handler");
        };
        let x = self.hidden(position);
        self.exceptions.catches.keep(clause, x);
        self.flush_all();
        let cost = Opcode::Rethrow.cost();
        self.emit_throw(Op::ThrowRef { cost, x });
    }

    /// The slot of the reference to the exception that a handler was entered with.
    fn hidden(&self, position: usize) -> SlotOffset {
        Operands::offset(self.operands.slot_at(self.labels.height(position)))
    }

    /// Ends the innermost block, a `try` that delegates its exceptions to a label.
    pub(super) fn delegate(&mut self, label: LabelIdx) {
        // The label counts from outside of the block.
        let position = self.labels.position(LabelIdx(label.0 + 1));
        let to = self.labels.region(position);
        let (region, _) = self.labels.innermost_try();
        self.end();
        self.exceptions.catches.delegate(region, to);
    }

    /// Emits the landings, behind the function's own code, and completes the table. Control that arrives from a throw has been charged for
    /// nothing, so the branch to the label charges.
    pub(super) fn landings(&mut self) {
        let mut places = Vec::new();
        for landing in core::mem::take(&mut self.exceptions.landings) {
            self.builder.point();
            places.push(self.builder.here());
            self.at.tally = self.builder.tally();
            match landing {
                Some(target) => {
                    self.load_pins();
                    self.emit(Op::Br);
                    self.builder.target(target);
                }
                None => {
                    self.arrive_at_return();
                    self.emit_return();
                }
            }
            self.builder.end_superblock();
        }
        self.exceptions.catches.finish(&places);
    }
}
