//! Caches values by content: a second request for the same bytes returns the value that was made of them first, while there is room for it.
//!
//! A hash finds candidates, and a comparison of all bytes decides, so a collision costs a comparison and nothing else. The first caller makes
//! the value without holding a lock; concurrent callers with the same bytes wait for that value alone. A failure is returned to all of
//! them and is not kept. After a panic, one of the waiting callers makes the value instead.
//!
//! `cache_dir` keeps translations from one process to the next.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

use super::digest;

/// The format that a content is in. The same bytes in another format are another key.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Format {
    /// The text format.
    Text,
    /// The binary format.
    Binary,
}

/// The bounds of a cache.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Bounds {
    pub(crate) bytes: u64,
    pub(crate) entries: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            bytes: 64 << 20,
            entries: 10_000,
        }
    }
}

/// Counts of what a module cache has done so far and of what it holds. See [`Engine::cache_stats`](crate::Engine::cache_stats).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct CacheStats {
    /// Requests that were answered with a module that was compiled before, or by another thread at the same time.
    pub hits: u64,
    /// Requests that had to compile, whether that succeeded or not.
    pub misses: u64,
    /// Modules that were dropped because others needed their room.
    pub evictions: u64,
    /// How many of the misses found the text's translation in the cache directory.
    pub disk_hits: u64,
    /// Modules that are kept.
    pub entries: usize,
    /// Roughly the bytes that they take.
    pub bytes: u64,
}

/// A value that may come to take more bytes while it is kept.
pub(crate) trait Grows {
    /// Returns by how many bytes it has grown.
    fn grown(&self) -> u64;

    /// Counts these bytes, present and future ones, on an account; with `None`, on none.
    fn set_account(&self, account: Option<&Arc<AtomicU64>>);
}

/// The function that finds candidates, given the cache's seed.
type Hash = fn(u64, &[u8]) -> u64;

pub(crate) struct Cache<V, E> {
    state: Mutex<State<V, E>>,
    /// The bytes by which the kept values have grown, all together.
    grown: Arc<AtomicU64>,
    bounds: Bounds,
    seed: u64,
    hash: Hash,
}

struct State<V, E> {
    /// All entries, by their hash.
    index: HashMap<u64, Vec<Entry<V, E>>>,
    /// The hashes of the kept entries, the least recently used one first. Entries whose value is still being made are not among them.
    order: BTreeMap<u64, u64>,
    /// The time of the next use.
    clock: u64,
    stats: CacheStats,
}

struct Entry<V, E> {
    build: Arc<Build<V, E>>,
    /// The time of its last use, which is its key in `order`; `None` while the value is being made.
    used: Option<u64>,
    cost: u64,
}

/// A content, and the outcome of making a value of it, which threads can wait for.
struct Build<V, E> {
    format: Format,
    content: Arc<[u8]>,
    outcome: OnceLock<Outcome<V, E>>,
    // `gate` and `settled` serve those who wait for the outcome.
    gate: Mutex<()>,
    settled: Condvar,
}

enum Outcome<V, E> {
    Made(V),
    Failed(E),
    /// The thread that was making it panicked.
    Abandoned,
}

/// A value, and roughly how many bytes it takes at first beside its content.
pub(crate) struct Made<V> {
    pub(crate) value: V,
    pub(crate) cost: u64,
}

/// The result of a look-up.
enum Lookup<V, E> {
    Kept(V),
    /// A thread is making it.
    Pending(Arc<Build<V, E>>),
    /// The caller is to make it.
    Absent,
}

impl<V: Clone + Grows, E: Clone> Cache<V, E> {
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self::with_hash(bounds, digest::quick)
    }

    /// Makes a cache with a given hash: tests want collisions.
    fn with_hash(bounds: Bounds, hash: Hash) -> Self {
        Self {
            state: Mutex::new(State {
                index: HashMap::new(),
                order: BTreeMap::new(),
                clock: 0,
                stats: CacheStats::default(),
            }),
            grown: Arc::default(),
            bounds,
            // Random, so that contents that all have one hash cannot be prepared.
            seed: RandomState::new().hash_one(0),
            hash,
        }
    }

    pub(crate) fn stats(&self) -> CacheStats {
        let state = self.lock();
        CacheStats {
            entries: state.order.len(),
            bytes: self.bytes(&state),
            ..state.stats
        }
    }

    pub(crate) fn note_disk_hit(&self) {
        self.lock().stats.disk_hits += 1;
    }

    /// Forgets all values. A value that is being made at the moment is kept when it is done.
    pub(crate) fn clear(&self) {
        // Dropped after the lock is released.
        let mut dropped = Vec::new();
        let mut state = self.lock();
        state.index.retain(|_, entries| {
            let all = std::mem::take(entries).into_iter();
            let (kept, pending) = all.partition::<Vec<_>, _>(|entry| entry.used.is_some());
            kept.iter().for_each(Entry::leave);
            dropped.extend(kept);
            *entries = pending;
            !entries.is_empty()
        });
        state.order.clear();
        state.stats.bytes = 0;
    }

    /// Returns the value of some content, and makes it now if there is none. `make` is given a copy of the content that it may keep.
    ///
    /// # Errors
    /// The error of `make`, also if another thread called it.
    pub(crate) fn get_or_make(
        &self,
        format: Format,
        content: &[u8],
        make: impl Fn(&Arc<[u8]>) -> Result<Made<V>, E>,
    ) -> Result<V, E> {
        let hash = (self.hash)(self.seed, content);
        loop {
            let mut found = self.find(hash, format, content, None);
            let mut mine = None;
            if let Lookup::Absent = found {
                let build = Arc::new(Build {
                    format,
                    content: content.into(),
                    outcome: OnceLock::new(),
                    gate: Mutex::new(()),
                    settled: Condvar::new(),
                });
                // Copying took time without the lock: another thread may have begun.
                found = self.find(hash, format, content, Some(&build));
                mine = Some(build);
            }
            match (found, mine) {
                (Lookup::Kept(value), _) => return Ok(value),
                (Lookup::Pending(build), _) => {
                    let outcome = build.wait();
                    if !matches!(outcome, Outcome::Abandoned) {
                        self.lock().stats.hits += 1;
                    }
                    match outcome {
                        Outcome::Made(value) => return Ok(value.clone()),
                        Outcome::Failed(error) => return Err(error.clone()),
                        Outcome::Abandoned => {}
                    }
                }
                (Lookup::Absent, Some(build)) => {
                    let guard = BuildGuard {
                        cache: self,
                        hash,
                        build,
                    };
                    return guard.finish(make(&guard.build.content));
                }
                (Lookup::Absent, None) => unreachable!("an absent content got a build above"),
            }
        }
    }

    /// Looks a content up. If it is absent and a build is given, the build is entered as the one that makes it.
    ///
    /// All comparisons are made under the lock: even megabytes are compared sooner than anything else could be done.
    fn find(
        &self,
        hash: u64,
        format: Format,
        content: &[u8],
        build: Option<&Arc<Build<V, E>>>,
    ) -> Lookup<V, E> {
        // Dropped after the lock is released.
        let mut dropped = Vec::new();
        let state = &mut *self.lock();
        let entries = state.index.get_mut(&hash);
        let mut entries = entries.into_iter().flatten();
        let same = |build: &Build<V, E>| build.format == format && *build.content == *content;
        if let Some(entry) = entries.find(|entry| same(&entry.build)) {
            let Some(used) = &mut entry.used else {
                return Lookup::Pending(entry.build.clone());
            };
            state.order.remove(used);
            *used = state.clock;
            state.order.insert(state.clock, hash);
            state.clock += 1;
            if let Some(Outcome::Made(value)) = entry.build.outcome.get() {
                let value = value.clone();
                state.stats.hits += 1;
                self.shrink(state, &mut dropped);
                return Lookup::Kept(value);
            }
            unreachable!("only values that were made are kept");
        }
        if let Some(build) = build {
            state.stats.misses += 1;
            state.index.entry(hash).or_default().push(Entry {
                build: build.clone(),
                used: None,
                cost: 0,
            });
        }
        Lookup::Absent
    }

    /// Ends the making of a value: keeps it, with the given cost, or forgets it.
    fn settle(&self, hash: u64, build: &Arc<Build<V, E>>, cost: Option<u64>) {
        // Dropped after the lock is released.
        let mut dropped = Vec::new();
        let state = &mut *self.lock();
        let grown = build.made().map_or(0, V::grown);
        let cost = cost
            .map(|cost| cost.saturating_add(build.content.len() as u64))
            .filter(|cost| cost.saturating_add(grown) <= self.bounds.bytes)
            .filter(|_| self.bounds.entries > 0);
        if let Some(cost) = cost {
            let entries = state.index.get_mut(&hash).into_iter().flatten();
            for entry in entries.filter(|entry| Arc::ptr_eq(&entry.build, build)) {
                entry.used = Some(state.clock);
                entry.cost = cost;
            }
            state.order.insert(state.clock, hash);
            state.clock += 1;
            state.stats.bytes += cost;
            if let Some(value) = build.made() {
                value.set_account(Some(&self.grown));
            }
        } else {
            dropped.extend(state.take(hash, |entry| Arc::ptr_eq(&entry.build, build)));
        }
        self.shrink(state, &mut dropped);
    }

    /// Takes out the least recently used values until the rest is within the bounds.
    fn shrink(&self, state: &mut State<V, E>, dropped: &mut Vec<Entry<V, E>>) {
        while self.bytes(state) > self.bounds.bytes || state.order.len() > self.bounds.entries {
            let Some((used, hash)) = state.order.pop_first() else {
                break;
            };
            let evicted = state.take(hash, |entry| entry.used == Some(used));
            state.stats.bytes -= evicted.as_ref().map_or(0, |entry| entry.cost);
            state.stats.evictions += 1;
            evicted.iter().for_each(Entry::leave);
            dropped.extend(evicted);
        }
    }

    /// Returns the bytes that the values take now.
    fn bytes(&self, state: &State<V, E>) -> u64 {
        let grown = self.grown.load(Ordering::Relaxed);
        state.stats.bytes.saturating_add(grown)
    }

    fn lock(&self) -> MutexGuard<'_, State<V, E>> {
        // No code that could panic half-way runs under the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<V, E> State<V, E> {
    /// Takes an entry out of the index.
    fn take(&mut self, hash: u64, which: impl Fn(&Entry<V, E>) -> bool) -> Option<Entry<V, E>> {
        let entries = self.index.get_mut(&hash)?;
        let at = entries.iter().position(which)?;
        let entry = entries.swap_remove(at);
        if entries.is_empty() {
            self.index.remove(&hash);
        }
        Some(entry)
    }
}

impl<V: Grows, E> Entry<V, E> {
    /// Takes the value's growth off the cache's account.
    fn leave(&self) {
        if let Some(value) = self.build.made() {
            value.set_account(None);
        }
    }
}

impl<V, E> Build<V, E> {
    /// The value, if it was made.
    fn made(&self) -> Option<&V> {
        match self.outcome.get() {
            Some(Outcome::Made(value)) => Some(value),
            _ => None,
        }
    }

    fn wait(&self) -> &Outcome<V, E> {
        let mut gate = self.gate.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(outcome) = self.outcome.get() {
                return outcome;
            }
            gate = self
                .settled
                .wait(gate)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn set(&self, outcome: Outcome<V, E>) {
        let gate = self.gate.lock().unwrap_or_else(PoisonError::into_inner);
        // Only the thread that makes the value sets it, once.
        let _ = self.outcome.set(outcome);
        drop(gate);
        self.settled.notify_all();
    }
}

/// Guards the making of a value by this thread: dropped before it is finished, because of a panic, it lets one of the others try.
struct BuildGuard<'c, V: Clone + Grows, E: Clone> {
    cache: &'c Cache<V, E>,
    hash: u64,
    build: Arc<Build<V, E>>,
}

impl<V: Clone + Grows, E: Clone> BuildGuard<'_, V, E> {
    fn finish(&self, result: Result<Made<V>, E>) -> Result<V, E> {
        let (outcome, cost, result) = match result {
            Ok(Made { value, cost }) => (Outcome::Made(value.clone()), Some(cost), Ok(value)),
            Err(error) => (Outcome::Failed(error.clone()), None, Err(error)),
        };
        self.build.set(outcome);
        self.cache.settle(self.hash, &self.build, cost);
        result
    }
}

impl<V: Clone + Grows, E: Clone> Drop for BuildGuard<'_, V, E> {
    fn drop(&mut self) {
        if self.build.outcome.get().is_none() {
            self.cache.settle(self.hash, &self.build, None);
            self.build.set(Outcome::Abandoned);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::*;

    type Strings = Cache<String, String>;

    impl Grows for String {
        fn grown(&self) -> u64 {
            0
        }

        fn set_account(&self, _: Option<&Arc<AtomicU64>>) {}
    }

    /// A value that has grown by as much as the test says.
    #[derive(Clone, Default)]
    struct Plant(Arc<Mutex<(u64, Option<Arc<AtomicU64>>)>>);

    impl Plant {
        fn grow(&self, by: u64) {
            let (grown, account) = &mut *self.0.lock().unwrap();
            *grown += by;
            if let Some(account) = account {
                account.fetch_add(by, Ordering::Relaxed);
            }
        }
    }

    impl Grows for Plant {
        fn grown(&self) -> u64 {
            self.0.lock().unwrap().0
        }

        fn set_account(&self, new: Option<&Arc<AtomicU64>>) {
            let (grown, account) = &mut *self.0.lock().unwrap();
            if let Some(before) = core::mem::replace(account, new.cloned()) {
                before.fetch_sub(*grown, Ordering::Relaxed);
            }
            if let Some(account) = account {
                account.fetch_add(*grown, Ordering::Relaxed);
            }
        }
    }

    #[test]
    fn values_that_grow_are_counted_as_they_are_and_dropped_for_it() {
        let cache = Cache::<Plant, String>::new(Bounds {
            bytes: 1000,
            entries: 100,
        });
        let get = |content: &[u8]| {
            let make = |_: &_| {
                let value = Plant::default();
                Ok(Made { value, cost: 99 })
            };
            cache.get_or_make(Format::Text, content, make).unwrap()
        };
        let (a, b) = (get(b"a"), get(b"b"));
        a.grow(500);
        assert_eq!(cache.stats().bytes, 700);
        // The next request finds that there is too much, and that `a` has been unused longest.
        b.grow(400);
        assert_eq!((cache.stats().bytes, cache.stats().entries), (1100, 2));
        get(b"b");
        assert_eq!((cache.stats().bytes, cache.stats().entries), (500, 1));
        // Modules that have left the cache no longer count.
        a.grow(5000);
        cache.clear();
        b.grow(5000);
        assert_eq!((cache.stats().bytes, cache.stats().entries), (0, 0));
    }

    const ROOMY: Bounds = Bounds {
        bytes: 1 << 20,
        entries: 1000,
    };

    /// Makes of a content its text, at a cost of 10 beside it.
    fn make(content: &Arc<[u8]>) -> Result<Made<String>, String> {
        let value = String::from_utf8_lossy(content).into_owned();
        match value.contains("bad") {
            true => Err(value),
            false => Ok(Made { value, cost: 10 }),
        }
    }

    fn get(cache: &Strings, content: &str) -> Result<String, String> {
        cache.get_or_make(Format::Text, content.as_bytes(), make)
    }

    #[test]
    fn contents_of_one_hash_keep_their_own_values() {
        let cache = Strings::with_hash(ROOMY, |_, _| 7);
        for _ in 0..3 {
            for content in ["one", "two", "six", ""] {
                assert_eq!(get(&cache, content).as_deref(), Ok(content));
            }
        }
        let stats = cache.stats();
        assert_eq!((stats.misses, stats.hits, stats.entries), (4, 8, 4));
    }

    #[test]
    fn kinds_are_apart() {
        let cache = Strings::new(ROOMY);
        assert_eq!(get(&cache, "x").as_deref(), Ok("x"));
        let other = cache.get_or_make(Format::Binary, b"x", |_| {
            Ok(Made {
                value: "binary".to_owned(),
                cost: 0,
            })
        });
        assert_eq!(other.as_deref(), Ok("binary"));
        assert_eq!(get(&cache, "x").as_deref(), Ok("x"));
    }

    #[test]
    fn the_longest_unused_goes_first() {
        let cache = Strings::new(Bounds {
            bytes: 1 << 20,
            entries: 2,
        });
        for content in ["a", "b", "a", "c", "a", "b"] {
            assert_eq!(get(&cache, content).as_deref(), Ok(content));
        }
        // `c` drove out `b`, and `b` drove out `c`.
        let stats = cache.stats();
        assert_eq!((stats.misses, stats.hits, stats.evictions), (4, 2, 2));
    }

    #[test]
    fn bytes_are_bounded_and_counted() {
        // With its cost an entry of ten letters takes twenty.
        let cache = Strings::with_hash(
            Bounds {
                bytes: 65,
                entries: 100,
            },
            |_, bytes| u64::from(bytes[0]) % 2,
        );
        for number in 0..100 {
            get(&cache, &format!("{number:010}")).unwrap();
            let stats = cache.stats();
            assert_eq!(stats.bytes, 20 * (number + 1).min(3));
            assert_eq!(stats.entries as u64, (number + 1).min(3));
        }
        assert_eq!(cache.stats().evictions, 97);
        assert_eq!(cache.lock().index.values().map(Vec::len).sum::<usize>(), 3);
    }

    #[test]
    fn what_is_too_large_is_made_and_not_kept() {
        for bounds in [
            Bounds {
                bytes: 20,
                entries: 9,
            },
            Bounds {
                bytes: 1000,
                entries: 0,
            },
        ] {
            let cache = Strings::new(bounds);
            for _ in 0..2 {
                assert!(get(&cache, "more than ten letters").is_ok());
            }
            let stats = cache.stats();
            assert_eq!((stats.misses, stats.entries, stats.bytes), (2, 0, 0));
            assert!(cache.lock().index.is_empty());
        }
    }

    #[test]
    fn failures_are_not_kept() {
        let cache = Strings::new(ROOMY);
        for _ in 0..2 {
            assert_eq!(get(&cache, "bad").unwrap_err(), "bad");
        }
        let stats = cache.stats();
        assert_eq!((stats.misses, stats.hits, stats.entries), (2, 0, 0));
        assert!(cache.lock().index.is_empty());
    }

    #[test]
    fn clearing_forgets_all() {
        let cache = Strings::with_hash(ROOMY, |_, _| 0);
        get(&cache, "a").unwrap();
        get(&cache, "b").unwrap();
        cache.clear();
        assert_eq!((cache.stats().entries, cache.stats().bytes), (0, 0));
        get(&cache, "a").unwrap();
        assert_eq!((cache.stats().entries, cache.stats().misses), (1, 3));
    }

    #[test]
    fn what_is_being_made_survives_clearing() {
        let cache = Strings::with_hash(ROOMY, |_, _| 0);
        get(&cache, "a").unwrap();
        let value = cache.get_or_make(Format::Text, b"b", |content| {
            cache.clear();
            make(content)
        });
        assert_eq!(value.as_deref(), Ok("b"));
        assert_eq!(cache.stats().entries, 1);
        assert_eq!(get(&cache, "b").as_deref(), Ok("b"));
        assert_eq!(cache.stats().hits, 1);
    }

    /// Asks for a content from many threads, which `make` is called by one of while the others wait.
    fn at_once(
        make: impl Fn(usize, &Arc<[u8]>) -> Result<Made<String>, String> + Sync,
    ) -> (Vec<thread::Result<Result<String, String>>>, CacheStats) {
        const THREADS: usize = 8;
        let cache = Strings::new(ROOMY);
        let (calls, start) = (AtomicUsize::new(0), Barrier::new(THREADS));
        let ask = || {
            start.wait();
            cache.get_or_make(Format::Text, b"x", |content| {
                let call = calls.fetch_add(1, Ordering::Relaxed);
                // Until the others have come; one that is late finds the value, or its absence, which is the same to it.
                thread::sleep(std::time::Duration::from_millis(20));
                make(call, content)
            })
        };
        let results = thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS)
                .map(|_| scope.spawn(|| catch_unwind(AssertUnwindSafe(ask))))
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        (results, cache.stats())
    }

    #[test]
    fn many_threads_make_it_once() {
        let (results, stats) = at_once(|_, content| make(content));
        assert!(
            results
                .iter()
                .all(|result| matches!(result, Ok(Ok(value)) if value == "x"))
        );
        assert_eq!((stats.misses, stats.hits), (1, 7));
    }

    #[test]
    fn an_error_reaches_all_who_wait() {
        let (results, stats) = at_once(|call, _| Err(call.to_string()));
        assert!(results.iter().all(|result| matches!(result, Ok(Err(_)))));
        assert_eq!(stats.entries, 0);
        assert_eq!(stats.misses + stats.hits, 8);
    }

    #[test]
    fn a_panic_fails_one_and_the_others_go_on() {
        let (results, stats) = at_once(|call, content| match call {
            0 => panic!("on purpose"),
            _ => make(content),
        });
        assert_eq!(results.iter().filter(|result| result.is_err()).count(), 1);
        let made = results.iter().flatten().filter(|made| made.is_ok());
        assert_eq!(made.count(), 7);
        assert_eq!((stats.misses, stats.entries), (2, 1));
    }

    #[test]
    fn others_are_not_held_up() {
        let cache = Strings::new(ROOMY);
        let value = cache.get_or_make(Format::Text, b"slow", |content| {
            // If the lock were held, this would not return.
            assert_eq!(get(&cache, "other").as_deref(), Ok("other"));
            make(content)
        });
        assert_eq!(value.as_deref(), Ok("slow"));
    }
}
