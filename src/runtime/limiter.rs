//! The limits of a store's instances, the count of their use, and the reasons of refusals.
//!
//! A store's own limits are numbers, checked in `store`. Beyond them the embedder may decide about each memory and table, by a [`Guard`].
//! Nothing here allocates.

use core::fmt;

use super::trap::HostError;

/// The limits of a store.
#[derive(Clone, Debug)]
pub struct Limits {
    /// The most bytes of a call's value stack.
    pub stack_bytes: usize,
    /// The most nested calls from the embedder (guest to host to guest).
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
    /// The default for the elements of all tables together: 128 MiB.
    pub const TABLE_ELEMENTS: u64 = 1 << 24;
    /// The default for the bytes of the heap of objects: as many as a 32-bit memory may have.
    pub const HEAP_BYTES: u64 = 1 << 32;
    /// The default for the numbers of module instances, memories and tables each.
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

/// The use of a store by its instances.
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

/// The kind of a resource that grows.
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

/// The owner of the limit that refused a growth.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum LimitOf {
    /// The memory or table itself: its declared maximum, or the reach of its addresses.
    Type,
    /// The store, on the sum over all memories or all tables.
    Store,
    /// The store, on the bytes of everything together.
    Total,
    /// The embedder's limiter.
    Limiter,
    /// The host, which does not have that much memory.
    Host,
}

/// A growth, or the making of a memory or table, that was refused, and why.
///
/// The numbers count what is limited: the memory or table itself for [`LimitOf::Type`], [`LimitOf::Limiter`] and
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
    /// The resource that was to grow.
    pub resource: Resource,
    /// The size before.
    pub current: u64,
    /// The requested size; the largest number stands for all larger sizes, too.
    pub requested: u64,
    /// The limit, where it is known.
    pub limit: Option<u64>,
    /// The owner of the limit.
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

/// The reason why an allocation failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exhausted {
    /// A memory, a table or the heap would exceed a limit.
    Growth(RefusedGrowth),
    /// There would be more items of a kind than its limit.
    Count {
        /// The kind.
        what: Counted,
        /// The most that there may be.
        limit: u32,
    },
    /// The host does not have that much memory, or the store's lists are full.
    Host {
        /// The requested bytes.
        requested: u64,
    },
}

/// A kind of items that is limited in number.
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

/// The reason why a growth did not happen.
#[derive(Debug)]
pub enum GrowError {
    /// It was refused; the guest gets that as a result and goes on.
    Refused(Exhausted),
    /// An error of the embedder, which ends the execution.
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

/// The embedder's decisions about the use of a store. Its errors end the execution.
pub trait Guard {
    /// Decides whether a memory or table may grow. A new one grows from 0.
    fn growing(
        &mut self,
        resource: Resource,
        current: u64,
        desired: u64,
        maximum: Option<u64>,
    ) -> Result<bool, HostError>;

    /// The largest size that [`growing`](Self::growing) permits, if it is known.
    fn limit(&mut self, resource: Resource) -> Option<u64>;

    /// Is called when a growth was refused by anything but [`growing`](Self::growing).
    fn grow_failed(&mut self, refused: RefusedGrowth) -> Result<(), HostError>;

    /// The most items of a kind that there may be.
    fn most(&mut self, what: Counted) -> u32;
}

/// A guard that permits everything.
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
