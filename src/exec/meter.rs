//! How fuel comes to the machine: in slices.
//!
//! The hot counter is the only thing that metered code looks at. What is in it need not be all there is: the machine keeps the rest in
//! reserve, and looks up whenever the counter does not suffice. So whatever has to be asked from time to time (has another thread
//! interrupted us? have we had our turn?) is asked here, and no op of its own is needed for it.

use super::machine::Machine;
use super::suspend::{Mode, Pause};
use crate::code::LowerError;
use crate::runtime::interrupt::Interruption;
use crate::runtime::trap::Trap;

/// Most fuel that is handed out at once where an interruption may be asked for: well below a millisecond of work.
const SLICE: u64 = 1 << 16;

/// How much fuel some work may cost that is done at once, where an interruption may be asked for.
pub(super) const PART: u64 = SLICE;

/// How execution goes on after the counter did not suffice.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Way {
    /// Where it is.
    On,
    /// At this op, in the other form of the code.
    Over(*const u32),
    /// Not at all, or later at this op: the machine knows why.
    Stop(*const u32),
}

/// How execution stops.
enum Stops {
    Trap(Trap),
    Pause(Pause),
}

impl Machine {
    /// Takes over the store's fuel: a slice of it is at hand, the rest in reserve.
    pub(super) fn deal(&mut self) {
        let mode = self.mode;
        let store = self.store();
        let fuel = store.budget();
        // The counter is signed, so that it can fall below zero.
        let mut slice = fuel.min(i64::MAX as u64);
        if let Some(interrupts) = &store.interrupts {
            // With nothing at hand the very next charge looks up.
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

    /// Gives all fuel back to the store: it holds the exact amount then, if it counts fuel.
    pub(super) fn collect(&mut self) {
        let fuel = self.fuel as u64 + self.reserve;
        let used = self.slice.saturating_sub(self.fuel as u64);
        let store = self.store();
        if store.counts_fuel {
            store.fuel = fuel;
        }
        store.until_yield = store.until_yield.saturating_sub(used);
    }

    /// What happens when the fuel at hand does not suffice for a charge: either there is enough now and execution goes on, or it has to
    /// stop in front of what was to be charged, and the machine knows why.
    ///
    /// The fuel at hand is exact when this is called, and so is the state: a place where execution may stop.
    #[cold]
    #[inline(never)]
    pub(super) fn shortfall(&mut self, wanted: i64) -> bool {
        match self.look_up(wanted) {
            None => true,
            Some(stops) => {
                self.stop(stops);
                false
            }
        }
    }

    /// Notes how execution stops.
    fn stop(&mut self, stops: Stops) {
        match stops {
            Stops::Trap(trap) => self.trap = Some(trap),
            Stops::Pause(pause) => self.pause = Some(pause),
        }
    }

    /// Fetches what is wanted from the reserve, unless execution has to stop.
    fn look_up(&mut self, wanted: i64) -> Option<Stops> {
        self.wanted = wanted;
        self.collect();
        let wanted = wanted as u64;
        let stops = self.stops(wanted);
        self.deal();
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

    /// Whether execution has to stop in front of something that costs `wanted`. All fuel is in the store.
    fn stops(&mut self, wanted: u64) -> Option<Stops> {
        let mode = self.mode;
        let passes = core::mem::take(&mut self.passes);
        let store = self.store();
        if store.budget() < wanted {
            return Some(match mode {
                Mode::Resumable => Stops::Pause(Pause::OutOfFuel),
                Mode::Straight | Mode::Async => Stops::Trap(Trap::OutOfFuel),
            });
        }
        if let Some(interrupts) = &mut store.interrupts
            && !passes
            && let Some(interruption) = interrupts.take()
        {
            return Some(match (mode, interruption) {
                (_, Interruption::Question) => Stops::Pause(Pause::Deadline),
                (Mode::Resumable, _) => Stops::Pause(Pause::Interrupted),
                (Mode::Async, Interruption::Turn) => Stops::Pause(Pause::Yield),
                _ => Stops::Trap(Trap::Interrupt),
            });
        }
        let interval = store.yield_interval?.get();
        // Not twice in the same place: an instruction may cost more than an interval.
        if mode == Mode::Async && store.until_yield < wanted.min(interval) {
            store.until_yield = interval;
            return Some(Stops::Pause(Pause::Yield));
        }
        None
    }

    /// As [`shortfall`](Self::shortfall), for the op at `ip`, a place where control arrives: `wanted` is charged for more than the next
    /// instruction, so that what there is may still suffice for some, in exact code.
    #[cold]
    #[inline(never)]
    pub(super) fn way(&mut self, ip: *const u32) -> Way {
        let stops = match self.look_up(self.wanted) {
            None => return Way::On,
            Some(stops) => stops,
        };
        let code = self.inst().code.clone();
        let exact = lowered(code.to_exact(ip, &mut self.held));
        match stops {
            Stops::Trap(Trap::OutOfFuel) | Stops::Pause(Pause::OutOfFuel) => Way::Over(exact),
            stops => {
                self.stop(stops);
                Way::Stop(exact)
            }
        }
    }

    /// How to go on at `ip`, a place where control arrived, whose charge has taken the counter below zero.
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

    /// Whether execution has to stop within an op, between two parts of its work: it has cost `before` and then `after` to do so much.
    #[cold]
    #[inline(never)]
    pub(super) fn stops_within(&mut self, before: u64, after: u64) -> bool {
        let turn = match (self.mode, self.store().yield_interval) {
            (Mode::Async, Some(interval)) => before / interval < after / interval,
            _ => false,
        };
        match self.look_up(0) {
            Some(stops) => self.stop(stops),
            None if turn => self.pause = Some(Pause::Yield),
            None => return false,
        }
        true
    }

    /// Where execution goes on later that stops within the op at `ip`, a place where control arrives, which has paid for what lies ahead.
    #[cold]
    #[inline(never)]
    pub(super) fn stop_within(&mut self, ip: *const u32) -> Way {
        // The op has been paid for, but exact code pays for what lies ahead itself.
        let ahead = self.inst().code.ahead(ip.wrapping_add(2));
        self.fuel += i64::from(ahead);
        let code = self.inst().code.clone();
        Way::Stop(lowered(code.to_exact(ip, &mut self.held)))
    }

    /// How to go on at the op at `ip` of exact code, which is there for leaving it.
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

    /// Takes back what has been paid for instructions behind the one that trapped.
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
            unreachable!("lowering: what has been lowered to one form can be lowered to the other")
        }
    }
}
