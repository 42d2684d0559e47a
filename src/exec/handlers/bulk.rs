//! Calls whose work grows with an operand, in metered code. Holds unsafe code: see the parent.
//!
//! Only work that will be done is charged. A call that fails costs as much as any other instruction: beyond bounds, on null, at a declared
//! maximum or a limit of the store. Any other call pays for all of its work before it begins; if the embedder's limiter or the
//! host's memory then refuses it, the price is refunded.
//!
//! Long work is done in parts. Between two of them other threads may stop the execution, which later continues with the next part: the
//! machine records how much has been done, as registers do for a string instruction of a processor.

use super::fuel::{paused, short, short_ahead, this_op};
use super::heap::{self as gc};
use super::operand::read;
use super::runtime::{self as rt, at, at32, copied};
use super::{goto, stopped};
use crate::code::Form;
use crate::code::layout::Storage;
use crate::exec::dispatch::{Handler, handler, next};
use crate::exec::machine::Machine;
use crate::exec::meter::PART;
use crate::runtime::heap::Heap;
use crate::runtime::registry::TypeId;
use crate::runtime::trap::Trap;
use crate::syntax::instr::Opcode;
use crate::syntax::types::AddrType;

/// A call whose work grows with an operand.
pub(crate) trait Bulk {
    /// The instruction, which determines the cost of its work.
    const INSTR: Opcode;

    /// The amount of work that it will do, in units of its cost; nothing if it will fail or be refused. Its operands lie from `at` on.
    ///
    /// # Safety
    ///
    /// FRAME, for the operands.
    unsafe fn work(m: &mut Machine, a: u32, b: u32, at: *const u64) -> Option<u64>;

    /// Does all of it, or fails.
    ///
    /// # Safety
    ///
    /// FRAME, for the operands and results.
    unsafe fn run(m: &mut Machine, a: u32, b: u32, at: *mut u64) -> Result<(), Trap>;

    /// The operand that is the amount of work, unless the call fails or is refused; nothing if the amount depends on more than that.
    const AMOUNT: Option<usize> = None;

    /// Does a part of its work, if it can be done in parts.
    const PARTS: Option<DoPart> = None;
}

/// Does a part of a call's work, after all of it has been found possible.
///
/// # Safety
///
/// FRAME, for the operands and results.
type DoPart = unsafe fn(&mut Machine, u32, u32, *mut u64, Part) -> Result<(), Trap>;

/// A part of some work.
#[derive(Clone, Copy)]
pub(crate) struct Part {
    /// The amount done before.
    done: u64,
    /// The amount to do now.
    count: u64,
    /// The total amount.
    all: u64,
}

impl Part {
    /// The beginning of this part in a copy from one place to another, which may overlap: the side that would be overwritten is copied
    /// first.
    fn of_copy(self, to: u64, from: u64) -> u64 {
        if to <= from {
            self.done
        } else {
            self.all - self.done - self.count
        }
    }
}

/// The handler of an instruction whose work grows with an operand, in a form of metered code.
pub(crate) fn handler(op: Opcode, form: Form) -> Option<Handler> {
    of_runtime(op, form).or_else(|| of_objects(op, form))
}

/// Writes the function that finds the handler of an instruction.
macro_rules! handlers {
    ($find:ident $module:ident $($name:ident)*) => {
        fn $find(op: Opcode, form: Form) -> Option<Handler> {
            let handler: Handler = match (op, form) {
                $(
                    (Opcode::$name, Form::Net) => bulk::<$module::$name, true>,
                    (Opcode::$name, _) => bulk::<$module::$name, false>,
                )*
                _ => return None,
            };
            Some(handler)
        }
    };
}

/// The outcome of a call.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Left {
    /// It is done.
    Done,
    /// It has ended execution.
    Stopped,
    /// It has not begun, for lack of fuel.
    Short,
    /// It has done a part, and continues later.
    Paused,
}

handler! {
    /// the operation of `C`, for fuel; `AHEAD` if the code has paid for the instructions ahead
    fn bulk[C: Bulk, const AHEAD: bool](r) {
        let op = this_op(&r);
        let (cost, a, b, at) = read!(Bulk, r);
        match run::<C>(r.ctx, cost, a, b, at) {
            Left::Done => {
                r.mem = (*r.ctx).mem;
                next(r)
            }
            Left::Stopped => goto(r, stopped),
            Left::Short => {
                r.ip = op;
                goto(r, if AHEAD { short_ahead } else { short })
            }
            Left::Paused => {
                r.ip = op;
                goto(r, paused::<AHEAD>)
            }
        }
    }
}

/// Runs a call out of line, so that the handler keeps no state in memory.
#[inline(never)]
unsafe extern "C" fn run<C: Bulk>(
    ctx: *mut Machine,
    cost: u32,
    a: u32,
    b: u32,
    at: *mut u64,
) -> Left {
    let shift = const { C::INSTR.bulk_shift() };
    // SAFETY: CTX. FRAME: the caller's.
    unsafe {
        let machine = &mut *ctx;
        // Nearly always there is fuel for all, and the call succeeds. So the price is taken first, and refunded on failure. A slot whose
        // upper half is undefined may look like more work than it is.
        if let Some(operand) = C::AMOUNT
            && let amount = *at.add(operand)
            && amount <= PART << shift
        {
            let price = (amount >> shift) as i64;
            let rest = machine.fuel - i64::from(cost) - price;
            if rest >= 0 {
                machine.fuel = rest;
                machine.price = price;
                let result = C::run(machine, a, b, at);
                return left(machine, result.map(|()| Left::Done));
            }
        }
        let work = C::work(machine, a, b, at);
        let done = core::mem::take(&mut machine.progress);
        if done == 0 {
            let price = work.map_or(0, |work| work >> shift) as i64;
            if !machine.pay(i64::from(cost) + price) {
                return Left::Short;
            }
            machine.price = price;
        }
        let result = match (work, C::PARTS) {
            (Some(all), Some(part)) if all > PART << shift => {
                parts(machine, (a, b, at), part, shift, (done, all))
            }
            _ => C::run(machine, a, b, at).map(|()| Left::Done),
        };
        left(machine, result)
    }
}

/// Records a failure, which costs no more than the instruction.
#[inline(always)]
fn left(machine: &mut Machine, result: Result<Left, Trap>) -> Left {
    result.unwrap_or_else(|reason| {
        machine.give_back();
        machine.trap = Some(reason);
        Left::Stopped
    })
}

/// Does the rest of some work in parts, until it is done or the execution is stopped.
#[cold]
#[inline(never)]
unsafe fn parts(
    machine: &mut Machine,
    (a, b, at): (u32, u32, *mut u64),
    part: DoPart,
    shift: u32,
    (mut done, all): (u64, u64),
) -> Result<Left, Trap> {
    loop {
        let count = (all - done).min(PART << shift);
        // SAFETY: FRAME, the caller's.
        unsafe { part(machine, a, b, at, Part { done, count, all }) }?;
        let before = done >> shift;
        done += count;
        if done >= all {
            return Ok(Left::Done);
        }
        if machine.stops_within(before, done >> shift) {
            machine.progress = done;
            return Ok(match machine.pause {
                Some(_) => Left::Paused,
                None => Left::Stopped,
            });
        }
    }
}

impl Opcode {
    /// Base-2 logarithm of the amount of its work that costs one.
    const fn bulk_shift(self) -> u32 {
        match self.bulk_cost() {
            Some(unit) => unit.shift(),
            None => panic!("the instruction does no work that costs more"),
        }
    }
}

impl Machine {
    /// Refunds the price that the current op has paid for work that is not done.
    #[cold]
    pub(super) fn give_back(&mut self) {
        self.fuel += core::mem::take(&mut self.price);
    }
}

/// Up to three operands that lie in consecutive slots.
unsafe fn operands<C: rt::Call>(at: *const u64) -> [u64; 3] {
    let mut operands = [0; 3];
    for (i, operand) in operands.iter_mut().enumerate().take(C::OPERANDS) {
        // SAFETY: FRAME; the op has this many operands.
        *operand = unsafe { *at.add(i) };
    }
    operands
}

/// Implements [`Bulk`] for instructions of the runtime: the amount of work, and the operands of a part of it, if it can be done in parts.
macro_rules! runtime {
    ($($name:ident: |$m:ident, $a:ident, $b:ident, $x:ident| $work:expr $(, |$part:ident| $operands:expr)?;)*) => {
        handlers! { of_runtime rt $($name)* }
        $(impl Bulk for rt::$name {
            const INSTR: Opcode = Opcode::$name;
            const AMOUNT: Option<usize> = Some(<Self as rt::Call>::OPERANDS - 1);

            unsafe fn work($m: &mut Machine, $a: u32, $b: u32, at: *const u64) -> Option<u64> {
                // SAFETY: FRAME, the caller's.
                let $x = unsafe { operands::<Self>(at) };
                let ($a, $b) = ($a as usize, $b as usize);
                $work
            }

            unsafe fn run(m: &mut Machine, a: u32, b: u32, at: *mut u64) -> Result<(), Trap> {
                // SAFETY: FRAME, the caller's.
                let operands = unsafe { operands::<Self>(at) };
                let value = <Self as rt::Call>::run(m, a as usize, b as usize, &operands)?;
                // SAFETY: as above.
                unsafe { *at = value };
                Ok(())
            }

            $(
                const PARTS: Option<DoPart> = Some(|$m, $a, $b, at, $part| {
                    // SAFETY: FRAME, the caller's.
                    let $x = unsafe { operands::<Self>(at) };
                    let ($a, $b) = ($a as usize, $b as usize);
                    let operands = $operands;
                    <Self as rt::Call>::run($m, $a, $b, &operands).map(drop)
                });
            )?
        })*
    };
}

/// `count`, if that many from `at` on lie within `len`.
fn within(count: u64, at: u64, len: u64) -> Option<u64> {
    let end = at.checked_add(count)?;
    (end <= len).then_some(count)
}

runtime! {
    MemoryGrow: |m, a, _b, x| {
        let addr = m.inst().mems[a];
        let delta = at(m.mem_addr_type(a), x[0]);
        m.store().may_grow_memory(addr, delta)
    };
    MemoryFill: |m, a, _b, x| {
        let (ty, len) = m.mem_extent(a);
        within(at(ty, x[2]), at(ty, x[0]), len)
    }, |part| [at(m.mem_addr_type(a), x[0]) + part.done, x[1], part.count];
    MemoryCopy: |m, a, b, x| {
        let (to, to_len) = m.mem_extent(a);
        let (from, from_len) = if a == b { (to, to_len) } else { m.mem_extent(b) };
        let [d, s, n] = copied(to, from, &x);
        within(n, d, to_len)?;
        within(n, s, from_len)
    }, |part| {
        let [d, s, _] = copied(m.mem_addr_type(a), m.mem_addr_type(b), &x);
        let from = part.of_copy(d, s);
        [d + from, s + from, part.count]
    };
    // A segment is at most as long as the module, which took longer to load.
    MemoryInit: |m, a, b, x| {
        let (ty, len) = m.mem_extent(a);
        let (to, n) = (at(ty, x[0]), at32(x[2]));
        within(n, to, len)?;
        within(n, at32(x[1]), m.inst().datas[b].len() as u64)
    };
    TableGrow: |m, a, _b, x| {
        let addr = m.inst().tables[a];
        let delta = at(m.table_addr_type(a), x[1]);
        m.store().may_grow_table(addr, delta)
    };
    TableFill: |m, a, _b, x| {
        let ty = m.table_addr_type(a);
        within(at(ty, x[2]), at(ty, x[0]), m.table_at(a as u32).1)
    }, |part| [at(m.table_addr_type(a), x[0]) + part.done, x[1], part.count];
    TableCopy: |m, a, b, x| {
        let [d, s, n] = copied(m.table_addr_type(a), m.table_addr_type(b), &x);
        within(n, d, m.table_at(a as u32).1)?;
        within(n, s, m.table_at(b as u32).1)
    }, |part| {
        let [d, s, _] = copied(m.table_addr_type(a), m.table_addr_type(b), &x);
        let from = part.of_copy(d, s);
        [d + from, s + from, part.count]
    };
    TableInit: |m, a, b, x| {
        let (to, n) = (at(m.table_addr_type(a), x[0]), at32(x[2]));
        within(n, to, m.table_at(a as u32).1)?;
        within(n, at32(x[1]), m.inst().elems[b].len() as u64)
    };
}

/// Implements [`Bulk`] for instructions on objects: the amount of work, and a part of it, if it can be done in parts.
macro_rules! object {
    ($($name:ident: |$m:ident, $a:ident, $b:ident, $at:ident| $work:expr $(, |$part:ident| $some:expr)?;)*) => {
        handlers! { of_objects gc $($name)* }
        $(impl Bulk for gc::$name {
            const INSTR: Opcode = Opcode::$name;

            #[allow(unused_variables, reason = "only a part needs them, for some")]
            unsafe fn work($m: &mut Machine, $a: u32, $b: u32, $at: *const u64) -> Option<u64> {
                // SAFETY: FRAME, the caller's; validation has checked the operands, which lie in consecutive slots.
                #[allow(unused_unsafe)]
                unsafe { $work }
            }

            unsafe fn run(m: &mut Machine, a: u32, b: u32, at: *mut u64) -> Result<(), Trap> {
                // SAFETY: FRAME, the caller's.
                unsafe { <Self as gc::Call>::run(m, a, b, at) }
            }

            $(
                const PARTS: Option<DoPart> = Some(|$m, $a, $b, $at, $part| {
                    // SAFETY: FRAME, the caller's; as above.
                    unsafe { $some }
                });
            )?
        })*
    };
}

/// Number of bytes of a new array of a type, if that many may ever be allocated.
fn new_array(m: &mut Machine, ty: u32, count: u64) -> Option<u64> {
    let element = m.element(TypeId(ty)).ok()?;
    m.new_object(gc::array_bytes(element, count as u32))
}

impl Machine {
    /// Number of bytes of a new object, if that many may ever be allocated. Only a collection can tell whether they may be now.
    fn new_object(&mut self, bytes: u64) -> Option<u64> {
        let possible = bytes <= Heap::MOST_BYTES && Heap::cost(bytes) <= self.store().heap_room();
        possible.then_some(bytes)
    }

    /// The type of addresses of a memory of the current instance, and its number of bytes.
    fn mem_extent(&mut self, mem: usize) -> (AddrType, u64) {
        let mem = self.mem_inst(mem as u32);
        (mem.ty.addr, mem.len())
    }

    /// `count`, if an array has that many elements from `at` on.
    fn array_has(&mut self, array: u64, at: u64, count: u64) -> Option<u64> {
        let object = self.object(array).ok()?;
        within(
            u64::from(count as u32),
            u64::from(at as u32),
            object.len().into(),
        )
    }
}

object! {
    StructNew: |m, a, _b, _at| {
        let bytes = m.meet(TypeId(a)).ok()?.bytes(0);
        m.new_object(bytes)
    };
    StructNewDefault: |m, a, _b, _at| {
        let bytes = m.meet(TypeId(a)).ok()?.bytes(0);
        m.new_object(bytes)
    };
    ArrayNew: |m, a, _b, at| {
        let slots = m.element(TypeId(a)).ok()?.slots();
        new_array(m, a, *at.add(slots))
    };
    ArrayNewDefault: |m, a, _b, at| new_array(m, a, *at);
    ArrayNewFixed: |m, a, b, _at| new_array(m, a, b.into());
    ArrayNewData: |m, a, b, at| {
        let (from, count) = (*at as u32, *at.add(1) as u32);
        let bytes = gc::array_bytes(m.element(TypeId(a)).ok()?, count);
        m.data(b, from, bytes).ok()?;
        m.new_object(bytes)
    };
    ArrayNewElem: |m, a, b, at| {
        let (from, count) = (*at as u32, *at.add(1) as u32);
        m.elem(b, from, count).ok()?;
        new_array(m, a, count.into())
    };
    ArrayFill: |m, _a, b, at| {
        let count = *at.add(2 + Storage::of_code(b).slots());
        m.array_has(*at, *at.add(1), count)
    }, |part| {
        let first = u64::from(*at.add(1) as u32) + part.done;
        gc::array_fill(m, b, at, first as u32, part.count as u32)
    };
    ArrayCopy: |m, _a, b, at| {
        m.array_has(*at, *at.add(1), *at.add(4))?;
        m.array_has(*at.add(2), *at.add(3), *at.add(4))
    }, |part| {
        let [i, j] = [1, 3].map(|operand| u64::from(*at.add(operand) as u32));
        let from = part.of_copy(i, j);
        gc::array_copy(m, b, at, [(i + from) as u32, (j + from) as u32, part.count as u32])
    };
    ArrayInitData: |m, a, b, at| {
        let count = m.array_has(*at, *at.add(1), *at.add(3))?;
        m.data(b, *at.add(2) as u32, gc::array_bytes(Storage::of_code(a), count as u32)).ok()?;
        Some(count)
    };
    ArrayInitElem: |m, _a, b, at| {
        let count = m.array_has(*at, *at.add(1), *at.add(3))?;
        m.elem(b, *at.add(2) as u32, count as u32).ok()?;
        Some(count)
    };
}
