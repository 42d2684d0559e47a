//! Function instances.
//! <https://webassembly.github.io/spec/core/exec/runtime.html#function-instances>

use super::addr::InstanceAddr;
use super::registry::TypeId;

/// A function of a store: sixteen bytes that an indirect call reads in one go.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(16))]
pub struct FuncInst {
    /// Its type, canonical in the engine.
    pub ty: TypeId,
    /// The instance it belongs to, or [`FuncInst::HOST`].
    owner: u32,
    /// Its position among the functions its module defines, or among the store's host functions.
    pub index: u32,
}

/// The implementer of a function.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FuncKind {
    /// A function defined by a module.
    Wasm {
        /// The instance.
        instance: InstanceAddr,
        /// The position among the functions that its module defines: its index less the number of imported functions.
        defined: u32,
    },
    /// A function of the embedder.
    Host {
        /// Its number, which only the embedder can interpret.
        host: u32,
    },
}

impl FuncInst {
    /// The owner of host functions, an address that no instance has.
    pub const HOST: u32 = u32::MAX;

    /// A function that a module defines.
    pub fn wasm(ty: TypeId, instance: InstanceAddr, defined: u32) -> Self {
        Self {
            ty,
            owner: instance.0,
            index: defined,
        }
    }

    /// A function of the embedder.
    pub fn host(ty: TypeId, host: u32) -> Self {
        Self {
            ty,
            owner: Self::HOST,
            index: host,
        }
    }

    /// The implementer of the function.
    #[inline]
    pub fn kind(&self) -> FuncKind {
        match self.owner {
            Self::HOST => FuncKind::Host { host: self.index },
            instance => FuncKind::Wasm {
                instance: InstanceAddr(instance),
                defined: self.index,
            },
        }
    }

    /// Whether the function belongs to an instance.
    #[inline]
    pub fn belongs_to(&self, instance: InstanceAddr) -> bool {
        self.owner == instance.0
    }
}
