//! The value stack's memory. How frames lie in it is `exec`'s business.

/// A contiguous piece of memory, in slots. It never moves while a call uses it.
#[derive(Debug)]
pub struct Stack {
    /// The slots. What lies above a call's frames is never read before it is written.
    pub slots: Box<[core::mem::MaybeUninit<u64>]>,
}

impl Stack {
    /// A stack of `bytes` bytes, rounded down to whole slots.
    pub fn new(bytes: usize) -> Self {
        Self {
            slots: Box::new_uninit_slice(bytes / 8),
        }
    }
}
