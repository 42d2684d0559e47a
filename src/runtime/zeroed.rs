//! Zeroed memory. Holds unsafe code: it is asked for as zero pages, and the standard vector cannot do that and fail gently.
#![allow(unsafe_code)]

use std::alloc::{Layout, alloc_zeroed};
use std::sync::atomic::AtomicU64;

/// A type of which bytes that are all zero make a value.
///
/// # Safety
///
/// They do.
// SAFETY: each implementation says why it holds for its type.
pub unsafe trait Zero {}

// SAFETY: any bytes make a number.
unsafe impl Zero for u8 {}
// SAFETY: any bytes make a number.
unsafe impl Zero for u64 {}
// SAFETY: it is laid out in memory as the number that it holds.
unsafe impl Zero for AtomicU64 {}

/// `len` zeros, taken as fresh pages where the system has them, which take no memory before they are written; nothing where there is not
/// enough.
pub fn zeroed<Z: Zero>(len: usize) -> Option<Vec<Z>> {
    let layout = Layout::array::<Z>(len).ok()?;
    if layout.size() == 0 {
        return Some(Vec::new());
    }
    // SAFETY: the layout's size is not zero.
    let zeros = unsafe { alloc_zeroed(layout) };
    if zeros.is_null() {
        return None;
    }
    // SAFETY: `zeros` was allocated just now by the global allocator for `len` values and with their alignment. All are initialised,
    // because zero bytes make a value.
    Some(unsafe { Vec::from_raw_parts(zeros.cast::<Z>(), len, len) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_are_there_or_are_refused() {
        assert_eq!(zeroed::<u8>(0), Some(Vec::new()));
        assert_eq!(zeroed::<u64>(1000), Some(vec![0; 1000]));
        assert_eq!(zeroed::<u64>(usize::MAX), None);
        assert_eq!(zeroed::<u8>(isize::MAX as usize), None);
        let atomics = zeroed::<AtomicU64>(3).unwrap();
        assert!(atomics.into_iter().all(|number| number.into_inner() == 0));
    }
}
