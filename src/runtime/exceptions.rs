//! Exceptions, and the table of those that references lead to.
//!
//! An exception on its way is a value of the executor's. Only where it is caught together with a reference, or where the embedder makes
//! a reference, does it get an entry in the table; without that it dies where it is caught. Entries that nothing refers to any more
//! are removed from time to time: [`ExnTable::collect`], given all that may be a reference.
//! <https://webassembly.github.io/spec/core/exec/runtime.html#exception-instances>

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use super::addr::TagAddr;

/// An exception.
#[derive(Clone, Debug)]
pub struct Exception {
    /// What tells it from others.
    pub tag: TagAddr,
    /// The values it carries, as slots.
    pub payload: Arc<[u64]>,
}

impl Exception {
    /// Bytes that it takes, about.
    pub fn bytes(&self) -> u64 {
        (size_of_val(&*self.payload) + size_of::<Entry>() + 2 * size_of::<usize>()) as u64
    }
}

/// An entry of the table.
#[derive(Debug)]
enum Entry {
    /// Free; the next one that is.
    Free(Option<u32>),
    /// In use.
    Used {
        exception: Exception,
        /// Whether the embedder holds a reference, which may be used for as long as the store lives.
        held: AtomicBool,
        /// Whether the collection under way has met it.
        marked: bool,
    },
}

/// The exceptions of a store that references lead to. A reference in a slot is one more than the position, 0 is null.
#[derive(Debug, Default)]
pub struct ExnTable {
    entries: Vec<Entry>,
    free: Option<u32>,
    /// Bytes that all exceptions take.
    bytes: u64,
    /// How many bytes there may be before the next collection.
    threshold: u64,
}

/// Bytes below which nothing is collected.
const LEAST: u64 = 1 << 16;
/// Most bytes of all exceptions together.
pub const MOST: u64 = 64 << 20;

impl ExnTable {
    /// Bytes that all exceptions take.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Whether it is time to collect before another exception is added.
    pub fn is_due(&self) -> bool {
        self.bytes >= self.threshold.max(LEAST)
    }

    /// Adds an exception; a reference to it, or nothing if the host has no more memory.
    pub fn add(&mut self, exception: Exception) -> Option<u64> {
        let bytes = self.bytes.saturating_add(exception.bytes());
        let used = Entry::Used {
            exception,
            held: AtomicBool::new(false),
            marked: false,
        };
        let at = match self.free {
            Some(at) => {
                let entry = &mut self.entries[at as usize];
                if let Entry::Free(next) = core::mem::replace(entry, used) {
                    self.free = next;
                }
                at
            }
            None => {
                let at = u32::try_from(self.entries.len()).ok()?;
                self.entries.try_reserve(1).ok()?;
                self.entries.push(used);
                at
            }
        };
        self.bytes = bytes;
        Some(u64::from(at) + 1)
    }

    /// The exception that a reference leads to.
    pub fn get(&self, reference: u64) -> Option<&Exception> {
        let at = usize::try_from(reference.checked_sub(1)?).ok()?;
        match self.entries.get(at)? {
            Entry::Used { exception, .. } => Some(exception),
            Entry::Free(_) => None,
        }
    }

    /// Notes that the embedder has got hold of a reference: the exception stays for as long as the store.
    pub fn hold(&self, reference: u64) {
        let at = reference
            .checked_sub(1)
            .and_then(|at| usize::try_from(at).ok());
        if let Some(Entry::Used { held, .. }) = at.and_then(|at| self.entries.get(at)) {
            held.store(true, Relaxed);
        }
    }

    /// Removes the exceptions that nothing refers to: neither one of the slots, of which each may be a reference or anything
    /// else, nor the embedder, nor an exception that stays. Returns how many bytes they took.
    pub fn collect(&mut self, roots: impl IntoIterator<Item = u64>) -> u64 {
        let before = self.bytes;
        let mut pending = Vec::new();
        let mut seen = 0_u64;
        for root in roots {
            seen += 1;
            self.mark(root, &mut pending);
        }
        for at in 0..self.entries.len() {
            if let Entry::Used { held, .. } = &mut self.entries[at]
                && *held.get_mut()
            {
                self.mark(at as u64 + 1, &mut pending);
            }
        }
        while let Some(payload) = pending.pop() {
            for &slot in payload.iter() {
                self.mark(slot, &mut pending);
            }
        }
        for at in 0..self.entries.len() {
            let entry = &mut self.entries[at];
            match entry {
                Entry::Used {
                    marked, exception, ..
                } => {
                    if !core::mem::take(marked) {
                        self.bytes -= exception.bytes();
                        *entry = Entry::Free(self.free.replace(at as u32));
                    }
                }
                Entry::Free(_) => {}
            }
        }
        // Looking at so many slots has to be worth it.
        self.threshold = self.bytes + self.bytes.max(seen * 8);
        before - self.bytes
    }

    /// Marks what a slot leads to if it is a reference.
    fn mark(&mut self, slot: u64, pending: &mut Vec<Arc<[u64]>>) {
        let at = slot.checked_sub(1).and_then(|at| usize::try_from(at).ok());
        let entry = at.and_then(|at| self.entries.get_mut(at));
        if let Some(Entry::Used {
            exception, marked, ..
        }) = entry
            && !core::mem::replace(marked, true)
        {
            pending.push(exception.payload.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exception(payload: &[u64]) -> Exception {
        Exception {
            tag: TagAddr(0),
            payload: payload.into(),
        }
    }

    fn add(table: &mut ExnTable, payload: &[u64]) -> u64 {
        table.add(exception(payload)).unwrap()
    }

    #[test]
    fn what_is_referred_to_stays_and_the_rest_goes() {
        let mut table = ExnTable::default();
        let kept = add(&mut table, &[7]);
        let lost = add(&mut table, &[8]);
        let within = add(&mut table, &[9]);
        let outer = add(&mut table, &[0, within]);
        let held = add(&mut table, &[10]);
        table.hold(held);
        let bytes = table.bytes();
        table.collect([kept, outer, u64::MAX, 1 << 40]);
        assert!(table.get(lost).is_none());
        assert!(table.bytes() < bytes);
        for (reference, payload) in [(kept, 7), (within, 9), (held, 10)] {
            assert_eq!(table.get(reference).unwrap().payload[0], payload);
        }
        assert_eq!(add(&mut table, &[11]), lost);
    }

    #[test]
    fn a_chain_of_exceptions_is_collected_without_recursion() {
        let mut table = ExnTable::default();
        let mut last = 0;
        for _ in 0..100_000 {
            last = add(&mut table, &[last]);
        }
        table.collect([last]);
        assert!(table.get(1).is_some());
        table.collect([]);
        assert_eq!(table.bytes(), 0);
    }
}
