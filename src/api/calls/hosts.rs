//! The host functions of a store: a list that only grows, so that functions in it can be called while others are added.

use std::sync::{Arc, OnceLock};

use core::cell::Cell;
use core::pin::Pin;

use super::caller::Caller;
use super::reentry::Outermost;
use crate::api::types::FuncType;
use crate::exec::{Called, HostError};

/// A host function, with its type, which is kept for as long as the function is there.
pub struct HostFunc<T> {
    pub(crate) ty: FuncType,
    pub(crate) func: HostFn<T>,
}

impl<T> Clone for HostFunc<T> {
    fn clone(&self) -> Self {
        Self {
            ty: self.ty.clone(),
            func: self.func.clone(),
        }
    }
}

/// A host function as the executor's calls reach it: arguments in slots, results to be put there.
pub(crate) enum HostFn<T> {
    /// One that is called.
    Sync(Arc<SyncFn<T>>),
    /// One whose results are awaited.
    Async(Arc<AsyncFn<T>>),
}

type SyncFn<T> = dyn Fn(Caller<'_, T>, &[Cell<u64>]) -> Result<Called, HostError> + Send + Sync;

type AsyncFn<T> = dyn for<'a> Fn(Caller<'a, T>, &'a mut [u64]) -> HostFuture<'a> + Send + Sync;

/// The results of a host function, which are in the slots when it is done.
pub(crate) type HostFuture<'a> =
    Pin<Box<dyn Future<Output = Result<Called, HostError>> + Send + 'a>>;

impl<T> Clone for HostFn<T> {
    fn clone(&self) -> Self {
        match self {
            Self::Sync(func) => Self::Sync(func.clone()),
            Self::Async(func) => Self::Async(func.clone()),
        }
    }
}

/// Entries of the first chunk, as a power of two; each chunk has twice as many as the one before.
const FIRST: u32 = 3;

type Chunk<T> = Box<[OnceLock<HostFunc<T>>]>;

/// All chunks but the first, which has no use here.
type More<T> = Box<[OnceLock<Chunk<T>>; 32 - FIRST as usize]>;

/// Host functions by number.
///
/// A call borrows the function it is in. Were they in a vector, every call would have to count a reference, since the function may add
/// others; here an entry never moves.
pub(crate) struct HostList<T> {
    /// The first chunk, which is enough for most stores.
    first: [OnceLock<HostFunc<T>>; 1 << FIRST],
    more: OnceLock<More<T>>,
    /// Here because it is used as the functions are: by calls that have the rest of the store for themselves.
    pub(crate) outermost: Outermost,
}

impl<T> HostList<T> {
    pub(crate) fn new() -> Self {
        Self {
            first: [const { OnceLock::new() }; 1 << FIRST],
            more: OnceLock::new(),
            outermost: Outermost::default(),
        }
    }

    /// Sets the entry of a number that has not been used yet.
    pub(crate) fn set(&self, host: u32, func: HostFunc<T>) {
        // The number is fresh, so the entry is empty.
        let _ = match self.first.get(host as usize) {
            Some(entry) => entry.set(func),
            None => {
                let (chunk, at) = place(host);
                let more = self
                    .more
                    .get_or_init(|| Box::new([const { OnceLock::new() }; 32 - FIRST as usize]));
                let chunk = more[chunk].get_or_init(|| {
                    (0..1u64 << (chunk as u32 + FIRST))
                        .map(|_| OnceLock::new())
                        .collect()
                });
                chunk[at].set(func)
            }
        };
    }

    #[inline]
    pub(crate) fn get(&self, host: u32) -> &HostFn<T> {
        let entry = match self.first.get(host as usize) {
            Some(entry) => Some(entry),
            None => self.far(host),
        };
        match entry.and_then(OnceLock::get) {
            Some(host) => &host.func,
            None => unreachable!("a function of the store names one of its host functions"),
        }
    }

    fn far(&self, host: u32) -> Option<&OnceLock<HostFunc<T>>> {
        let (chunk, at) = place(host);
        self.more.get()?[chunk].get()?.get(at)
    }
}

/// The chunk and the entry in it. Numbers stay below 2³² less the first chunk, as addresses of functions do.
fn place(host: u32) -> (usize, usize) {
    let number = u64::from(host) + (1 << FIRST);
    let log = number.ilog2();
    ((log - FIRST) as usize, (number - (1 << log)) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_follow_each_other_without_gaps() {
        let mut expected = (0, 0);
        for host in 0..1000 {
            assert_eq!(place(host), expected);
            expected.1 += 1;
            if expected.1 == 8 << expected.0 {
                expected = (expected.0 + 1, 0);
            }
        }
    }

    #[test]
    fn the_largest_number_has_a_place() {
        let (chunk, _) = place(u32::MAX - 8);
        assert!(chunk < 32 - FIRST as usize);
    }
}
