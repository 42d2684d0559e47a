//! Bounds the host's stack where host functions call guests that call host functions, and so on.
//!
//! The number of such calls is bounded as well, but says nothing about how much stack each of the embedder's functions takes.

use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Most bytes of the host's stack between the outermost and the innermost call into a store: half of the smallest stack that we expect
/// threads to have.
const MOST: usize = 256 << 10;

/// Where the outermost call that is under way was made: the thread and its place on that thread's stack, or 0 if there is none.
///
/// Only the holder of the store changes it, which is one thread at a time. It is atomic so that it can be shared with calls that have
/// the rest of the store for themselves.
#[derive(Default)]
pub(crate) struct Outermost {
    thread: AtomicUsize,
    place: AtomicUsize,
}

/// A call into a store, for as long as it is under way.
pub(crate) struct Entry<'a> {
    outermost: &'a Outermost,
    before: (usize, usize),
}

impl Outermost {
    /// Begins a call, unless it is too far down the stack.
    #[inline]
    pub(crate) fn enter(&self) -> Option<Entry<'_>> {
        let (thread, place) = (thread(), place());
        let before = (self.thread.load(Relaxed), self.place.load(Relaxed));
        if before.0 != thread {
            // Either there is none, or a host function has passed the store on to another thread.
            self.set((thread, place));
        } else if before.1.abs_diff(place) > MOST && cfg!(not(miri)) {
            // (Under Miri places are no measure: each local variable has an address of its own.)
            return None;
        }
        Some(Entry {
            outermost: self,
            before,
        })
    }

    #[inline]
    fn set(&self, (thread, place): (usize, usize)) {
        self.thread.store(thread, Relaxed);
        self.place.store(place, Relaxed);
    }
}

impl Drop for Entry<'_> {
    #[inline]
    fn drop(&mut self) {
        self.outermost.set(self.before);
    }
}

/// What tells the current thread from all others that live.
#[inline]
fn thread() -> usize {
    thread_local! {
        static MARK: u8 = const { 0 };
    }
    // While a thread ends there may be no mark; whatever is called then counts as outermost.
    MARK.try_with(|mark| (&raw const *mark).addr()).unwrap_or(0)
}

/// About where the stack ends at the moment.
#[inline]
fn place() -> usize {
    let here = 0u8;
    core::hint::black_box(&raw const here).addr()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Enters again and again with at least a kilobyte of stack each; returns how often that went well.
    fn depth(outermost: &Outermost) -> usize {
        let ballast = core::hint::black_box([1u8; 1024]);
        match outermost.enter() {
            Some(_entry) => depth(outermost) + usize::from(ballast[0]),
            None => 0,
        }
    }

    #[test]
    fn calls_end_before_the_stack_does_and_can_begin_again() {
        let outermost = Outermost::default();
        for _ in 0..3 {
            let depth = depth(&outermost);
            assert!((10..=MOST / 1024 + 1).contains(&depth), "{depth}");
        }
        assert_eq!(outermost.thread.load(Relaxed), 0);
    }

    #[test]
    fn another_thread_has_a_stack_of_its_own() {
        let outermost = Outermost::default();
        let _entry = outermost.enter();
        let place = outermost.place.load(Relaxed);
        std::thread::scope(|scope| {
            let other = scope.spawn(|| depth(&outermost));
            assert!(other.join().is_ok_and(|depth| depth >= 10));
        });
        assert_eq!(outermost.place.load(Relaxed), place);
    }
}
