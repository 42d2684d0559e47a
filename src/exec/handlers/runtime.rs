//! What the runtime does for the guest: sizes, growth, bulk operations, references. Holds unsafe code: see the parent.
//!
//! Operands lie in consecutive slots, and the result replaces the first.

use super::operand::{cell, slot};
use crate::exec::Embedder;
use crate::exec::dispatch::{handler, next};
use crate::exec::machine::Machine;
use crate::runtime::limiter::GrowError;
use crate::runtime::trap::Trap;

/// One of the things that `code::ops::Runtime` lists.
pub(crate) trait Call {
    /// How many operands it has.
    const OPERANDS: usize;
    /// Does it, with the op's indices and operands; the result, if it has one, replaces the first operand.
    fn run(m: &mut Machine, a: usize, b: usize, operands: &[u64; 3]) -> Result<u64, Trap>;
}

handler! {
    /// what `C` says
    fn runtime[C: Call](r) {
        let a = cell(&mut r) as usize;
        let b = cell(&mut r) as usize;
        let at = slot(&mut r);
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
    ($($(#[$doc:meta])* $name:ident($operands:literal) = |$m:ident, $a:ident, $b:ident, $x:ident| $body:expr;)*) => {$(
        $(#[$doc])*
        pub(crate) struct $name;
        impl Call for $name {
            const OPERANDS: usize = $operands;
            fn run($m: &mut Machine, $a: usize, $b: usize, $x: &[u64; 3]) -> Result<u64, Trap> {
                $body
            }
        }
    )*};
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
        grow(m, |embedder| embedder.grow_memory(addr, at(x[0])))
    };
    /// `memory.fill`
    MemoryFill(3) = |m, a, _b, x| {
        let addr = m.inst().mems[a];
        m.store().mems[addr.index()].fill(at(x[0]), x[1] as u8, at(x[2]))?;
        Ok(x[0])
    };
    /// `memory.copy`
    MemoryCopy(3) = |m, a, b, x| {
        let (to, from) = (m.inst().mems[a].index(), m.inst().mems[b].index());
        let mems = &mut m.store().mems;
        match mems.get_disjoint_mut([to, from]) {
            Ok([to, from]) => to.init(at(x[0]), from.data(), at(x[1]), at(x[2]))?,
            Err(_) => mems[to].copy_within(at(x[0]), at(x[1]), at(x[2]))?,
        }
        Ok(x[0])
    };
    /// `memory.init`
    MemoryInit(3) = |m, a, b, x| {
        let inst = m.inst();
        let (addr, bytes, data) = (inst.mems[a], inst.bytes.clone(), inst.datas[b].clone());
        m.store().mems[addr.index()].init(at(x[0]), &bytes[data], at(x[1]), at(x[2]))?;
        Ok(x[0])
    };
    /// `data.drop`
    DataDrop(0) = |m, a, _b, _x| {
        m.inst().datas[a] = 0..0;
        Ok(0)
    };
    /// `table.get`
    TableGet(1) = |m, a, _b, x| {
        let addr = m.inst().tables[a];
        m.store().tables[addr.index()].elems.get(at(x[0]) as usize).copied().ok_or(Trap::TableOutOfBounds)
    };
    /// `table.set`
    TableSet(2) = |m, a, _b, x| {
        let addr = m.inst().tables[a];
        let elem = m.store().tables[addr.index()].elems.get_mut(at(x[0]) as usize);
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
        grow(m, |embedder| embedder.grow_table(addr, at(x[1]), x[0]))
    };
    /// `table.fill`
    TableFill(3) = |m, a, _b, x| {
        let addr = m.inst().tables[a];
        m.store().tables[addr.index()].fill(at(x[0]), x[1], at(x[2]))?;
        Ok(x[0])
    };
    /// `table.copy`
    TableCopy(3) = |m, a, b, x| {
        let (to, from) = (m.inst().tables[a].index(), m.inst().tables[b].index());
        let tables = &mut m.store().tables;
        match tables.get_disjoint_mut([to, from]) {
            Ok([to, from]) => to.init(at(x[0]), &from.elems, at(x[1]), at(x[2]))?,
            Err(_) => tables[to].copy_within(at(x[0]), at(x[1]), at(x[2]))?,
        }
        Ok(x[0])
    };
    /// `table.init`
    TableInit(3) = |m, a, b, x| {
        let addr = m.inst().tables[a];
        // Taken out for a moment, because segment and table belong to the same store.
        let elem = core::mem::take(&mut m.inst().elems[b]);
        let result = m.store().tables[addr.index()].init(at(x[0]), &elem, at(x[1]), at(x[2]));
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

/// Grows something; the result is the old size, or -1 where that was refused.
fn grow(
    m: &mut Machine,
    grow: impl FnOnce(&mut dyn Embedder) -> Result<u64, GrowError>,
) -> Result<u64, Trap> {
    match m.grow(grow) {
        Ok(old) => Ok(old.unwrap_or(u64::from(u32::MAX))),
        Err(reason) => {
            m.fail(reason);
            // What the machine has noted goes before any trap.
            Err(Trap::Interrupt)
        }
    }
}

/// A 32-bit address or count in a slot, of which the upper half may hold anything.
fn at(slot: u64) -> u64 {
    u64::from(slot as u32)
}
