//! The value stack's memory. How frames lie in it is `exec`'s business.

use std::sync::{Arc, Mutex, PoisonError};

/// A contiguous piece of memory, in slots, which is there from the first call on. It never moves while a call uses it.
#[derive(Debug)]
pub struct Stack {
    /// The slots. All of them are initialised, because a search for references reads slots that no op has written yet. What they hold before
    /// they are written is of no meaning: calls of this store may have left it, or of one before, but no reference of that one.
    pub slots: Box<[u64]>,
    bytes: usize,
    home: Arc<Stacks>,
}

impl Stack {
    /// A stack of `bytes` bytes, rounded down to whole slots, that has no slots yet.
    pub fn new(home: &Arc<Stacks>, bytes: usize) -> Self {
        Self {
            slots: Box::default(),
            bytes,
            home: home.clone(),
        }
    }

    /// The slots, for a call.
    #[inline]
    pub fn for_call(&mut self) -> &mut [u64] {
        if self.slots.is_empty() {
            self.slots = self.home.take(self.bytes);
        }
        &mut self.slots
    }

    /// Removes what calls have left.
    pub fn clear(&mut self) {
        self.slots.fill(0);
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        if !self.slots.is_empty() {
            self.home.put(core::mem::take(&mut self.slots));
        }
    }
}

/// Stacks that no store uses at the moment.
///
/// To make one of a megabyte takes several times as long as everything else that a small store is made of.
#[derive(Debug, Default)]
pub struct Stacks {
    free: Mutex<Vec<Box<[u64]>>>,
}

impl Stacks {
    /// Most slots that are kept: 16 MiB of them.
    const KEPT: usize = 2 << 20;

    #[cold]
    fn take(&self, bytes: usize) -> Box<[u64]> {
        let len = bytes / size_of::<u64>();
        let kept = self.lock().pop().filter(|slots| slots.len() == len);
        kept.unwrap_or_else(|| vec![0; len].into())
    }

    fn put(&self, slots: Box<[u64]>) {
        let mut free = self.lock();
        // All of an engine have one size.
        let full = (free.len() + 1).saturating_mul(slots.len()) > Self::KEPT;
        if !full {
            free.push(slots);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Box<[u64]>>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stack_is_used_again() {
        let stacks = Arc::new(Stacks::default());
        let mut stack = Stack::new(&stacks, 100);
        assert!(stack.slots.is_empty());
        assert_eq!(*stack.for_call(), [0; 12]);
        stack.for_call()[3] = 7;
        drop(stack);
        drop(Stack::new(&stacks, 100));
        assert_eq!(Stack::new(&stacks, 100).for_call()[3], 7);
        assert_eq!(*Stack::new(&stacks, 104).for_call(), [0; 13]);
    }

    #[test]
    fn no_more_are_kept_than_16_mebibytes() {
        let stacks = Arc::new(Stacks::default());
        let mut used: Vec<_> = (0..20).map(|_| Stack::new(&stacks, 1 << 20)).collect();
        used.iter_mut().for_each(|stack| stack.for_call()[0] = 1);
        drop(used);
        assert_eq!(stacks.lock().len(), 16);
        let huge = Arc::new(Stacks::default());
        Stack::new(&huge, 32 << 20).for_call();
        assert!(huge.lock().is_empty());
    }
}
