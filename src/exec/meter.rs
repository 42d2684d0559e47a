//! Gives fuel to the machine in slices.
//!
//! Metered code looks at the hot counter only. The counter holds a slice of the fuel; the machine keeps the rest in reserve, and refills the
//! counter when it does not suffice. Checks that are due from time to time (interruption by another thread, yielding to others) happen at
//! these refills, so they need no op of their own.

use super::machine::Machine;
use super::suspend::{Mode, Pause};
use crate::code::LowerError;
use crate::runtime::interrupt::Interruption;
use crate::runtime::trap::Trap;

/// The largest slice if execution can be interrupted: well below a millisecond of work.
const SLICE: u64 = 1 << 16;

/// The largest cost of work that is done at once, if execution can be interrupted.
pub(super) const PART: u64 = SLICE;

/// The way in which execution continues after the counter did not suffice.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Way {
    /// It continues at its place.
    On,
    /// It continues at this op, in the other form of the code.
    Over(*const u32),
    /// It stops, and may continue at this op later. The machine holds the reason.
    Stop(*const u32),
}

/// A stop for lack of fuel or by an interruption.
enum FuelStop {
    Trap(Trap),
    Pause(Pause),
}

impl Machine {
    /// Takes over the store's fuel: puts a slice of it into the counter, and the rest in reserve.
    pub(super) fn draw_fuel(&mut self) {
        let mode = self.mode;
        let store = self.store();
        let fuel = store.budget();
        // The counter is signed, so that it can fall below zero.
        let mut slice = fuel.min(i64::MAX as u64);
        if let Some(interrupts) = &store.interrupts {
            // With an empty counter the next charge causes a refill.
            slice = slice.min(if interrupts.pending() { 0 } else { SLICE });
        }
        if mode == Mode::Async && store.yield_interval.is_some() {
            slice = slice.min(store.until_yield);
        }
        let reserve = fuel - slice;
        self.fuel = slice as i64;
        self.slice = slice;
        self.reserve = reserve;
    }

    /// Returns all fuel to the store, which then holds the exact amount, if it counts fuel.
    pub(super) fn settle_fuel(&mut self) {
        let fuel = self.fuel as u64 + self.reserve;
        let used = self.slice.saturating_sub(self.fuel as u64);
        let store = self.store();
        if store.counts_fuel {
            store.fuel = fuel;
        }
        store.until_yield = store.until_yield.saturating_sub(used);
    }

    /// Refills the counter when it does not suffice for a charge. Returns false if execution has to stop in front of the charged work instead;
    /// the machine then holds the reason.
    ///
    /// Counter and state are exact when this is called: execution may stop at this place.
    #[cold]
    #[inline(never)]
    pub(super) fn shortfall(&mut self, wanted: i64) -> bool {
        match self.refill(wanted) {
            None => true,
            Some(stops) => {
                self.stop(stops);
                false
            }
        }
    }

    /// Records a stop.
    fn stop(&mut self, stops: FuelStop) {
        match stops {
            FuelStop::Trap(trap) => self.trap = Some(trap),
            FuelStop::Pause(pause) => self.pause = Some(pause),
        }
    }

    /// Fetches wanted fuel from the reserve, unless execution has to stop.
    fn refill(&mut self, wanted: i64) -> Option<FuelStop> {
        self.wanted = wanted;
        self.settle_fuel();
        let wanted = wanted as u64;
        let stops = self.must_stop(wanted);
        self.draw_fuel();
        if stops.is_some() {
            return stops;
        }
        // A single instruction may cost more than a slice.
        let more = wanted.saturating_sub(self.fuel as u64);
        self.fuel += more as i64;
        self.slice += more;
        self.reserve -= more;
        None
    }

    /// Returns whether execution has to stop in front of work that costs `wanted`. All fuel is in the store.
    fn must_stop(&mut self, wanted: u64) -> Option<FuelStop> {
        let mode = self.mode;
        let passes = core::mem::take(&mut self.passes);
        let store = self.store();
        if store.budget() < wanted {
            return Some(match mode {
                Mode::Resumable => FuelStop::Pause(Pause::OutOfFuel),
                Mode::Straight | Mode::Async => FuelStop::Trap(Trap::OutOfFuel),
            });
        }
        if let Some(interrupts) = &mut store.interrupts
            && !passes
            && let Some(interruption) = interrupts.take()
        {
            return Some(match (mode, interruption) {
                (_, Interruption::Question) => FuelStop::Pause(Pause::Deadline),
                (Mode::Resumable, _) => FuelStop::Pause(Pause::Interrupted),
                (Mode::Async, Interruption::Turn) => FuelStop::Pause(Pause::Yield),
                _ => FuelStop::Trap(Trap::Interrupt),
            });
        }
        let interval = store.yield_interval?.get();
        // A call does not yield twice at the same place, as an instruction may cost more than an interval.
        if mode == Mode::Async && store.until_yield < wanted.min(interval) {
            store.until_yield = interval;
            return Some(FuelStop::Pause(Pause::Yield));
        }
        None
    }

    /// Refills the counter as [`shortfall`](Self::shortfall) does, for the op at `ip`, a place where control arrives. The machine's `wanted`
    /// is the charge for several instructions, so the remaining fuel may suffice for some of them, in exact code.
    #[cold]
    #[inline(never)]
    pub(super) fn way(&mut self, ip: *const u32) -> Way {
        let stops = match self.refill(self.wanted) {
            None => return Way::On,
            Some(stops) => stops,
        };
        let code = self.inst().code.clone();
        let exact = lowered(code.to_exact(ip, &mut self.held));
        match stops {
            FuelStop::Trap(Trap::OutOfFuel) | FuelStop::Pause(Pause::OutOfFuel) => Way::Over(exact),
            stops => {
                self.stop(stops);
                Way::Stop(exact)
            }
        }
    }

    /// Returns the way to continue at `ip`, a place where control arrived, whose charge has taken the counter below zero.
    #[cold]
    #[inline(never)]
    pub(super) fn arrive(&mut self, ip: *const u32) -> Way {
        let cost = i64::from(self.inst().code.arrival(ip));
        self.fuel += cost;
        self.wanted = cost;
        let way = self.way(ip);
        if let Way::On = way {
            self.fuel -= cost;
        }
        way
    }

    /// Returns whether execution has to stop within an op, between two parts of its work: it had cost `before` when the last part began, and
    /// costs `after` now.
    #[cold]
    #[inline(never)]
    pub(super) fn stops_within(&mut self, before: u64, after: u64) -> bool {
        let turn = match (self.mode, self.store().yield_interval) {
            (Mode::Async, Some(interval)) => before / interval < after / interval,
            _ => false,
        };
        match self.refill(0) {
            Some(stops) => self.stop(stops),
            None if turn => self.pause = Some(Pause::Yield),
            None => return false,
        }
        true
    }

    /// Returns the way of an execution that stops within the op at `ip`, a place where control arrives, which has paid for the ops ahead.
    #[cold]
    #[inline(never)]
    pub(super) fn stop_within(&mut self, ip: *const u32) -> Way {
        // The op has been paid for, but exact code pays for the ops ahead itself.
        let ahead = self.inst().code.ahead(ip.wrapping_add(2));
        self.fuel += i64::from(ahead);
        let code = self.inst().code.clone();
        Way::Stop(lowered(code.to_exact(ip, &mut self.held)))
    }

    /// Returns the way to continue at the op at `ip` of exact code, at which execution can leave that form.
    #[cold]
    #[inline(never)]
    pub(super) fn rejoin(&mut self, ip: *const u32) -> Way {
        let Some((net, cost, pins)) = self.inst().code.to_net(ip) else {
            return Way::On;
        };
        let cost = i64::from(cost);
        if self.fuel < cost {
            if self.reserve < (cost - self.fuel) as u64 {
                return Way::On;
            }
            if !self.shortfall(cost) {
                return Way::Stop(ip);
            }
        }
        self.fuel -= cost;
        self.pins = pins;
        Way::Over(net)
    }

    /// Takes back the fuel that was paid for instructions behind the one that trapped.
    pub(super) fn refund(&mut self) {
        if self.metered {
            let ip = self.stop_ip;
            self.fuel += i64::from(self.inst().code.ahead(ip));
        }
    }
}

/// A place in the exact form of code.
fn lowered(exact: Result<*const u32, LowerError>) -> *const u32 {
    match exact {
        Ok(exact) => exact,
        Err(_) => {
            unreachable!(
                "lowering: a function that was lowered to one form can be lowered to the other"
            )
        }
    }
}
