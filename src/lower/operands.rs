//! The compile-time operand stack: the place of each operand, and the one op that is held back.
//!
//! A *clean* operand is in its slot; a *pending* one is not computed yet; the others cost nothing until they are used.

use super::locals::Locals;
use super::{Lowerer, bank, is_wide, slots};
use crate::code::LowerError;
use crate::code::builder::At;
use crate::code::ops::{Bank, Dst, Op, SlotOffset, Src};
use crate::syntax::index::LocalIdx;
use crate::syntax::instr::{Floats, Opcode};
use crate::syntax::types::{FuncType, ValType};

/// Bytes of a slot.
pub(super) const SLOT: i64 = 8;
/// Bytes of the record between a frame's parameters and its base.
pub(super) const RECORD: i64 = 16;
/// Number of register classes.
const BANKS: usize = 4;
/// The largest frame, in slots.
const MAX_SLOTS: u32 = 1 << 27;

/// An operand.
#[derive(Clone, Copy, Debug)]
pub(super) struct Operand {
    /// Its place.
    pub place: Place,
    /// Its type.
    pub ty: ValType,
    /// Its canonical slot, the first of two if it is a vector, counted from the frame's base.
    pub slot: u32,
}

/// The place of an operand.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Place {
    /// In its canonical slot.
    Stored,
    /// In a local; `below` is the next entry further down that is in the same local.
    Local { local: LocalIdx, below: Option<u32> },
    /// Nowhere yet: its bits.
    Const(u64),
    /// Nowhere yet: the op that computes it is held back.
    Pending,
}

/// The op that is held back, its destination open.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pending {
    pub op: Op,
    pub ty: ValType,
    /// The value is not the result of the op but whether that is zero.
    pub is_zero: bool,
    /// The entry of the operand that it computes; nothing once the operand has been popped.
    entry: Option<usize>,
    /// The canonical slot of that operand.
    slot: u32,
    /// Its instruction.
    at: At,
}

/// Operands that a call, a branch or a handler has left in their slots. They take one entry of the stack, that of the topmost, because a
/// call with a thousand results is two bytes of code.
#[derive(Clone, Copy, Debug)]
struct Run<'m> {
    /// The types of all of them, and of those above that have been popped.
    types: &'m [ValType],
    /// The entry.
    entry: usize,
    /// Number of operands below the topmost.
    more: usize,
    /// Number of operands below the entry that have no entry of their own.
    below: usize,
}

impl Run<'_> {
    /// The height of the lowest of them.
    fn height(&self) -> usize {
        self.entry + self.below
    }
}

/// The stack, the locals, and the contents of the registers.
pub(super) struct Operands<'m> {
    /// The entries: operands, or the topmost ones of runs.
    stack: Vec<Operand>,
    runs: Vec<Run<'m>>,
    /// Number of entries at the bottom that are known to be in their slots.
    clean: usize,
    pending: Option<Pending>,
    locals: Locals,
    /// The maximal number of slots in use at once.
    max_slots: u32,
    /// For each bank the slot whose value its accumulator holds.
    acc: [Option<SlotOffset>; BANKS],
}

impl<'m> Operands<'m> {
    pub fn new(ty: &FuncType, locals: &[(u32, ValType)]) -> Self {
        let locals = Locals::new(&ty.params, locals);
        Self {
            stack: Vec::new(),
            runs: Vec::new(),
            clean: 0,
            pending: None,
            max_slots: locals.slots,
            locals,
            acc: [None; BANKS],
        }
    }

    /// The number of operands.
    pub fn height(&self) -> usize {
        self.stack.len() + self.in_runs()
    }

    /// Number of operands without an entry of their own.
    fn in_runs(&self) -> usize {
        self.runs.last().map_or(0, |run| run.below + run.more)
    }

    /// The entry of the operand at a height, and the number of operands of that entry that lie below it.
    fn entry_at(&self, height: usize) -> (usize, usize) {
        let runs = self.runs.partition_point(|run| run.height() < height);
        match self.runs[..runs].last() {
            None => (height, 0),
            Some(run) if height <= run.height() + run.more => (run.entry, height - run.height()),
            Some(run) => (height - run.below - run.more, 0),
        }
    }

    /// The frame's size in bytes.
    pub fn frame_bytes(&self) -> Result<u32, LowerError> {
        if self.max_slots > MAX_SLOTS {
            return Err(LowerError::FrameTooLarge);
        }
        Ok(self.max_slots * SLOT as u32)
    }

    /// Slots of the locals that are not parameters.
    pub fn local_slots(&self) -> u32 {
        self.locals.slots
    }

    /// The place of the function's results and of its first parameter.
    pub fn results_at(&self) -> SlotOffset {
        self.locals.first
    }

    /// The slot of the operand at a height.
    pub fn slot_at(&self, height: usize) -> u32 {
        let (entry, below) = self.entry_at(height);
        let Some(operand) = self.stack.get(entry) else {
            return self.next_slot();
        };
        let run = self.runs.partition_point(|run| run.entry < entry);
        match self.runs.get(run) {
            Some(run) if run.entry == entry => {
                let from_here = &run.types[below..run.more];
                operand.slot.saturating_sub(slots(from_here))
            }
            _ => operand.slot,
        }
    }

    /// The slot of the operand that is pushed next.
    fn next_slot(&self) -> u32 {
        match self.stack.last() {
            Some(top) => top.slot.saturating_add(top.ty.slots()),
            None => self.locals.slots,
        }
    }

    /// Records that slots below this one are in use.
    pub fn reserve(&mut self, end: u32) {
        self.max_slots = self.max_slots.max(end);
    }

    /// The offset of a slot. A function with too many slots is rejected in the end, so its code does not matter.
    pub fn offset(slot: u32) -> SlotOffset {
        (i64::from(slot.min(MAX_SLOTS)) * SLOT) as SlotOffset
    }

    fn push(&mut self, place: Place, ty: ValType) {
        let slot = self.next_slot();
        self.reserve(slot.saturating_add(ty.slots()));
        self.stack.push(Operand { place, ty, slot });
    }

    /// Pushes an operand that is in its canonical slot.
    pub fn push_stored(&mut self, ty: ValType) {
        let all_were = self.clean == self.stack.len();
        self.push(Place::Stored, ty);
        if all_were {
            self.clean += 1;
        }
    }

    /// Pushes operands that are in their canonical slots and fill `slots` of them.
    pub fn push_all_stored(&mut self, types: &'m [ValType], slots: u32) {
        let Some((&last, others)) = types.split_last() else {
            return;
        };
        if !others.is_empty() {
            self.runs.push(Run {
                types,
                entry: self.stack.len(),
                more: others.len(),
                below: self.in_runs(),
            });
        }
        self.push_stored(last);
        if let Some(top) = self.stack.last_mut() {
            top.slot = top.slot.saturating_add(slots - last.slots());
            let end = top.slot.saturating_add(last.slots());
            self.reserve(end);
        }
    }

    /// Pushes a constant.
    pub fn push_const(&mut self, bits: u64, ty: ValType) {
        self.push(Place::Const(bits), ty);
    }

    /// Pushes an operand that is in a local.
    pub fn push_local(&mut self, local: LocalIdx) {
        let at = self.stack.len() as u32;
        let entry = self.locals.get_mut(local);
        let (ty, below) = (entry.ty, entry.head.replace(at));
        self.push(Place::Local { local, below }, ty);
    }

    /// Pops an operand.
    pub fn pop(&mut self) -> Operand {
        if let Some(run) = self.runs.last()
            && run.entry + 1 == self.stack.len()
        {
            return self.pop_of_run();
        }
        self.pop_entry()
    }

    /// Pops the topmost operand of a run.
    #[cold]
    fn pop_of_run(&mut self) -> Operand {
        let operand = self.top();
        self.shorten_run(1);
        operand
    }

    /// Pops `by` operands of the run on top, which has more.
    fn shorten_run(&mut self, by: usize) {
        let (Some(run), Some(top)) = (self.runs.last_mut(), self.stack.last_mut()) else {
            return;
        };
        let left = run.more - by;
        let slot = top.slot.saturating_sub(slots(&run.types[left..run.more]));
        let ty = run.types[left];
        *top = Operand { ty, slot, ..*top };
        run.more = left;
        if left == 0 {
            self.runs.pop();
        }
    }

    /// Pops an entry.
    fn pop_entry(&mut self) -> Operand {
        let operand = self.stack.pop();
        let operand = operand.unwrap_or_else(|| unreachable!("validated: operands are there"));
        match operand.place {
            Place::Local { local, below } => self.locals.get_mut(local).head = below,
            Place::Pending => {
                if let Some(pending) = &mut self.pending {
                    pending.entry = None;
                }
            }
            Place::Stored | Place::Const(_) => {}
        }
        self.clean = self.clean.min(self.stack.len());
        operand
    }

    /// Pushes an operand that was popped last, as it was.
    pub fn push_again(&mut self, operand: Operand) {
        let entry = self.stack.len();
        match operand.place {
            Place::Local { local, .. } => {
                self.locals.get_mut(local).head = Some(entry as u32);
            }
            Place::Pending => {
                if let Some(pending) = &mut self.pending {
                    pending.entry = Some(entry);
                }
            }
            Place::Stored | Place::Const(_) => {}
        }
        self.stack.push(operand);
    }

    /// The topmost operand, which stays.
    pub fn top(&self) -> Operand {
        *self
            .stack
            .last()
            .unwrap_or_else(|| unreachable!("validated: operands are there"))
    }

    /// Whether all operands are in their slots.
    pub fn all_stored(&self) -> bool {
        let unsure = &self.stack[self.clean..];
        unsure.iter().all(|operand| operand.place == Place::Stored)
    }

    /// Pops down to a height.
    pub fn truncate(&mut self, height: usize) {
        let (entry, below) = self.entry_at(height);
        let entries = entry + usize::from(below > 0);
        while self.stack.len() > entries.max(self.clean) {
            self.pop_entry();
        }
        // The remaining operands are in slots, so their locals need no update.
        self.stack.truncate(entries);
        self.clean = self.clean.min(entries);
        while self.runs.pop_if(|run| run.entry >= entries).is_some() {}
        if below > 0
            && let Some(run) = self.runs.last()
        {
            self.shorten_run(run.more + 1 - below);
        }
    }

    /// The op held back, for an instruction that absorbs it.
    pub fn pending(&self) -> Option<&Pending> {
        self.pending.as_ref()
    }

    /// Removes the op held back, for use in another one.
    pub fn take_pending(&mut self) -> Option<Pending> {
        self.pending.take()
    }

    /// The source to read an operand from. A pending one is in the accumulator once it has been emitted.
    pub fn src(&self, operand: &Operand) -> Src {
        match operand.place {
            Place::Pending => Src::Acc,
            Place::Stored => self.slot_src(Self::offset(operand.slot), operand.ty),
            Place::Local { local, .. } => {
                let local = self.locals.get(local);
                if local.pinned {
                    Src::Pin
                } else {
                    self.slot_src(local.offset, local.ty)
                }
            }
            Place::Const(bits) if is_wide(operand.ty) => Src::Imm64(bits),
            Place::Const(bits) => Src::Imm32(bits as u32),
        }
    }

    /// The place of an operand in memory, if it is there.
    pub fn memory(&self, operand: &Operand) -> Option<SlotOffset> {
        match operand.place {
            Place::Stored => Some(Self::offset(operand.slot)),
            Place::Local { local, .. } => Some(self.locals.get(local).offset),
            Place::Const(_) | Place::Pending => None,
        }
    }

    fn slot_src(&self, offset: SlotOffset, ty: ValType) -> Src {
        if self.acc[bank(ty) as usize] == Some(offset) {
            Src::Acc
        } else {
            Src::Slot(offset)
        }
    }

    /// Records that a value of a type was written to a slot; an accumulator that mirrored the slot no longer does.
    pub fn wrote(&mut self, offset: SlotOffset, ty: ValType) {
        let end = offset + (i64::from(ty.slots()) * SLOT) as SlotOffset;
        for (bank, acc) in self.acc.iter_mut().enumerate() {
            let width = if bank == Bank::V128 as usize { 2 } else { 1 };
            acc.take_if(|mirrored| {
                *mirrored < end && offset < *mirrored + (width * SLOT) as SlotOffset
            });
        }
    }

    /// For each bank of numbers the slot whose value its accumulator holds.
    pub fn accs_of_numbers(&self) -> &[Option<SlotOffset>] {
        &self.acc[..Bank::V128 as usize]
    }

    /// Records the contents of the accumulator of a bank.
    pub fn set_acc(&mut self, bank: Bank, offset: Option<SlotOffset>) {
        self.acc[bank as usize] = offset;
    }

    /// Records that all accumulators are empty.
    pub fn clear_accs(&mut self) {
        self.acc = [None; BANKS];
    }

    /// A local as a destination.
    pub fn local_dst(&self, local: LocalIdx) -> Dst {
        let local = self.locals.get(local);
        if local.pinned {
            Dst::Pin(local.offset)
        } else {
            Dst::Slot(local.offset)
        }
    }

    /// The type of a local.
    pub fn local_ty(&self, local: LocalIdx) -> ValType {
        self.locals.get(local).ty
    }

    /// Gives a local a register; returns its home.
    pub fn pin(&mut self, local: LocalIdx) -> SlotOffset {
        let local = self.locals.get_mut(local);
        local.pinned = true;
        local.offset
    }
}

impl Lowerer<'_> {
    /// Holds an op back as the computation of a new operand. Nothing else may be pending.
    pub(super) fn push_pending(&mut self, op: Op, ty: ValType) {
        debug_assert!(self.operands.pending.is_none());
        let op = match self.module.deterministic.then(|| floats_made_by(&op)) {
            Some(Some(floats)) => self.canonical(op, ty, floats),
            _ => op,
        };
        let entry = Some(self.operands.stack.len());
        let slot = self.operands.next_slot();
        let at = self.at;
        self.operands.pending = Some(Pending {
            op,
            ty,
            is_zero: false,
            entry,
            slot,
            at,
        });
        self.operands.push(Place::Pending, ty);
    }

    /// Emits an op that may yield a NaN; returns the op that makes it canonical, which is held back in its place.
    fn canonical(&mut self, mut op: Op, ty: ValType, floats: Floats) -> Op {
        let d = match ty {
            ValType::V128 => Dst::Slot(Operands::offset(self.operands.next_slot())),
            _ => Dst::Acc,
        };
        op.set_dst(d);
        self.emit(op);
        if let Dst::Slot(offset) = d {
            self.operands.wrote(offset, ty);
        }
        self.operands.set_acc(bank(ty), None);
        let (x, d) = (Src::Acc, Dst::Acc);
        Op::Canonical { floats, x, d }
    }

    /// As [`push_pending`](Self::push_pending), for the test whether the op's result is zero.
    pub(super) fn push_pending_test(&mut self, pending: Pending) {
        let (ty, entry) = (ValType::I32, Some(self.operands.stack.len()));
        let slot = self.operands.next_slot();
        self.operands.pending = Some(Pending {
            is_zero: true,
            ty,
            entry,
            slot,
            ..pending
        });
        self.operands.push(Place::Pending, ty);
    }

    /// Emits the op held back, with its destination. A vector for the accumulator is written to its canonical slot as well,
    /// which is above all that are in use, since vector ops have no other destination.
    pub(super) fn flush_pending(&mut self, d: Dst) {
        let Some(pending) = self.operands.pending.take() else {
            return;
        };
        let d = match d {
            Dst::Acc if pending.ty == ValType::V128 => Dst::Slot(Operands::offset(pending.slot)),
            d => d,
        };
        let mut op = pending.op;
        if pending.is_zero {
            let wide = matches!(
                op,
                Op::Binop {
                    op: Opcode::I64And,
                    ..
                }
            );
            op.set_dst(Dst::Acc);
            self.builder.op(&op, pending.at);
            op = super::numeric::eqz(wide, Src::Acc);
        }
        op.set_dst(d);
        self.builder.op(&op, pending.at);
        let mirrored = match d {
            Dst::Acc => None,
            Dst::Slot(offset) | Dst::Pin(offset) => {
                self.operands.wrote(offset, pending.ty);
                Some(offset)
            }
        };
        self.operands.set_acc(bank(pending.ty), mirrored);
    }

    /// Emits the op held back so that its result is in its canonical slot: needed before an op that does not consume it.
    pub(super) fn settle(&mut self) {
        match self.operands.pending {
            Some(Pending {
                entry: Some(entry), ..
            }) => {
                let operand = &mut self.operands.stack[entry];
                operand.place = Place::Stored;
                let offset = Operands::offset(operand.slot);
                self.flush_pending(Dst::Slot(offset));
            }
            Some(_) => self.flush_pending(Dst::Acc),
            None => {}
        }
    }

    /// Settles the pending op if its operand is still on the stack: needed before a slot is written, because the op may
    /// read slots that newer operands have taken over. The slots that a popped one reads are above all remaining ones.
    fn settle_on_stack(&mut self) {
        if self
            .operands
            .pending
            .is_some_and(|pending| pending.entry.is_some())
        {
            self.settle();
        }
    }

    /// Makes operands that were popped ready for an op: a pending one among them moves to the accumulator, any other is settled.
    /// Returns their places; at most one of them is in the accumulator.
    pub(super) fn sources<const N: usize>(&mut self, operands: [&Operand; N]) -> [Src; N] {
        if operands
            .iter()
            .any(|operand| operand.place == Place::Pending)
        {
            self.flush_pending(Dst::Acc);
        } else {
            self.settle();
        }
        let mut sources = operands.map(|operand| self.operands.src(operand));
        let mut seen = [false; BANKS];
        for (source, operand) in sources.iter_mut().zip(operands) {
            if *source == Src::Acc && core::mem::replace(&mut seen[bank(operand.ty) as usize], true)
            {
                // A second one is a local or slot that the accumulator mirrors.
                if let Some(offset) = self.operands.memory(operand) {
                    *source = Src::Slot(offset);
                }
            }
        }
        sources
    }

    /// As [`sources`](Self::sources), for an op that takes no immediate.
    pub(super) fn source(&mut self, operand: &Operand) -> Src {
        if let Place::Const(_) = operand.place {
            self.settle();
            return Src::Slot(self.stored(operand));
        }
        let [source] = self.sources([operand]);
        source
    }

    /// Moves operands that were popped, lowest first, into memory; returns their places.
    pub(super) fn stored_all<const N: usize>(
        &mut self,
        operands: [&Operand; N],
    ) -> [SlotOffset; N] {
        // The op held back may read slots that the copies below write, so it comes first.
        match operands
            .iter()
            .find(|operand| operand.place == Place::Pending)
        {
            Some(operand) => {
                self.flush_pending(Dst::Slot(Operands::offset(operand.slot)));
            }
            None => self.settle(),
        }
        operands.map(|operand| match operand.place {
            Place::Pending => Operands::offset(operand.slot),
            _ => self.stored(operand),
        })
    }

    /// Moves an operand that was popped into memory, if it is not there, and returns its place.
    pub(super) fn stored(&mut self, operand: &Operand) -> SlotOffset {
        if let Some(offset) = self.operands.memory(operand) {
            return offset;
        }
        let offset = Operands::offset(operand.slot);
        match operand.place {
            Place::Pending => self.flush_pending(Dst::Slot(offset)),
            _ => self.copy(operand, Dst::Slot(offset)),
        }
        offset
    }

    /// Copies an operand that is not pending. No accumulator changes, so this may come between a pending op and an op that reads its result.
    pub(super) fn copy(&mut self, operand: &Operand, d: Dst) {
        let x = self.operands.src(operand);
        self.emit(Op::Copy {
            bank: bank(operand.ty),
            x,
            d,
        });
        match d {
            Dst::Slot(offset) | Dst::Pin(offset) => self.operands.wrote(offset, operand.ty),
            Dst::Acc => self.operands.set_acc(bank(operand.ty), None),
        }
    }

    /// Moves the operands from a height on into their canonical slots. A pending op whose operand has been popped stays pending.
    pub(super) fn flush_from(&mut self, height: usize) {
        self.settle_on_stack();
        // An entry whose lower part is below the height is in its slots.
        let (entry, _) = self.operands.entry_at(height);
        let from = entry.max(self.operands.clean);
        for at in (from..self.operands.stack.len()).rev() {
            let operand = self.operands.stack[at];
            let d = Dst::Slot(Operands::offset(operand.slot));
            match operand.place {
                Place::Stored | Place::Pending => continue,
                Place::Const(_) => self.copy(&operand, d),
                Place::Local { local, below } => {
                    self.copy(&operand, d);
                    self.operands.locals.get_mut(local).head = below;
                }
            }
            self.operands.stack[at].place = Place::Stored;
        }
        if entry <= self.operands.clean {
            self.operands.clean = self.operands.stack.len();
        }
    }

    /// Moves all operands into their canonical slots.
    pub(super) fn flush_all(&mut self) {
        self.flush_from(0);
    }

    /// Saves the operands that are still in a local that is about to change into their canonical slots.
    pub(super) fn preserve(&mut self, local: LocalIdx) {
        if self.operands.locals.get(local).head.is_some() {
            self.settle_on_stack();
        }
        while let Some(at) = self.operands.locals.get(local).head {
            let operand = self.operands.stack[at as usize];
            self.copy(&operand, Dst::Slot(Operands::offset(operand.slot)));
            self.operands.stack[at as usize].place = Place::Stored;
            self.operands.locals.get_mut(local).head = match operand.place {
                Place::Local { below, .. } => below,
                _ => None,
            };
        }
    }
}

/// The floats that an op yields, if a NaN among them may be one of several.
fn floats_made_by(op: &Op) -> Option<Floats> {
    let (Op::Unop { op, .. } | Op::Binop { op, .. } | Op::Ternop { op, .. }) = *op else {
        return None;
    };
    op.nan()
}
