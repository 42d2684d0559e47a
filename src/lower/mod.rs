//! Lowering: from validated instructions to threaded code, in one pass.
//!
//! The specification has no such stage. This one repeats no check, does not depend on a store, and fails only at a limit.
//!
//! # How it works
//!
//! The operands and results of an instruction follow from its row, its immediates and the module's declarations, so lowering needs no
//! result of validation.
//!
//! The operand stack is simulated at compile time. An entry has the place of the value: in its *canonical slot*, which its height
//! determines; still in a local; a constant; or *pending*: the op that computes it is held back until its destination
//! is known. This has three uses:
//!
//! * `local.get` and constants emit nothing; the op that consumes them names the local or the number;
//! * `local.set` makes the local the destination of the pending op;
//! * an op can absorb the pending one: a comparison into the branch behind it, a sum into an address.
//!
//! ```text
//! (local.set $i (i32.add (local.get $i) (i32.const 1)))        [0] := i32.add [0], 1
//! (br_if $l (i32.lt_s (local.get $i) (local.get $n)))          if i32.lt_s acc, [1] goto
//! ```
//!
//! Wherever control can arrive from elsewhere (a label that is branched to, the place behind a call) all operands are in their
//! canonical slots and no accumulator holds anything but the single result of a call. So the state there depends only on the
//! place in the module, regardless of earlier fusions.
//!
//! `operands` is the compile-time stack, `locals` has the places of the locals, `pins` chooses which of them get a register; the rest
//! is one file for each kind of instruction.

mod atomic;
mod calls;
mod control;
mod exceptions;
mod fuel;
mod fuse;
mod heap;
mod locals;
mod memory;
mod memory64;
mod numeric;
mod operands;
mod pins;
mod reference;
mod runtime;
mod simd;
mod variable;

pub(crate) use pins::Survey;

use crate::code::builder::{At, Builder, ListedOp, Select};
use crate::code::layout::StructLayout;
use crate::code::ops::{Bank, MAX_INLINE_ZEROS, Op, SlotOffset};
use crate::code::{Code, Form, LowerError};
use crate::syntax::index::*;
use crate::syntax::instr::{Class, Instr, Opcode};
use crate::syntax::types::{CompType, FuncType, GlobalType, MemType, SubType, TableType, ValType};

use self::control::Labels;
use self::exceptions::Exceptions;
use self::operands::Operands;

/// The parts of the module that lowering a function needs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Surroundings<'m> {
    /// Number of imported functions.
    pub imported_funcs: u32,
    /// Number of imported globals.
    pub imported_globals: u32,
    /// The memories.
    pub mems: &'m [MemType],
    /// The globals.
    pub globals: &'m [GlobalType],
    /// The tables.
    pub tables: &'m [TableType],
    /// Canonical ids of the module's types.
    pub types: &'m [u32],
    /// The form of the code: how it accounts for fuel.
    pub form: Form,
    /// Types of the functions, imports first.
    pub funcs: &'m [TypeIdx],
    /// Types of the tags, imports first.
    pub tags: &'m [TypeIdx],
    /// Number of slots that the values of function types fill, by type index.
    pub slots: &'m [FuncSlots],
    /// The module's types.
    pub subtypes: &'m [SubType],
    /// The layouts of those types that are structures.
    pub layouts: &'m [StructLayout],
    /// Whether NaNs in results of arithmetic are made canonical.
    pub deterministic: bool,
}

/// Number of slots that the parameters and the results of a function type fill.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct FuncSlots {
    pub params: u32,
    pub results: u32,
}

impl FuncSlots {
    /// Those of a type; none if it is no function type.
    pub fn new(ty: &SubType) -> Self {
        match &ty.composite {
            CompType::Func(ty) => Self {
                params: slots(&ty.params),
                results: slots(&ty.results),
            },
            CompType::Struct(_) | CompType::Array(_) => Self::default(),
        }
    }

    /// Those of the longer list.
    fn most(self) -> u32 {
        self.params.max(self.results)
    }
}

impl<'m> Surroundings<'m> {
    /// The function type at a type index.
    fn func_type(&self, ty: TypeIdx) -> &'m FuncType {
        match &self.subtypes[ty.index()].composite {
            CompType::Func(ty) => ty,
            _ => unreachable!("validated: functions and blocks have function types"),
        }
    }
}

/// Lowers one function.
pub(crate) struct Lowerer<'m> {
    module: Surroundings<'m>,
    builder: Builder,
    operands: Operands<'m>,
    labels: Labels,
    exceptions: Exceptions,
    /// The homes of the locals that have a register.
    pins: Vec<(Bank, SlotOffset)>,
    /// The depth of unreachable code: the number of blocks opened there, plus one. No code is emitted for it.
    dead: u32,
    /// The current instruction.
    at: At,
}

impl<'m> Lowerer<'m> {
    /// Begins a function of type `ty`, whose body begins at an offset. `locals` are the declared ones, as runs.
    pub fn new(
        module: Surroundings<'m>,
        ty: TypeIdx,
        locals: &[(u32, ValType)],
        survey: &Survey,
        select: Select,
        body: usize,
        listed: bool,
    ) -> Self {
        let builder = Builder::new(select, module.form, body, listed);
        let at = At {
            offset: body,
            tally: builder.tally(),
        };
        let mut lowerer = Self {
            module,
            builder,
            operands: Operands::new(module.func_type(ty), locals),
            labels: Labels::new(ty),
            exceptions: Exceptions::default(),
            pins: Vec::new(),
            dead: 0,
            at,
        };
        lowerer.charge_entry(locals);
        lowerer.zero_locals();
        if module.form != Form::Exact {
            lowerer.pin_locals(survey);
        }
        lowerer
    }

    /// Lowers the next instruction, which is at the offset `at`.
    pub fn instr(&mut self, instr: &Instr<'_>, at: usize) {
        if self.dead > 0 {
            return self.skip(instr, at);
        }
        self.at.offset = at;
        self.charge(instr);
        self.at.tally = self.builder.tally();
        let opcode = instr.opcode();
        match opcode.class() {
            Class::Const => self.constant(instr),
            Class::Unop | Class::Cvtop | Class::Testop => self.unop(opcode),
            Class::Binop | Class::Relop => self.binop(opcode),
            Class::Load | Class::Vload => self.load(instr),
            Class::Store | Class::Vstore => self.store(instr),
            Class::Vconst | Class::Vplain | Class::VloadLane | Class::VstoreLane => {
                self.vector(instr);
            }
            Class::Atomic => self.atomic(instr),
            _ => self.special(opcode, instr),
        }
        if self.module.form == Form::Exact && self.dead == 0 {
            // Exact code keeps every value in its canonical slot, so that it can stop before any instruction.
            self.flush_all();
            self.operands.clear_accs();
        }
    }

    /// Instructions that have a method of their own.
    fn special(&mut self, opcode: Opcode, instr: &Instr<'_>) {
        match *instr {
            Instr::Nop => {}
            Instr::Unreachable => self.unreachable(),
            Instr::Block { ty } => self.block(ty),
            Instr::Loop { ty } => self.loop_(ty),
            Instr::If { ty } => self.if_(ty),
            Instr::Else => self.else_(),
            Instr::End => self.end(),
            Instr::Br { label } => self.br(label),
            Instr::BrIf { label } => self.br_if(label),
            Instr::BrTable { labels, default } => self.br_table(labels, default),
            Instr::Return => self.return_(),
            Instr::Call { func } => self.call(func),
            Instr::CallIndirect { ty: callee, table } => self.call_indirect(callee, table),
            Instr::ReturnCall { func } => self.return_call(func),
            Instr::ReturnCallIndirect { ty: callee, table } => {
                self.return_call_indirect(callee, table);
            }
            Instr::CallRef { ty } => self.call_ref(ty),
            Instr::ReturnCallRef { ty } => self.return_call_ref(ty),
            Instr::BrOnNull { label } => self.br_on_null(label),
            Instr::BrOnNonNull { label } => self.br_on_non_null(label),
            Instr::TryTable { ty, catches } => self.try_table(ty, catches),
            Instr::Throw { tag } => self.throw(tag),
            Instr::ThrowRef => self.throw_ref(),
            Instr::Try { ty } => self.try_(ty),
            Instr::Catch { tag } => self.catch(Some(tag)),
            Instr::CatchAll => self.catch(None),
            Instr::Rethrow { label } => self.rethrow(label),
            Instr::Delegate { label } => self.delegate(label),
            Instr::Drop => self.drop_(),
            Instr::Select | Instr::SelectTyped { .. } => self.select(),
            Instr::LocalGet { local } => self.local_get(local),
            Instr::LocalSet { local } => self.local_set(local),
            Instr::LocalTee { local } => self.local_tee(local),
            Instr::GlobalGet { global } => self.global_get(global),
            Instr::GlobalSet { global } => self.global_set(global),
            Instr::RefNull { .. } => self.ref_null(),
            Instr::RefIsNull => self.ref_is_null(),
            Instr::RefAsNonNull => self.ref_as_non_null(),
            Instr::RefEq => self.binop(Opcode::I64Eq),
            Instr::I64Add128 | Instr::I64Sub128 | Instr::I64MulWideS | Instr::I64MulWideU => {
                self.wide(opcode);
            }
            Instr::AtomicFence { .. } => self.atomic(instr),
            Instr::RefI31 | Instr::I31GetS | Instr::I31GetU => self.unop(opcode),
            // References of both hierarchies look the same.
            Instr::AnyConvertExtern | Instr::ExternConvertAny => {}
            Instr::BrOnCast { cast } => self.br_on_cast(cast),
            Instr::BrOnCastFail { cast } => self.br_on_cast_fail(cast),
            Instr::StructNew { .. }
            | Instr::StructNewDefault { .. }
            | Instr::StructGet { .. }
            | Instr::StructGetS { .. }
            | Instr::StructGetU { .. }
            | Instr::StructSet { .. }
            | Instr::ArrayNew { .. }
            | Instr::ArrayNewDefault { .. }
            | Instr::ArrayNewFixed { .. }
            | Instr::ArrayNewData { .. }
            | Instr::ArrayNewElem { .. }
            | Instr::ArrayGet { .. }
            | Instr::ArrayGetS { .. }
            | Instr::ArrayGetU { .. }
            | Instr::ArraySet { .. }
            | Instr::ArrayLen
            | Instr::ArrayFill { .. }
            | Instr::ArrayCopy { .. }
            | Instr::ArrayInitData { .. }
            | Instr::ArrayInitElem { .. }
            | Instr::RefTestNonNull { .. }
            | Instr::RefTestNull { .. }
            | Instr::RefCastNonNull { .. }
            | Instr::RefCastNull { .. } => self.object(instr),
            _ => self.runtime(instr),
        }
    }

    /// Writes the header and returns the code, and a list of all ops if requested.
    pub fn finish(self) -> Result<(Code, Vec<ListedOp>), LowerError> {
        let frame_bytes = self.operands.frame_bytes()?;
        let mut pins = [None; 3];
        for (bank, home) in self.pins {
            pins[bank as usize] = Some(home);
        }
        self.builder
            .finish(frame_bytes, pins, self.exceptions.catches)
    }

    /// Sets the locals that are not parameters to zero.
    fn zero_locals(&mut self) {
        let count = self.operands.local_slots();
        match u8::try_from(count) {
            Ok(0) => {}
            Ok(count @ 1..=MAX_INLINE_ZEROS) => self.emit(Op::ZeroLocals { count }),
            _ => self.emit(Op::ZeroManyLocals { count }),
        }
    }

    /// Emits an op as it is.
    fn emit(&mut self, op: Op) {
        self.builder.op(&op, self.at);
    }
}

/// The register class of a type.
fn bank(ty: ValType) -> Bank {
    match ty {
        ValType::F32 => Bank::F32,
        ValType::F64 => Bank::F64,
        ValType::I32 | ValType::I64 | ValType::Ref(_) => Bank::Int,
        ValType::V128 => Bank::V128,
    }
}

/// A reference of any type: all references look the same.
const REFERENCE: ValType = ValType::FUNCREF;

/// The number of operands and the results of an instruction whose type is the same everywhere but for the width of addresses.
fn plain_type(op: Opcode) -> (usize, &'static [ValType]) {
    let ty = op.plain_type();
    ty.map_or((0, &[]), |(params, results)| (params.len(), results))
}

/// Number of slots that values of some types fill.
fn slots(types: &[ValType]) -> u32 {
    types
        .iter()
        .fold(0, |slots: u32, ty| slots.saturating_add(ty.slots()))
}

/// Whether an immediate of a type takes two cells.
fn is_wide(ty: ValType) -> bool {
    !matches!(ty, ValType::I32 | ValType::F32)
}

impl Lowerer<'_> {
    /// Whether a function is imported, or else its position among those that the module defines.
    fn defined(&self, func: FuncIdx) -> Option<u32> {
        func.0.checked_sub(self.module.imported_funcs)
    }
}
