//! Limits on what the instances of a store may use, the count of what they use, and why something was refused.
//!
//! A store's own limits are numbers, checked in `store`. Beyond them the embedder may have a say for each memory and table: a
//! [`Guard`] is asked. Nothing here allocates.

use core::fmt;

use super::trap::HostError;

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
    /// Most bytes of the heap of objects.
    pub heap_bytes: u64,
    /// Most bytes of memories, tables and the heap of objects, all together.
    pub total_bytes: u64,
    /// Most module instances.
    pub instances: u32,
    /// Most memories.
    pub memories: u32,
    /// Most tables.
    pub tables: u32,
}

impl Limits {
    /// Most elements of all tables together where nothing is said: 128 MiB of them.
    pub const TABLE_ELEMENTS: u64 = 1 << 24;
    /// Most bytes of the heap of objects where nothing is said: what a 32-bit memory may have.
    pub const HEAP_BYTES: u64 = 1 << 32;
    /// Most module instances, memories and tables where nothing is said.
    pub const COUNT: u32 = 1_000_000;
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            stack_bytes: 1 << 20,
            depth: 200,
            memory_bytes: u64::MAX,
            table_elements: Self::TABLE_ELEMENTS,
            heap_bytes: Self::HEAP_BYTES,
            total_bytes: u64::MAX,
            instances: Self::COUNT,
            memories: Self::COUNT,
            tables: Self::COUNT,
        }
    }
}

/// Bytes of an element of a table.
pub const ELEMENT_BYTES: u64 = 8;

/// What the instances of a store use.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Usage {
    /// Bytes of all memories together.
    pub memory_bytes: u64,
    /// Elements of all tables together.
    pub table_elements: u64,
    /// Bytes of the heap of objects.
    pub heap_bytes: u64,
}

impl Usage {
    /// Bytes of everything together.
    pub fn total_bytes(&self) -> u64 {
        self.table_elements
            .saturating_mul(ELEMENT_BYTES)
            .saturating_add(self.memory_bytes)
            .saturating_add(self.heap_bytes)
    }
}

/// What was to grow.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Resource {
    /// A memory; the unit is the byte.
    Memory,
    /// A table; the unit is the element.
    Table,
    /// The heap of objects; the unit is the byte.
    Heap,
}

/// Whose limit it was that something was refused by.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum LimitOf {
    /// That of the memory or table itself: its declared maximum, or what its addresses can reach.
    Type,
    /// The store's, on the sum over all memories or all tables.
    Store,
    /// The store's, on the bytes of everything together.
    Total,
    /// The embedder's limiter.
    Limiter,
    /// The host's, which has not as much memory.
    Host,
}

/// A growth, or the making of a memory or table, that was refused, and why.
///
/// The numbers are those of what the limit is on: of the memory or table itself for [`LimitOf::Type`], [`LimitOf::Limiter`] and
/// [`LimitOf::Host`], the sum over all of them for [`LimitOf::Store`], bytes of everything for [`LimitOf::Total`].
///
/// ```
/// use tickwasm::{Engine, Instance, LimitOf, Module, Resource, Store};
///
/// let engine = Engine::default();
/// let module = Module::new(&engine, r#"(module (memory 1 2)
///     (func (export "grow") (result i32) (memory.grow (i32.const 4))))"#)?;
/// let mut store = Store::new(&engine, ());
/// let instance = Instance::new(&mut store, &module, &[])?;
/// let grow = instance.get_typed_func::<(), i32>(&mut store, "grow")?;
/// assert_eq!(grow.call(&mut store, ())?, -1);
///
/// let refused = store.refused_growth().expect("it was refused");
/// assert_eq!((refused.resource, refused.limit_of), (Resource::Memory, LimitOf::Type));
/// assert_eq!((refused.current, refused.requested, refused.limit), (1 << 16, 5 << 16, Some(2 << 16)));
/// assert_eq!(
///     refused.to_string(),
///     "memory cannot grow from 65536 to 327680 bytes: the maximum of its type is 131072"
/// );
/// # Ok::<(), tickwasm::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub struct RefusedGrowth {
    /// What was to grow.
    pub resource: Resource,
    /// How much there was.
    pub current: u64,
    /// How much there would have been; the largest number stands for all that are larger, too.
    pub requested: u64,
    /// How much there may be, where that can be told.
    pub limit: Option<u64>,
    /// Whose limit that is.
    pub limit_of: LimitOf,
}

impl fmt::Display for RefusedGrowth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            current, requested, ..
        } = self;
        let (what, unit) = match (self.limit_of, self.resource) {
            (LimitOf::Total, _) => ("the store", "bytes"),
            (LimitOf::Store, Resource::Memory) => ("the memories together", "bytes"),
            (LimitOf::Store, Resource::Table) => ("the tables together", "elements"),
            (_, Resource::Memory) => ("memory", "bytes"),
            (_, Resource::Table) => ("table", "elements"),
            (_, Resource::Heap) => ("heap", "bytes"),
        };
        write!(
            f,
            "{what} cannot grow from {current} to {requested} {unit}: "
        )?;
        f.write_str(match self.limit_of {
            LimitOf::Type => "the maximum of its type",
            LimitOf::Store | LimitOf::Total => "the store's limit",
            LimitOf::Limiter if self.limit.is_none() => "the limiter refused it",
            LimitOf::Limiter => "the limiter's limit",
            LimitOf::Host => "the host does not have that much memory",
        })?;
        match self.limit {
            Some(limit) => write!(f, " is {limit}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for RefusedGrowth {}

/// Why something could not be allocated.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exhausted {
    /// A memory, a table or the heap would exceed a limit.
    Growth(RefusedGrowth),
    /// There would be more of something than its limit.
    Count {
        /// Of what.
        what: Counted,
        /// How many there may be.
        limit: u32,
    },
    /// The host has not that much memory, or the store's lists no room.
    Host {
        /// Bytes asked for.
        requested: u64,
    },
}

/// What is limited in number.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Counted {
    /// Module instances.
    Instances,
    /// Memories.
    Memories,
    /// Tables.
    Tables,
}

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Instances => "instances",
            Self::Memories => "memories",
            Self::Tables => "tables",
        })
    }
}

/// Why a growth did not happen.
#[derive(Debug)]
pub enum GrowError {
    /// It was refused; the guest is told so, and goes on.
    Refused(Exhausted),
    /// The embedder wants it to end the execution.
    Fatal(HostError),
}

impl From<Exhausted> for GrowError {
    fn from(exhausted: Exhausted) -> Self {
        Self::Refused(exhausted)
    }
}

impl From<RefusedGrowth> for GrowError {
    fn from(refused: RefusedGrowth) -> Self {
        Self::Refused(Exhausted::Growth(refused))
    }
}

/// The embedder's say in what a store may use. Its errors end the execution.
pub trait Guard {
    /// Whether a memory or table may grow. A new one grows from nothing.
    fn growing(
        &mut self,
        resource: Resource,
        current: u64,
        desired: u64,
        maximum: Option<u64>,
    ) -> Result<bool, HostError>;

    /// How much of something [`growing`](Self::growing) permits at most, if that can be told.
    fn limit(&mut self, resource: Resource) -> Option<u64>;

    /// Told of a growth that was refused by anything but [`growing`](Self::growing).
    fn grow_failed(&mut self, refused: RefusedGrowth) -> Result<(), HostError>;

    /// How many there may be of something.
    fn most(&mut self, what: Counted) -> u32;
}

/// Has no objections.
#[cfg(test)]
pub struct Unguarded;

#[cfg(test)]
impl Guard for Unguarded {
    fn growing(&mut self, _: Resource, _: u64, _: u64, _: Option<u64>) -> Result<bool, HostError> {
        Ok(true)
    }

    fn limit(&mut self, _: Resource) -> Option<u64> {
        None
    }

    fn grow_failed(&mut self, _: RefusedGrowth) -> Result<(), HostError> {
        Ok(())
    }

    fn most(&mut self, _: Counted) -> u32 {
        u32::MAX
    }
}
