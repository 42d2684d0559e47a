//! Addresses: dynamic references to what a store holds, each a position in one of the store's lists.
//!
//! An address means something only together with its store; `api` checks that before any address gets here.
//! <https://webassembly.github.io/spec/core/exec/runtime.html#addresses>

macro_rules! addresses {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub struct $name(pub u32);

        impl $name {
            /// The address as a position in the store's list.
            #[inline]
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }
    )*};
}

addresses! {
    /// A function of a store.
    FuncAddr;
    /// A table of a store.
    TableAddr;
    /// A memory of a store.
    MemAddr;
    /// A global of a store.
    GlobalAddr;
    /// A tag of a store.
    TagAddr;
    /// A module instance of a store.
    InstanceAddr;
}

/// The address of something that can be imported or exported.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ExternVal {
    /// A function.
    Func(FuncAddr),
    /// A table.
    Table(TableAddr),
    /// A memory.
    Mem(MemAddr),
    /// A global.
    Global(GlobalAddr),
    /// A tag.
    Tag(TagAddr),
}
