//! Control instructions: labels, branches, and unreachable code.

use super::exceptions::Exceptions;
use super::operands::{Operands, Place};
use super::{Lowerer, Surroundings};
use crate::code::Form;
use crate::code::builder::{Target, Waiting};
use crate::code::ops::{Dst, Op};
use crate::syntax::index::*;
use crate::syntax::instr::Instr;
use crate::syntax::types::{BlockType, ValType};

/// The construct that a label belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// The function: a branch to it returns.
    Func,
    /// A block; or the second half of an `if`.
    Block,
    /// A loop, whose label is at its beginning.
    Loop(Target),
    /// The first half of an `if`, with the branch to the code after it.
    If(Waiting),
    /// A `try_table` with clauses.
    TryTable,
    /// A `try`, before its first handler.
    Try {
        /// The region that its clauses belong to.
        region: u32,
    },
    /// A `try`, in a handler. A reference to the exception lies below the handler's operands.
    Handler {
        /// The region that its clauses belong to.
        region: u32,
        /// The clause that enters the handler.
        clause: u32,
    },
}

/// A label.
#[derive(Clone, Copy, Debug)]
struct Label {
    kind: Kind,
    /// The number of operands below the block's own.
    height: usize,
    /// Branches to the block's end, which is not placed yet.
    waiting: Waiting,
    /// The landing of clauses that branch to the block's label.
    landing: Option<u32>,
    /// The innermost region in the block.
    region: Option<u32>,
    /// The block's type, by reference: a list of a thousand types for each open block would take gigabytes.
    ty: BlockType,
}

impl Label {
    fn results<'a>(&'a self, module: &Surroundings<'a>) -> &'a [ValType] {
        match &self.ty {
            BlockType::Empty => &[],
            BlockType::Result(ty) => core::slice::from_ref(ty),
            BlockType::Type(ty) => &module.func_type(*ty).results,
        }
    }

    /// Whether no code branches to the block's end.
    fn is_nowhere(&self) -> bool {
        self.waiting.is_empty() && self.landing.is_none()
    }
}

/// The parameters of a block of a type.
fn block_params<'m>(module: &Surroundings<'m>, ty: BlockType) -> &'m [ValType] {
    match ty {
        BlockType::Empty | BlockType::Result(_) => &[],
        BlockType::Type(ty) => &module.func_type(ty).params,
    }
}

/// The labels around the current place, innermost last.
pub(super) struct Labels(Vec<Label>);

impl Labels {
    /// The label of a function of a type.
    pub fn new(ty: TypeIdx) -> Self {
        let mut labels = Self(Vec::new());
        labels.push(Kind::Func, 0, None, BlockType::Type(ty));
        labels
    }

    fn push(&mut self, kind: Kind, height: usize, region: Option<u32>, ty: BlockType) {
        self.0.push(Label {
            kind,
            height,
            waiting: Waiting::default(),
            landing: None,
            region,
            ty,
        });
    }

    fn pop(&mut self) -> Label {
        let label = self.0.pop();
        label.unwrap_or_else(|| unreachable!("validated: every end has its beginning"))
    }

    pub fn position(&self, label: LabelIdx) -> usize {
        self.0.len() - 1 - label.index()
    }

    /// The number of operands below those of a block.
    pub fn height(&self, position: usize) -> usize {
        self.0[position].height
    }

    /// The construct that the label at a position belongs to.
    pub fn kind(&self, position: usize) -> Kind {
        self.0[position].kind
    }

    /// The innermost region in a block.
    pub fn region(&self, position: usize) -> Option<u32> {
        self.0[position].region
    }

    /// The landing of clauses that branch to a label.
    pub fn landing(&mut self, position: usize, exceptions: &mut Exceptions) -> u32 {
        let label = &mut self.0[position];
        let target = match label.kind {
            Kind::Loop(start) => Some(start),
            _ => None,
        };
        *label
            .landing
            .get_or_insert_with(|| exceptions.landing(target))
    }

    /// The kind of the innermost block.
    fn innermost(&self) -> Kind {
        self.kind(self.0.len() - 1)
    }

    /// The region and the height of the innermost block, which is a `try`.
    pub fn innermost_try(&self) -> (u32, usize) {
        match (self.innermost(), self.0.last()) {
            (Kind::Try { region } | Kind::Handler { region, .. }, Some(label)) => {
                (region, label.height)
            }
            _ => unreachable!("validated: handlers and `delegate` belong to a `try`"),
        }
    }

    /// Whether the innermost block is a `try` before its first handler.
    pub fn in_try(&self) -> bool {
        matches!(self.innermost(), Kind::Try { .. })
    }

    /// Begins a handler of the innermost block, which has a region around it.
    pub fn begin_handler(&mut self, handler: Kind, around: Option<u32>) {
        if let Some(label) = self.0.last_mut() {
            label.kind = handler;
            label.region = around;
        }
    }
}

impl Lowerer<'_> {
    /// The types of the values that a branch to a label passes.
    pub(super) fn label_types(&self, label: LabelIdx) -> &[ValType] {
        let label = &self.labels.0[self.labels.position(label)];
        match label.kind {
            Kind::Loop(_) => block_params(&self.module, label.ty),
            _ => label.results(&self.module),
        }
    }

    /// Number of slots that they fill.
    pub(super) fn label_slots(&self, label: LabelIdx) -> u32 {
        let label = &self.labels.0[self.labels.position(label)];
        let BlockType::Type(ty) = label.ty else {
            return super::slots(label.results(&self.module));
        };
        let slots = self.module.slots[ty.index()];
        match label.kind {
            Kind::Loop(_) => slots.params,
            _ => slots.results,
        }
    }

    /// The label of the function, to which a branch returns.
    pub(super) fn function_label(&self) -> LabelIdx {
        LabelIdx(self.labels.0.len() as u32 - 1)
    }

    /// Pushes the parameters of a block of a type, which are in their slots.
    pub(super) fn push_params(&mut self, ty: BlockType) {
        if let BlockType::Type(ty) = ty {
            let filled = self.module.slots[ty.index()].params;
            let types = &self.module.func_type(ty).params;
            self.operands.push_all_stored(types, filled);
        }
    }

    /// Pushes the results of a block of a type, which are in their slots.
    fn push_results(&mut self, ty: BlockType) {
        match ty {
            BlockType::Empty => {}
            BlockType::Result(ty) => self.operands.push_stored(ty),
            BlockType::Type(ty) => {
                let filled = self.module.slots[ty.index()].results;
                let types = &self.module.func_type(ty).results;
                self.operands.push_all_stored(types, filled);
            }
        }
    }

    /// Number of these values.
    fn arity(&self, label: LabelIdx) -> usize {
        self.label_types(label).len()
    }

    /// The function's results.
    pub(super) fn results(&self) -> &[ValType] {
        self.labels.0[0].results(&self.module)
    }

    pub(super) fn unreachable(&mut self) {
        self.settle();
        self.emit(Op::Unreachable);
        self.unreachable_from_here();
    }

    /// Marks the code that follows as unreachable.
    pub(super) fn unreachable_from_here(&mut self) {
        self.operands.take_pending();
        self.builder.end_superblock();
        self.dead = 1;
    }

    /// Skips an unreachable instruction, except where reachable code begins again.
    pub(super) fn skip(&mut self, instr: &Instr<'_>, at: usize) {
        match *instr {
            Instr::Block { .. }
            | Instr::Loop { .. }
            | Instr::If { .. }
            | Instr::TryTable { .. }
            | Instr::Try { .. } => self.dead += 1,
            Instr::End if self.dead == 1 => {
                self.at.offset = at;
                self.end();
            }
            Instr::End => self.dead -= 1,
            Instr::Else if self.dead == 1 => {
                self.at.offset = at;
                self.else_();
            }
            Instr::Catch { tag } if self.dead == 1 => {
                self.at.offset = at;
                self.catch(Some(tag));
            }
            Instr::CatchAll if self.dead == 1 => {
                self.at.offset = at;
                self.catch(None);
            }
            Instr::Delegate { label } if self.dead == 1 => {
                self.at.offset = at;
                self.delegate(label);
            }
            Instr::Delegate { .. } => self.dead -= 1,
            _ => {}
        }
    }

    pub(super) fn block(&mut self, ty: BlockType) {
        self.flush_all();
        self.open_block(Kind::Block, ty);
    }

    /// Begins a block whose operands are in their slots.
    pub(super) fn open_block(&mut self, kind: Kind, ty: BlockType) {
        let height = self.operands.height() - block_params(&self.module, ty).len();
        let region = self.exceptions.catches.innermost();
        self.labels.push(kind, height, region, ty);
    }

    pub(super) fn loop_(&mut self, ty: BlockType) {
        self.flush_all();
        self.operands.clear_accs();
        let start = self.builder.begin_loop();
        self.rejoin();
        self.open_block(Kind::Loop(start), ty);
    }

    pub(super) fn if_(&mut self, ty: BlockType) {
        let condition = self.operands.pop();
        self.flush_all();
        let mut waiting = Waiting::default();
        self.branch_if(&condition, false);
        self.builder.target_later(&mut waiting);
        self.builder.point();
        self.open_block(Kind::If(waiting), ty);
    }

    pub(super) fn else_(&mut self) {
        let mut label = self.labels.pop();
        if self.dead == 0 {
            self.flush_all();
            self.emit(Op::Br);
            self.builder.target_later(&mut label.waiting);
            self.builder.end_superblock();
        }
        if let Kind::If(waiting) = label.kind {
            self.builder.place(waiting);
        }
        label.kind = Kind::Block;
        self.arrive(label.height);
        self.push_params(label.ty);
        self.labels.0.push(label);
    }

    pub(super) fn end(&mut self) {
        if self.labels.0.len() == 1 {
            // The function's own end returns, which needs its label for the types of the results.
            if self.dead == 0 {
                self.emit_return();
                self.builder.end_superblock();
            }
            self.dead = 0;
            self.operands.truncate(0);
            self.landings();
            return;
        }
        if let Kind::Handler { .. } = self.labels.innermost()
            && self.dead == 0
        {
            // The results are above the reference to the exception.
            self.move_values(LabelIdx(0));
            self.settle();
        }
        let label = self.labels.pop();
        if let Kind::TryTable | Kind::Try { .. } = label.kind {
            self.exceptions.catches.close(self.builder.here());
        }
        match label.kind {
            Kind::Func => unreachable!("validated: the function's label is the outermost"),
            Kind::Loop(_) => {
                if self.dead > 0 {
                    self.stay_dead(&label);
                }
            }
            Kind::Block | Kind::TryTable | Kind::Try { .. } if label.is_nowhere() => {
                // No branch comes here, so nothing has to be in its slot.
                if self.dead > 0 {
                    self.stay_dead(&label);
                }
            }
            Kind::Handler { .. } if label.is_nowhere() && self.dead > 0 => self.stay_dead(&label),
            Kind::Block | Kind::TryTable | Kind::Try { .. } | Kind::Handler { .. } => {
                if self.dead == 0 {
                    self.flush_all();
                }
                self.place(&label);
                self.arrive_at_end(&label);
            }
            Kind::If(otherwise) => {
                if self.dead == 0 {
                    self.flush_all();
                }
                self.builder.place(otherwise);
                self.place(&label);
                self.arrive_at_end(&label);
            }
        }
    }

    /// Places a label's end, and with it all branches to it, here.
    fn place(&mut self, label: &Label) {
        let here = self.builder.place(label.waiting);
        if let Some(landing) = label.landing {
            self.exceptions.place(landing, here);
        }
    }

    /// Begins code that control reaches from elsewhere in order to return.
    pub(super) fn arrive_at_return(&mut self) {
        let label = self.labels.0[0];
        self.arrive_at_end(&label);
    }

    /// Ends a block after which the code is unreachable too.
    fn stay_dead(&mut self, label: &Label) {
        self.operands.truncate(label.height);
    }

    /// Begins code that control reaches from elsewhere, with a block's results on top.
    fn arrive_at_end(&mut self, label: &Label) {
        self.arrive(label.height);
        self.push_results(label.ty);
    }

    /// Begins code that control reaches from elsewhere, with `height` operands.
    fn arrive(&mut self, height: usize) {
        self.dead = 0;
        self.operands.take_pending();
        self.operands.truncate(height);
        self.operands.clear_accs();
    }

    pub(super) fn br(&mut self, label: LabelIdx) {
        self.jump(label, true);
        self.unreachable_from_here();
    }

    /// Branches to a label with the values it takes. With `may_repeat`, the head of a loop may be repeated here; the code before pays for
    /// the head then, so control must always come this way.
    pub(super) fn jump(&mut self, label: LabelIdx, may_repeat: bool) {
        if self.labels.0[self.labels.position(label)].kind == Kind::Func {
            return self.emit_return();
        }
        self.move_values(label);
        self.settle();
        let kind = self.labels.0[self.labels.position(label)].kind;
        if let Kind::Loop(start) = kind
            && may_repeat
            && self
                .builder
                .repeat_head(start, self.at, self.operands.accs_of_numbers())
        {
            return;
        }
        self.emit(Op::Br);
        self.target(label);
    }

    /// Appends the cell of a label's position.
    fn target(&mut self, label: LabelIdx) {
        let at = self.labels.position(label);
        let label = &mut self.labels.0[at];
        match label.kind {
            Kind::Loop(start) => self.builder.target(start),
            _ => self.builder.target_later(&mut label.waiting),
        }
    }

    /// The height to which the values that a label takes must be moved, or nothing if their own slots are right.
    fn landing(&self, label: LabelIdx) -> Option<usize> {
        let height = self.labels.0[self.labels.position(label)].height;
        let arity = self.arity(label);
        (arity > 0 && height + arity != self.operands.height()).then_some(height)
    }

    /// Moves the values that a label takes to the place where it takes them.
    fn move_values(&mut self, label: LabelIdx) {
        let arity = self.arity(label);
        let height = self.operands.height() - arity;
        let Some(landing) = self.landing(label) else {
            return self.flush_from(height);
        };
        let to = Operands::offset(self.operands.slot_at(landing));
        if arity == 1 {
            let value = self.operands.top();
            if value.place == Place::Pending {
                self.operands.pop();
                self.flush_pending(Dst::Slot(to));
                self.operands.push_stored(value.ty);
            } else {
                self.settle();
                self.copy(&value, Dst::Slot(to));
            }
        } else {
            self.flush_from(height);
            self.settle();
            let from = Operands::offset(self.operands.slot_at(height));
            self.emit(Op::CopyRange {
                from,
                to,
                count: self.label_slots(label),
            });
            self.operands.clear_accs();
        }
    }

    pub(super) fn br_if(&mut self, label: LabelIdx) {
        let condition = self.operands.pop();
        let arity = self.arity(label);
        let is_return = self.labels.0[self.labels.position(label)].kind == Kind::Func;
        // The values are moved to their slots first, so that the branch is the last step. A pending condition stays pending.
        self.flush_from(self.operands.height() - arity);
        if !is_return && self.landing(label).is_none() {
            if !self.operands.all_stored() && self.module.form == Form::Net {
                // Behind the branch the frame differs from that of exact code, so control must not arrive there.
                self.builder.forget_head();
            }
            self.branch_if(&condition, true);
            self.target(label);
            self.builder.point();
            return;
        }
        let mut around = Waiting::default();
        if self.module.form == Form::Net {
            self.builder.forget_head();
        }
        if is_return && self.module.form != Form::Plain {
            // Fuel for the code behind must not have been charged where a function returns, so the charge is for continuing.
            self.flush_all();
        }
        self.branch_if(&condition, false);
        self.builder.target_later(&mut around);
        if is_return {
            self.builder.end_superblock();
        }
        self.jump(label, self.module.form == Form::Plain);
        self.builder.place(around);
    }

    pub(super) fn br_table(&mut self, labels: &[LabelIdx], default: LabelIdx) {
        let index = self.operands.pop();
        let arity = self.arity(default);
        self.flush_from(self.operands.height() - arity);
        let x = self.source(&index);
        self.emit(Op::BrTable {
            x,
            count: labels.len() as u32,
        });
        // A target that the values must be moved for, or that returns, gets a landing pad behind the table: one for each label,
        // no matter how often the table names it.
        let mut pads: Vec<(LabelIdx, Waiting)> = Vec::new();
        let mut pad_of = std::collections::HashMap::new();
        for &label in labels.iter().chain([&default]) {
            let position = self.labels.position(label);
            let is_return = self.labels.0[position].kind == Kind::Func;
            if is_return || self.landing(label).is_some() {
                let pad = *pad_of.entry(label).or_insert_with(|| {
                    pads.push((label, Waiting::default()));
                    pads.len() - 1
                });
                self.builder.target_later(&mut pads[pad].1);
            } else {
                self.target(label);
            }
        }
        self.builder.end_superblock();
        for (label, waiting) in pads {
            self.builder.place(waiting);
            // The state is the same at each pad: values are in their slots, and accumulators are empty.
            self.operands.clear_accs();
            self.jump(label, self.module.form == Form::Plain);
            self.builder.end_superblock();
        }
        self.unreachable_from_here();
    }
}
