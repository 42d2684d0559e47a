//! Memories.

use crate::api::store::context::{AsContext, AsContextMut, StoreContext, StoreContextMut};
use crate::api::types::MemoryType;
use crate::error::{Error, MemoryAccessError, Misuse};
use crate::runtime::addr::MemAddr;
use crate::runtime::mem_inst::MemInst;
use crate::runtime::store::{Store, StoreId};

/// A memory of a store: bytes that grow by pages, of 64 KiB unless its type says otherwise.
///
/// Methods that return a [`Result`] fail if it is a memory of another store; the others panic.
/// <https://webassembly.github.io/spec/core/exec/runtime.html#memory-instances>
///
/// ```
/// use tickwasm::{Engine, Memory, MemoryType, Store};
///
/// let mut store = Store::new(&Engine::default(), ());
/// let memory = Memory::new(&mut store, MemoryType::new(1, Some(2)))?;
/// memory.write(&mut store, 65530, b"sixsix")?;
/// assert!(memory.write(&mut store, 65531, b"sixsix").is_err());
///
/// assert_eq!(memory.grow(&mut store, 1)?, 1);
/// assert_eq!(memory.data_size(&store), 2 * 65536);
/// let mut bytes = [0; 4];
/// memory.read(&store, 65534, &mut bytes)?;
/// assert_eq!(&bytes, b"ix\0\0");
/// # Ok::<(), tickwasm::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Memory {
    store: StoreId,
    addr: MemAddr,
}

impl Memory {
    pub(crate) fn at(store: StoreId, addr: MemAddr) -> Self {
        Self { store, addr }
    }

    /// Makes a memory of the type's initial size, all zero.
    ///
    /// # Errors
    /// If the type's size range is empty or beyond what can be addressed, or a limit of the store or the host's memory does not suffice.
    pub fn new(mut store: impl AsContextMut, ty: MemoryType) -> Result<Self, Error> {
        let mut context = store.as_context_mut();
        let (runtime, mut guard) = context.guarded();
        if ty.is_shared() {
            return Err(Misuse::Shared.into());
        }
        if !ty.is_possible() {
            return Err(Misuse::Limits.into());
        }
        let addr = runtime.alloc_memory(&mut guard, ty.inner)?;
        Ok(Self::at(runtime.id, addr))
    }

    /// Its type; the minimum is the current size.
    pub fn ty(&self, store: impl AsContext) -> MemoryType {
        let context = store.as_context();
        let memory = self.inst(&context.inner.runtime);
        let mut inner = memory.ty;
        inner.limits.min = memory.size();
        MemoryType { inner }
    }

    /// Its contents.
    pub fn data<'a, T: 'a>(&self, store: impl Into<StoreContext<'a, T>>) -> &'a [u8] {
        self.inst(&store.into().inner.runtime).data()
    }

    /// Its contents, to be changed.
    pub fn data_mut<'a, T: 'a>(&self, store: impl Into<StoreContextMut<'a, T>>) -> &'a mut [u8] {
        self.data_and_store_mut(store).0
    }

    /// Its contents, to be changed, together with the embedder's data.
    pub fn data_and_store_mut<'a, T: 'a>(
        &self,
        store: impl Into<StoreContextMut<'a, T>>,
    ) -> (&'a mut [u8], &'a mut T) {
        let inner = store.into().inner;
        let addr = self.assert(&inner.runtime);
        let memory = &mut inner.runtime.mems[addr.index()];
        (memory.data_mut(), &mut inner.data)
    }

    /// Copies the bytes from `offset` on to `buffer`.
    ///
    /// # Errors
    /// If they reach beyond the memory; no byte is copied then.
    pub fn read(
        &self,
        store: impl AsContext,
        offset: usize,
        buffer: &mut [u8],
    ) -> Result<(), MemoryAccessError> {
        let context = store.as_context();
        let data = self.inst(&context.inner.runtime).data();
        let source = offset
            .checked_add(buffer.len())
            .and_then(|end| data.get(offset..end));
        let error = beyond(offset, buffer.len(), data.len());
        buffer.copy_from_slice(source.ok_or(error)?);
        Ok(())
    }

    /// Copies `buffer` to the bytes from `offset` on.
    ///
    /// # Errors
    /// If they reach beyond the memory; no byte is copied then.
    pub fn write(
        &self,
        mut store: impl AsContextMut,
        offset: usize,
        buffer: &[u8],
    ) -> Result<(), MemoryAccessError> {
        let mut context = store.as_context_mut();
        let runtime = context.runtime();
        let addr = self.assert(runtime);
        let data = runtime.mems[addr.index()].data_mut();
        let error = beyond(offset, buffer.len(), data.len());
        let target = offset
            .checked_add(buffer.len())
            .and_then(|end| data.get_mut(offset..end));
        target.ok_or(error)?.copy_from_slice(buffer);
        Ok(())
    }

    /// Its size in pages.
    pub fn size(&self, store: impl AsContext) -> u64 {
        self.inst(&store.as_context().inner.runtime).size()
    }

    /// Its size in bytes.
    pub fn data_size(&self, store: impl AsContext) -> usize {
        self.inst(&store.as_context().inner.runtime).data().len()
    }

    /// Bytes in a page.
    pub fn page_size(&self, store: impl AsContext) -> u64 {
        self.ty(store).page_size()
    }

    /// Grows it by `delta` pages of zeros; returns its old size in pages.
    ///
    /// # Errors
    /// [`Error::MemoryExhausted`] if its type, a limit of the store, the limiter or the host's memory does not allow it; then
    /// [`Store::refused_growth`](crate::Store::refused_growth) has the details. The error of a limiter that fails. An error if it is a
    /// memory of another store.
    pub fn grow(&self, mut store: impl AsContextMut, delta: u64) -> Result<u64, Error> {
        let mut context = store.as_context_mut();
        let (runtime, mut guard) = context.guarded();
        let addr = self.checked(runtime)?;
        Ok(runtime.grow_memory(&mut guard, addr, delta)?)
    }

    fn inst<'s>(&self, store: &'s Store) -> &'s MemInst {
        &store.mems[self.assert(store).index()]
    }

    #[track_caller]
    fn assert(&self, store: &Store) -> MemAddr {
        assert!(self.store == store.id, "{}", Misuse::WrongStore);
        self.addr
    }

    pub(crate) fn checked(&self, store: &Store) -> Result<MemAddr, Misuse> {
        match self.store == store.id {
            true => Ok(self.addr),
            false => Err(Misuse::WrongStore),
        }
    }
}

fn beyond(offset: usize, size: usize, len: usize) -> MemoryAccessError {
    MemoryAccessError { offset, size, len }
}
