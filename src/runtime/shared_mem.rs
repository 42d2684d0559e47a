//! Memories that threads share.
//!
//! All bytes lie in words of eight, and every access, of any width, is an atomic one to a word or two. So races
//! of guests are no data races of the host, and no unsafe code is needed. Plain stores of less than a word cost more than in other memories. Memory is taken in pieces, each twice as large as the one before it, so that none of it ever moves; and as fresh zero
//! pages, which the system gives where they are written.
//! <https://webassembly.github.io/threads/core/exec/relaxed.html>

use core::fmt;
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering, fence};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use super::trap::Trap;
use super::zeroed::zeroed;
use crate::syntax::types::MemType;

/// Bytes of a word.
const WORD: u64 = 8;
/// Bytes of the first piece of memory that is taken at once. Each of the others has twice as many as the one before it.
const PIECE: u64 = 1 << 16;
/// The most bytes of a shared memory of any type.
const MOST: u64 = 1 << 40;
/// How many pieces these are.
const PIECES: usize = piece_of(MOST - 1) + 1;
/// The time that a waiting thread sleeps before it checks for interruptions.
const NAP: Duration = Duration::from_millis(10);

/// The piece that a byte lies in.
const fn piece_of(at: u64) -> usize {
    (at / PIECE + 1).ilog2() as usize
}

/// The first byte of a piece.
const fn start_of(piece: usize) -> u64 {
    ((1 << piece) - 1) * PIECE
}

/// A memory that threads share.
pub struct SharedMem {
    /// Its type, with the size it was declared with.
    ty: MemType,
    /// The number of its bytes, which exist before this is raised.
    len: AtomicU64,
    pieces: [OnceLock<Vec<AtomicU64>>; PIECES],
    /// Held while it grows.
    growing: Mutex<()>,
    /// The waiting threads, by address, in the order in which they came.
    waiting: Mutex<BTreeMap<u64, VecDeque<Arc<Waiter>>>>,
}

/// A thread that waits.
struct Waiter {
    woken: AtomicBool,
    thread: Thread,
}

/// The outcome of a wait. As numbers these are the results of `memory.atomic.wait32`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum WaitResult {
    /// Another thread notified this one.
    Ok = 0,
    /// The memory did not hold the expected value, and the thread did not wait.
    Mismatch = 1,
    /// The timeout was over first.
    TimedOut = 2,
}

impl SharedMem {
    /// A memory of the type's initial size, all zero; `None` if the type has no maximum or there is not enough memory.
    pub fn new(ty: MemType) -> Option<Self> {
        ty.limits.max?;
        let memory = Self {
            ty,
            len: AtomicU64::new(0),
            pieces: [const { OnceLock::new() }; PIECES],
            growing: Mutex::default(),
            waiting: Mutex::default(),
        };
        memory.grow(ty.limits.min)?;
        Some(memory)
    }

    /// Its type, with the size it was declared with.
    pub fn ty(&self) -> MemType {
        self.ty
    }

    /// Its size in bytes.
    pub fn len(&self) -> u64 {
        self.len.load(Ordering::SeqCst)
    }

    /// Its size in pages.
    pub fn size(&self) -> u64 {
        self.len() >> self.ty.page_size_log2
    }

    /// Grows by `delta` pages; returns the old size, or `None` if the type's maximum or the host's memory does not allow it.
    pub fn grow(&self, delta: u64) -> Option<u64> {
        let _growing = lock(&self.growing);
        let old = self.size();
        let max = self.ty.limits.max.unwrap_or(0);
        let new = old.checked_add(delta).filter(|new| *new <= max)?;
        let page = 1_u64.checked_shl(self.ty.page_size_log2.into())?;
        let len = new.checked_mul(page).filter(|len| *len <= MOST)?;
        let most = max.saturating_mul(page).min(MOST);
        for (piece, words) in self.pieces.iter().enumerate() {
            let start = start_of(piece);
            if start >= len {
                break;
            }
            // It may be there from an earlier growth, or one that failed half-way.
            if words.get().is_none() {
                let bytes = (most - start).min(PIECE << piece);
                let zeros = zeroed(usize::try_from(bytes.div_ceil(WORD)).ok()?)?;
                let _ = words.set(zeros);
            }
        }
        self.len.store(len, Ordering::SeqCst);
        Some(old)
    }

    /// Fails unless `size` bytes from `at` on lie within the memory.
    pub fn check(&self, at: u64, size: u64) -> Result<(), Trap> {
        match at.checked_add(size) {
            Some(end) if end <= self.len() => Ok(()),
            _ => Err(Trap::MemoryOutOfBounds),
        }
    }

    /// The word that a byte within the memory lies in.
    fn word(&self, at: u64) -> &AtomicU64 {
        let piece = piece_of(at);
        match self.pieces.get(piece).and_then(OnceLock::get) {
            Some(words) => &words[((at - start_of(piece)) / WORD) as usize],
            None => unreachable!("checked: the byte lies within the memory"),
        }
    }

    /// Reads the bytes from `at` on, which lie within the memory: each word at once, if not all of them.
    pub fn read(&self, mut at: u64, mut to: &mut [u8]) {
        while !to.is_empty() {
            let within = (at % WORD) as usize;
            let count = to.len().min(WORD as usize - within);
            let bytes = self.word(at).load(Ordering::Relaxed).to_le_bytes();
            let (now, later) = to.split_at_mut(count);
            now.copy_from_slice(&bytes[within..within + count]);
            to = later;
            at += count as u64;
        }
    }

    /// Writes the bytes from `at` on, which lie within the memory: each word at once, if not all of them.
    pub fn write(&self, mut at: u64, mut from: &[u8]) {
        while !from.is_empty() {
            let within = (at % WORD) as usize;
            let count = from.len().min(WORD as usize - within);
            let (now, later) = from.split_at(count);
            let mut bytes = [0; WORD as usize];
            bytes[within..within + count].copy_from_slice(now);
            let value = u64::from_le_bytes(bytes);
            let word = self.word(at);
            if count == WORD as usize {
                word.store(value, Ordering::Relaxed);
            } else {
                let mask = mask(count as u64) << (8 * within);
                // It always succeeds in the end, as the closure never gives up.
                let _ = word.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |old| {
                    Some(old & !mask | value)
                });
            }
            from = later;
            at += count as u64;
        }
    }

    /// Reads `width` bytes at `at`, a multiple of `width`, and writes the result of `change`, if it has one: atomically. Returns the old
    /// value.
    pub fn update(&self, at: u64, width: u64, change: impl Fn(u64) -> Option<u64>) -> u64 {
        let shift = 8 * (at % WORD);
        let mask = mask(width);
        let word = self.word(at);
        let part = |word: u64| word >> shift & mask;
        let new = |word: u64| {
            let new = change(part(word))? & mask;
            Some(word & !(mask << shift) | new << shift)
        };
        match word.fetch_update(Ordering::SeqCst, Ordering::SeqCst, new) {
            Ok(old) | Err(old) => part(old),
        }
    }

    /// Waits for a notification at `at`, if the `width` bytes there are `expected`. Gives up after `timeout`, and, with
    /// a trap, when `interrupted` says so.
    pub fn wait(
        &self,
        at: u64,
        width: u64,
        expected: u64,
        timeout: Option<Duration>,
        interrupted: &mut dyn FnMut() -> bool,
    ) -> Result<WaitResult, Trap> {
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let waiter = Arc::new(Waiter {
            woken: AtomicBool::new(false),
            thread: thread::current(),
        });
        {
            // Notifications hold the lock as well, so none comes between the look at the memory and the wait.
            let mut waiting = lock(&self.waiting);
            if self.update(at, width, |_| None) != expected & mask(width) {
                return Ok(WaitResult::Mismatch);
            }
            waiting.entry(at).or_default().push_back(waiter.clone());
        }
        loop {
            if waiter.woken.load(Ordering::Acquire) {
                return Ok(WaitResult::Ok);
            }
            let now = Instant::now();
            let late = deadline.is_some_and(|deadline| deadline <= now);
            if late || interrupted() {
                if !self.forget(at, &waiter) {
                    return Ok(WaitResult::Ok);
                }
                return match late {
                    true => Ok(WaitResult::TimedOut),
                    false => Err(Trap::Interrupt),
                };
            }
            let left = deadline.map_or(NAP, |deadline| deadline - now);
            thread::park_timeout(left.min(NAP));
        }
    }

    /// Removes a waiter that gives up; fails if it was notified before.
    fn forget(&self, at: u64, waiter: &Arc<Waiter>) -> bool {
        let mut waiting = lock(&self.waiting);
        let Some(queue) = waiting.get_mut(&at) else {
            return false;
        };
        let place = queue.iter().position(|other| Arc::ptr_eq(other, waiter));
        if let Some(place) = place {
            queue.remove(place);
        }
        if queue.is_empty() {
            waiting.remove(&at);
        }
        place.is_some()
    }

    /// Wakes up to `count` threads that wait at `at`; returns their number.
    pub fn notify(&self, at: u64, count: u32) -> u32 {
        let mut waiting = lock(&self.waiting);
        let Some(queue) = waiting.get_mut(&at) else {
            return 0;
        };
        let woken = (count as usize).min(queue.len());
        for waiter in queue.drain(..woken) {
            waiter.woken.store(true, Ordering::Release);
            waiter.thread.unpark();
        }
        if queue.is_empty() {
            waiting.remove(&at);
        }
        woken as u32
    }

    /// Executes `atomic.fence`.
    pub fn fence() {
        fence(Ordering::SeqCst);
    }
}

/// The lowest so many bytes of a word.
fn mask(bytes: u64) -> u64 {
    u64::MAX >> (64 - 8 * bytes)
}

/// Locks data that a panic leaves consistent.
fn lock<V>(mutex: &Mutex<V>) -> MutexGuard<'_, V> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for SharedMem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedMem")
            .field("ty", &self.ty)
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::types::{AddrType, Limits};

    fn memory(min: u64, max: u64, page_size_log2: u8) -> SharedMem {
        let ty = MemType {
            addr: AddrType::I64,
            limits: Limits {
                min,
                max: Some(max),
            },
            shared: true,
            page_size_log2,
        };
        SharedMem::new(ty).unwrap()
    }

    #[test]
    fn bytes_are_where_they_were_put_whatever_words_they_cross() {
        let memory = memory(2, 2, 16);
        let mut model = vec![0_u8; 2 << 16];
        let mut number = 1_u64;
        for at in (0..40).chain((1 << 16) - 20..(1 << 16) + 4) {
            for len in [1, 2, 3, 4, 7, 8, 9, 16, 17] {
                let bytes: Vec<u8> = (0..len)
                    .map(|_| {
                        number = number.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
                        (number >> 56) as u8
                    })
                    .collect();
                memory.write(at as u64, &bytes);
                model[at..at + len].copy_from_slice(&bytes);
            }
        }
        let mut all = vec![0; model.len()];
        memory.read(0, &mut all);
        assert!(all == model);
        for at in [0, 1, 5, 8, 13, (1 << 16) - 3] {
            let mut some = [0; 11];
            memory.read(at as u64, &mut some);
            assert_eq!(some, model[at..at + 11]);
        }
    }

    #[test]
    fn updates_touch_their_bytes_and_no_others() {
        for (width, at) in [(1, 3), (2, 6), (4, 4), (8, 8), (1, 15)] {
            let memory = memory(1, 1, 16);
            memory.write(0, &[0x11; 24]);
            let old = memory.update(at, width, |old| Some(!old));
            assert_eq!(old, 0x1111_1111_1111_1111 & mask(width));
            let mut bytes = [0; 24];
            memory.read(0, &mut bytes);
            for (i, byte) in bytes.into_iter().enumerate() {
                let inside = (at..at + width).contains(&(i as u64));
                assert_eq!(
                    byte,
                    if inside { 0xee } else { 0x11 },
                    "{width} at {at}: {i}"
                );
            }
            assert_eq!(memory.update(at, width, |_| None), !old & mask(width));
        }
    }

    #[test]
    fn it_grows_up_to_its_maximum_and_stays_where_it_is() {
        let memory = memory(1, 3, 16);
        memory.write(65528, &[7; 8]);
        assert_eq!(memory.check(65528, 8), Ok(()));
        assert_eq!(memory.check(65529, 8), Err(Trap::MemoryOutOfBounds));
        assert_eq!(memory.check(u64::MAX, 8), Err(Trap::MemoryOutOfBounds));
        assert_eq!(memory.grow(2), Some(1));
        assert_eq!(memory.grow(1), None);
        assert_eq!(memory.grow(u64::MAX), None);
        assert_eq!((memory.size(), memory.len()), (3, 3 << 16));
        assert_eq!(memory.update(65528, 8, |_| None), 0x0707_0707_0707_0707);
        assert_eq!(memory.update(65536, 8, |_| None), 0);
    }

    #[test]
    fn single_bytes_can_be_pages() {
        let memory = memory(1, 70_000, 0);
        assert_eq!(memory.grow(69_999), Some(1));
        memory.write(69_999, &[5]);
        assert_eq!(memory.check(70_000, 1), Err(Trap::MemoryOutOfBounds));
    }

    #[test]
    fn threads_that_add_miss_nothing() {
        let memory = memory(1, 1, 16);
        thread::scope(|scope| {
            for at in [0, 1, 2, 3] {
                let memory = &memory;
                scope.spawn(move || {
                    for _ in 0..1000 {
                        memory.update(4, 4, |old| Some(old + 1));
                        // Neighbours in the same word.
                        let mut byte = [0];
                        memory.read(at, &mut byte);
                        memory.write(at, &[byte[0].wrapping_add(1)]);
                    }
                });
            }
        });
        assert_eq!(memory.update(4, 4, |_| None), 4000);
        assert_eq!(memory.update(0, 4, |_| None), 0x0101_0101 * (1000 % 256));
    }

    #[test]
    fn waiting_ends_by_a_notification_a_timeout_or_an_interruption() {
        let memory = memory(1, 1, 16);
        let no = &mut || false;
        let brief = Some(Duration::from_millis(1));
        assert_eq!(memory.wait(0, 4, 1, None, no), Ok(WaitResult::Mismatch));
        assert_eq!(memory.wait(0, 4, 0, brief, no), Ok(WaitResult::TimedOut));
        assert_eq!(
            memory.wait(0, 4, 0, None, &mut || true),
            Err(Trap::Interrupt)
        );
        assert_eq!(memory.notify(0, 1), 0);
        thread::scope(|scope| {
            let waits: Vec<_> = (0..3)
                .map(|_| scope.spawn(|| memory.wait(8, 8, 0, None, &mut || false)))
                .collect();
            let mut woken = 0;
            while woken < 3 {
                let more = memory.notify(8, 2);
                assert!(more <= 2);
                woken += more;
                assert_eq!(memory.notify(0, 5), 0);
                thread::yield_now();
            }
            for wait in waits {
                assert_eq!(wait.join().unwrap(), Ok(WaitResult::Ok));
            }
        });
        assert!(lock(&memory.waiting).is_empty());
    }
}
