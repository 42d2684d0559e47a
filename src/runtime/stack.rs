//! The value stack's memory. How frames lie in it is `exec`'s business.

/// A contiguous piece of memory, in slots. It never moves while a call uses it.
#[derive(Debug)]
pub struct Stack {
    /// The slots. They are zero at first, because a search for references reads slots that no op has written yet.
    pub slots: Box<[u64]>,
}

impl Stack {
    /// A stack of `bytes` bytes, rounded down to whole slots.
    pub fn new(bytes: usize) -> Self {
        Self {
            slots: vec![0; bytes / 8].into(),
        }
    }
}
