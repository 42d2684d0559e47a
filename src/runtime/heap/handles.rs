//! Handles: the references that the embedder holds.
//!
//! Handles are reference-counted: an object stays alive as long as one of its handles does, without scopes or explicit releases. The store
//! has one count of each handle, and looks for handles of which no other count is left.

use std::sync::{Arc, Mutex, PoisonError};

/// A reference that the embedder holds. A clone is the same handle.
#[derive(Clone, Debug)]
pub struct Handle {
    slot: Arc<u64>,
}

impl Handle {
    /// The reference in slot form.
    pub fn slot(&self) -> u64 {
        *self.slot
    }
}

/// The handles of a store.
#[derive(Debug, Default)]
pub struct Handles {
    // Behind a lock, because shared access to a store can read values and make handles.
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    slots: Vec<Arc<u64>>,
    /// The number of handles at which those that are no longer held are forgotten.
    most: usize,
}

impl Handles {
    /// Makes a handle.
    pub fn hold(&self, slot: u64) -> Handle {
        let slot = Arc::new(slot);
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.slots.len() >= held.most {
            held.forget();
        }
        held.slots.push(slot.clone());
        Handle { slot }
    }

    /// The references that are still held.
    pub(super) fn each(&mut self, mut visit: impl FnMut(u64)) {
        let held = self.held.get_mut().unwrap_or_else(PoisonError::into_inner);
        held.forget();
        held.slots.iter().for_each(|slot| visit(**slot));
    }
}

impl Held {
    fn forget(&mut self) {
        self.slots.retain(|slot| Arc::strong_count(slot) > 1);
        self.most = (2 * self.slots.len()).max(64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_holds_any_more_is_forgotten() {
        let mut handles = Handles::default();
        let kept: Vec<Handle> = (0..10).map(|slot| handles.hold(slot)).collect();
        let clone = kept[3].clone();
        for slot in 0..10_000 {
            drop(handles.hold(slot));
        }
        drop(kept);
        let mut seen = Vec::new();
        handles.each(|slot| seen.push(slot));
        assert_eq!(seen, [3]);
        assert!(handles.held.into_inner().unwrap().slots.capacity() < 1000);
        assert_eq!(clone.slot(), 3);
    }
}
