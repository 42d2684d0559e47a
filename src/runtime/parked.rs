//! The stacks of suspended calls that were taken along: nothing uses them, but they may hold references.

use std::sync::{Arc, Weak};

use super::stack::Slots;

/// The frames of a suspended call. It owns them; the store only knows where they are.
pub type ParkedStack = Arc<Kept>;

/// How frames are kept.
#[derive(Debug)]
pub enum Kept {
    /// In memory that is just as large.
    Copied(Box<[u64]>),
    /// In the memory of their stack; so many bytes are in use.
    Taken(Slots, usize),
}

impl Kept {
    /// The slots, each of which may hold a reference or anything else.
    pub fn slots(&self) -> &[u64] {
        match self {
            Self::Copied(slots) => slots,
            Self::Taken(slots, used) => slots.frames(*used),
        }
    }
}

/// The parked stacks of a store.
#[derive(Debug, Default)]
pub struct Parked {
    stacks: Vec<Weak<Kept>>,
    /// The number of stacks at which those that are gone are forgotten.
    most: usize,
}

/// The number of stacks below which none is looked for that is gone.
const LEAST: usize = 64;

impl Parked {
    /// Parks a stack for as long as the caller holds the result.
    pub fn park(&mut self, kept: Kept) -> ParkedStack {
        if self.stacks.len() >= self.most.max(LEAST) {
            self.stacks.retain(|stack| stack.strong_count() > 0);
            self.most = 2 * self.stacks.len();
        }
        let stack = Arc::new(kept);
        self.stacks.push(Arc::downgrade(&stack));
        stack
    }

    /// The stacks there are.
    pub fn stacks(&self) -> impl Iterator<Item = ParkedStack> {
        self.stacks.iter().filter_map(Weak::upgrade)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stacks_that_are_gone_are_forgotten() {
        let mut parked = Parked::default();
        let copied = |slot| Kept::Copied([slot].into());
        let kept: Vec<_> = (0..100).map(|slot| parked.park(copied(slot))).collect();
        for slot in 0..10_000 {
            drop(parked.park(copied(slot)));
        }
        assert!(parked.stacks.len() <= 300, "{}", parked.stacks.len());
        let slots: Vec<_> = parked.stacks().map(|stack| stack.slots()[0]).collect();
        assert_eq!(slots, (0..100).collect::<Vec<_>>());
        drop(kept);
        assert_eq!(parked.stacks().count(), 0);
    }
}
