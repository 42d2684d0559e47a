//! What can stop a store's execution from outside: requests from any thread, and a clock that the engine's stores share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// What can interrupt a store's execution.
#[derive(Debug)]
pub struct Interrupts {
    /// Whether somebody asked for it. Shared with those who may.
    pub asked: Arc<AtomicBool>,
    /// The engine's epoch.
    epoch: Arc<AtomicU64>,
    /// The epoch in which execution has to stop, if there is one.
    pub deadline: Option<u64>,
    /// Whether reaching the deadline means to let others run, and by how many epochs it is put off then.
    pub yields: Option<u64>,
}

/// What has interrupted execution.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Interruption {
    /// Somebody asked for it.
    Asked,
    /// The deadline.
    Deadline,
    /// The deadline, and it only means that others should have their turn.
    Turn,
}

impl Interrupts {
    /// Those of a new store: nobody asked, and there is no deadline.
    pub fn new(epoch: Arc<AtomicU64>) -> Self {
        Self {
            asked: Arc::default(),
            epoch,
            deadline: None,
            yields: None,
        }
    }

    /// Sets the deadline to so many epochs from now.
    pub fn set_deadline(&mut self, epochs: u64) {
        self.deadline = Some(self.now().saturating_add(epochs));
    }

    fn now(&self) -> u64 {
        self.epoch.load(Ordering::Relaxed)
    }

    /// Whether execution should stop.
    pub fn pending(&self) -> bool {
        let late = |deadline| self.now() >= deadline;
        self.asked.load(Ordering::Relaxed) || self.deadline.is_some_and(late)
    }

    /// Whether execution should stop, and why. A request is answered once; a deadline stays, unless it is put off.
    pub fn take(&mut self) -> Option<Interruption> {
        // What the asking thread did before is visible to whoever sees the interruption.
        if self.asked.load(Ordering::Relaxed) && self.asked.swap(false, Ordering::Acquire) {
            return Some(Interruption::Asked);
        }
        if !self.pending() {
            return None;
        }
        Some(match self.yields {
            None => Interruption::Deadline,
            Some(epochs) => {
                self.set_deadline(epochs);
                Interruption::Turn
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_answered_once() {
        let mut interrupts = Interrupts::new(Arc::default());
        assert_eq!(interrupts.take(), None);
        interrupts.asked.store(true, Ordering::Release);
        assert!(interrupts.pending());
        assert_eq!(interrupts.take(), Some(Interruption::Asked));
        assert_eq!(interrupts.take(), None);
    }

    #[test]
    fn a_deadline_stays_reached_unless_it_is_put_off() {
        let epoch = Arc::new(AtomicU64::new(5));
        let mut interrupts = Interrupts::new(epoch.clone());
        interrupts.set_deadline(2);
        epoch.fetch_add(1, Ordering::Relaxed);
        assert_eq!(interrupts.take(), None);
        epoch.fetch_add(1, Ordering::Relaxed);
        assert_eq!(interrupts.take(), Some(Interruption::Deadline));
        assert_eq!(interrupts.take(), Some(Interruption::Deadline));
        interrupts.yields = Some(3);
        assert_eq!(interrupts.take(), Some(Interruption::Turn));
        assert_eq!(interrupts.deadline, Some(10));
        assert_eq!(interrupts.take(), None);
    }
}
