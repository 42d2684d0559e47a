//! Items that can be imported and exported, and the exports of instances.

pub(crate) mod global;
pub(crate) mod memory;
pub(crate) mod shared_memory;
pub(crate) mod table;
pub(crate) mod tag;

use crate::api::calls::func::Func;
use crate::api::store::StoreInner;
use crate::api::store::context::AsContext;
use crate::api::types::ExternType;
use crate::error::{Error, Misuse};
use crate::runtime::addr::ExternVal;
use crate::runtime::store::Store;
use global::Global;
use memory::Memory;
use shared_memory::SharedMemory;
use table::Table;
use tag::Tag;

/// An item of a store that can be imported and exported.
///
/// <https://webassembly.github.io/spec/core/exec/runtime.html#external-addresses>
///
/// ```
/// use tickwasm::{Engine, Extern, Memory, MemoryType, Store};
///
/// let mut store = Store::new(&Engine::default(), ());
/// let memory = Memory::new(&mut store, MemoryType::new(1, None))?;
/// let item = Extern::from(memory);
/// assert_eq!(item.ty(&store).to_string(), "memory 1");
/// assert_eq!(item.into_memory(), Some(memory));
/// # Ok::<(), tickwasm::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Extern {
    /// A function.
    Func(Func),
    /// A global.
    Global(Global),
    /// A table.
    Table(Table),
    /// A memory.
    Memory(Memory),
    /// A memory that threads share; it belongs to no store.
    SharedMemory(SharedMemory),
    /// A tag.
    Tag(Tag),
}

impl Extern {
    pub(crate) fn at<T>(inner: &StoreInner<T>, addr: ExternVal) -> Self {
        let store = inner.runtime.id;
        match addr {
            ExternVal::Func(addr) => Self::Func(Func::at(store, addr)),
            ExternVal::Global(addr) => Self::Global(Global::at(store, addr)),
            ExternVal::Table(addr) => Self::Table(Table::at(store, addr)),
            ExternVal::Mem(addr) => match inner.runtime.mems[addr.index()].shared() {
                Some(memory) => Self::SharedMemory(SharedMemory::at(&inner.engine, memory.clone())),
                None => Self::Memory(Memory::at(store, addr)),
            },
            ExternVal::Tag(addr) => Self::Tag(Tag::at(store, addr)),
        }
    }

    /// Its address in a store; `None` for a shared memory, which belongs to none.
    pub(crate) fn find(&self, store: &Store) -> Result<Option<ExternVal>, Misuse> {
        Ok(Some(match self {
            Self::Func(func) => ExternVal::Func(func.checked(store)?),
            Self::Global(global) => ExternVal::Global(global.checked(store)?),
            Self::Table(table) => ExternVal::Table(table.checked(store)?),
            Self::Memory(memory) => ExternVal::Mem(memory.checked(store)?),
            Self::SharedMemory(_) => return Ok(None),
            Self::Tag(tag) => ExternVal::Tag(tag.checked(store)?),
        }))
    }

    /// Its address in a store; a shared memory is added to the store for that.
    pub(crate) fn checked(&self, store: &mut Store) -> Result<ExternVal, Error> {
        if let Self::SharedMemory(memory) = self {
            return Ok(ExternVal::Mem(store.alloc_shared(memory.inner())?));
        }
        Ok(self.find(store)?.ok_or(Misuse::WrongStore)?)
    }

    /// The function, if it is one.
    pub fn into_func(self) -> Option<Func> {
        match self {
            Self::Func(func) => Some(func),
            _ => None,
        }
    }

    /// The global, if it is one.
    pub fn into_global(self) -> Option<Global> {
        match self {
            Self::Global(global) => Some(global),
            _ => None,
        }
    }

    /// The table, if it is one.
    pub fn into_table(self) -> Option<Table> {
        match self {
            Self::Table(table) => Some(table),
            _ => None,
        }
    }

    /// The memory, if it is one.
    pub fn into_memory(self) -> Option<Memory> {
        match self {
            Self::Memory(memory) => Some(memory),
            _ => None,
        }
    }

    /// The shared memory, if it is one.
    pub fn into_shared_memory(self) -> Option<SharedMemory> {
        match self {
            Self::SharedMemory(memory) => Some(memory),
            _ => None,
        }
    }

    /// The tag, if it is one.
    pub fn into_tag(self) -> Option<Tag> {
        match self {
            Self::Tag(tag) => Some(tag),
            _ => None,
        }
    }

    /// Its type.
    ///
    /// # Panics
    /// If it is one of another store.
    pub fn ty(&self, store: impl AsContext) -> ExternType {
        match self {
            Self::Func(func) => ExternType::Func(func.ty(store)),
            Self::Global(global) => ExternType::Global(global.ty(store)),
            Self::Table(table) => ExternType::Table(table.ty(store)),
            Self::Memory(memory) => ExternType::Memory(memory.ty(store)),
            Self::SharedMemory(memory) => ExternType::Memory(memory.ty()),
            Self::Tag(tag) => ExternType::Tag(tag.ty(store)),
        }
    }
}

macro_rules! from_part {
    ($($part:ident)*) => {$(
        impl From<$part> for Extern {
            fn from(part: $part) -> Self {
                Self::$part(part)
            }
        }
    )*};
}

from_part!(Func Global Table Memory SharedMemory Tag);

/// An export of an instance.
///
/// ```
/// use tickwasm::{Engine, Instance, Module, Store};
///
/// let engine = Engine::default();
/// let module = Module::new(&engine, r#"(module (global (export "g") i32 (i32.const 1)) (func (export "f")))"#)?;
/// let mut store = Store::new(&engine, ());
/// let instance = Instance::new(&mut store, &module, &[])?;
/// let names: Vec<&str> = instance.exports(&mut store).map(|export| export.name()).collect();
/// assert_eq!(names, ["g", "f"]);
/// # Ok::<(), tickwasm::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Export<'i> {
    pub(crate) name: &'i str,
    pub(crate) item: Extern,
}

impl<'i> Export<'i> {
    /// Its name.
    pub fn name(&self) -> &'i str {
        self.name
    }

    /// The exported item.
    pub fn into_extern(self) -> Extern {
        self.item
    }

    /// The function, if it is one.
    pub fn into_func(self) -> Option<Func> {
        self.item.into_func()
    }

    /// The memory, if it is one.
    pub fn into_memory(self) -> Option<Memory> {
        self.item.into_memory()
    }

    /// The table, if it is one.
    pub fn into_table(self) -> Option<Table> {
        self.item.into_table()
    }

    /// The global, if it is one.
    pub fn into_global(self) -> Option<Global> {
        self.item.into_global()
    }
}
