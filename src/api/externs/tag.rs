//! Tags.

use crate::api::store::context::{AsContext, AsContextMut};
use crate::api::types::{FuncType, TagType};
use crate::error::{Error, Misuse};
use crate::runtime::addr::TagAddr;
use crate::runtime::store::{Store, StoreId};
use crate::runtime::tag_inst::TagInst;

/// A tag of a store: the kind of an exception.
///
/// <https://webassembly.github.io/spec/core/exec/runtime.html#tag-instances>
///
/// ```
/// use tickwasm::{Engine, FuncType, Store, Tag, TagType, ValType};
///
/// let engine = Engine::default();
/// let mut store = Store::new(&engine, ());
/// let tag = Tag::new(&mut store, TagType::new(FuncType::new(&engine, [ValType::I32], [])))?;
/// assert_eq!(tag.ty(&store).ty().to_string(), "[i32] -> []");
/// # Ok::<(), tickwasm::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Tag {
    store: StoreId,
    addr: TagAddr,
}

impl Tag {
    pub(crate) fn at(store: StoreId, addr: TagAddr) -> Self {
        Self { store, addr }
    }

    /// Makes a tag.
    ///
    /// # Errors
    /// [`Misuse::WrongEngine`] if the type is a type of another engine than the store's, or an error if there is no more memory.
    pub fn new(mut store: impl AsContextMut, ty: TagType) -> Result<Self, Error> {
        let mut context = store.as_context_mut();
        let runtime = context.runtime();
        let ty = ty.ty().within(&runtime.registry)?;
        runtime.hold_type(ty)?;
        let addr = runtime.alloc_tag(TagInst { ty })?;
        Ok(Self::at(runtime.id, addr))
    }

    /// Its type.
    ///
    /// # Panics
    /// If it is a tag of another store.
    pub fn ty(&self, store: impl AsContext) -> TagType {
        let context = store.as_context();
        let runtime = &context.inner.runtime;
        assert!(self.store == runtime.id, "{}", Misuse::WrongStore);
        let ty = runtime.tags[self.addr.index()].ty;
        TagType::new(FuncType::of(&runtime.registry, ty))
    }

    pub(crate) fn checked(&self, store: &Store) -> Result<TagAddr, Misuse> {
        match self.store == store.id {
            true => Ok(self.addr),
            false => Err(Misuse::WrongStore),
        }
    }
}
