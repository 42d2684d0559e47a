//! Vectors. Their operators, loads and stores are lowered as those of numbers are; this file has the instructions without such a counterpart.
//!
//! A vector is in its slots, in a local, or pending; constants are pending ops as well. Ops that take more than two vectors, or
//! a single lane of one, read them from memory.

use super::Lowerer;
use super::operands::{Operand, Operands, Place};
use crate::code::ops::{Dst, Op, SlotOffset, Src};
use crate::syntax::index::GlobalIdx;
use crate::syntax::instr::{Class, Instr, MemArg, Opcode};
use crate::syntax::types::ValType;

/// Lists instructions with the same immediates.
macro_rules! with_lane {
    ($instr:expr; $($name:ident)*) => {
        match *$instr {
            $(Instr::$name { lane } => Some(lane),)*
            _ => None,
        }
    };
}

/// Lists instructions that access a lane in memory.
macro_rules! with_lane_in_memory {
    ($instr:expr; $($name:ident)*) => {
        match *$instr {
            $(Instr::$name { memarg, lane } => Some((memarg, lane)),)*
            _ => None,
        }
    };
}

/// The lane that an instruction extracts or replaces.
#[rustfmt::skip]
fn lane(instr: &Instr<'_>) -> Option<u8> {
    with_lane! { instr;
        I8x16ExtractLaneS I8x16ExtractLaneU I16x8ExtractLaneS I16x8ExtractLaneU
        I32x4ExtractLane I64x2ExtractLane F32x4ExtractLane F64x2ExtractLane
        I8x16ReplaceLane I16x8ReplaceLane I32x4ReplaceLane I64x2ReplaceLane F32x4ReplaceLane F64x2ReplaceLane
    }
}

/// The memory argument and the lane of an instruction that loads or stores a lane.
#[rustfmt::skip]
fn lane_in_memory(instr: &Instr<'_>) -> Option<(MemArg, u8)> {
    with_lane_in_memory! { instr;
        V128Load8Lane V128Load16Lane V128Load32Lane V128Load64Lane
        V128Store8Lane V128Store16Lane V128Store32Lane V128Store64Lane
    }
}

/// Number of bytes of a lane that is extracted.
fn lane_bytes(op: Opcode) -> u32 {
    use Opcode::*;
    match op {
        I8x16ExtractLaneS | I8x16ExtractLaneU => 1,
        I16x8ExtractLaneS | I16x8ExtractLaneU => 2,
        I32x4ExtractLane | F32x4ExtractLane => 4,
        _ => 8,
    }
}

/// The instructions that make up loads and stores of a lane, by its width: load, store, extraction, replacement.
fn lane_accesses(op: Opcode) -> (Opcode, Opcode, Opcode, Opcode) {
    use Opcode::*;
    match op {
        V128Load8Lane | V128Store8Lane => {
            (I32Load8U, I32Store8, I8x16ExtractLaneU, I8x16ReplaceLane)
        }
        V128Load16Lane | V128Store16Lane => {
            (I32Load16U, I32Store16, I16x8ExtractLaneU, I16x8ReplaceLane)
        }
        V128Load32Lane | V128Store32Lane => (I32Load, I32Store, I32x4ExtractLane, I32x4ReplaceLane),
        _ => (I64Load, I64Store, I64x2ExtractLane, I64x2ReplaceLane),
    }
}

/// Whether a load takes no sum as its address: loads that convert or fill up a vector.
pub(super) fn has_plain_address(op: Opcode) -> bool {
    op.plain_type()
        .is_some_and(|(_, results)| results == [ValType::V128])
        && op != Opcode::V128Load
}

impl Lowerer<'_> {
    /// Lowers an instruction of this file.
    pub(super) fn vector(&mut self, instr: &Instr<'_>) {
        let op = instr.opcode().strict();
        match *instr {
            Instr::V128Const { bytes } => {
                self.settle();
                self.push_pending(Op::Constant { bytes, d: Dst::Acc }, ValType::V128);
                return;
            }
            Instr::I8x16Shuffle { lanes } => return self.shuffle(lanes),
            _ => {}
        }
        if let Some((memarg, lane)) = lane_in_memory(instr) {
            return self.lane_in_memory(op, memarg, lane.into());
        }
        if let Some(lane) = lane(instr) {
            return self.lane(op, lane.into());
        }
        match op.plain_type() {
            Some(([_], _)) => self.unop(op),
            Some(([_, ValType::V128], _)) => self.binop(op),
            Some(([_, ValType::I32], _)) => self.shift(op),
            Some(([_, _, _], _)) => self.ternop(op),
            _ => unreachable!("the table: {op:?} is no function of one to three vectors"),
        }
    }

    /// Emits the pending op, if it computes one of these operands, which were popped, into that operand's slot; settles it otherwise.
    fn all_in_memory<const N: usize>(&mut self, operands: [&Operand; N]) -> [SlotOffset; N] {
        if operands
            .iter()
            .all(|operand| operand.place != Place::Pending)
        {
            self.settle();
        }
        // The pending one comes first: constants are copied into slots that it may read.
        let mut offsets = [0; N];
        for pending in [true, false] {
            for (offset, operand) in offsets.iter_mut().zip(operands) {
                if (operand.place == Place::Pending) == pending {
                    *offset = self.stored(operand);
                }
            }
        }
        offsets
    }

    fn shuffle(&mut self, lanes: [u8; 16]) {
        let y = self.operands.pop();
        let x = self.operands.pop();
        let [x, y] = self.all_in_memory([&x, &y]);
        let d = Dst::Acc;
        self.push_pending(Op::Shuffle { x, y, lanes, d }, ValType::V128);
    }

    fn ternop(&mut self, op: Opcode) {
        let z = self.operands.pop();
        let y = self.operands.pop();
        let x = self.operands.pop();
        let [x, y, z] = self.all_in_memory([&x, &y, &z]);
        let d = Dst::Acc;
        self.push_pending(Op::Ternop { op, x, y, z, d }, ValType::V128);
    }

    fn shift(&mut self, op: Opcode) {
        let count = self.operands.pop();
        let x = self.operands.pop();
        let y = match count.place {
            Place::Const(bits) => Src::Imm32(bits as u32),
            _ => {
                if x.place == Place::Pending {
                    self.flush_pending(Dst::Acc);
                }
                let [count] = self.all_in_memory([&count]);
                Src::Slot(count)
            }
        };
        let [x] = self.sources([&x]);
        let d = Dst::Acc;
        self.push_pending(Op::Binop { op, x, y, d }, ValType::V128);
    }

    /// Extracts or replaces a lane.
    fn lane(&mut self, op: Opcode, lane: u32) {
        let d = Dst::Acc;
        match op.plain_type() {
            Some(([_], &[ty])) => {
                let x = self.operands.pop();
                let [x] = self.all_in_memory([&x]);
                let byte = lane * lane_bytes(op);
                self.push_pending(Op::ExtractLane { op, x, byte, d }, ty);
            }
            _ => {
                let value = self.operands.pop();
                let x = self.operands.pop();
                self.replace_lane(op, &x, &value, lane);
            }
        }
    }

    fn replace_lane(&mut self, op: Opcode, x: &Operand, value: &Operand, lane: u32) {
        let [x, y] = match value.place {
            Place::Const(_) => {
                let [x] = self.sources([x]);
                [x, Src::Slot(self.stored(value))]
            }
            _ => self.sources([x, value]),
        };
        let d = Dst::Acc;
        self.push_pending(Op::ReplaceLane { op, x, y, lane, d }, ValType::V128);
    }

    /// Loads or stores a lane: loads a number and replaces the lane by it, or extracts the lane and stores it.
    fn lane_in_memory(&mut self, op: Opcode, memarg: MemArg, lane: u32) {
        let (load, store, extract, replace) = lane_accesses(op);
        let x = self.operands.pop();
        if op.class() == Class::VloadLane {
            if x.place == Place::Pending {
                self.flush_pending(Dst::Acc);
            }
            self.load_as(load, memarg);
            let value = self.operands.pop();
            self.replace_lane(replace, &x, &value, lane);
        } else {
            let ty = super::numeric::result_type(extract);
            let [x] = self.all_in_memory([&x]);
            let byte = lane * lane_bytes(extract);
            let d = Dst::Acc;
            let op = Op::ExtractLane {
                op: extract,
                x,
                byte,
                d,
            };
            self.push_pending(op, ty);
            self.store_as(store, memarg);
        }
    }

    /// `select` of two vectors, all three operands popped.
    pub(super) fn select_vector(&mut self, x: &Operand, y: &Operand, c: &Operand) {
        for value in [x, y] {
            if value.place == Place::Pending {
                self.flush_pending(Dst::Slot(Operands::offset(value.slot)));
            }
        }
        let c = self.source(c);
        let [x, y] = [x, y].map(|value| match value.place {
            Place::Pending => Operands::offset(value.slot),
            _ => self.stored(value),
        });
        let d = Dst::Acc;
        self.push_pending(Op::SelectVector { x, y, c, d }, ValType::V128);
    }

    pub(super) fn imported_vector_get(&mut self, global: GlobalIdx) {
        self.settle();
        self.operands.push_stored(ValType::V128);
        let d = Operands::offset(self.operands.top().slot);
        self.emit(Op::ImportedGet {
            global: global.0,
            d,
        });
        self.operands.wrote(d, ValType::V128);
    }

    pub(super) fn imported_vector_set(&mut self, global: GlobalIdx) {
        let x = self.operands.pop();
        let [x] = self.all_in_memory([&x]);
        self.emit(Op::ImportedSet {
            global: global.0,
            x,
        });
    }
}
