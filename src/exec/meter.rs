//! How fuel comes to the machine: in slices.
//!
//! The hot counter is the only thing that metered code looks at. What is in it need not be all there is: the machine keeps the rest in
//! reserve, and looks up whenever the counter does not suffice. So whatever has to be asked from time to time (has another thread
//! interrupted us?) is asked here, and no op of its own is needed for it.

use super::machine::Machine;
use crate::runtime::trap::Trap;

/// Most fuel that is handed out at once where an interruption may be asked for: well below a millisecond of work.
const SLICE: u64 = 1 << 16;

impl Machine {
    /// Takes over the store's fuel: a slice of it is at hand, the rest in reserve.
    pub(super) fn deal(&mut self) {
        let store = self.store();
        let mut slice = store.fuel;
        if let Some(interrupts) = &store.interrupts {
            // With nothing at hand the very next charge looks up.
            slice = slice.min(if interrupts.pending() { 0 } else { SLICE });
        }
        let reserve = store.fuel - slice;
        self.fuel = slice;
        self.reserve = reserve;
    }

    /// Gives all fuel back to the store: it holds the exact amount then.
    pub(super) fn collect(&mut self) {
        self.store().fuel = self.fuel + self.reserve;
    }

    /// What happens when the fuel at hand does not suffice for a charge: either there is enough now and execution goes on, or it has to
    /// stop in front of what was to be charged, and the machine knows why.
    ///
    /// The fuel at hand is exact when this is called, and so is the state: a place where execution may stop.
    pub(super) fn shortfall(&mut self, wanted: u64) -> bool {
        self.collect();
        let store = self.store();
        let stop = if store.fuel < wanted {
            Some(Trap::OutOfFuel)
        } else if store.interrupts.as_ref().is_some_and(|it| it.take()) {
            Some(Trap::Interrupt)
        } else {
            None
        };
        self.deal();
        if stop.is_some() {
            self.trap = stop;
            return false;
        }
        // A single instruction may cost more than a slice.
        let more = wanted.saturating_sub(self.fuel);
        self.fuel += more;
        self.reserve -= more;
        true
    }
}
