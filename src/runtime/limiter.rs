//! Limits on what the instances of a store may use.

/// What the store allows, and what is in use.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Most bytes of a call's value stack.
    pub stack_bytes: usize,
    /// Most calls from the embedder one within another (guest to host to guest).
    pub depth: u32,
    /// Most bytes of all memories together.
    pub memory_bytes: u64,
    /// Most elements of all tables together.
    pub table_elements: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            stack_bytes: 1 << 20,
            depth: 200,
            memory_bytes: u64::MAX,
            table_elements: u64::MAX,
        }
    }
}
