//! Exceptions: finds the handler of one, and transfers control to it. Holds unsafe code: it reads the records of frames and writes to slots.
//!
//! This runs only when an exception is thrown. A frame's code is found by the address at which the frame continues, which is an op that
//! throws or the op behind a call; a table (`code::catches`) has the clauses of that code. The search changes nothing, so the frames of an
//! exception that is not caught are still there for the backtrace.
#![allow(unsafe_code)]

use core::mem::MaybeUninit;

use super::Reason;
use super::handlers::call::{CROSS_BACK, EXIT};
use super::machine::{Machine, RECORD_BYTES, Slot};
use crate::code::catches::Clause;
use crate::runtime::addr::InstanceAddr;
use crate::runtime::exceptions::Exception;
use crate::runtime::limiter::RefusedGrowth;
use crate::runtime::trap::Trap;
use crate::syntax::cost::BulkUnit;

/// The handler of an exception.
struct Catcher {
    clause: Clause,
    /// The code of the function.
    code: *const MaybeUninit<u32>,
    /// Its frame.
    sp: *mut u8,
    instance: InstanceAddr,
    /// Number of crossings around it.
    crossings: usize,
}

/// The outcome of a throw.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Thrown {
    /// It was caught: execution continues at `Machine::landing`.
    Caught,
    /// Execution ends; the reason is in the machine.
    Stopped,
    /// There is not enough fuel, and nothing has happened.
    Short,
}

impl Machine {
    /// Throws an exception of a tag of the current instance, for the op that ends at or contains `ip`, if there is fuel for it.
    #[cold]
    pub(super) fn throw(
        &mut self,
        cost: u32,
        tag: u32,
        (from, count): (*const Slot, u32),
        ip: *const u32,
        sp: *mut u8,
    ) -> Thrown {
        let tag = self.inst().tags[tag as usize];
        // SAFETY: FRAME; the payload is on the operand stack.
        let payload = unsafe { core::slice::from_raw_parts(from, count as usize) };
        let payload = payload.into();
        self.unwind(Some(cost), Exception { tag, payload }, ip, sp)
    }

    /// Throws the exception that a reference points to. As above.
    #[cold]
    pub(super) fn throw_ref(
        &mut self,
        cost: u32,
        reference: Slot,
        ip: *const u32,
        sp: *mut u8,
    ) -> Thrown {
        match self.store().heap.exception(reference) {
            Some(exception) => self.unwind(Some(cost), exception, ip, sp),
            None if !self.pay(cost.into()) => Thrown::Short,
            None => {
                self.trap = Some(Trap::NullReference);
                Thrown::Stopped
            }
        }
    }

    /// Throws the exception that a host function has ended with, if it is one. The search is free for the guest.
    #[cold]
    pub(super) fn throw_failure(&mut self, ip: *const u32, sp: *mut u8) -> Thrown {
        match self.failure.take() {
            Some(Reason::Exception(exception)) => self.unwind(None, exception, ip, sp),
            failure => {
                self.failure = failure;
                Thrown::Stopped
            }
        }
    }

    /// Subtracts `cost` from the fuel at hand, in metered code; returns false if there is not enough.
    pub(super) fn pay(&mut self, cost: i64) -> bool {
        if self.metered {
            if self.fuel < cost {
                self.wanted = cost;
                return false;
            }
            self.fuel -= cost;
        }
        true
    }

    /// Throws an exception in a frame that was at an address, and charges fuel for the search unless it is free.
    fn unwind(
        &mut self,
        cost: Option<u32>,
        exception: Exception,
        ip: *const u32,
        sp: *mut u8,
    ) -> Thrown {
        let mut seen = 0;
        let catcher = self.find_catcher(&exception, ip, sp, &mut seen);
        if let Some(cost) = cost
            && !self.pay(i64::from(cost) + (seen >> BulkUnit::Clause.shift()) as i64)
        {
            return Thrown::Short;
        }
        let Some(catcher) = catcher else {
            self.failure = Some(Reason::Exception(exception));
            return Thrown::Stopped;
        };
        let Catcher {
            clause, code, sp, ..
        } = catcher;
        if let Some(exn) = clause.exn {
            // The slots from the clause's values on are not in use at its label.
            let end = sp.wrapping_offset(exn.min(clause.payload) as isize);
            let reference = match self.refer_to(exception.clone(), end) {
                Ok(reference) => reference,
                // The store has noted the limit.
                Err(_) => {
                    self.trap = Some(Trap::HeapExhausted);
                    return Thrown::Stopped;
                }
            };
            // SAFETY: FRAME; the clause names a slot of its frame.
            unsafe { sp.offset(exn as isize).cast::<Slot>().write(reference) };
        }
        if clause.tag.is_some() {
            let payload = &exception.payload;
            // SAFETY: FRAME; the clause's label takes as many slots as the tag's exceptions carry.
            unsafe {
                let to = sp.offset(clause.payload as isize).cast::<Slot>();
                to.copy_from_nonoverlapping(payload.as_ptr(), payload.len());
            }
        }
        self.crossings.truncate(catcher.crossings);
        self.enter_instance(catcher.instance);
        let landing = clause.landing.0 as usize;
        self.landing = (code.cast::<u32>().wrapping_add(landing), sp);
        Thrown::Caught
    }

    fn find_catcher(
        &mut self,
        exception: &Exception,
        mut ip: *const u32,
        mut sp: *mut u8,
        seen: &mut u64,
    ) -> Option<Catcher> {
        let mut instance = self.instance;
        let mut crossings = self.crossings.len();
        loop {
            if core::ptr::eq(ip, EXIT.ip()) {
                return None;
            }
            if core::ptr::eq(ip, CROSS_BACK.ip()) {
                crossings -= 1;
                let crossing = self.crossings[crossings];
                (ip, sp, instance) = (crossing.ret_ip, crossing.ret_sp, crossing.instance);
                continue;
            }
            let inst = &self.store().instances[instance.index()];
            let takes = |tag: u32| inst.tags[tag as usize] == exception.tag;
            if let Some((clause, code)) = inst.code.catcher(ip, takes, seen) {
                return Some(Catcher {
                    clause,
                    code,
                    sp,
                    instance,
                    crossings,
                });
            }
            let record = sp.wrapping_sub(RECORD_BYTES);
            // SAFETY: FRAME; each frame has its record below it, down to the one that returns to `EXIT`.
            unsafe {
                ip = record.cast::<*const u32>().read();
                sp = record.wrapping_add(8).cast::<*mut u8>().read();
            }
        }
    }

    /// Puts an exception into the store's heap, which may collect other objects first. The frames in use end at `end`.
    fn refer_to(&mut self, exception: Exception, end: *mut u8) -> Result<Slot, RefusedGrowth> {
        let top = self.stack_offset(end);
        self.store().add_exception(&exception, top)
    }
}
