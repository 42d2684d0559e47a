//! Limits on what the instances of a store may use, and the count of what they use.

/// What a store allows.
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
    /// Most module instances.
    pub instances: u32,
}

impl Limits {
    /// Most elements of all tables together where nothing is said: 128 MiB of them.
    pub const TABLE_ELEMENTS: u64 = 1 << 24;
    /// Most module instances where nothing is said.
    pub const INSTANCES: u32 = 1_000_000;
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            stack_bytes: 1 << 20,
            depth: 200,
            memory_bytes: u64::MAX,
            table_elements: Self::TABLE_ELEMENTS,
            instances: Self::INSTANCES,
        }
    }
}

/// What the instances of a store use.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Usage {
    /// Bytes of all memories together.
    pub memory_bytes: u64,
    /// Elements of all tables together.
    pub table_elements: u64,
}

/// Why something could not be allocated.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exhausted {
    /// The memories together would exceed their limit.
    Memory {
        /// Bytes of all memories together, had the request been granted.
        requested: u64,
        /// Bytes that they may have.
        limit: u64,
    },
    /// The tables together would exceed their limit.
    Table {
        /// Elements of all tables together, had the request been granted.
        requested: u64,
        /// Elements that they may have.
        limit: u64,
    },
    /// There would be more instances than the limit.
    Instances {
        /// How many there may be.
        limit: u32,
    },
    /// The host has not that much memory, or the store's lists no room.
    Host {
        /// Bytes asked for.
        requested: u64,
    },
}
