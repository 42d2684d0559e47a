//! The place of a memory access that trapped: found afterwards, from the op and its operands.
//!
//! An op that traps has changed nothing yet, so its operands are still in place, and handlers need not record anything. The
//! instruction and the map of the code (`code::map`) give the places of the operands.

use super::machine::Machine;
use crate::code::MemAccess;
use crate::code::map::AddressIn;
use crate::code::ops::{Addr, SlotOffset, Src};
use crate::syntax::types::AddrType;

/// The position of the slot of the first operand among the cells of a bulk operation. In metered code its cost comes first.
fn operands_at(machine: &Machine) -> usize {
    2 + usize::from(machine.metered)
}

/// An access beyond a memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fault {
    /// The memory, by its index in the module.
    pub memory: u32,
    /// The address operand.
    pub address: u64,
    /// The offset that the instruction adds to it.
    pub offset: u64,
    /// Number of bytes of the access.
    pub size: u64,
    /// Number of bytes of the memory.
    pub len: u64,
}

/// The access beyond a memory that stopped the machine, given the place of the op's address and the cells of the op
/// behind the handler's. Nothing if the access was beyond a segment.
pub(super) fn fault(
    machine: &mut Machine,
    access: MemAccess,
    address: AddressIn,
    mut cells: impl Iterator<Item = u32>,
) -> Option<Fault> {
    let (memory, address, offset, size) = match access {
        MemAccess::At {
            mem,
            offset,
            bytes,
            cell,
        } => {
            let addr = address.read(cells.skip(cell))?;
            let address = match machine.mem_addr_type(mem as usize) {
                AddrType::I32 => address_of(machine, addr, bytes as u32).into(),
                AddrType::I64 => match addr {
                    Addr::Plain(x) => value(machine, x),
                    Addr::Sum(..) | Addr::Scaled(..) => return None,
                },
            };
            (mem, address, offset, bytes)
        }
        MemAccess::Fill { mem } | MemAccess::Init { mem } => {
            let at = cells.nth(operands_at(machine))? as SlotOffset;
            let ty = machine.mem_addr_type(mem as usize);
            let counted = match access {
                MemAccess::Fill { .. } => ty,
                _ => AddrType::I32,
            };
            let count = operand(machine, at + 16, counted);
            (mem, operand(machine, at, ty), 0, count)
        }
        MemAccess::Copy { to, from } => {
            let at = cells.nth(operands_at(machine))? as SlotOffset;
            let [to_ty, from_ty] = [to, from].map(|mem| machine.mem_addr_type(mem as usize));
            let counted = if to_ty == from_ty {
                to_ty
            } else {
                AddrType::I32
            };
            let count = operand(machine, at + 16, counted);
            let target = operand(machine, at, to_ty);
            let len = machine.mem_inst(to).len();
            if target.checked_add(count).is_none_or(|end| end > len) {
                (to, target, 0, count)
            } else {
                (from, operand(machine, at + 8, from_ty), 0, count)
            }
        }
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

/// An address in a 32-bit memory, computed as handlers do.
fn address_of(machine: &Machine, addr: Addr, width: u32) -> u32 {
    let value = |src| value(machine, src) as u32;
    match addr {
        Addr::Plain(x) => value(x),
        Addr::Sum(x, y) => value(x).wrapping_add(value(y)),
        Addr::Scaled(x, y) => value(x).wrapping_add(value(y).wrapping_mul(width)),
    }
}

/// An operand in a slot, whose upper half may have any value if the type has 32 bits.
fn operand(machine: &Machine, at: SlotOffset, ty: AddrType) -> u64 {
    let slot = machine.stopped_slot(at);
    match ty {
        AddrType::I32 => u64::from(slot as u32),
        AddrType::I64 => slot,
    }
}

/// The value of an operand of the integer bank.
fn value(machine: &Machine, src: Src) -> u64 {
    match src {
        Src::Acc => machine.stop_acc,
        Src::Pin => machine.stop_pin,
        Src::Slot(offset) => machine.stopped_slot(offset),
        Src::Imm32(value) => value.into(),
        Src::Imm64(value) => value,
    }
}
