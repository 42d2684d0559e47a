//! Which handler an op gets: the operand kinds of the op become the type parameters of the handler.
//!
//! Lowering brings operands into a normal form, so that not every combination has to exist: of two operands that may be swapped, the
//! first is of the kind that comes first in accumulator, pin, slot, immediate; two immediates never meet, nor two accumulators.
//! What the macros below do not list does not occur.

use core::mem::MaybeUninit;

use super::dispatch::{Handler, handler_cells};
use super::handlers::operand::{Acc, Imm, Pin, Slot};
use super::handlers::runtime as rt;
use super::handlers::{
    atomic, bulk, call, control, exception, fuel, heap, heap as gc, memory, memory::*, memory64,
    numeric, reference, variable,
};
use super::numerics::*;
use crate::code::Form;
use crate::code::ops::{Addr, Bank, Dst, Floats, Object, Op, Runtime, Src};
use crate::syntax::instr::{Class, Opcode};
use crate::syntax::types::ValType;

/// One operand and a destination.
macro_rules! pick_xd {
    ($m:ident::$h:ident, $op:ty, $x:expr, $d:expr) => {
        match ($x, $d) {
            (Src::Acc, Dst::Acc) => $m::$h::<$op, Acc, Acc>,
            (Src::Acc, Dst::Slot(_)) => $m::$h::<$op, Acc, Slot>,
            (Src::Acc, Dst::Pin(_)) => $m::$h::<$op, Acc, Pin>,
            (Src::Pin, Dst::Acc) => $m::$h::<$op, Pin, Acc>,
            (Src::Pin, Dst::Slot(_)) => $m::$h::<$op, Pin, Slot>,
            (Src::Pin, Dst::Pin(_)) => $m::$h::<$op, Pin, Pin>,
            (Src::Slot(_), Dst::Acc) => $m::$h::<$op, Slot, Acc>,
            (Src::Slot(_), Dst::Slot(_)) => $m::$h::<$op, Slot, Slot>,
            (Src::Slot(_), Dst::Pin(_)) => $m::$h::<$op, Slot, Pin>,
            _ => return Err(Absent::Operands),
        }
    };
}

/// Two operands, if they are of one of the combinations listed; a macro gets their kinds.
macro_rules! pick_xy {
    ([$($x:ident $y:ident),*] $with:ident, $xs:expr, $ys:expr) => {
        match ($xs, $ys) {
            $((kind!($x), kind!($y)) => $with!($x, $y),)*
            _ => return Err(Absent::Operands),
        }
    };
}

/// The pattern for an operand kind.
macro_rules! kind {
    (Acc) => {
        Src::Acc
    };
    (Pin) => {
        Src::Pin
    };
    (Slot) => {
        Src::Slot(_)
    };
    (Imm) => {
        Src::Imm32(_) | Src::Imm64(_)
    };
}

/// Two operands that may be swapped.
macro_rules! pick_commuting {
    ($($rest:tt)*) => {
        pick_xy!([Acc Pin, Acc Slot, Acc Imm, Pin Pin, Pin Slot, Pin Imm, Slot Slot, Slot Imm] $($rest)*)
    };
}

/// Two operands that may not be swapped.
macro_rules! pick_ordered {
    ($($rest:tt)*) => {
        pick_xy!([
            Acc Pin, Acc Slot, Acc Imm, Pin Acc, Pin Pin, Pin Slot, Pin Imm,
            Slot Acc, Slot Pin, Slot Slot, Slot Imm, Imm Acc, Imm Pin, Imm Slot
        ] $($rest)*)
    };
}

/// Two operands and a destination.
macro_rules! pick_xyd {
    ($pick:ident!, $m:ident::$h:ident, $op:ty, $x:expr, $y:expr, $d:expr) => {{
        macro_rules! with {
            ($xs:ty, $ys:ty) => {
                match $d {
                    Dst::Acc => $m::$h::<$op, $xs, $ys, Acc>,
                    Dst::Slot(_) => $m::$h::<$op, $xs, $ys, Slot>,
                    Dst::Pin(_) => $m::$h::<$op, $xs, $ys, Pin>,
                }
            };
        }
        $pick!(with, $x, $y)
    }};
}

/// A match over opcodes, each arm with one macro and the types of the same names.
macro_rules! by_opcode {
    ($op:expr; $($pick:ident: $($name:ident)*;)*) => {
        match $op {
            $($(Opcode::$name => $pick!($name),)*)*
            _ => return Err(Absent::Opcode),
        }
    };
}

/// A match over the loads of numbers.
macro_rules! by_load {
    ($op:expr, $pick:ident) => {
        by_opcode! { $op;
            $pick:
                I32Load I64Load F32Load F64Load I32Load8S I32Load8U I32Load16S I32Load16U
                I64Load8S I64Load8U I64Load16S I64Load16U I64Load32S I64Load32U;
        }
    };
}

/// A match over the stores of numbers.
macro_rules! by_store {
    ($op:expr, $pick:ident) => {
        by_opcode! { $op;
            $pick: I32Store I64Store F32Store F64Store I32Store8 I32Store16 I64Store8 I64Store16 I64Store32;
        }
    };
}

/// An address, whatever else there is.
macro_rules! pick_address {
    ($addr:expr, $pick:ident) => {
        match $addr {
            Addr::Plain(Src::Acc) => $pick!(Plain<Acc>),
            Addr::Plain(Src::Pin) => $pick!(Plain<Pin>),
            Addr::Plain(Src::Slot(_)) => $pick!(Plain<Slot>),
            Addr::Plain(Src::Imm32(_)) => $pick!(Plain<Imm>),
            Addr::Sum(Src::Acc, Src::Pin) => $pick!(Sum<Acc, Pin>),
            Addr::Sum(Src::Acc, Src::Slot(_)) => $pick!(Sum<Acc, Slot>),
            Addr::Sum(Src::Acc, Src::Imm32(_)) => $pick!(Sum<Acc, Imm>),
            Addr::Sum(Src::Pin, Src::Pin) => $pick!(Sum<Pin, Pin>),
            Addr::Sum(Src::Pin, Src::Slot(_)) => $pick!(Sum<Pin, Slot>),
            Addr::Sum(Src::Pin, Src::Imm32(_)) => $pick!(Sum<Pin, Imm>),
            Addr::Sum(Src::Slot(_), Src::Slot(_)) => $pick!(Sum<Slot, Slot>),
            Addr::Sum(Src::Slot(_), Src::Imm32(_)) => $pick!(Sum<Slot, Imm>),
            Addr::Scaled(Src::Acc, Src::Pin) => $pick!(Scaled<Acc, Pin>),
            Addr::Scaled(Src::Acc, Src::Slot(_)) => $pick!(Scaled<Acc, Slot>),
            Addr::Scaled(Src::Pin, Src::Acc) => $pick!(Scaled<Pin, Acc>),
            Addr::Scaled(Src::Pin, Src::Pin) => $pick!(Scaled<Pin, Pin>),
            Addr::Scaled(Src::Pin, Src::Slot(_)) => $pick!(Scaled<Pin, Slot>),
            Addr::Scaled(Src::Slot(_), Src::Acc) => $pick!(Scaled<Slot, Acc>),
            Addr::Scaled(Src::Slot(_), Src::Pin) => $pick!(Scaled<Slot, Pin>),
            Addr::Scaled(Src::Slot(_), Src::Slot(_)) => $pick!(Scaled<Slot, Slot>),
            _ => return Err(Absent::Operands),
        }
    };
}

mod simd;

/// One operand and a destination, of a handler that has no other parameters.
macro_rules! by_src_dst {
    ($m:ident::$h:ident, $x:expr, $d:expr) => {
        match ($x, $d) {
            (Src::Acc, Dst::Acc) => $m::$h::<Acc, Acc>,
            (Src::Acc, Dst::Slot(_)) => $m::$h::<Acc, Slot>,
            (Src::Acc, Dst::Pin(_)) => $m::$h::<Acc, Pin>,
            (Src::Pin, Dst::Acc) => $m::$h::<Pin, Acc>,
            (Src::Pin, Dst::Slot(_)) => $m::$h::<Pin, Slot>,
            (Src::Pin, Dst::Pin(_)) => $m::$h::<Pin, Pin>,
            (Src::Slot(_), Dst::Acc) => $m::$h::<Slot, Acc>,
            (Src::Slot(_), Dst::Slot(_)) => $m::$h::<Slot, Slot>,
            (Src::Slot(_), Dst::Pin(_)) => $m::$h::<Slot, Pin>,
            _ => return Err(Absent::Operands),
        }
    };
}

/// The handler of an op in code of a form, as the cells that hold its address.
pub(crate) fn select(op: &Op, form: Form) -> [MaybeUninit<u32>; 2] {
    debug_assert!(
        is_well_formed(op),
        "{op:?} is written otherwise than it is read"
    );
    match find(op, form) {
        Ok(handler) => handler_cells(handler),
        Err(absent) => fail(op, absent),
    }
}

/// Reports an op that lowering never makes.
#[cold]
#[inline(never)]
fn fail(op: &Op, absent: Absent) -> ! {
    unreachable!("lowering: {op:?} has no handler: {absent:?}")
}

/// Why an op has no handler.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Absent {
    /// There is none for the opcode, whatever the operands.
    Opcode,
    /// There is none for operands of these kinds.
    Operands,
}

/// Whether the handler of an op reads what `Op::operands` writes, as far as [`find`] does not see it: an immediate has the width of the
/// operand, and a vector goes to a slot.
pub(super) fn is_well_formed(op: &Op) -> bool {
    let fits = |x: Src, ty: ValType| match x {
        Src::Imm32(_) => matches!(ty, ValType::I32 | ValType::F32),
        Src::Imm64(_) => !matches!(ty, ValType::I32 | ValType::F32),
        _ => true,
    };
    // Of an opcode that has such an operand.
    let fits_in = |x: Src, op: Opcode, param: usize| {
        let params = op.plain_type().map_or(&[][..], |(params, _)| params);
        params.get(param).is_none_or(|&ty| fits(x, ty))
    };
    let fits_bank = |x: Src, bank: Bank| match bank {
        Bank::Int | Bank::V128 => true,
        Bank::F32 => fits(x, ValType::F32),
        Bank::F64 => fits(x, ValType::F64),
    };
    let in_slot = |d: Dst| matches!(d, Dst::Slot(_));
    let yields_vector = |op: Opcode| {
        op.plain_type()
            .is_some_and(|(_, results)| results == [ValType::V128])
    };
    match *op {
        Op::Unop { op, d, .. } => !yields_vector(op) || in_slot(d),
        Op::Binop { op, x, y, d } => {
            fits_in(x, op, 0) && fits_in(y, op, 1) && (!yields_vector(op) || in_slot(d))
        }
        Op::BrBinop { op, x, y, .. } => fits_in(x, op, 0) && fits_in(y, op, 1),
        Op::Load { op, addr, d, .. } => {
            let (Addr::Plain(x) | Addr::Sum(_, x) | Addr::Scaled(_, x)) = addr;
            fits(x, ValType::I32) && (!yields_vector(op) || in_slot(d))
        }
        Op::Load64 { op, d, .. } => !yields_vector(op) || in_slot(d),
        Op::Store {
            op, addr, value, ..
        } => {
            let (Addr::Plain(x) | Addr::Sum(_, x) | Addr::Scaled(_, x)) = addr;
            fits(x, ValType::I32) && fits_in(value, op, 1)
        }
        Op::Store64 { op, value, .. }
        | Op::StructSet { op, value, .. }
        | Op::ArraySet { op, value, .. } => fits_in(value, op, 1),
        Op::ArrayGet { i, .. } => fits(i, ValType::I32),
        Op::Copy { bank, x, d } => match d {
            Dst::Pin(_) => fits_bank(x, bank),
            Dst::Slot(_) => true,
            Dst::Acc => bank != Bank::V128,
        },
        Op::Return1 { bank, x, .. } => fits_bank(x, bank),
        Op::GlobalGet { bank, d, .. } => bank != Bank::V128 || in_slot(d),
        Op::Canonical { floats, x, d } => {
            x == Src::Acc && (matches!(floats, Floats::F32 | Floats::F64) || in_slot(d))
        }
        Op::Ternop { d, .. }
        | Op::ReplaceLane { d, .. }
        | Op::Shuffle { d, .. }
        | Op::Constant { d, .. }
        | Op::SelectVector { d, .. } => in_slot(d),
        Op::Atomic { op, .. } => op.class() == Class::Atomic || op == Opcode::AtomicFence,
        _ => true,
    }
}

/// A handler, if there is one.
pub(super) type Found = Result<Handler, Absent>;

/// A handler that is there twice: for plain code, and for code that counts fuel.
macro_rules! metered {
    ($metered:expr, $m:ident::$h:ident $(, $ty:tt)*) => {
        if $metered {
            $m::$h::<$($ty,)* true>
        } else {
            $m::$h::<$($ty,)* false>
        }
    };
}

use metered;

/// Finds the handler of an op in code of a form.
pub(super) fn find(op: &Op, form: Form) -> Found {
    // Branches charge where nothing else does; calls and returns charge in both forms of metered code, because either may call
    // and return to the other.
    let (branches, calls) = (form == Form::Net, form != Form::Plain);
    Ok(match *op {
        Op::Nop => super::handlers::nop,
        // Vectors first: the rest is about numbers.
        Op::Unop { op, x, d } if op.class() == Class::Vplain => simd::unop(op, x, d)?,
        Op::Binop { op, x, y, .. } if op.class() == Class::Vplain => simd::binop(op, x, y)?,
        Op::Load { op, addr, .. } if op.class() == Class::Vload => simd::load(op, addr)?,
        Op::LoadFrom { op, .. } if op.class() == Class::Vload => simd::load_from(op)?,
        Op::Load64 {
            op: Opcode::V128Load,
            x,
            ..
        } => simd::load64(x)?,
        Op::LoadFrom64 { op, .. } if op.class() == Class::Vload => simd::load_from64(op)?,
        Op::Store {
            op: Opcode::V128Store,
            addr,
            value,
            ..
        } => simd::store(addr, value)?,
        Op::StoreTo {
            op: Opcode::V128Store,
            ..
        } => memory::store_to::<V128Store>,
        Op::Store64 {
            op: Opcode::V128Store,
            x,
            value,
            ..
        } => simd::store64(x, value)?,
        Op::StoreTo64 {
            op: Opcode::V128Store,
            ..
        } => memory64::store_to64::<V128Store>,
        Op::LoadShared { op, .. } if op.class() == Class::Vload => simd::load_shared(op)?,
        Op::StoreShared {
            op: Opcode::V128Store,
            ..
        } => atomic::store_shared::<V128Store>,
        Op::Unop { op, x, d } => unop(op, x, d)?,
        Op::Binop { op, x, y, d } => binop(op, x, y, d)?,
        Op::Load { op, addr, d, .. } => load(op, addr, d)?,
        Op::Store {
            op, addr, value, ..
        } => store(op, addr, value)?,
        Op::LoadFrom { op, .. } => load_from(op)?,
        Op::StoreTo { op, .. } => store_to(op)?,
        Op::Load64 { op, x, d, .. } => load64(op, x, d)?,
        Op::Store64 { op, x, value, .. } => store64(op, x, value)?,
        Op::LoadFrom64 { op, .. } => load_from64(op)?,
        Op::StoreTo64 { op, .. } => store_to64(op)?,
        Op::LoadShared { op, .. } => load_shared(op)?,
        Op::StoreShared { op, .. } => store_shared(op)?,
        Op::Atomic { .. } => atomic::atomic,
        Op::Wide { op, .. } => wide(op)?,
        Op::Narrow { .. } => memory64::narrow,
        Op::Copy { bank, x, d } => copy(bank, x, d)?,
        Op::ZeroLocals { count } => match count {
            1 => variable::zero_locals::<1>,
            2 => variable::zero_locals::<2>,
            3 => variable::zero_locals::<3>,
            4 => variable::zero_locals::<4>,
            5 => variable::zero_locals::<5>,
            6 => variable::zero_locals::<6>,
            7 => variable::zero_locals::<7>,
            8 => variable::zero_locals::<8>,
            _ => variable::zero_many_locals,
        },
        Op::LoadPin { bank, .. } => match bank {
            Bank::Int => variable::load_pin::<u64>,
            Bank::F32 => variable::load_pin::<f32>,
            Bank::F64 => variable::load_pin::<f64>,
            Bank::V128 => return Err(Absent::Operands),
        },
        Op::AddScaled { x, y, d, .. } => add_scaled(x, y, d)?,
        Op::CopyRange { .. } => variable::copy_range,
        Op::Select { x, y, c, d } => choose(x, y, c, d)?,
        Op::GlobalGet { bank, d, .. } => global_get(bank, d)?,
        Op::GlobalSet { bank, x, .. } => global_set(bank, x)?,
        Op::Ternop { .. }
        | Op::Canonical { .. }
        | Op::ExtractLane { .. }
        | Op::ReplaceLane { .. }
        | Op::Shuffle { .. }
        | Op::Constant { .. }
        | Op::SelectVector { .. }
        | Op::ImportedGet { .. }
        | Op::ImportedSet { .. } => simd::handler(op)?,
        Op::Br => metered!(branches, control::br),
        Op::BrUnop { op, not, x } => br_unop(op, not, x, branches)?,
        Op::BrBinop { op, not, x, y } => br_binop(op, not, x, y, branches)?,
        Op::BrTable { x, .. } => match x {
            Src::Acc => metered!(branches, control::br_table, Acc),
            Src::Pin => metered!(branches, control::br_table, Pin),
            Src::Slot(_) => metered!(branches, control::br_table, Slot),
            _ => return Err(Absent::Operands),
        },
        Op::Call { .. } => metered!(calls, call::call),
        Op::CallImport { .. } => metered!(calls, call::call_import),
        Op::CallIndirect { x, table, .. } => match (x, table) {
            (Src::Acc, 0) => metered!(calls, call::call_indirect, Acc, true),
            (Src::Pin, 0) => metered!(calls, call::call_indirect, Pin, true),
            (Src::Slot(_), 0) => metered!(calls, call::call_indirect, Slot, true),
            (Src::Acc, _) => metered!(calls, call::call_indirect, Acc, false),
            (Src::Pin, _) => metered!(calls, call::call_indirect, Pin, false),
            (Src::Slot(_), _) => metered!(calls, call::call_indirect, Slot, false),
            _ => return Err(Absent::Operands),
        },
        Op::ReturnCall { .. } => metered!(calls, call::return_call),
        Op::ReturnCallImport { .. } => call::return_call_import,
        Op::ReturnCallIndirect { x, .. } => match x {
            Src::Acc => call::return_call_indirect::<Acc>,
            Src::Pin => call::return_call_indirect::<Pin>,
            Src::Slot(_) => call::return_call_indirect::<Slot>,
            _ => return Err(Absent::Operands),
        },
        Op::CallRef { x, .. } => match x {
            Src::Acc => metered!(calls, call::call_ref, Acc),
            Src::Pin => metered!(calls, call::call_ref, Pin),
            Src::Slot(_) => metered!(calls, call::call_ref, Slot),
            _ => return Err(Absent::Operands),
        },
        Op::ReturnCallRef { x, .. } => match x {
            Src::Acc => call::return_call_ref::<Acc>,
            Src::Pin => call::return_call_ref::<Pin>,
            Src::Slot(_) => call::return_call_ref::<Slot>,
            _ => return Err(Absent::Operands),
        },
        Op::StructGet { op, x, d, .. } => struct_get(op, x, d)?,
        Op::StructSet { op, x, value, .. } => struct_set(op, x, value)?,
        Op::ArrayGet { op, i, d, .. } => array_get(op, i, d)?,
        Op::ArraySet { op, value, .. } => array_set(op, value)?,
        Op::ArrayLen { x, d } => by_src_dst!(heap::array_len, x, d),
        Op::RefTest { x, d, .. } => by_src_dst!(heap::ref_test, x, d),
        Op::RefCast { x, .. } => match x {
            Src::Acc => heap::ref_cast::<Acc>,
            Src::Pin => heap::ref_cast::<Pin>,
            Src::Slot(_) => heap::ref_cast::<Slot>,
            _ => return Err(Absent::Operands),
        },
        Op::Object {
            call, charge: None, ..
        } => object(call)?,
        Op::Object {
            call,
            charge: Some(_),
            ..
        } => charging_object(call, form)?,
        Op::NonNull { x } => match x {
            Src::Acc => reference::non_null::<Acc>,
            Src::Pin => reference::non_null::<Pin>,
            Src::Slot(_) => reference::non_null::<Slot>,
            _ => return Err(Absent::Operands),
        },
        Op::Return0 => metered!(calls, control::return_0),
        Op::Return1 { bank, x, .. } => return_1(bank, x, calls)?,
        Op::ReturnMany { .. } => metered!(calls, control::return_many),
        Op::Throw { .. } => exception::throw,
        Op::ThrowRef { .. } => exception::throw_ref,
        Op::Unreachable => control::unreachable_op,
        Op::Runtime {
            call, charge: None, ..
        } => runtime(call)?,
        Op::Runtime {
            call,
            charge: Some(_),
            ..
        } => charging_runtime(call, form)?,
        Op::Charge { .. } if form == Form::Exact => fuel::charge,
        Op::Rejoin if form == Form::Exact => fuel::rejoin,
        Op::Charge { .. } | Op::Rejoin => return Err(Absent::Operands),
    })
}

#[rustfmt::skip]
fn unop(op: Opcode, x: Src, d: Dst) -> Found {
    macro_rules! plain { ($name:ident) => { pick_xd!(numeric::unop, $name, x, d) }; }
    macro_rules! trapping { ($name:ident) => { pick_xd!(numeric::trapping_unop, $name, x, d) }; }
    Ok(by_opcode! { op;
        plain:
            I32Clz I32Ctz I32Popcnt I32Eqz I32Extend8S I32Extend16S
            I64Clz I64Ctz I64Popcnt I64Eqz I64Extend8S I64Extend16S I64Extend32S
            F32Abs F32Neg F32Ceil F32Floor F32Trunc F32Nearest F32Sqrt
            F64Abs F64Neg F64Ceil F64Floor F64Trunc F64Nearest F64Sqrt
            I32WrapI64 I64ExtendI32S I64ExtendI32U
            I32TruncSatF32S I32TruncSatF32U I32TruncSatF64S I32TruncSatF64U
            I64TruncSatF32S I64TruncSatF32U I64TruncSatF64S I64TruncSatF64U
            F32ConvertI32S F32ConvertI32U F32ConvertI64S F32ConvertI64U
            F64ConvertI32S F64ConvertI32U F64ConvertI64S F64ConvertI64U
            F32DemoteF64 F64PromoteF32
            I32ReinterpretF32 I64ReinterpretF64 F32ReinterpretI32 F64ReinterpretI64
            RefI31;
        trapping:
            I32TruncF32S I32TruncF32U I32TruncF64S I32TruncF64U
            I64TruncF32S I64TruncF32U I64TruncF64S I64TruncF64U
            I31GetS I31GetU;
    })
}

#[rustfmt::skip]
fn binop(op: Opcode, x: Src, y: Src, d: Dst) -> Found {
    macro_rules! commuting { ($name:ident) => { pick_xyd!(pick_commuting!, numeric::binop, $name, x, y, d) }; }
    macro_rules! ordered { ($name:ident) => { pick_xyd!(pick_ordered!, numeric::binop, $name, x, y, d) }; }
    macro_rules! trapping { ($name:ident) => { pick_xyd!(pick_ordered!, numeric::trapping_binop, $name, x, y, d) }; }
    Ok(by_opcode! { op;
        commuting:
            I32Add I32Mul I32And I32Or I32Xor I64Add I64Mul I64And I64Or I64Xor
            F32Add F32Mul F32Min F32Max F64Add F64Mul F64Min F64Max
            I32Eq I32Ne I32LtS I32LtU I32GtS I32GtU I32LeS I32LeU I32GeS I32GeU
            I64Eq I64Ne I64LtS I64LtU I64GtS I64GtU I64LeS I64LeU I64GeS I64GeU
            F32Eq F32Ne F32Lt F32Gt F32Le F32Ge F64Eq F64Ne F64Lt F64Gt F64Le F64Ge;
        ordered:
            I32Sub I32Shl I32ShrS I32ShrU I32Rotl I32Rotr I64Sub I64Shl I64ShrS I64ShrU I64Rotl I64Rotr
            F32Sub F32Div F32Copysign F64Sub F64Div F64Copysign;
        trapping:
            I32DivS I32DivU I32RemS I32RemU I64DivS I64DivU I64RemS I64RemU;
    })
}

#[rustfmt::skip]
fn add_scaled(x: Src, y: Src, d: Dst) -> Found {
    macro_rules! with { ($xs:ty, $ys:ty) => {
        match d {
            Dst::Acc => numeric::add_scaled::<$xs, $ys, Acc>,
            Dst::Slot(_) => numeric::add_scaled::<$xs, $ys, Slot>,
            Dst::Pin(_) => numeric::add_scaled::<$xs, $ys, Pin>,
        }
    }; }
    Ok(pick_xy!([Acc Pin, Acc Slot, Pin Acc, Pin Pin, Pin Slot, Slot Acc, Slot Pin, Slot Slot] with, x, y))
}

#[rustfmt::skip]
fn load(op: Opcode, addr: Addr, d: Dst) -> Found {
    macro_rules! pick { ($name:ident) => {{
        macro_rules! with { ($a:ty) => {
            match d {
                Dst::Acc => memory::load::<$name, $a, Acc>,
                Dst::Slot(_) => memory::load::<$name, $a, Slot>,
                Dst::Pin(_) => memory::load::<$name, $a, Pin>,
            }
        }; }
        pick_address!(addr, with)
    }}; }
    Ok(by_load!(op, pick))
}

#[rustfmt::skip]
fn store(op: Opcode, addr: Addr, value: Src) -> Found {
    macro_rules! pick { ($name:ident) => {{
        macro_rules! with { ($a:ty) => {
            match value {
                Src::Acc => memory::store::<$name, $a, Acc>,
                Src::Pin => memory::store::<$name, $a, Pin>,
                Src::Slot(_) => memory::store::<$name, $a, Slot>,
                Src::Imm32(_) | Src::Imm64(_) => memory::store::<$name, $a, Imm>,
            }
        }; }
        pick_address!(addr, with)
    }}; }
    Ok(by_store!(op, pick))
}

#[rustfmt::skip]
fn load_from(op: Opcode) -> Found {
    macro_rules! pick { ($name:ident) => { memory::load_from::<$name> }; }
    Ok(by_load!(op, pick))
}

#[rustfmt::skip]
fn store_to(op: Opcode) -> Found {
    macro_rules! pick { ($name:ident) => { memory::store_to::<$name> }; }
    Ok(by_store!(op, pick))
}

fn wide(op: Opcode) -> Found {
    macro_rules! pick {
        ($name:ident) => {
            numeric::wide::<$name>
        };
    }
    Ok(by_opcode! { op;
        pick: I64Add128 I64Sub128 I64MulWideS I64MulWideU;
    })
}

#[rustfmt::skip]
fn load64(op: Opcode, x: Src, d: Dst) -> Found {
    macro_rules! pick { ($name:ident) => { pick_xd!(memory64::load64, $name, x, d) }; }
    Ok(by_load!(op, pick))
}

#[rustfmt::skip]
fn store64(op: Opcode, x: Src, value: Src) -> Found {
    macro_rules! pick { ($name:ident) => {{
        macro_rules! with { ($x:ty) => {
            match value {
                Src::Acc => memory64::store64::<$name, $x, Acc>,
                Src::Pin => memory64::store64::<$name, $x, Pin>,
                Src::Slot(_) => memory64::store64::<$name, $x, Slot>,
                Src::Imm32(_) | Src::Imm64(_) => memory64::store64::<$name, $x, Imm>,
            }
        }; }
        match x {
            Src::Acc => with!(Acc),
            Src::Pin => with!(Pin),
            Src::Slot(_) => with!(Slot),
            _ => return Err(Absent::Operands),
        }
    }}; }
    Ok(by_store!(op, pick))
}

#[rustfmt::skip]
fn load_from64(op: Opcode) -> Found {
    macro_rules! pick { ($name:ident) => { memory64::load_from64::<$name> }; }
    Ok(by_load!(op, pick))
}

#[rustfmt::skip]
fn store_to64(op: Opcode) -> Found {
    macro_rules! pick { ($name:ident) => { memory64::store_to64::<$name> }; }
    Ok(by_store!(op, pick))
}

#[rustfmt::skip]
fn load_shared(op: Opcode) -> Found {
    macro_rules! pick { ($name:ident) => { atomic::load_shared::<$name> }; }
    Ok(by_load!(op, pick))
}

#[rustfmt::skip]
fn store_shared(op: Opcode) -> Found {
    macro_rules! pick { ($name:ident) => { atomic::store_shared::<$name> }; }
    Ok(by_store!(op, pick))
}

/// A match over the banks of scalars, with their types.
macro_rules! by_bank {
    ($bank:expr, $pick:ident) => {
        match $bank {
            Bank::Int => $pick!(u64),
            Bank::F32 => $pick!(f32),
            Bank::F64 => $pick!(f64),
            // Vectors are looked at before.
            Bank::V128 => return Err(Absent::Operands),
        }
    };
}

fn copy(bank: Bank, x: Src, d: Dst) -> Found {
    if bank == Bank::V128 {
        return simd::copy(x);
    }
    macro_rules! with {
        ($ty:ty) => {
            match (d, x) {
                (Dst::Slot(_), Src::Acc) => variable::copy::<$ty, Acc>,
                (Dst::Slot(_), Src::Pin) => variable::copy::<$ty, Pin>,
                (Dst::Slot(_), Src::Slot(_)) => variable::copy::<u64, Slot>,
                (Dst::Slot(_), Src::Imm32(_)) => variable::copy::<u32, Imm>,
                (Dst::Slot(_), Src::Imm64(_)) => variable::copy::<u64, Imm>,
                (Dst::Pin(_), Src::Acc) => variable::copy_to_pin::<$ty, Acc>,
                (Dst::Pin(_), Src::Pin) => variable::copy_to_pin::<$ty, Pin>,
                (Dst::Pin(_), Src::Slot(_)) => variable::copy_to_pin::<$ty, Slot>,
                (Dst::Pin(_), Src::Imm32(_)) if bank == Bank::Int => {
                    variable::copy_to_pin::<u32, Imm>
                }
                (Dst::Pin(_), Src::Imm32(_) | Src::Imm64(_)) => variable::copy_to_pin::<$ty, Imm>,
                (Dst::Acc, Src::Slot(_)) => variable::copy_to_acc::<$ty, Slot>,
                (Dst::Acc, _) => return Err(Absent::Operands),
            }
        };
    }
    Ok(by_bank!(bank, with))
}

fn choose(x: Src, y: Src, c: Src, d: Dst) -> Found {
    macro_rules! with {
        ($c:ty, $d:ty) => {
            match (x, y) {
                (Src::Slot(_), Src::Slot(_)) => variable::select::<$c, Slot, Slot, $d>,
                (Src::Slot(_), Src::Pin) => variable::select::<$c, Slot, Pin, $d>,
                (Src::Slot(_), Src::Imm64(_)) => variable::select::<$c, Slot, Imm, $d>,
                (Src::Pin, Src::Slot(_)) => variable::select::<$c, Pin, Slot, $d>,
                (Src::Pin, Src::Pin) => variable::select::<$c, Pin, Pin, $d>,
                (Src::Pin, Src::Imm64(_)) => variable::select::<$c, Pin, Imm, $d>,
                (Src::Imm64(_), Src::Slot(_)) => variable::select::<$c, Imm, Slot, $d>,
                (Src::Imm64(_), Src::Pin) => variable::select::<$c, Imm, Pin, $d>,
                (Src::Imm64(_), Src::Imm64(_)) => variable::select::<$c, Imm, Imm, $d>,
                _ => return Err(Absent::Operands),
            }
        };
    }
    Ok(match (c, d) {
        (Src::Acc, Dst::Acc) => with!(Acc, Acc),
        (Src::Acc, Dst::Slot(_)) => with!(Acc, Slot),
        (Src::Acc, Dst::Pin(_)) => with!(Acc, Pin),
        (Src::Pin, Dst::Acc) => with!(Pin, Acc),
        (Src::Pin, Dst::Slot(_)) => with!(Pin, Slot),
        (Src::Pin, Dst::Pin(_)) => with!(Pin, Pin),
        (Src::Slot(_), Dst::Acc) => with!(Slot, Acc),
        (Src::Slot(_), Dst::Slot(_)) => with!(Slot, Slot),
        (Src::Slot(_), Dst::Pin(_)) => with!(Slot, Pin),
        _ => return Err(Absent::Operands),
    })
}

fn global_get(bank: Bank, d: Dst) -> Found {
    if bank == Bank::V128 {
        return Ok(variable::global_get::<V128, Slot>);
    }
    macro_rules! with {
        ($ty:ty) => {
            match d {
                Dst::Acc => variable::global_get::<$ty, Acc>,
                Dst::Slot(_) => variable::global_get::<$ty, Slot>,
                Dst::Pin(_) => variable::global_get::<$ty, Pin>,
            }
        };
    }
    Ok(by_bank!(bank, with))
}

fn global_set(bank: Bank, x: Src) -> Found {
    if bank == Bank::V128 {
        return simd::global_set(x);
    }
    macro_rules! with {
        ($ty:ty) => {
            match x {
                Src::Acc => variable::global_set::<$ty, Acc>,
                Src::Pin => variable::global_set::<$ty, Pin>,
                Src::Slot(_) => variable::global_set::<u64, Slot>,
                Src::Imm32(_) => variable::global_set::<u32, Imm>,
                Src::Imm64(_) => variable::global_set::<u64, Imm>,
            }
        };
    }
    Ok(by_bank!(bank, with))
}

fn br_unop(op: Opcode, not: bool, x: Src, metered: bool) -> Found {
    macro_rules! with {
        ($op:tt) => {
            match x {
                Src::Acc => metered!(metered, control::br_unop, $op, Acc),
                Src::Pin => metered!(metered, control::br_unop, $op, Pin),
                Src::Slot(_) => metered!(metered, control::br_unop, $op, Slot),
                _ => return Err(Absent::Operands),
            }
        };
    }
    Ok(match (op, not) {
        (Opcode::I32Eqz, false) => with!(I32Eqz),
        (Opcode::I32Eqz, true) => with!(I32Nez),
        (Opcode::I64Eqz, false) => with!(I64Eqz),
        (Opcode::I64Eqz, true) => with!(I64Nez),
        _ => return Err(Absent::Opcode),
    })
}

#[rustfmt::skip]
fn br_binop(op: Opcode, not: bool, x: Src, y: Src, metered: bool) -> Found {
    macro_rules! pick { ($name:ident) => {{
        macro_rules! with { ($xs:tt, $ys:tt) => { metered!(metered, control::br_binop, $name, $xs, $ys) }; }
        pick_commuting!(with, x, y)
    }}; }
    // The comparison, and the one that holds when it does not.
    macro_rules! pairs { ($($name:ident $negation:ident,)*) => {
        match (op, not) {
            $(
                (Opcode::$name, false) => pick!($name),
                (Opcode::$name, true) => pick!($negation),
            )*
            (Opcode::I32And, false) => pick!(I32Test),
            (Opcode::I32And, true) => pick!(I32TestNot),
            (Opcode::I64And, false) => pick!(I64Test),
            (Opcode::I64And, true) => pick!(I64TestNot),
            _ => return Err(Absent::Opcode),
        }
    }; }
    Ok(pairs! {
        I32Eq I32Ne, I32Ne I32Eq,
        I32LtS I32GeS, I32LtU I32GeU, I32GtS I32LeS, I32GtU I32LeU,
        I32LeS I32GtS, I32LeU I32GtU, I32GeS I32LtS, I32GeU I32LtU,
        I64Eq I64Ne, I64Ne I64Eq,
        I64LtS I64GeS, I64LtU I64GeU, I64GtS I64LeS, I64GtU I64LeU,
        I64LeS I64GtS, I64LeU I64GtU, I64GeS I64LtS, I64GeU I64LtU,
        F32Eq F32Ne, F32Ne F32Eq, F32Lt F32NotLt, F32Gt F32NotGt, F32Le F32NotLe, F32Ge F32NotGe,
        F64Eq F64Ne, F64Ne F64Eq, F64Lt F64NotLt, F64Gt F64NotGt, F64Le F64NotLe, F64Ge F64NotGe,
    })
}

fn return_1(bank: Bank, x: Src, metered: bool) -> Found {
    if bank == Bank::V128 {
        return simd::return_1(x, metered);
    }
    macro_rules! with {
        ($ty:tt) => {
            match x {
                Src::Acc => metered!(metered, control::return_1, $ty, Acc),
                Src::Pin => metered!(metered, control::return_1, $ty, Pin),
                Src::Slot(_) => metered!(metered, control::return_1, $ty, Slot),
                Src::Imm32(_) if bank == Bank::Int => {
                    metered!(metered, control::return_1, u32, Imm)
                }
                Src::Imm32(_) | Src::Imm64(_) => metered!(metered, control::return_1, $ty, Imm),
            }
        };
    }
    Ok(by_bank!(bank, with))
}

#[rustfmt::skip]
fn runtime(call: Runtime) -> Found {
    macro_rules! calls { ($($name:ident)*) => {
        match call {
            $(Runtime::$name => rt::runtime::<rt::$name>,)*
        }
    }; }
    Ok(calls! {
        MemorySize MemoryGrow MemoryFill MemoryCopy MemoryInit DataDrop
        TableGet TableSet TableSize TableGrow TableFill TableCopy TableInit ElemDrop RefFunc GlobalGet GlobalSet
    })
}

/// The handler of a call that charges by itself, in either form of metered code.
macro_rules! charging {
    ($form:expr, $call:ty) => {
        match $form {
            Form::Net => bulk::bulk::<$call, true>,
            Form::Exact => bulk::bulk::<$call, false>,
            Form::Plain => return Err(Absent::Operands),
        }
    };
}

#[rustfmt::skip]
fn charging_runtime(call: Runtime, form: Form) -> Found {
    macro_rules! calls { ($($name:ident)*) => {
        match call {
            $(Runtime::$name => charging!(form, rt::$name),)*
            _ => return Err(Absent::Operands),
        }
    }; }
    Ok(calls! { MemoryGrow MemoryFill MemoryCopy MemoryInit TableGrow TableFill TableCopy TableInit })
}

#[rustfmt::skip]
fn charging_object(call: Object, form: Form) -> Found {
    macro_rules! calls { ($($name:ident)*) => {
        match call {
            $(Object::$name => charging!(form, gc::$name),)*
            _ => return Err(Absent::Operands),
        }
    }; }
    Ok(calls! {
        StructNew StructNewDefault ArrayNew ArrayNewDefault ArrayNewFixed ArrayNewData ArrayNewElem
        ArrayFill ArrayCopy ArrayInitData ArrayInitElem
    })
}

#[rustfmt::skip]
fn struct_get(op: Opcode, x: Src, d: Dst) -> Found {
    macro_rules! pick { ($name:ident) => { pick_xd!(heap::struct_get, $name, x, d) }; }
    Ok(by_opcode! { op;
        pick: I32Load8S I32Load8U I32Load16S I32Load16U I32Load I64Load F32Load F64Load;
    })
}

#[rustfmt::skip]
fn struct_set(op: Opcode, x: Src, value: Src) -> Found {
    macro_rules! pick { ($name:ident) => {{
        macro_rules! with { ($xs:ty) => {
            match value {
                Src::Acc => heap::struct_set::<$name, $xs, Acc>,
                Src::Pin => heap::struct_set::<$name, $xs, Pin>,
                Src::Slot(_) => heap::struct_set::<$name, $xs, Slot>,
                Src::Imm32(_) | Src::Imm64(_) => heap::struct_set::<$name, $xs, Imm>,
            }
        }; }
        match x {
            Src::Acc => with!(Acc),
            Src::Pin => with!(Pin),
            Src::Slot(_) => with!(Slot),
            _ => return Err(Absent::Operands),
        }
    }}; }
    Ok(by_opcode! { op;
        pick: I32Store8 I32Store16 I32Store I64Store F32Store F64Store;
    })
}

#[rustfmt::skip]
fn array_get(op: Opcode, i: Src, d: Dst) -> Found {
    macro_rules! pick { ($name:ident) => {{
        macro_rules! with { ($d:ty) => {
            match i {
                Src::Acc => heap::array_get::<$name, Acc, $d>,
                Src::Pin => heap::array_get::<$name, Pin, $d>,
                Src::Slot(_) => heap::array_get::<$name, Slot, $d>,
                Src::Imm32(_) | Src::Imm64(_) => heap::array_get::<$name, Imm, $d>,
            }
        }; }
        match d {
            Dst::Acc => with!(Acc),
            Dst::Slot(_) => with!(Slot),
            Dst::Pin(_) => with!(Pin),
        }
    }}; }
    Ok(by_opcode! { op;
        pick: I32Load8S I32Load8U I32Load16S I32Load16U I32Load I64Load F32Load F64Load;
    })
}

#[rustfmt::skip]
fn array_set(op: Opcode, value: Src) -> Found {
    macro_rules! pick { ($name:ident) => {
        match value {
            Src::Acc => heap::array_set::<$name, Acc>,
            Src::Pin => heap::array_set::<$name, Pin>,
            Src::Slot(_) => heap::array_set::<$name, Slot>,
            Src::Imm32(_) | Src::Imm64(_) => heap::array_set::<$name, Imm>,
        }
    }; }
    Ok(by_opcode! { op;
        pick: I32Store8 I32Store16 I32Store I64Store F32Store F64Store;
    })
}

#[rustfmt::skip]
fn object(call: Object) -> Found {
    macro_rules! calls { ($($name:ident)*) => {
        match call {
            $(Object::$name => gc::object::<gc::$name>,)*
        }
    }; }
    Ok(calls! {
        StructNew StructNewDefault StructGet StructSet ArrayNew ArrayNewDefault ArrayNewFixed ArrayNewData ArrayNewElem
        ArrayGet ArraySet ArrayFill ArrayCopy ArrayInitData ArrayInitElem
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_numeric_row_that_is_implemented_has_its_handlers() {
        let (slot, acc) = (Src::Slot(0), Src::Acc);
        let mut rows = 0;
        for &op in Opcode::ALL {
            if !op.feature().is_implemented() {
                continue;
            }
            let ops = match op.class() {
                Class::Unop | Class::Cvtop | Class::Testop => vec![Op::Unop {
                    op,
                    x: slot,
                    d: Dst::Acc,
                }],
                Class::Binop | Class::Relop => vec![Op::Binop {
                    op,
                    x: acc,
                    y: slot,
                    d: Dst::Acc,
                }],
                Class::Load => vec![
                    Op::Load {
                        op,
                        addr: Addr::Plain(acc),
                        offset: 0,
                        d: Dst::Acc,
                    },
                    Op::LoadFrom {
                        op,
                        x: 0,
                        mem: 1,
                        offset: 0,
                        d: 0,
                    },
                ],
                Class::Store => vec![
                    Op::Store {
                        op,
                        addr: Addr::Plain(acc),
                        value: slot,
                        offset: 0,
                    },
                    Op::StoreTo {
                        op,
                        x: 0,
                        value: 0,
                        mem: 1,
                        offset: 0,
                    },
                ],
                _ => continue,
            };
            for op in &ops {
                // A row that was forgotten above has no handler, and this panics with its name.
                select(op, Form::Plain);
            }
            rows += 1;
        }
        assert!(rows > 140, "the table has more numeric rows than {rows}");
    }
}
