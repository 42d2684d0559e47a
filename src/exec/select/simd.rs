//! Handlers of ops on vectors. Such an operand is in the accumulator or in a slot, and the result goes to both.

use super::absent;
use super::metered;
use crate::code::ops::Src;
use crate::exec::dispatch::Handler;
use crate::exec::handlers::operand::{Acc, Slot};
use crate::exec::handlers::{control, variable};
use crate::exec::numerics::V128;

/// One operand.
macro_rules! pick_x {
    ($x:expr, $with:ident) => {
        match $x {
            Src::Acc => $with!(Acc),
            Src::Slot(_) => $with!(Slot),
            _ => absent($x),
        }
    };
}

pub(super) fn copy(x: Src) -> Handler {
    macro_rules! with {
        ($x:ty) => {
            variable::copy::<V128, $x>
        };
    }
    pick_x!(x, with)
}

pub(super) fn global_set(x: Src) -> Handler {
    macro_rules! with {
        ($x:ty) => {
            variable::global_set::<V128, $x>
        };
    }
    pick_x!(x, with)
}

pub(super) fn return_1(x: Src, metered: bool) -> Handler {
    macro_rules! with {
        ($x:tt) => {
            metered!(metered, control::return_1, V128, $x)
        };
    }
    pick_x!(x, with)
}
