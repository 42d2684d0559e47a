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
        let mut slice = store.fuel;
        if let Some(interrupts) = &store.interrupts {
            // With nothing at hand the very next charge looks up.
            slice = slice.min(if interrupts.pending() { 0 } else { SLICE });
        }
        if mode == Mode::Async && store.yield_interval.is_some() {
            slice = slice.min(store.until_yield);
        }
        let reserve = store.fuel - slice;
        self.fuel = slice;
        self.slice = slice;
        self.reserve = reserve;
    }

    /// Gives all fuel back to the store: it holds the exact amount then.
    pub(super) fn collect(&mut self) {
        let fuel = self.fuel + self.reserve;
        let used = self.slice.saturating_sub(self.fuel);
        let store = self.store();
        store.fuel = fuel;
        store.until_yield = store.until_yield.saturating_sub(used);
    }

    /// What happens when the fuel at hand does not suffice for a charge: either there is enough now and execution goes on, or it has to
    /// stop in front of what was to be charged, and the machine knows why.
    ///
    /// The fuel at hand is exact when this is called, and so is the state: a place where execution may stop.
    pub(super) fn shortfall(&mut self, wanted: u64) -> bool {
        self.wanted = wanted;
        self.collect();
        let stops = self.stops(wanted);
        self.deal();
        match stops {
            Some(Stops::Trap(trap)) => {
                self.trap = Some(trap);
                return false;
            }
            Some(Stops::Pause(pause)) => {
                self.pause = Some(pause);
                return false;
            }
            None => {}
        }
        // A single instruction may cost more than a slice.
        let more = wanted.saturating_sub(self.fuel);
        self.fuel += more;
        self.slice += more;
        self.reserve -= more;
        true
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
}
