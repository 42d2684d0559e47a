//! How fuel comes to the machine: in slices.
//!
//! The hot counter is the only thing that metered code looks at. What is in it need not be all there is: the machine keeps the rest in
//! reserve, and looks up whenever the counter does not suffice. So whatever has to be asked from time to time (has another thread
//! interrupted us? have we had our turn?) is asked here, and no op of its own is needed for it.

use super::machine::Machine;
use super::suspend::{Mode, Pause};
use crate::runtime::interrupt::Interruption;
use crate::runtime::trap::Trap;

/// Most fuel that is handed out at once where an interruption may be asked for: well below a millisecond of work.
const SLICE: u64 = 1 << 16;

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
        // The counter is signed, so that it can fall below zero.
        let mut slice = store.fuel.min(i64::MAX as u64);
        if let Some(interrupts) = &store.interrupts {
            // With nothing at hand the very next charge looks up.
            slice = slice.min(if interrupts.pending() { 0 } else { SLICE });
        }
        if mode == Mode::Async && store.yield_interval.is_some() {
            slice = slice.min(store.until_yield);
        }
        let reserve = store.fuel - slice;
        self.fuel = slice as i64;
        self.slice = slice;
        self.reserve = reserve;
    }

    /// Gives all fuel back to the store: it holds the exact amount then.
    pub(super) fn collect(&mut self) {
        let fuel = self.fuel as u64 + self.reserve;
        let used = self.slice.saturating_sub(self.fuel as u64);
        let store = self.store();
        store.fuel = fuel;
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
        let store = self.store();
        if store.fuel < wanted {
            return Some(match mode {
                Mode::Resumable => Stops::Pause(Pause::OutOfFuel),
                Mode::Straight | Mode::Async => Stops::Trap(Trap::OutOfFuel),
            });
        }
        if let Some(interrupts) = &mut store.interrupts
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
        match (code.to_exact(ip, &mut self.held), stops) {
            (Ok(exact), Stops::Trap(Trap::OutOfFuel) | Stops::Pause(Pause::OutOfFuel)) => {
                Way::Over(exact)
            }
            (Ok(exact), stops) => {
                self.stop(stops);
                Way::Stop(exact)
            }
            (Err(_), _) => {
                unreachable!(
                    "lowering: what has been lowered to one form can be lowered to the other"
                )
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
