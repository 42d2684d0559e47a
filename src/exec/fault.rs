//! Where a memory access went that trapped: found out afterwards, from the op and what it read.
//!
//! An op that traps has changed nothing yet, so its operands are where they were. So handlers need not note anything on the way.

use super::machine::Machine;
use crate::code::ops::{Addr, Op, Runtime, Src};
use crate::syntax::instr::Opcode;

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
        Op::Runtime { call, a, b, at } => {
            let operand = |i| u64::from(machine.stopped_slot(at + 8 * i) as u32);
            let (first, second, count) = (operand(0), operand(1), operand(2));
            match call {
                Runtime::MemoryFill | Runtime::MemoryInit => (a, first, 0, count),
                Runtime::MemoryCopy => {
                    let len = machine.mem_at(a).1;
                    if first + count > len {
                        (a, first, 0, count)
                    } else {
                        (b, second, 0, count)
                    }
                }
                _ => return None,
            }
        }
        _ => return None,
    };
    let len = machine.mem_at(memory).1;
    let end = u128::from(address) + u128::from(offset) + u128::from(size);
    (end > len.into()).then_some(Fault {
        memory,
        address,
        offset,
        size,
        len,
    })
}

/// The bytes that a load or store accesses.
fn width(op: Opcode) -> Option<u64> {
    Some(1 << op.natural_align()?)
}

/// An address in a 32-bit memory, computed as handlers do.
fn address(machine: &Machine, addr: Addr, width: u32) -> u32 {
    let value = |src| match src {
        Src::Acc => machine.stop_acc as u32,
        Src::Pin => machine.stop_pin as u32,
        Src::Slot(offset) => machine.stopped_slot(offset) as u32,
        Src::Imm32(value) => value,
        Src::Imm64(value) => value as u32,
    };
    match addr {
        Addr::Plain(x) => value(x),
        Addr::Sum(x, y) => value(x).wrapping_add(value(y)),
        Addr::Scaled(x, y) => value(x).wrapping_add(value(y).wrapping_mul(width)),
    }
}
