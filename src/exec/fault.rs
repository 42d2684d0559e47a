//! Where a memory access went that trapped: found out afterwards, from the op and what it read.
//!
//! An op that traps has changed nothing yet, so its operands are where they were. So handlers need not note anything on the way.

use super::machine::Machine;
use crate::code::ops::{Access, Addr, Op, Runtime, SlotOffset, Src};
use crate::syntax::instr::Opcode;
use crate::syntax::types::AddrType;

/// An access beyond a memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fault {
    /// The memory, by its index in the module.
    pub memory: u32,
    /// The address operand.
    pub address: u64,
    /// The offset that the instruction adds to it.
    pub offset: u64,
    /// How many bytes were to be accessed.
    pub size: u64,
    /// How many bytes the memory has.
    pub len: u64,
}

/// The access of an op at which the machine stopped because it reached beyond a memory. Nothing if the op is none that accesses a
/// memory, or it was a segment that it reached beyond.
pub(super) fn fault(machine: &mut Machine, op: &Op) -> Option<Fault> {
    let (memory, address, offset, size) = match *op {
        Op::Load {
            op, addr, offset, ..
        }
        | Op::Store {
            op, addr, offset, ..
        } => {
            let size = width(op)?;
            let address = address(machine, addr, size as u32);
            (0, address.into(), offset.into(), size)
        }
        Op::LoadFrom {
            op, x, mem, offset, ..
        }
        | Op::StoreTo {
            op, x, mem, offset, ..
        } => {
            let address = machine.stopped_slot(x) as u32;
            (mem, address.into(), offset.into(), width(op)?)
        }
        Op::Load64 { op, x, offset, .. } | Op::Store64 { op, x, offset, .. } => {
            (0, value(machine, x), offset.into(), width(op)?)
        }
        Op::LoadFrom64 {
            op, x, mem, offset, ..
        }
        | Op::StoreTo64 {
            op, x, mem, offset, ..
        } => (mem, machine.stopped_slot(x), offset, width(op)?),
        Op::LoadShared { x, access, .. } | Op::StoreShared { x, access, .. } => {
            shared(machine, x, access)
        }
        Op::Atomic { at, access, .. } => shared(machine, at, access),
        Op::Runtime {
            call: call @ (Runtime::MemoryFill | Runtime::MemoryInit),
            a,
            at,
            ..
        } => {
            let ty = machine.mem_addr_type(a as usize);
            let counted = match call {
                Runtime::MemoryFill => ty,
                _ => AddrType::I32,
            };
            (
                a,
                operand(machine, at, ty),
                0,
                operand(machine, at + 16, counted),
            )
        }
        Op::Runtime {
            call: Runtime::MemoryCopy,
            a,
            b,
            at,
        } => {
            let [to, from] = [a, b].map(|mem| machine.mem_addr_type(mem as usize));
            let counted = if to == from { to } else { AddrType::I32 };
            let count = operand(machine, at + 16, counted);
            let target = operand(machine, at, to);
            let len = machine.mem_inst(a).len();
            if target.checked_add(count).is_none_or(|end| end > len) {
                (a, target, 0, count)
            } else {
                (b, operand(machine, at + 8, from), 0, count)
            }
        }
        _ => return None,
    };
    let len = machine.mem_inst(memory).len();
    let end = u128::from(address) + u128::from(offset) + u128::from(size);
    (end > len.into()).then_some(Fault {
        memory,
        address,
        offset,
        size,
        len,
    })
}

/// An access by an op that finds its address in a slot: memory, address, offset and size.
fn shared(machine: &Machine, x: SlotOffset, access: Access) -> (u32, u64, u64, u64) {
    let ty = if access.wide {
        AddrType::I64
    } else {
        AddrType::I32
    };
    (
        access.mem,
        operand(machine, x, ty),
        access.offset,
        1 << access.width,
    )
}

/// The bytes that a load or store accesses.
fn width(op: Opcode) -> Option<u64> {
    Some(1 << op.natural_align()?)
}

/// An address in a 32-bit memory, computed as handlers do.
fn address(machine: &Machine, addr: Addr, width: u32) -> u32 {
    let value = |src| value(machine, src) as u32;
    match addr {
        Addr::Plain(x) => value(x),
        Addr::Sum(x, y) => value(x).wrapping_add(value(y)),
        Addr::Scaled(x, y) => value(x).wrapping_add(value(y).wrapping_mul(width)),
    }
}

/// An operand in a slot, of which the upper half may hold anything if its type has 32 bits.
fn operand(machine: &Machine, at: SlotOffset, ty: AddrType) -> u64 {
    let slot = machine.stopped_slot(at);
    match ty {
        AddrType::I32 => u64::from(slot as u32),
        AddrType::I64 => slot,
    }
}

/// What an operand of the integer bank was.
fn value(machine: &Machine, src: Src) -> u64 {
    match src {
        Src::Acc => machine.stop_acc,
        Src::Pin => machine.stop_pin,
        Src::Slot(offset) => machine.stopped_slot(offset),
        Src::Imm32(value) => value.into(),
        Src::Imm64(value) => value,
    }
}
