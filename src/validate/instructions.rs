//! The rules for instructions: a fast one for all whose type is in the instruction table, and one function for each of the others.
//!
//! The others are grouped in a file for each chapter of the specification. Each function takes the operands and pushes the
//! results: it is the rule, as the specification writes it.
//! <https://webassembly.github.io/spec/core/valid/instructions.html>

mod aggregate;
mod control;
mod exception;
mod memory;
mod parametric;
mod reference;
mod table;
mod variable;
mod vector;

use super::context::unsupported;
use super::error::{At, Check, ErrorKind, Subject, ValidateError};
use super::operand::OpType;
use super::stack::FuncValidator;
use crate::features::Feature;
use crate::syntax::instr::{Class, Instr, Opcode, PlainType};
use crate::syntax::types::*;

/// The rule of an instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Rule {
    /// The type in the table, with at most two parameters and one result.
    Plain,
    /// The type in the table, with more parameters or results.
    Wide,
    /// The type in the table, for a memory with 32-bit addresses.
    Access,
    /// A function of its own.
    Own,
}

/// A row of the instruction table, as validation reads it.
#[derive(Clone, Copy)]
struct Signature {
    params: &'static [ValType],
    results: &'static [ValType],
    rule: Rule,
    feature: Feature,
    /// Number of bytes of memory that it accesses; 0 if it does not.
    access_bytes: u8,
    /// The types of the last two parameters, and which bits of them count: none where there are fewer parameters.
    top: [(OpType, u32); 2],
    /// The type of the first result.
    result: OpType,
}

impl Signature {
    const fn new(opcode: Opcode) -> Self {
        let ty = opcode.plain_type();
        let (params, results): PlainType = match ty {
            Some(ty) => ty,
            None => (&[], &[]),
        };
        let access_bytes = match opcode.access_bytes() {
            Some(bytes) => bytes,
            None => 0,
        };
        let mut top = [(OpType::BOT, 0); 2];
        let mut i = 0;
        while i < 2 && i < params.len() {
            top[1 - i] = (OpType::new(params[params.len() - 1 - i]), u32::MAX);
            i += 1;
        }
        Self {
            params,
            results,
            rule: match opcode.class() {
                _ if ty.is_none() => Rule::Own,
                // Lanes have bounds.
                Class::VloadLane | Class::VstoreLane => Rule::Own,
                Class::Vplain if opcode.has_immediates() => Rule::Own,
                _ if access_bytes > 0 => Rule::Access,
                _ if params.len() > 2 || results.len() > 1 => Rule::Wide,
                _ => Rule::Plain,
            },
            feature: opcode.feature(),
            access_bytes,
            top,
            result: match results {
                [first, ..] => OpType::new(*first),
                [] => OpType::BOT,
            },
        }
    }
}

/// The rows, by opcode.
static SIGNATURES: [Signature; Opcode::ALL.len()] = {
    let mut signatures = [Signature::new(Opcode::Unreachable); Opcode::ALL.len()];
    let mut i = 0;
    while i < signatures.len() {
        signatures[i] = Signature::new(Opcode::ALL[i]);
        i += 1;
    }
    signatures
};

impl FuncValidator<'_> {
    /// Checks the next instruction of the body. Errors carry `offset`.
    ///
    /// # Errors
    /// If a rule is violated. The body is then invalid, and the effect of further instructions is unspecified.
    #[inline]
    pub fn check_instr(&mut self, instr: &Instr<'_>, at: usize) -> Result<(), ValidateError> {
        self.instr(instr).at(at)
    }

    #[inline(always)]
    fn instr(&mut self, instr: &Instr<'_>) -> Check {
        let opcode = instr.opcode();
        let signature = &SIGNATURES[opcode as usize];
        if !self.ctx.features.contains(signature.feature) {
            return Err(unsupported(signature.feature, Subject::Instr(opcode)));
        }
        if self.is_finished() {
            return Err(misplaced(opcode));
        }
        // The most frequent rules come first, with little code around them.
        match signature.rule {
            Rule::Plain => self.plain(signature),
            Rule::Access => match instr.memarg() {
                Some(memarg) => self.access(opcode, memarg),
                None => unreachable!("instructions that access memory have a memory argument"),
            },
            Rule::Own => self.own(instr, opcode),
            Rule::Wide => self.wide(signature),
        }
    }

    /// Instructions with a rule of their own.
    fn own(&mut self, instr: &Instr<'_>, opcode: Opcode) -> Check {
        match *instr {
            Instr::LocalGet { local } => self.local_get(local),
            Instr::LocalSet { local } => self.local_set(local),
            Instr::LocalTee { local } => self.local_tee(local),
            Instr::GlobalGet { global } => self.global_get(global),
            Instr::GlobalSet { global } => self.global_set(global),
            Instr::Block { ty } => self.block(ty),
            Instr::Loop { ty } => self.loop_(ty),
            Instr::If { ty } => self.if_(ty),
            Instr::Else => self.else_(opcode),
            Instr::End => self.end(),
            Instr::Br { label } => self.br(label),
            Instr::BrIf { label } => self.br_if(label),
            Instr::Return => self.return_(),
            Instr::Call { func } => self.call(func),
            Instr::CallIndirect { ty, table } => self.call_indirect(ty, table),
            Instr::Drop => self.drop(),
            Instr::Select => self.select(),
            _ => self.rare(instr, opcode),
        }
    }

    /// The less frequent of these instructions.
    #[inline(never)]
    fn rare(&mut self, instr: &Instr<'_>, opcode: Opcode) -> Check {
        match *instr {
            Instr::Unreachable => self.unreachable(),
            Instr::SelectTyped { types } => self.select_typed(types),

            Instr::BrTable { labels, default } => self.br_table(labels, default),
            Instr::CallRef { ty } => self.call_ref(ty),
            Instr::ReturnCall { func } => self.return_call(func),
            Instr::ReturnCallIndirect { ty, table } => self.return_call_indirect(ty, table),
            Instr::ReturnCallRef { ty } => self.return_call_ref(ty),
            Instr::BrOnNull { label } => self.br_on_null(label),
            Instr::BrOnNonNull { label } => self.br_on_non_null(label),
            Instr::BrOnCast { cast } => self.br_on_cast(cast),
            Instr::BrOnCastFail { cast } => self.br_on_cast_fail(cast),

            Instr::TryTable { ty, catches } => self.try_table(ty, catches),
            Instr::Throw { tag } => self.throw(tag),
            Instr::ThrowRef => self.throw_ref(),
            Instr::Try { ty } => self.try_(ty),
            Instr::Catch { tag } => self.catch(opcode, tag),
            Instr::CatchAll => self.catch_all(opcode),
            Instr::Delegate { label } => self.delegate(opcode, label),
            Instr::Rethrow { label } => self.rethrow(label),

            Instr::TableGet { table } => self.table_get(table),
            Instr::TableSet { table } => self.table_set(table),
            Instr::TableSize { table } => self.table_size(table),
            Instr::TableGrow { table } => self.table_grow(table),
            Instr::TableFill { table } => self.table_fill(table),
            Instr::TableCopy { dst, src } => self.table_copy(dst, src),
            Instr::TableInit { elem, table } => self.table_init(elem, table),
            Instr::ElemDrop { elem } => self.elem_drop(elem),

            Instr::MemorySize { mem } => self.memory_size(mem),
            Instr::MemoryGrow { mem } => self.memory_grow(mem),
            Instr::MemoryFill { mem } => self.memory_fill(mem),
            Instr::MemoryCopy { dst, src } => self.memory_copy(dst, src),
            Instr::MemoryInit { data, mem } => self.memory_init(opcode, data, mem),
            Instr::DataDrop { data } => self.data_drop(opcode, data),

            Instr::RefNull { heap } => self.ref_null(heap),
            Instr::RefIsNull => self.ref_is_null(),
            Instr::RefFunc { func } => self.ref_func(func),
            Instr::RefAsNonNull => self.ref_as_non_null(),
            Instr::RefTestNonNull { heap } => self.ref_test(heap, false),
            Instr::RefTestNull { heap } => self.ref_test(heap, true),
            Instr::RefCastNonNull { heap } => self.ref_cast(heap, false),
            Instr::RefCastNull { heap } => self.ref_cast(heap, true),
            Instr::AnyConvertExtern => self.any_convert_extern(),
            Instr::ExternConvertAny => self.extern_convert_any(),

            Instr::StructNew { ty } => self.struct_new(ty),
            Instr::StructNewDefault { ty } => self.struct_new_default(ty),
            Instr::StructGet { ty, field } => self.struct_get(ty, field, false),
            Instr::StructGetS { ty, field } => self.struct_get(ty, field, true),
            Instr::StructGetU { ty, field } => self.struct_get(ty, field, true),
            Instr::StructSet { ty, field } => self.struct_set(ty, field),
            Instr::ArrayNew { ty } => self.array_new(ty),
            Instr::ArrayNewDefault { ty } => self.array_new_default(ty),
            Instr::ArrayNewFixed { ty, count } => self.array_new_fixed(ty, count.0),
            Instr::ArrayNewData { ty, data } => self.array_new_data(opcode, ty, data),
            Instr::ArrayNewElem { ty, elem } => self.array_new_elem(ty, elem),
            Instr::ArrayGet { ty } => self.array_get(ty, false),
            Instr::ArrayGetS { ty } => self.array_get(ty, true),
            Instr::ArrayGetU { ty } => self.array_get(ty, true),
            Instr::ArraySet { ty } => self.array_set(ty),
            Instr::ArrayFill { ty } => self.array_fill(ty),
            Instr::ArrayCopy { dst, src } => self.array_copy(dst, src),
            Instr::ArrayInitData { ty, data } => self.array_init_data(opcode, ty, data),
            Instr::ArrayInitElem { ty, elem } => self.array_init_elem(ty, elem),

            Instr::I8x16Shuffle { lanes } => self.shuffle(opcode, lanes),
            Instr::I8x16ExtractLaneS { lane }
            | Instr::I8x16ExtractLaneU { lane }
            | Instr::I8x16ReplaceLane { lane } => self.lane(opcode, lane, 16),
            Instr::I16x8ExtractLaneS { lane }
            | Instr::I16x8ExtractLaneU { lane }
            | Instr::I16x8ReplaceLane { lane } => self.lane(opcode, lane, 8),
            Instr::I32x4ExtractLane { lane }
            | Instr::I32x4ReplaceLane { lane }
            | Instr::F32x4ExtractLane { lane }
            | Instr::F32x4ReplaceLane { lane } => self.lane(opcode, lane, 4),
            Instr::I64x2ExtractLane { lane }
            | Instr::I64x2ReplaceLane { lane }
            | Instr::F64x2ExtractLane { lane }
            | Instr::F64x2ReplaceLane { lane } => self.lane(opcode, lane, 2),
            Instr::V128Load8Lane { memarg, lane }
            | Instr::V128Load16Lane { memarg, lane }
            | Instr::V128Load32Lane { memarg, lane }
            | Instr::V128Load64Lane { memarg, lane }
            | Instr::V128Store8Lane { memarg, lane }
            | Instr::V128Store16Lane { memarg, lane }
            | Instr::V128Store32Lane { memarg, lane }
            | Instr::V128Store64Lane { memarg, lane } => self.access_lane(opcode, memarg, lane),

            _ => unreachable!("{} is typed by the table", opcode.mnemonic()),
        }
    }

    /// Applies the rule of an instruction of a constant type: in one step if the operands have exactly its parameter types.
    #[inline(always)]
    fn plain(&mut self, signature: &'static Signature) -> Check {
        let [second, first] = &signature.top;
        let own = self.own_operands();
        let stack = &mut self.buffers.stack;
        // There are always two below the operands, so this does not depend on how many the instruction takes.
        if let Some(top) = stack.last_chunk::<2>()
            && top[0].differs(second.0, second.1) | top[1].differs(first.0, first.1) == 0
            && own >= signature.params.len()
        {
            stack.truncate(stack.len() - signature.params.len());
            if !signature.results.is_empty() {
                stack.push(signature.result);
            }
            return Ok(());
        }
        self.wide(signature)
    }

    /// Applies the rule of an instruction of a constant type, one operand at a time.
    #[cold]
    fn wide(&mut self, signature: &'static Signature) -> Check {
        for &ty in signature.params.iter().rev() {
            self.pop(OpType::new(ty))?;
        }
        for &ty in signature.results {
            self.push(OpType::new(ty));
        }
        Ok(())
    }
}

#[cold]
fn misplaced(instr: Opcode) -> Box<ErrorKind> {
    Box::new(ErrorKind::Misplaced { instr })
}
