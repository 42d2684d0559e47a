//! The machine on which the rules for instructions work: a stack of operand types and a stack of open blocks.
//!
//! This is the algorithm of the specification's appendix: after an instruction that never falls through, the operand stack provides
//! any operand until the block ends. The rules in `instructions` define the effect of each instruction on the machine.
//! <https://webassembly.github.io/spec/core/appendix/algorithm.html>

use super::context::{Context, unknown};
use super::error::{At, Check, ErrorKind, Space, TypeList, ValidateError};
use super::operand::OpType;
use super::types::too_many;
use crate::limits;
use crate::syntax::index::*;
use crate::syntax::types::*;

/// Checks function bodies, an instruction at a time. Its memory is reused for the next body.
#[derive(Debug)]
pub struct FuncValidator<'c> {
    pub(super) ctx: &'c Context,
    pub(super) buffers: Buffers,
    /// The innermost open block; that of the function itself comes last.
    pub(super) frame: Frame,
    /// Number of open blocks, the function's included.
    open: usize,
    /// Whether this is a constant expression, in which references need no declaration.
    constant: bool,
}

/// The allocations of a validator.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    /// Types of the operands, above some that are never popped.
    pub(super) stack: Vec<OpType>,
    /// The blocks around the innermost.
    outer: Vec<Frame>,
    /// Types of the parameters and the first locals: enough for nearly all functions.
    locals: Vec<OpType>,
    /// All locals, as runs: the index behind the run's last, and its type.
    runs: Vec<(u32, OpType)>,
    /// Bits for the locals without a default that have been set; empty if all locals have defaults.
    set: Vec<u64>,
    /// The locals set since the function began, in order, so that they can be unset when a block ends.
    set_order: Vec<u32>,
    /// The round in which the parameters and the results of each type were last marked.
    marks: Vec<[u32; 2]>,
    round: u32,
}

/// An open block.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    pub(super) ty: BlockType,
    /// Height of the operand stack below the block's own operands.
    pub(super) height: u32,
    /// Number of entries in `set_order` at the beginning.
    set_height: u32,
    pub(super) kind: FrameKind,
    /// Whether the operand stack provides any operand: the rest of the block is unreachable.
    pub(super) polymorphic: bool,
}

/// The construct that opened a block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum FrameKind {
    /// The function, `block` or `try_table`.
    Block,
    Loop,
    If,
    Else,
    /// `try` of the older exceptions.
    Try,
    /// A handler of `try`.
    Catch,
    /// A handler of `try` after which none may follow.
    CatchAll,
}

impl Frame {
    const NONE: Self = Self {
        ty: BlockType::Empty,
        height: 0,
        set_height: 0,
        kind: FrameKind::Block,
        polymorphic: false,
    };
}

/// A list of operand types, by the place that has it: the types that a branch to a label takes, or that a block takes or leaves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum List {
    Empty,
    One(ValType),
    Params(TypeIdx),
    Results(TypeIdx),
}

impl List {
    /// The parameters of a block of this type.
    #[inline]
    pub(super) fn params(ty: BlockType) -> Self {
        match ty {
            BlockType::Empty | BlockType::Result(_) => Self::Empty,
            BlockType::Type(ty) => Self::Params(ty),
        }
    }

    /// The results of a block of this type.
    #[inline]
    pub(super) fn results(ty: BlockType) -> Self {
        match ty {
            BlockType::Empty => Self::Empty,
            BlockType::Result(ty) => Self::One(ty),
            BlockType::Type(ty) => Self::Results(ty),
        }
    }

    /// The packed types; `one` is room for a single one, which is packed nowhere else.
    #[inline]
    pub(super) fn packed<'x>(self, ctx: &'x Context, one: &'x mut [OpType; 1]) -> &'x [OpType] {
        match self {
            Self::Empty => &[],
            Self::One(ty) => {
                *one = [ctx.pack(ty)];
                one
            }
            Self::Params(ty) => ctx.params(ty),
            Self::Results(ty) => ctx.results(ty),
        }
    }
}

/// Number of types below the operands, so that this many can be inspected without a bounds check.
const BELOW: usize = 2;

/// Number of locals that are listed one by one. It bounds the work for a function that declares many locals in a few bytes.
const LISTED_LOCALS: usize = 1024;

/// The maximal height of the operand stack: above what real code needs, and low enough that a short body of calls with a
/// thousand results each cannot allocate gigabytes.
const MAX_OPERANDS: u32 = 1_000_000;

impl<'c> FuncValidator<'c> {
    /// Creates a validator for the bodies of a module.
    pub fn new(ctx: &'c Context) -> Self {
        Self::with_buffers(ctx, Buffers::default())
    }

    pub(super) fn with_buffers(ctx: &'c Context, buffers: Buffers) -> Self {
        Self {
            ctx,
            buffers,
            frame: Frame::NONE,
            open: 0,
            constant: false,
        }
    }

    pub(super) fn into_buffers(self) -> Buffers {
        self.buffers
    }

    /// Begins a body: that of a function of the module, with its declared locals as runs. Errors carry `offset`.
    ///
    /// # Errors
    /// If there are too many locals, or one is of an invalid type.
    pub fn begin(
        &mut self,
        func: FuncIdx,
        locals: &[(u32, ValType)],
        at: usize,
    ) -> Result<(), ValidateError> {
        let ty = self.ctx.func_at(func).at(at)?;
        self.start(BlockType::Type(ty), false);
        self.add_params(ty);
        self.add_locals(locals).at(at)
    }

    /// Begins a constant expression of a type.
    pub(super) fn begin_constant(&mut self, ty: ValType) {
        self.start(BlockType::Result(ty), true);
    }

    fn start(&mut self, ty: BlockType, constant: bool) {
        let buffers = &mut self.buffers;
        buffers.stack.clear();
        buffers.outer.clear();
        buffers.locals.clear();
        buffers.runs.clear();
        buffers.set.clear();
        buffers.set_order.clear();
        buffers.stack.extend([OpType::BOT; BELOW]);
        self.frame = Frame {
            ty,
            height: BELOW as u32,
            ..Frame::NONE
        };
        self.open = 1;
        self.constant = constant;
    }

    fn add_params(&mut self, ty: TypeIdx) {
        let params = self.ctx.params(ty);
        self.buffers.locals.extend_from_slice(params);
    }

    fn add_locals(&mut self, locals: &[(u32, ValType)]) -> Check {
        let buffers = &mut self.buffers;
        let params = buffers.locals.len() as u32;
        let mut end = params;
        let mut all_have_defaults = true;
        for &(count, ty) in locals {
            self.ctx.check_val_type(ty)?;
            // Neither can overflow: `end` stays below the limit, and a count of 32 bits fits beside it.
            let total = u64::from(end) + u64::from(count);
            too_many("locals", total as usize, limits::MAX_LOCALS)?;
            end = total as u32;
            let ty = self.ctx.pack(ty);
            all_have_defaults &= !ty.is_non_null();
            let listed = buffers.locals.len();
            buffers
                .locals
                .resize(listed.max((end as usize).min(LISTED_LOCALS)), ty);
            buffers.runs.push((end, ty));
        }
        if !all_have_defaults {
            buffers.set.resize(end as usize / 64 + 1, 0);
            for param in 0..params {
                buffers.set[param as usize / 64] |= 1 << (param % 64);
            }
        }
        Ok(())
    }

    /// Checks that the body is complete.
    ///
    /// # Errors
    /// If a block lacks its `end`.
    pub fn finish(&self, at: usize) -> Result<(), ValidateError> {
        match self.open {
            0 => Ok(()),
            open => Err(ErrorKind::Unfinished { open }.into()).at(at),
        }
    }

    /// Number of open blocks, the function's included.
    pub(super) fn open_blocks(&self) -> usize {
        self.open
    }

    /// Whether all blocks have ended, the function's included.
    #[inline]
    pub(super) fn is_finished(&self) -> bool {
        self.open == 0
    }

    pub(super) fn is_constant(&self) -> bool {
        self.constant
    }

    // Operands.

    #[inline(always)]
    pub(super) fn push(&mut self, ty: OpType) {
        self.buffers.stack.push(ty);
    }

    pub(super) fn push_all(&mut self, types: &[OpType]) -> Check {
        let height = self.buffers.stack.len() + types.len();
        too_many("operands", height, MAX_OPERANDS)?;
        self.buffers.stack.extend_from_slice(types);
        Ok(())
    }

    /// Number of operands of the innermost block.
    #[inline]
    pub(super) fn own_operands(&self) -> usize {
        self.buffers.stack.len() - self.frame.height as usize
    }

    /// Takes an operand of a type.
    #[inline(always)]
    pub(super) fn pop(&mut self, expected: OpType) -> Check {
        let stack = &mut self.buffers.stack;
        if stack.len() > self.frame.height as usize
            && let Some(&top) = stack.last()
            && top == expected
        {
            stack.truncate(stack.len() - 1);
            return Ok(());
        }
        self.pop_slow(expected)
    }

    #[cold]
    fn pop_slow(&mut self, expected: OpType) -> Check {
        match self.pop_any_or_none() {
            Some(found) if self.ctx.matches(found, expected) => Ok(()),
            None if self.frame.polymorphic => Ok(()),
            found => Err(mismatch(&[expected], found.as_slice())),
        }
    }

    /// Takes an operand of any type.
    #[inline]
    pub(super) fn pop_any(&mut self) -> Check<OpType> {
        match self.pop_any_or_none() {
            Some(found) => Ok(found),
            None if self.frame.polymorphic => Ok(OpType::BOT),
            None => Err(ErrorKind::Operands {
                required: TypeList::new(&[OpType::BOT]),
                found: TypeList::new(&[]),
            })?,
        }
    }

    #[inline]
    fn pop_any_or_none(&mut self) -> Option<OpType> {
        if self.own_operands() == 0 {
            None
        } else {
            self.buffers.stack.pop()
        }
    }

    /// Takes an operand that is a reference.
    pub(super) fn pop_ref(&mut self) -> Check<OpType> {
        match self.pop_any()? {
            OpType::BOT => Ok(OpType::BOT_REF),
            ty if ty.is_ref() => Ok(ty),
            ty => Err(ErrorKind::NotReference {
                found: TypeList::new(&[ty]),
            })?,
        }
    }

    /// Takes operands of the given types.
    #[inline]
    pub(super) fn pop_all(&mut self, expected: &[OpType]) -> Check {
        let len = self.check_top(expected)?;
        self.buffers.stack.truncate(len);
        Ok(())
    }

    /// Checks that the topmost operands are of the given types, and returns the height of the stack below them.
    #[inline]
    pub(super) fn check_top(&self, expected: &[OpType]) -> Check<usize> {
        let stack = &self.buffers.stack;
        let below = stack.len().wrapping_sub(expected.len());
        if self.own_operands() >= expected.len() && same(&stack[below..], expected) {
            return Ok(below);
        }
        self.check_top_slow(expected)
    }

    #[cold]
    fn check_top_slow(&self, expected: &[OpType]) -> Check<usize> {
        let own = self.own_operands();
        let present = own.min(expected.len());
        let below = self.buffers.stack.len() - present;
        let found = &self.buffers.stack[below..];
        if present < expected.len() && !self.frame.polymorphic {
            return Err(mismatch(expected, found));
        }
        let last = &expected[expected.len() - present..];
        if found
            .iter()
            .zip(last)
            .all(|(&a, &b)| self.ctx.matches(a, b))
        {
            Ok(below)
        } else {
            Err(mismatch(expected, found))
        }
    }

    /// Pops the operands of a list.
    #[inline]
    pub(super) fn pop_list(&mut self, list: List) -> Check {
        match list {
            List::Empty => Ok(()),
            List::One(ty) => self.pop(self.ctx.pack(ty)),
            List::Params(ty) => self.pop_all(self.ctx.params(ty)),
            List::Results(ty) => self.pop_all(self.ctx.results(ty)),
        }
    }

    /// Pushes the operands of a list.
    #[inline]
    pub(super) fn push_list(&mut self, list: List) -> Check {
        match list {
            List::Empty => {}
            List::One(ty) => self.push(self.ctx.pack(ty)),
            List::Params(ty) => self.push_all(self.ctx.params(ty))?,
            List::Results(ty) => self.push_all(self.ctx.results(ty))?,
        }
        Ok(())
    }

    /// Pops operands of `params` and pushes `results`: the whole rule of an instruction that has one type in its place.
    pub(super) fn rule(&mut self, params: &[ValType], results: &[ValType]) -> Check {
        for &ty in params.iter().rev() {
            let ty = self.ctx.pack(ty);
            self.pop(ty)?;
        }
        for &ty in results {
            let ty = self.ctx.pack(ty);
            self.push(ty);
        }
        Ok(())
    }

    // Blocks.

    /// Opens a block, whose parameters are popped before and pushed again afterwards.
    #[inline]
    pub(super) fn push_frame(&mut self, kind: FrameKind, ty: BlockType) {
        let height = self.buffers.stack.len();
        self.buffers.outer.push(self.frame);
        self.open += 1;
        self.frame = Frame {
            ty,
            height: height as u32,
            set_height: self.buffers.set_order.len() as u32,
            kind,
            polymorphic: false,
        };
    }

    /// Checks that the innermost block ends with exactly its results, and pops them.
    #[inline]
    pub(super) fn check_end(&mut self) -> Check {
        let mut one = [OpType::BOT];
        let below = self.check_top(List::results(self.frame.ty).packed(self.ctx, &mut one))?;
        if below != self.frame.height as usize {
            return Err(self.leftover(below));
        }
        self.buffers.stack.truncate(below);
        Ok(())
    }

    #[cold]
    fn leftover(&self, below: usize) -> Box<ErrorKind> {
        let mut one = [OpType::BOT];
        let required = TypeList::new(List::results(self.frame.ty).packed(self.ctx, &mut one));
        let found = TypeList::new(&self.buffers.stack[self.frame.height as usize..below]);
        Box::new(ErrorKind::Leftover { required, found })
    }

    /// Closes the innermost block, whose end has been checked.
    #[inline]
    pub(super) fn pop_frame(&mut self) {
        self.unset_locals();
        self.open -= 1;
        if let Some(outer) = self.buffers.outer.pop() {
            self.frame = outer;
        }
    }

    /// Continues with the next part of the same construct: `else`, `catch`.
    pub(super) fn next_part(&mut self, kind: FrameKind) {
        self.unset_locals();
        self.frame.kind = kind;
        self.frame.polymorphic = false;
    }

    /// Marks the rest of the block as unreachable.
    #[inline]
    pub(super) fn set_unreachable(&mut self) {
        self.buffers.stack.truncate(self.frame.height as usize);
        self.frame.polymorphic = true;
    }

    /// Returns the block that a label refers to.
    #[inline]
    pub(super) fn label(&self, label: LabelIdx) -> Check<&Frame> {
        let depth = label.index();
        if depth == 0 {
            return Ok(&self.frame);
        }
        let outer = &self.buffers.outer;
        match outer.len().checked_sub(depth) {
            Some(at) => Ok(&outer[at]),
            None => Err(unknown(Space::Label, label.0, self.open)),
        }
    }

    /// Begins a round of marking lists, in which none is marked yet.
    pub(super) fn begin_marks(&mut self) {
        let buffers = &mut self.buffers;
        buffers.round = buffers.round.wrapping_add(1);
        if buffers.round == 0 || buffers.marks.len() < self.ctx.types.len() {
            buffers.round = 1;
            buffers.marks.clear();
            buffers.marks.resize(self.ctx.types.len(), [0; 2]);
        }
    }

    /// Marks a list and returns whether it was marked already. Short lists are never marked, since comparing them takes as little time.
    #[inline]
    pub(super) fn mark(&mut self, list: List) -> bool {
        let (ty, which) = match list {
            List::Empty | List::One(_) => return false,
            List::Params(ty) => (ty, 0),
            List::Results(ty) => (ty, 1),
        };
        let round = self.buffers.round;
        let mark = &mut self.buffers.marks[ty.index()][which];
        core::mem::replace(mark, round) == round
    }

    // Locals.

    /// The type of a local.
    #[inline(always)]
    pub(super) fn local(&self, local: LocalIdx) -> Check<OpType> {
        match self.buffers.locals.get(local.index()) {
            Some(&ty) => Ok(ty),
            None => self.local_of_run(local),
        }
    }

    #[cold]
    fn local_of_run(&self, local: LocalIdx) -> Check<OpType> {
        let runs = &self.buffers.runs;
        match runs.get(runs.partition_point(|&(end, _)| end <= local.0)) {
            Some(&(_, ty)) => Ok(ty),
            None => {
                let params = self.buffers.locals.len();
                let count = runs.last().map_or(params, |&(end, _)| end as usize);
                Err(unknown(Space::Local, local.0, count))
            }
        }
    }

    /// Whether a local without a default has been set on every path here.
    #[cold]
    pub(super) fn is_set(&self, local: LocalIdx) -> bool {
        // Without bits, the local is a parameter.
        match self.buffers.set.get(local.index() / 64) {
            Some(word) => word >> (local.0 % 64) & 1 != 0,
            None => true,
        }
    }

    /// Records that a local without a default is set until the block ends.
    #[cold]
    pub(super) fn set_local(&mut self, local: LocalIdx) {
        if !self.is_set(local) {
            self.buffers.set[local.index() / 64] |= 1 << (local.0 % 64);
            self.buffers.set_order.push(local.0);
        }
    }

    #[inline]
    fn unset_locals(&mut self) {
        let buffers = &mut self.buffers;
        while buffers.set_order.len() > self.frame.set_height as usize {
            if let Some(local) = buffers.set_order.pop() {
                buffers.set[local as usize / 64] &= !(1 << (local % 64));
            }
        }
    }
}

/// Whether lists of the same length are equal; without a call for the usual case of one operand.
#[inline(always)]
fn same(a: &[OpType], b: &[OpType]) -> bool {
    match (a, b) {
        ([], []) => true,
        ([a], [b]) => a == b,
        _ => a == b,
    }
}

#[cold]
pub(super) fn mismatch(required: &[OpType], found: &[OpType]) -> Box<ErrorKind> {
    Box::new(ErrorKind::Operands {
        required: TypeList::new(required),
        found: TypeList::new(found),
    })
}
