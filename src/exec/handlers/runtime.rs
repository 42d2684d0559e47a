//! Instructions that the runtime executes: sizes, growth, bulk operations, references. Holds unsafe code: see the parent.
//!
//! Operands lie in consecutive slots, and the result replaces the first.

use super::operand::read;
use crate::exec::Embedder;
use crate::exec::dispatch::{Handler, handler, next};
use crate::exec::machine::Machine;
use crate::runtime::limiter::GrowError;
use crate::runtime::trap::Trap;
use crate::syntax::instr::Opcode;
use crate::syntax::types::AddrType;

/// An instruction of this file.
pub(crate) trait Call {
    /// Number of its operands.
    const OPERANDS: usize;
    /// Executes it, with the op's indices and operands; the result, if it has one, replaces the first operand.
    fn run(m: &mut Machine, a: usize, b: usize, operands: &[u64; 3]) -> Result<u64, Trap>;
}

handler! {
    /// the operation of `C`
    fn runtime[C: Call](r) {
        let (a, b, at) = read!(Runtime, r);
        let (a, b) = (a as usize, b as usize);
        let mut operands = [0; 3];
        let mut i = 0;
        while i < C::OPERANDS {
            operands[i] = *at.add(i);
            i += 1;
        }
        match run::<C>(r.ctx, a, b, operands[0], operands[1], operands[2]) {
            Done { trapped: false, value } => {
                *at = value;
                r.mem = (*r.ctx).mem;
                next(r)
            }
            _ => super::goto(r, super::stopped),
        }
    }
}

/// A result that fits into two registers.
#[repr(C)]
struct Done {
    value: u64,
    trapped: bool,
}

/// Runs a call out of line, so that the handler keeps no state in memory.
#[inline(never)]
unsafe extern "C" fn run<C: Call>(
    ctx: *mut Machine,
    a: usize,
    b: usize,
    x: u64,
    y: u64,
    z: u64,
) -> Done {
    // SAFETY: CTX.
    let machine = unsafe { &mut *ctx };
    match C::run(machine, a, b, &[x, y, z]) {
        Ok(value) => Done {
            value,
            trapped: false,
        },
        Err(reason) => {
            machine.trap = Some(reason);
            Done {
                value: 0,
                trapped: true,
            }
        }
    }
}

macro_rules! calls {
    ($($(#[$doc:meta])* $name:ident($operands:literal) = |$m:ident, $a:ident, $b:ident, $x:ident| $body:expr;)*) => {
        $(
            $(#[$doc])*
            pub(crate) struct $name;
            impl Call for $name {
                const OPERANDS: usize = $operands;
                fn run($m: &mut Machine, $a: usize, $b: usize, $x: &[u64; 3]) -> Result<u64, Trap> {
                    $body
                }
            }
        )*

        /// The handler of an instruction of this file.
        pub(crate) fn handler(op: Opcode) -> Option<Handler> {
            let handler: Handler = match op {
                $(Opcode::$name => runtime::<$name>,)*
                _ => return None,
            };
            Some(handler)
        }
    };
}

calls! {
    /// `memory.size`
    MemorySize(0) = |m, a, _b, _x| {
        let addr = m.inst().mems[a];
        Ok(m.store().mems[addr.index()].size())
    };
    /// `memory.grow`
    MemoryGrow(1) = |m, a, _b, x| {
        let addr = m.inst().mems[a];
        let ty = m.mem_addr_type(a);
        grow(m, ty, |embedder| embedder.grow_memory(addr, at(ty, x[0])))
    };
    /// `memory.fill`
    MemoryFill(3) = |m, a, _b, x| {
        let mem = m.mem_inst(a as u32);
        let ty = mem.ty.addr;
        mem.fill(at(ty, x[0]), x[1] as u8, at(ty, x[2]))?;
        Ok(x[0])
    };
    /// `memory.copy`
    MemoryCopy(3) = |m, a, b, x| {
        let (to, from) = (m.inst().mems[a].index(), m.inst().mems[b].index());
        let mems = &mut m.store().mems;
        match mems.get_disjoint_mut([to, from]) {
            Ok([to, from]) => {
                let [d, s, n] = copied(to.ty.addr, from.ty.addr, x);
                to.copy(d, from, s, n)?;
            }
            Err(_) => {
                let mem = &mut mems[to];
                let [d, s, n] = x.map(|operand| at(mem.ty.addr, operand));
                mem.copy_within(d, s, n)?;
            }
        }
        Ok(x[0])
    };
    /// `memory.init`
    MemoryInit(3) = |m, a, b, x| {
        let to = at(m.mem_addr_type(a), x[0]);
        let inst = m.inst();
        let (addr, bytes, data) = (inst.mems[a], inst.bytes.clone(), inst.datas[b].clone());
        m.store().mems[addr.index()].init(to, &bytes[data], at32(x[1]), at32(x[2]))?;
        Ok(x[0])
    };
    /// `data.drop`
    DataDrop(0) = |m, a, _b, _x| {
        m.inst().datas[a] = 0..0;
        Ok(0)
    };
    /// `table.get`
    TableGet(1) = |m, a, _b, x| {
        let (addr, index) = (m.inst().tables[a], at(m.table_addr_type(a), x[0]));
        let elems = &m.store().tables[addr.index()].elems;
        position(index).and_then(|index| elems.get(index)).copied().ok_or(Trap::TableOutOfBounds)
    };
    /// `table.set`
    TableSet(2) = |m, a, _b, x| {
        let (addr, index) = (m.inst().tables[a], at(m.table_addr_type(a), x[0]));
        let elems = &mut m.store().tables[addr.index()].elems;
        let elem = position(index).and_then(|index| elems.get_mut(index));
        *elem.ok_or(Trap::TableOutOfBounds)? = x[1];
        Ok(x[0])
    };
    /// `table.size`
    TableSize(0) = |m, a, _b, _x| {
        let addr = m.inst().tables[a];
        Ok(m.store().tables[addr.index()].size())
    };
    /// `table.grow`
    TableGrow(2) = |m, a, _b, x| {
        let addr = m.inst().tables[a];
        let ty = m.table_addr_type(a);
        grow(m, ty, |embedder| embedder.grow_table(addr, at(ty, x[1]), x[0]))
    };
    /// `table.fill`
    TableFill(3) = |m, a, _b, x| {
        let (addr, ty) = (m.inst().tables[a], m.table_addr_type(a));
        m.store().tables[addr.index()].fill(at(ty, x[0]), x[1], at(ty, x[2]))?;
        Ok(x[0])
    };
    /// `table.copy`
    TableCopy(3) = |m, a, b, x| {
        let (to, from) = (m.inst().tables[a].index(), m.inst().tables[b].index());
        let [d, s, n] = copied(m.table_addr_type(a), m.table_addr_type(b), x);
        let tables = &mut m.store().tables;
        match tables.get_disjoint_mut([to, from]) {
            Ok([to, from]) => to.init(d, &from.elems, s, n)?,
            Err(_) => tables[to].copy_within(d, s, n)?,
        }
        Ok(x[0])
    };
    /// `table.init`
    TableInit(3) = |m, a, b, x| {
        let to = at(m.table_addr_type(a), x[0]);
        let addr = m.inst().tables[a];
        // Taken out for a moment, because segment and table belong to the same store.
        let elem = core::mem::take(&mut m.inst().elems[b]);
        let result = m.store().tables[addr.index()].init(to, &elem, at32(x[1]), at32(x[2]));
        m.inst().elems[b] = elem;
        result.map(|()| x[0])
    };
    /// `elem.drop`
    ElemDrop(0) = |m, a, _b, _x| {
        m.inst().elems[a] = Box::default();
        Ok(0)
    };
    /// `ref.func`
    RefFunc(0) = |m, a, _b, _x| Ok(u64::from(m.inst().funcs[a].0) + 1);
    /// `global.get`, for an imported global
    GlobalGet(0) = |m, a, _b, _x| {
        let addr = m.inst().globals[a];
        Ok(m.store().globals[addr.index()].value[0])
    };
    /// `global.set`, for an imported global
    GlobalSet(1) = |m, a, _b, x| {
        let addr = m.inst().globals[a];
        m.store().globals[addr.index()].value[0] = x[0];
        Ok(x[0])
    };
}

/// Grows an entity of an address type; the result is the old size, or -1 if the growth was refused.
fn grow(
    m: &mut Machine,
    ty: AddrType,
    grow: impl FnOnce(&mut dyn Embedder) -> Result<u64, GrowError>,
) -> Result<u64, Trap> {
    match m.grow(grow) {
        Ok(Some(old)) => Ok(old),
        Ok(None) => {
            m.give_back();
            Ok(at(ty, u64::MAX))
        }
        Err(reason) => {
            m.fail(reason);
            // The reason recorded in the machine takes precedence over any trap.
            Err(Trap::Interrupt)
        }
    }
}

/// An address or count of an address type in a slot, whose upper half may have any value if the type has 32 bits.
pub(super) fn at(ty: AddrType, slot: u64) -> u64 {
    match ty {
        AddrType::I32 => at32(slot),
        AddrType::I64 => slot,
    }
}

/// A 32-bit address or count in a slot, whose upper half may have any value.
pub(super) fn at32(slot: u64) -> u64 {
    u64::from(slot as u32)
}

/// The destination, the source and the length of a copy: the length has the smaller address type.
pub(super) fn copied(to: AddrType, from: AddrType, x: &[u64; 3]) -> [u64; 3] {
    let count = match (to, from) {
        (AddrType::I64, AddrType::I64) => AddrType::I64,
        _ => AddrType::I32,
    };
    [at(to, x[0]), at(from, x[1]), at(count, x[2])]
}

/// An index as a position in a list, if the host's numbers are large enough.
fn position(index: u64) -> Option<usize> {
    usize::try_from(index).ok()
}
