//! A list that only grows, so that values in it can be borrowed while others are added.

use std::sync::OnceLock;

/// The number of entries of the first chunk, as a power of two; each chunk has twice as many as the one before.
const FIRST: u32 = 3;

type Chunk<V> = Box<[OnceLock<V>]>;

/// All chunks but the first, which has no use here.
type More<V> = Box<[OnceLock<Chunk<V>>; 32 - FIRST as usize]>;

/// Values by number. An entry never moves, so a borrowed value needs no reference count while others are added.
pub(crate) struct AppendList<V> {
    /// The first chunk, which is enough for most lists.
    first: [OnceLock<V>; 1 << FIRST],
    more: OnceLock<More<V>>,
}

impl<V> AppendList<V> {
    pub(crate) fn new() -> Self {
        Self {
            first: [const { OnceLock::new() }; 1 << FIRST],
            more: OnceLock::new(),
        }
    }

    /// Sets the entry of a number that has not been used yet.
    pub(crate) fn set(&self, number: u32, value: V) {
        // The number is fresh, so the entry is empty.
        let _ = match self.first.get(number as usize) {
            Some(entry) => entry.set(value),
            None => {
                let (chunk, at) = place(number);
                let more = self
                    .more
                    .get_or_init(|| Box::new([const { OnceLock::new() }; 32 - FIRST as usize]));
                let chunk = more[chunk].get_or_init(|| {
                    (0..1u64 << (chunk as u32 + FIRST))
                        .map(|_| OnceLock::new())
                        .collect()
                });
                chunk[at].set(value)
            }
        };
    }

    /// Returns the value of a number, if it was set.
    #[inline]
    pub(crate) fn get(&self, number: u32) -> Option<&V> {
        match self.first.get(number as usize) {
            Some(entry) => entry.get(),
            None => self.get_far(number),
        }
    }

    fn get_far(&self, number: u32) -> Option<&V> {
        let (chunk, at) = place(number);
        self.more.get()?[chunk].get()?.get(at)?.get()
    }
}

/// The chunk of a number and the entry in it. Numbers stay below 2³² less the first chunk.
fn place(number: u32) -> (usize, usize) {
    let number = u64::from(number) + (1 << FIRST);
    let log = number.ilog2();
    ((log - FIRST) as usize, (number - (1 << log)) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_by_number_while_others_are_added() {
        let list = AppendList::new();
        list.set(0, 0);
        let first = list.get(0);
        for number in 1..1000 {
            assert_eq!(list.get(number), None);
            list.set(number, number);
        }
        assert!((0..1000).all(|number| list.get(number) == Some(&number)));
        assert_eq!(first, Some(&0));
    }

    #[test]
    fn entries_follow_each_other_without_gaps() {
        let mut expected = (0, 0);
        for number in 0..1000 {
            assert_eq!(place(number), expected);
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
