//! Interruptions of a store's execution from outside: requests from any thread, and a clock that the engine's stores share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// The means to interrupt a store's execution.
#[derive(Debug)]
pub struct Interrupts {
    /// Whether an interruption was requested. Shared with the handles for that.
    pub asked: Arc<AtomicBool>,
    /// The engine's epoch.
    epoch: Arc<AtomicU64>,
    /// The epoch in which execution has to stop, if there is one.
    pub deadline: Option<u64>,
    /// The action at the deadline.
    pub on_deadline: OnDeadline,
}

/// The action at a deadline.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OnDeadline {
    /// Execution stops.
    Stop,
    /// The call yields to others, and the deadline is put off by so many epochs.
    Yield(u64),
    /// The embedder is asked.
    Ask,
}

/// The cause of an interruption.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Interruption {
    /// A request of a handle.
    Asked,
    /// The deadline.
    Deadline,
    /// The deadline, at which the call yields to others.
    Turn,
    /// The deadline, at which the embedder decides.
    Question,
}

impl Interrupts {
    /// Makes those of a new store: no request, and no deadline.
    pub fn new(epoch: Arc<AtomicU64>) -> Self {
        Self {
            asked: Arc::default(),
            epoch,
            deadline: None,
            on_deadline: OnDeadline::Stop,
        }
    }

    /// Sets the deadline to so many epochs from now.
    pub fn set_deadline(&mut self, epochs: u64) {
        self.deadline = Some(self.now().saturating_add(epochs));
    }

    /// Puts the deadline off by so many epochs from now, and one at least, so that there is progress.
    pub fn put_off(&mut self, epochs: u64) {
        self.set_deadline(epochs.max(1));
    }

    fn now(&self) -> u64 {
        self.epoch.load(Ordering::Relaxed)
    }

    /// Whether execution should stop.
    pub fn pending(&self) -> bool {
        let late = |deadline| self.now() >= deadline;
        self.asked.load(Ordering::Relaxed) || self.deadline.is_some_and(late)
    }

    /// Returns the cause of an interruption, if there is one. A request is answered once; a deadline stays, unless it is put off.
    pub fn take(&mut self) -> Option<Interruption> {
        // The effects of the requesting thread are visible to code that sees the interruption.
        if self.asked.load(Ordering::Relaxed) && self.asked.swap(false, Ordering::Acquire) {
            return Some(Interruption::Asked);
        }
        if !self.pending() {
            return None;
        }
        Some(match self.on_deadline {
            OnDeadline::Stop => Interruption::Deadline,
            OnDeadline::Ask => Interruption::Question,
            OnDeadline::Yield(epochs) => {
                self.put_off(epochs);
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
        interrupts.on_deadline = OnDeadline::Ask;
        assert_eq!(interrupts.take(), Some(Interruption::Question));
        for (by, deadline) in [(3, 10), (0, 8)] {
            interrupts.set_deadline(0);
            interrupts.on_deadline = OnDeadline::Yield(by);
            assert_eq!(interrupts.take(), Some(Interruption::Turn));
            assert_eq!(interrupts.deadline, Some(deadline));
            assert_eq!(interrupts.take(), None);
        }
    }
}
