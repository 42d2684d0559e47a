//! The value stack's memory. `exec` defines how frames lie in it. Holds unsafe code: the memory is reached by raw pointers only.
//!
//! No reference is ever made to all of a stack: handlers, host functions and the collector each reach their part of it by pointers that
//! derive from the allocation itself, so that none of them invalidates another's.
#![allow(unsafe_code)]

use core::ptr::{NonNull, null_mut};
use std::alloc::Layout;
use std::mem::ManuallyDrop;
use std::sync::Arc;
use std::sync::atomic::{AtomicPtr, Ordering};

use super::zeroed::zeroed;

/// A piece of memory for frames. It never moves.
///
/// Its bytes beyond a mark are zero. The mark is raised, generously, before anything is written there; so an owner that is done with the
/// stack clears about as much as was used.
#[derive(Debug)]
pub struct Slots {
    base: NonNull<u64>,
    len: usize,
    /// The mark, in bytes from the beginning.
    mark: usize,
}

// SAFETY: it owns plain memory. Exclusive access may write to it; a shared reference only reads.
unsafe impl Send for Slots {}
// SAFETY: as above.
unsafe impl Sync for Slots {}

impl Slots {
    /// The least that the mark is raised to.
    const LEAST: usize = 256;

    /// Allocates so many slots, all zero; `None` if there is not enough memory.
    fn new(len: usize) -> Option<Self> {
        // From here on the memory is not the vector's, which would be a way to refer to all of it.
        let mut slots = ManuallyDrop::new(zeroed(len)?);
        let base = NonNull::new(slots.as_mut_ptr())?;
        Some(Self { base, len, mark: 0 })
    }

    /// The first slot.
    #[inline]
    pub fn base(&self) -> *mut u8 {
        self.base.as_ptr().cast()
    }

    /// How many bytes there are.
    #[inline]
    fn bytes(&self) -> usize {
        self.len * size_of::<u64>()
    }

    /// The mark: beyond so many bytes nothing has been written.
    #[inline]
    pub fn mark(&self) -> usize {
        self.mark
    }

    /// Makes sure that so many bytes may be written to; returns false if there are fewer.
    #[inline]
    pub fn reach(&mut self, bytes: usize) -> bool {
        if bytes > self.mark {
            if bytes > self.bytes() {
                return false;
            }
            // Twice as much as before, so that a deep recursion raises the mark only a few times.
            let generous = self.mark.saturating_mul(2).max(Self::LEAST);
            self.mark = generous.max(bytes).min(self.bytes());
        }
        true
    }

    /// The slots of the first so many bytes, for the collector: all of them hold something, if only zero.
    pub fn frames(&self, bytes: usize) -> &[u64] {
        let len = (bytes / size_of::<u64>()).min(self.len);
        // SAFETY: as many slots are there, and all are initialised. Handlers write to them by raw pointers, but none runs meanwhile.
        unsafe { core::slice::from_raw_parts(self.base.as_ptr(), len) }
    }

    /// Makes everything zero again.
    #[inline]
    fn clear(&mut self) {
        // SAFETY: the mark is at most the end.
        unsafe { self.base().write_bytes(0, self.mark) };
        self.mark = 0;
    }
}

impl Drop for Slots {
    fn drop(&mut self) {
        // SAFETY: `new` took it out of a vector of that length, which had room for no more, and nothing else owns it.
        drop(unsafe { Vec::from_raw_parts(self.base.as_ptr(), self.len, self.len) });
    }
}

/// The stack of a store. It has memory while calls are under way only.
#[derive(Debug)]
pub struct Stack {
    slots: Option<Slots>,
    /// Bytes of it that calls under way use.
    pub used: usize,
    /// The stacks that were in use when calls began that have their own, and how much of each was; no more than calls are nested.
    outer: Vec<(Option<Slots>, usize)>,
    home: Arc<Stacks>,
}

impl Stack {
    /// A stack that has no memory yet.
    pub fn new(home: &Arc<Stacks>) -> Self {
        Self {
            slots: None,
            used: 0,
            outer: Vec::new(),
            home: home.clone(),
        }
    }

    /// The memory, for a call; `None` if the host has none.
    #[inline]
    pub fn for_call(&mut self) -> Option<&mut Slots> {
        if self.slots.is_none() {
            self.slots = self.home.take();
        }
        self.slots.as_mut()
    }

    /// The memory, if it has any.
    #[inline]
    pub fn slots(&self) -> Option<&Slots> {
        self.slots.as_ref()
    }

    /// Makes sure that so many bytes of the memory may be written to, see [`Slots::reach`]; returns their number.
    pub fn reach(&mut self, bytes: usize) -> Option<usize> {
        let slots = self.slots.as_mut()?;
        slots.reach(bytes).then_some(slots.mark)
    }

    /// Where the first slot is; null if there is no memory.
    #[inline]
    pub fn base(&self) -> *mut u8 {
        self.slots.as_ref().map_or(null_mut(), Slots::base)
    }

    /// Takes the memory away, with all that is in it.
    pub fn take(&mut self) -> Option<Slots> {
        self.slots.take()
    }

    /// Puts memory in place of what there is, with all that is in it.
    pub fn put(&mut self, slots: Slots) {
        self.give_back();
        self.slots = Some(slots);
    }

    /// Gives the memory back, for calls of any store of the engine.
    #[inline]
    pub fn give_back(&mut self) {
        if let Some(slots) = self.slots.take() {
            self.home.put(slots);
        }
    }

    /// Begins a call that has a stack of its own.
    pub fn begin(&mut self) {
        let used = core::mem::replace(&mut self.used, 0);
        self.outer.push((self.slots.take(), used));
    }

    /// Ends a call that has a stack of its own.
    pub fn end(&mut self) {
        self.give_back();
        if let Some((slots, used)) = self.outer.pop() {
            (self.slots, self.used) = (slots, used);
        }
    }

    /// The frames of calls under way, for the collector, piece by piece. Of the innermost stack `top` bytes are in use.
    pub fn frames(&self, top: usize) -> impl Iterator<Item = &[u64]> {
        let outer = self.outer.iter().map(|(slots, used)| (slots, *used));
        let all = outer.chain([(&self.slots, top)]);
        all.filter_map(|(slots, used)| Some(slots.as_ref()?.frames(used)))
    }
}

#[cfg(test)]
impl Stack {
    /// Puts frames onto the stack; returns their number of bytes.
    pub fn write(&mut self, frames: &[u64]) -> usize {
        let slots = self.for_call().unwrap();
        assert!(slots.reach(size_of_val(frames)));
        let base = slots.base().cast::<u64>();
        // SAFETY: as far as this has just been reached.
        unsafe { base.copy_from_nonoverlapping(frames.as_ptr(), frames.len()) };
        size_of_val(frames)
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        self.give_back();
    }
}

/// Stacks of an engine that no call uses at the moment. All of them are zero, so that nothing gets from one store into another.
///
/// The pool has a few places. Each thread begins with one of them, at which it left a stack when its last call ended.
#[derive(Debug)]
pub struct Stacks {
    /// The number of slots of each.
    len: usize,
    pool: [PooledStack; POOL_SIZE],
    /// How many places are used.
    kept: usize,
}

/// A place of the pool: a stack or null. Places lie apart, so that threads do not disturb each other.
#[derive(Debug, Default)]
#[repr(align(64))]
struct PooledStack(AtomicPtr<u64>);

/// The most stacks that are kept.
const POOL_SIZE: usize = 16;
/// The most bytes of the kept stacks, all together.
const KEPT: usize = 16 << 20;

impl Stacks {
    /// Makes a pool of stacks of so many bytes, rounded down to whole slots; `None` if no host can have as many.
    pub fn new(bytes: usize) -> Option<Self> {
        let len = bytes / size_of::<u64>();
        let bytes = Layout::array::<u64>(len).ok()?.size();
        Some(Self {
            len,
            pool: Default::default(),
            kept: KEPT.checked_div(bytes).unwrap_or(0).min(POOL_SIZE),
        })
    }

    /// The places that are used.
    fn pool(&self) -> &[PooledStack] {
        &self.pool[..self.kept]
    }

    #[inline]
    fn take(&self) -> Option<Slots> {
        let len = self.len;
        let own = self.pool().get(home()).and_then(PooledStack::take);
        match own.or_else(|| self.take_elsewhere()) {
            Some(base) => Some(Slots { base, len, mark: 0 }),
            None => Slots::new(len),
        }
    }

    #[cold]
    fn take_elsewhere(&self) -> Option<NonNull<u64>> {
        self.pool().iter().find_map(PooledStack::take)
    }

    #[inline]
    fn put(&self, mut slots: Slots) {
        slots.clear();
        let base = slots.base;
        let own = self.pool().get(home());
        if own.is_some_and(|place| place.put(base)) || self.put_elsewhere(base) {
            // The place owns it now.
            core::mem::forget(slots);
        }
    }

    #[cold]
    fn put_elsewhere(&self, base: NonNull<u64>) -> bool {
        self.pool().iter().any(|place| place.put(base))
    }
}

impl PooledStack {
    /// Takes the stack that is there; the caller owns it.
    #[inline]
    fn take(&self) -> Option<NonNull<u64>> {
        // A look first, because an exchange disturbs other threads.
        match self.0.load(Ordering::Relaxed).is_null() {
            true => None,
            false => NonNull::new(self.0.swap(null_mut(), Ordering::Acquire)),
        }
    }

    /// Puts a stack there, if there is none.
    #[inline]
    fn put(&self, base: NonNull<u64>) -> bool {
        let (empty, full) = (null_mut(), base.as_ptr());
        let exchange = |place: &AtomicPtr<u64>| {
            place.compare_exchange(empty, full, Ordering::Release, Ordering::Relaxed)
        };
        self.0.load(Ordering::Relaxed).is_null() && exchange(&self.0).is_ok()
    }
}

impl Drop for Stacks {
    fn drop(&mut self) {
        let len = self.len;
        while let Some(base) = self.take_elsewhere() {
            drop(Slots { base, len, mark: 0 });
        }
    }
}

impl Default for Stacks {
    /// Stacks of the size that a configuration has at first.
    fn default() -> Self {
        let bytes = super::limiter::Limits::default().stack_bytes;
        Self::new(bytes).unwrap_or_else(|| unreachable!("any host can have so many"))
    }
}

/// A number that tells some threads from others.
#[inline]
fn home() -> usize {
    thread_local! {
        static MARK: u8 = const { 0 };
    }
    let address = MARK.try_with(|mark| (&raw const *mark).addr()).unwrap_or(0);
    // The marks of threads are often a power of two apart: the upper bits of a product depend on all bits below.
    (address as u32).wrapping_mul(0x9e37_79b1) as usize >> 28
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stacks(bytes: usize) -> Arc<Stacks> {
        Arc::new(Stacks::new(bytes).unwrap())
    }

    fn kept(stacks: &Stacks) -> usize {
        let is_there = |place: &&PooledStack| !place.0.load(Ordering::Relaxed).is_null();
        stacks.pool().iter().filter(is_there).count()
    }

    fn set(slots: &mut Slots, at: usize, value: u64) {
        assert!(slots.reach((at + 1) * 8));
        // SAFETY: as far as this has just been reached.
        unsafe { slots.base().cast::<u64>().add(at).write(value) };
    }

    #[test]
    fn a_stack_is_used_again_and_nothing_of_what_was_on_it_remains() {
        let stacks = stacks(100_000);
        let mut stack = Stack::new(&stacks);
        let slots = stack.for_call().unwrap();
        let base = slots.base();
        for at in [0, 3, 31, 32, 1000, 12_499] {
            set(slots, at, 7);
            assert_eq!(slots.frames(at * 8 + 8)[at], 7);
        }
        stack.give_back();
        assert_eq!(kept(&stacks), 1);
        let slots = stack.for_call().unwrap();
        assert_eq!((slots.base(), slots.mark()), (base, 0));
        assert_eq!(slots.frames(usize::MAX), [0; 12_500]);
    }

    #[test]
    fn what_is_cleared_is_at_most_twice_what_was_reached() {
        let mut slots = Slots::new(1 << 17).unwrap();
        assert!(slots.reach(0));
        assert_eq!(slots.mark(), 0);
        let mut raised = 0;
        for bytes in (8..=1 << 20).step_by(8) {
            let before = slots.mark();
            assert!(slots.reach(bytes));
            assert!(slots.mark() >= bytes && slots.mark() <= (2 * bytes).max(Slots::LEAST));
            raised += usize::from(slots.mark() != before);
        }
        assert_eq!(raised, 13);
        assert!(!slots.reach((1 << 20) + 1) && !slots.reach(usize::MAX));
        assert_eq!(slots.mark(), 1 << 20);
    }

    #[test]
    fn no_more_are_kept_than_16_mebibytes_or_16() {
        for (bytes, most) in [(1 << 20, 16), (64, 16), (5 << 20, 3), (32 << 20, 0), (7, 0)] {
            let stacks = stacks(bytes);
            let mut used: Vec<_> = (0..20).map(|_| Stack::new(&stacks)).collect();
            for stack in &mut used {
                assert!(stack.for_call().unwrap().reach(bytes / 8 * 8));
            }
            drop(used);
            assert_eq!(kept(&stacks), most, "{bytes}");
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "Miri ends where memory is refused")]
    fn what_no_host_has_is_no_stack() {
        assert!(Stacks::new(usize::MAX).is_none());
        let stacks = stacks(isize::MAX as usize);
        assert!(Stack::new(&stacks).for_call().is_none());
    }

    #[test]
    fn threads_share_stacks_and_none_has_one_that_another_has() {
        let stacks = stacks(4096);
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let stacks = &stacks;
                scope.spawn(move || {
                    let mut stack = Stack::new(stacks);
                    for round in 0..if cfg!(miri) { 20 } else { 2000 } {
                        let slots = stack.for_call().unwrap();
                        assert_eq!(slots.frames(4096), [0; 512]);
                        set(slots, round % 512, thread + 1);
                        assert_eq!(slots.frames(4096)[round % 512], thread + 1);
                        stack.give_back();
                    }
                });
            }
        });
        // A thread that misses a stack which another one is just putting back makes one more, so there may be more than threads.
        assert!((1..=POOL_SIZE).contains(&kept(&stacks)));
    }

    #[test]
    fn a_call_with_a_stack_of_its_own_leaves_that_of_others_as_it_was() {
        let mut stack = Stack::new(&stacks(4096));
        stack.write(&[0, 0, 7]);
        stack.used = 24;
        stack.begin();
        assert_eq!(stack.used, 0);
        stack.write(&[9]);
        let frames: Vec<_> = stack.frames(8).collect();
        assert_eq!(frames, [&[0, 0, 7][..], &[9]]);
        stack.end();
        assert_eq!(
            (stack.used, stack.slots().unwrap().frames(24)),
            (24, &[0, 0, 7][..])
        );
    }
}
