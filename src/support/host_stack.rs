//! Bounds the host's stack where host functions call guests that call host functions, and so on.
//!
//! The number of such calls is bounded elsewhere, but says nothing about how much stack each of the embedder's functions takes.

use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// The most bytes of the host's stack between the outermost and the innermost call into a store: half of the smallest stack that
/// threads are expected to have.
const MOST: usize = 256 << 10;

/// The place where the outermost call that is under way was made: the thread and an address on its stack, or 0 if there is none.
///
/// Only the holder of the store changes it, which is one thread at a time. It is atomic so that it can be shared with calls that borrow
/// the rest of the store mutably.
#[derive(Default)]
pub(crate) struct HostStack {
    thread: AtomicUsize,
    place: AtomicUsize,
}

/// A call into a store, for as long as it is under way.
pub(crate) struct HostStackGuard<'a> {
    stack: &'a HostStack,
    before: (usize, usize),
}

impl HostStack {
    /// Begins a call, unless it is too far down the stack.
    #[inline]
    pub(crate) fn enter(&self) -> Option<HostStackGuard<'_>> {
        let (thread, place) = (thread(), place());
        let before = (self.thread.load(Relaxed), self.place.load(Relaxed));
        if before.0 != thread {
            // Either no call is under way, or a host function has passed the store on to another thread.
            self.set((thread, place));
        } else if before.1.abs_diff(place) > MOST && cfg!(not(miri)) {
            // (Under Miri places are no measure: each local variable has an address of its own.)
            return None;
        }
        Some(HostStackGuard {
            stack: self,
            before,
        })
    }

    #[inline]
    fn set(&self, (thread, place): (usize, usize)) {
        self.thread.store(thread, Relaxed);
        self.place.store(place, Relaxed);
    }
}

impl Drop for HostStackGuard<'_> {
    #[inline]
    fn drop(&mut self) {
        self.stack.set(self.before);
    }
}

/// A number that no other living thread has.
#[inline]
fn thread() -> usize {
    thread_local! {
        static MARK: u8 = const { 0 };
    }
    // While a thread ends there may be no mark; a call made then counts as outermost.
    MARK.try_with(|mark| (&raw const *mark).addr()).unwrap_or(0)
}

/// Roughly the address at which the stack ends now.
#[inline]
fn place() -> usize {
    let here = 0u8;
    core::hint::black_box(&raw const here).addr()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Enters again and again with at least a kilobyte of stack each; returns how often that succeeded.
    fn depth(stack: &HostStack) -> usize {
        let ballast = core::hint::black_box([1u8; 1024]);
        match stack.enter() {
            Some(_entry) => depth(stack) + usize::from(ballast[0]),
            None => 0,
        }
    }

    #[test]
    fn calls_end_before_the_stack_does_and_can_begin_again() {
        let stack = HostStack::default();
        for _ in 0..3 {
            let depth = depth(&stack);
            assert!((10..=MOST / 1024 + 1).contains(&depth), "{depth}");
        }
        assert_eq!(stack.thread.load(Relaxed), 0);
    }

    #[test]
    fn another_thread_has_a_stack_of_its_own() {
        let stack = HostStack::default();
        let _entry = stack.enter();
        let place = stack.place.load(Relaxed);
        std::thread::scope(|scope| {
            let other = scope.spawn(|| depth(&stack));
            assert!(other.join().is_ok_and(|depth| depth >= 10));
        });
        assert_eq!(stack.place.load(Relaxed), place);
    }
}
