//! Requests from any thread that a store's execution stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What can interrupt a store's execution.
#[derive(Debug, Default)]
pub struct Interrupts {
    /// Whether somebody asked for it. Shared with those who may.
    pub asked: Arc<AtomicBool>,
}

impl Interrupts {
    /// Whether execution should stop.
    pub fn pending(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }

    /// Whether execution should stop; a request is answered once.
    pub fn take(&self) -> bool {
        // What the asking thread did before is visible to whoever sees the interruption.
        self.pending() && self.asked.swap(false, Ordering::Acquire)
    }
}
