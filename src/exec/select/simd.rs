//! Handlers of ops on vectors. Such an operand is in the accumulator or in a slot, and a vector that results goes to both.

use super::{Absent, Found, metered};
use crate::code::ops::{Addr, Dst, Floats, Op, Src};
use crate::exec::handlers::memory::*;
use crate::exec::handlers::operand::{Acc, Imm, Pin, Slot};
use crate::exec::handlers::{atomic, control, memory, memory64, numeric, simd, variable};
use crate::exec::numerics::*;
use crate::syntax::instr::Opcode;

/// A vector.
macro_rules! pick_x {
    ($x:expr, $with:ident) => {
        match $x {
            Src::Acc => $with!(Acc),
            Src::Slot(_) => $with!(Slot),
            _ => return Err(Absent::Operands),
        }
    };
}

/// A number that is no immediate.
macro_rules! pick_scalar {
    ($x:expr, $with:ident) => {
        match $x {
            Src::Acc => $with!(Acc),
            Src::Pin => $with!(Pin),
            Src::Slot(_) => $with!(Slot),
            _ => return Err(Absent::Operands),
        }
    };
}

/// The destination of a number.
macro_rules! pick_d {
    ($d:expr, $with:ident) => {
        match $d {
            Dst::Acc => $with!(Acc),
            Dst::Slot(_) => $with!(Slot),
            Dst::Pin(_) => $with!(Pin),
        }
    };
}

pub(super) fn copy(x: Src) -> Found {
    macro_rules! with {
        ($x:ty) => {
            variable::copy::<V128, $x>
        };
    }
    Ok(pick_x!(x, with))
}

pub(super) fn global_set(x: Src) -> Found {
    macro_rules! with {
        ($x:ty) => {
            variable::global_set::<V128, $x>
        };
    }
    Ok(pick_x!(x, with))
}

pub(super) fn return_1(x: Src, metered: bool) -> Found {
    macro_rules! with {
        ($x:tt) => {
            metered!(metered, control::return_1, V128, $x)
        };
    }
    Ok(pick_x!(x, with))
}

#[rustfmt::skip]
pub(super) fn unop(op: Opcode, x: Src, d: Dst) -> Found {
    macro_rules! plain { ($name:ident) => {{
        macro_rules! with { ($x:ty) => { numeric::unop::<$name, $x, Slot> }; }
        pick_x!(x, with)
    }}; }
    macro_rules! splat { ($name:ident) => {{
        macro_rules! with { ($x:ty) => { numeric::unop::<$name, $x, Slot> }; }
        pick_scalar!(x, with)
    }}; }
    macro_rules! test { ($name:ident) => {{
        macro_rules! with { ($x:ty) => {{
            macro_rules! with_d { ($d:ty) => { numeric::unop::<$name, $x, $d> }; }
            pick_d!(d, with_d)
        }}; }
        pick_x!(x, with)
    }}; }
    Ok(by_opcode! { op;
        plain:
            V128Not I8x16Abs I8x16Neg I8x16Popcnt I16x8Abs I16x8Neg I32x4Abs I32x4Neg I64x2Abs I64x2Neg
            F32x4Abs F32x4Neg F32x4Sqrt F32x4Ceil F32x4Floor F32x4Trunc F32x4Nearest
            F64x2Abs F64x2Neg F64x2Sqrt F64x2Ceil F64x2Floor F64x2Trunc F64x2Nearest
            F32x4DemoteF64x2Zero F64x2PromoteLowF32x4
            I16x8ExtaddPairwiseI8x16S I16x8ExtaddPairwiseI8x16U I32x4ExtaddPairwiseI16x8S I32x4ExtaddPairwiseI16x8U
            I16x8ExtendLowI8x16S I16x8ExtendHighI8x16S I16x8ExtendLowI8x16U I16x8ExtendHighI8x16U
            I32x4ExtendLowI16x8S I32x4ExtendHighI16x8S I32x4ExtendLowI16x8U I32x4ExtendHighI16x8U
            I64x2ExtendLowI32x4S I64x2ExtendHighI32x4S I64x2ExtendLowI32x4U I64x2ExtendHighI32x4U
            I32x4TruncSatF32x4S I32x4TruncSatF32x4U F32x4ConvertI32x4S F32x4ConvertI32x4U
            I32x4TruncSatF64x2SZero I32x4TruncSatF64x2UZero F64x2ConvertLowI32x4S F64x2ConvertLowI32x4U;
        splat: I8x16Splat I16x8Splat I32x4Splat I64x2Splat F32x4Splat F64x2Splat;
        test:
            V128AnyTrue I8x16AllTrue I16x8AllTrue I32x4AllTrue I64x2AllTrue
            I8x16Bitmask I16x8Bitmask I32x4Bitmask I64x2Bitmask;
    })
}

#[rustfmt::skip]
pub(super) fn binop(op: Opcode, x: Src, y: Src) -> Found {
    // What may be swapped comes with the accumulator first.
    macro_rules! commuting { ($name:ident) => {
        match (x, y) {
            (Src::Acc, Src::Slot(_)) => numeric::binop::<$name, Acc, Slot, Slot>,
            (Src::Slot(_), Src::Slot(_)) => numeric::binop::<$name, Slot, Slot, Slot>,
            _ => return Err(Absent::Operands),
        }
    }; }
    macro_rules! ordered { ($name:ident) => {
        match (x, y) {
            (Src::Acc, Src::Slot(_)) => numeric::binop::<$name, Acc, Slot, Slot>,
            (Src::Slot(_), Src::Acc) => numeric::binop::<$name, Slot, Acc, Slot>,
            (Src::Slot(_), Src::Slot(_)) => numeric::binop::<$name, Slot, Slot, Slot>,
            _ => return Err(Absent::Operands),
        }
    }; }
    macro_rules! shift { ($name:ident) => {
        match (x, y) {
            (Src::Acc, Src::Slot(_)) => simd::shift::<$name, Acc, Slot>,
            (Src::Acc, Src::Imm32(_)) => simd::shift::<$name, Acc, Imm>,
            (Src::Slot(_), Src::Slot(_)) => simd::shift::<$name, Slot, Slot>,
            (Src::Slot(_), Src::Imm32(_)) => simd::shift::<$name, Slot, Imm>,
            _ => return Err(Absent::Operands),
        }
    }; }
    Ok(by_opcode! { op;
        commuting:
            V128And V128Or V128Xor
            I8x16Add I16x8Add I32x4Add I64x2Add I16x8Mul I32x4Mul I64x2Mul
            I8x16Eq I16x8Eq I32x4Eq I64x2Eq I8x16Ne I16x8Ne I32x4Ne I64x2Ne
            F32x4Add F32x4Mul F64x2Add F64x2Mul F32x4Eq F64x2Eq F32x4Ne F64x2Ne
            I8x16MinS I8x16MinU I8x16MaxS I8x16MaxU I16x8MinS I16x8MinU I16x8MaxS I16x8MaxU
            I32x4MinS I32x4MinU I32x4MaxS I32x4MaxU
            I8x16AddSatS I8x16AddSatU I16x8AddSatS I16x8AddSatU I8x16AvgrU I16x8AvgrU
            I16x8Q15mulrSatS I32x4DotI16x8S
            I16x8ExtmulLowI8x16S I16x8ExtmulHighI8x16S I16x8ExtmulLowI8x16U I16x8ExtmulHighI8x16U
            I32x4ExtmulLowI16x8S I32x4ExtmulHighI16x8S I32x4ExtmulLowI16x8U I32x4ExtmulHighI16x8U
            I64x2ExtmulLowI32x4S I64x2ExtmulHighI32x4S I64x2ExtmulLowI32x4U I64x2ExtmulHighI32x4U;
        ordered:
            V128Andnot I8x16Swizzle I16x8RelaxedDotI8x16I7x16S
            I8x16Sub I16x8Sub I32x4Sub I64x2Sub I8x16SubSatS I8x16SubSatU I16x8SubSatS I16x8SubSatU
            I8x16LtS I8x16LtU I8x16GtS I8x16GtU I8x16LeS I8x16LeU I8x16GeS I8x16GeU
            I16x8LtS I16x8LtU I16x8GtS I16x8GtU I16x8LeS I16x8LeU I16x8GeS I16x8GeU
            I32x4LtS I32x4LtU I32x4GtS I32x4GtU I32x4LeS I32x4LeU I32x4GeS I32x4GeU
            I64x2LtS I64x2GtS I64x2LeS I64x2GeS
            I8x16NarrowI16x8S I8x16NarrowI16x8U I16x8NarrowI32x4S I16x8NarrowI32x4U
            F32x4Sub F32x4Div F32x4Min F32x4Max F32x4Pmin F32x4Pmax F32x4Lt F32x4Gt F32x4Le F32x4Ge
            F64x2Sub F64x2Div F64x2Min F64x2Max F64x2Pmin F64x2Pmax F64x2Lt F64x2Gt F64x2Le F64x2Ge;
        shift:
            I8x16Shl I8x16ShrS I8x16ShrU I16x8Shl I16x8ShrS I16x8ShrU
            I32x4Shl I32x4ShrS I32x4ShrU I64x2Shl I64x2ShrS I64x2ShrU;
    })
}

#[rustfmt::skip]
pub(super) fn load(op: Opcode, addr: Addr) -> Found {
    macro_rules! with { ($a:ty) => { memory::load::<V128Load, $a, Slot> }; }
    if op == Opcode::V128Load {
        return Ok(pick_address!(addr, with));
    }
    let Addr::Plain(x) = addr else { return Err(Absent::Operands) };
    macro_rules! pick { ($name:ident) => {
        match x {
            Src::Acc => memory::load::<$name, Plain<Acc>, Slot>,
            Src::Pin => memory::load::<$name, Plain<Pin>, Slot>,
            Src::Slot(_) => memory::load::<$name, Plain<Slot>, Slot>,
            _ => memory::load::<$name, Plain<Imm>, Slot>,
        }
    }; }
    Ok(by_opcode! { op;
        pick:
            V128Load8x8S V128Load8x8U V128Load16x4S V128Load16x4U V128Load32x2S V128Load32x2U
            V128Load8Splat V128Load16Splat V128Load32Splat V128Load64Splat V128Load32Zero V128Load64Zero;
    })
}

pub(super) fn store(addr: Addr, value: Src) -> Found {
    macro_rules! with_x {
        ($x:ty) => {{
            macro_rules! with {
                ($a:ty) => {
                    memory::store::<V128Store, $a, $x>
                };
            }
            pick_address!(addr, with)
        }};
    }
    Ok(pick_x!(value, with_x))
}

#[rustfmt::skip]
pub(super) fn load_from(op: Opcode) -> Found {
    macro_rules! pick { ($name:ident) => { memory::load_from::<$name> }; }
    Ok(by_opcode! { op;
        pick:
            V128Load V128Load8x8S V128Load8x8U V128Load16x4S V128Load16x4U V128Load32x2S V128Load32x2U
            V128Load8Splat V128Load16Splat V128Load32Splat V128Load64Splat V128Load32Zero V128Load64Zero;
    })
}

pub(super) fn load64(x: Src) -> Found {
    macro_rules! with {
        ($x:ty) => {
            memory64::load64::<V128Load, $x, Slot>
        };
    }
    Ok(pick_scalar!(x, with))
}

pub(super) fn store64(x: Src, value: Src) -> Found {
    macro_rules! with_x {
        ($x:ty) => {{
            macro_rules! with {
                ($v:ty) => {
                    memory64::store64::<V128Store, $x, $v>
                };
            }
            pick_x!(value, with)
        }};
    }
    Ok(pick_scalar!(x, with_x))
}

#[rustfmt::skip]
pub(super) fn load_from64(op: Opcode) -> Found {
    macro_rules! pick { ($name:ident) => { memory64::load_from64::<$name> }; }
    Ok(by_opcode! { op;
        pick:
            V128Load V128Load8x8S V128Load8x8U V128Load16x4S V128Load16x4U V128Load32x2S V128Load32x2U
            V128Load8Splat V128Load16Splat V128Load32Splat V128Load64Splat V128Load32Zero V128Load64Zero;
    })
}

#[rustfmt::skip]
pub(super) fn load_shared(op: Opcode) -> Found {
    macro_rules! pick { ($name:ident) => { atomic::load_shared::<$name> }; }
    Ok(by_opcode! { op;
        pick:
            V128Load V128Load8x8S V128Load8x8U V128Load16x4S V128Load16x4U V128Load32x2S V128Load32x2U
            V128Load8Splat V128Load16Splat V128Load32Splat V128Load64Splat V128Load32Zero V128Load64Zero;
    })
}

#[rustfmt::skip]
fn ternop(op: Opcode) -> Found {
    macro_rules! pick { ($name:ident) => { simd::ternop::<$name> }; }
    Ok(by_opcode! { op;
        pick:
            V128Bitselect F32x4RelaxedMadd F32x4RelaxedNmadd F64x2RelaxedMadd F64x2RelaxedNmadd
            I32x4RelaxedDotI8x16I7x16AddS;
    })
}

/// Extraction of a lane, which makes of its bytes what a load makes of them.
#[rustfmt::skip]
fn extract_lane(op: Opcode, d: Dst) -> Found {
    macro_rules! pick { ($load:ident) => {{
        macro_rules! with { ($d:ty) => { simd::extract_lane::<$load, $d> }; }
        pick_d!(d, with)
    }}; }
    Ok(match op {
        Opcode::I8x16ExtractLaneS => pick!(I32Load8S),
        Opcode::I8x16ExtractLaneU => pick!(I32Load8U),
        Opcode::I16x8ExtractLaneS => pick!(I32Load16S),
        Opcode::I16x8ExtractLaneU => pick!(I32Load16U),
        Opcode::I32x4ExtractLane => pick!(I32Load),
        Opcode::I64x2ExtractLane => pick!(I64Load),
        Opcode::F32x4ExtractLane => pick!(F32Load),
        Opcode::F64x2ExtractLane => pick!(F64Load),
        _ => return Err(Absent::Opcode),
    })
}

#[rustfmt::skip]
fn replace_lane(op: Opcode, x: Src, y: Src) -> Found {
    macro_rules! pick { ($name:ident) => {{
        macro_rules! with_x { ($x:ty) => {{
            macro_rules! with_y { ($y:ty) => { simd::replace_lane::<$name, $x, $y> }; }
            pick_scalar!(y, with_y)
        }}; }
        pick_x!(x, with_x)
    }}; }
    Ok(by_opcode! { op;
        pick: I8x16ReplaceLane I16x8ReplaceLane I32x4ReplaceLane I64x2ReplaceLane F32x4ReplaceLane F64x2ReplaceLane;
    })
}

/// The handler of an op that has no counterpart among numbers.
pub(super) fn handler(op: &Op) -> Found {
    Ok(match *op {
        Op::Ternop { op, .. } => ternop(op)?,
        Op::Canonical { floats, d, .. } => {
            macro_rules! f32 {
                ($d:ty) => {
                    simd::canonical::<F32Canonical, $d>
                };
            }
            macro_rules! f64 {
                ($d:ty) => {
                    simd::canonical::<F64Canonical, $d>
                };
            }
            match floats {
                Floats::F32 => pick_d!(d, f32),
                Floats::F64 => pick_d!(d, f64),
                Floats::F32x4 => simd::canonical::<F32x4Canonical, Slot>,
                Floats::F64x2 => simd::canonical::<F64x2Canonical, Slot>,
            }
        }
        Op::ExtractLane { op, d, .. } => extract_lane(op, d)?,
        Op::ReplaceLane { op, x, y, .. } => replace_lane(op, x, y)?,
        Op::Shuffle { .. } => simd::shuffle_lanes,
        Op::Constant { .. } => simd::constant_vector,
        Op::SelectVector { c, .. } => {
            macro_rules! with {
                ($c:ty) => {
                    simd::select_vector::<$c>
                };
            }
            pick_scalar!(c, with)
        }
        Op::ImportedGet { .. } => simd::imported_get,
        Op::ImportedSet { .. } => simd::imported_set,
        _ => return Err(Absent::Operands),
    })
}
