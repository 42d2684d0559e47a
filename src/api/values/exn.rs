//! Exceptions.

use std::sync::Arc;

use super::refs::HeldRef;
use super::slots;
use super::val::Val;
use crate::api::externs::tag::Tag;
use crate::api::store::context::{AsContext, AsContextMut};
use crate::api::types::{FuncType, TagType, ValType};
use crate::error::{Error, Misuse, ThrownException};
use crate::exec::objects;
use crate::runtime::addr::TagAddr;
use crate::runtime::exceptions::Exception;
use crate::runtime::limiter::RefusedGrowth;
use crate::runtime::registry::TypeDef;
use crate::runtime::store::{Store, StoreId};

/// A reference to an exception.
///
/// The exception stays alive as long as the embedder or a guest has a reference to it. Exceptions that are thrown and caught, or leave a
/// call as [`Error::Exception`], need no reference.
/// <https://webassembly.github.io/spec/core/exec/runtime.html#exception-instances>
///
/// ```
/// use tickwasm::{Engine, ExnRef, ExnRefPre, ExnType, Store, Tag, TagType, FuncType, Val, ValType};
///
/// let engine = Engine::default();
/// let mut store = Store::new(&engine, ());
/// let ty = TagType::new(FuncType::new(&engine, [ValType::I32], []));
/// let tag = Tag::new(&mut store, ty.clone())?;
/// let pre = ExnRefPre::new(&mut store, ExnType::from_tag_type(&ty)?);
/// let exn = ExnRef::new(&mut store, &pre, &tag, &[Val::I32(5)])?;
/// assert_eq!(exn.tag(&mut store)?, tag);
/// assert_eq!(exn.field(&mut store, 0)?.i32(), Some(5));
/// # Ok::<(), tickwasm::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ExnRef {
    pub(crate) held: HeldRef,
}

impl ExnRef {
    /// Makes an exception of a tag with the values that it carries.
    ///
    /// # Errors
    /// If the values are not of the tag's type, the tag's type is not that of `pre`, the tag or a value is of another store, or the store may
    /// hold no more.
    pub fn new(
        mut store: impl AsContextMut,
        pre: &ExnRefPre,
        tag: &Tag,
        fields: &[Val],
    ) -> Result<Self, Error> {
        let mut context = store.as_context_mut();
        let runtime = context.runtime();
        let addr = tag.checked(runtime)?;
        pre.ty.inner.within(&runtime.registry)?;
        if type_of(runtime, addr).func() != pre.ty.inner.inner() {
            return Err(Misuse::Signature {
                expected: pre.ty.inner.clone(),
                found: func_type(runtime, addr),
            }
            .into());
        }
        let exception = exception(runtime, *tag, fields)?;
        Ok(Self::add(runtime, &exception)?)
    }

    fn add(store: &mut Store, exception: &Exception) -> Result<Self, RefusedGrowth> {
        let slot = objects::make_exception(store, exception)?;
        let held = HeldRef::new(slot, store);
        Ok(Self { held })
    }

    /// Its tag.
    ///
    /// # Errors
    /// If it is a reference of another store.
    pub fn tag(&self, store: impl AsContext) -> Result<Tag, Error> {
        let context = store.as_context();
        let exception = self.get(&context.inner.runtime)?;
        Ok(Tag::at(context.inner.runtime.id, exception.tag))
    }

    /// Its type: the values that it carries.
    ///
    /// # Errors
    /// If it is a reference of another store.
    pub fn ty(&self, store: impl AsContext) -> Result<ExnType, Error> {
        let context = store.as_context();
        let runtime = &context.inner.runtime;
        let inner = func_type(runtime, self.get(runtime)?.tag);
        Ok(ExnType { inner })
    }

    /// The values that it carries.
    ///
    /// # Errors
    /// If it is a reference of another store.
    pub fn fields(
        &self,
        store: impl AsContext,
    ) -> Result<impl ExactSizeIterator<Item = Val>, Error> {
        let context = store.as_context();
        let runtime = &context.inner.runtime;
        Ok(fields(runtime, &self.get(runtime)?).into_iter())
    }

    /// One of the values that it carries, counted from 0.
    ///
    /// # Errors
    /// If it is a reference of another store, or has no such value.
    pub fn field(&self, store: impl AsContext, index: usize) -> Result<Val, Error> {
        let mut fields = self.fields(store)?;
        let count = fields.len();
        let out = Misuse::NoSuchField { index, count };
        fields.nth(index).ok_or(out.into())
    }

    fn get(&self, store: &Store) -> Result<Exception, Misuse> {
        match store.heap.exception(self.held.slot(store.id)?) {
            Some(exception) => Ok(exception),
            None => unreachable!("a handle keeps its exception"),
        }
    }

    /// The error that throws this exception when a host function returns it.
    pub(crate) fn thrown(&self, store: &Store) -> Result<ThrownException, Misuse> {
        Ok(thrown(store, &self.get(store)?))
    }

    pub(crate) fn to_slot(this: Option<&Self>, store: StoreId) -> Result<u64, Misuse> {
        this.map_or(Ok(0), |this| this.held.slot(store))
    }

    pub(crate) fn of_slot(slot: u64, store: &Store) -> Option<Self> {
        let held = HeldRef::of_slot(slot, store)?;
        Some(Self { held })
    }
}

/// The type of an exception: the types of the values that it carries.
///
/// ```
/// use tickwasm::{Engine, ExnType, ValType};
///
/// let ty = ExnType::new(&Engine::default(), [ValType::I32, ValType::F64])?;
/// assert_eq!(ty.fields().len(), 2);
/// # Ok::<(), tickwasm::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ExnType {
    inner: FuncType,
}

impl ExnType {
    /// The type of exceptions that carry values of these types.
    ///
    /// # Errors
    /// [`Misuse::WrongEngine`] if one of the types is a type of another engine, or an error if there is no more memory.
    pub fn new(
        engine: &crate::api::engine::Engine,
        fields: impl IntoIterator<Item = ValType>,
    ) -> Result<Self, Error> {
        let inner = FuncType::try_new(engine, fields, [])?;
        Ok(Self { inner })
    }

    /// The type of the exceptions of tags of a type.
    ///
    /// # Errors
    /// None at present.
    pub fn from_tag_type(tag: &TagType) -> Result<Self, Error> {
        Ok(Self {
            inner: tag.ty().clone(),
        })
    }

    /// The type of the tags of such exceptions.
    pub fn tag_type(&self) -> TagType {
        TagType::new(self.inner.clone())
    }

    /// The types of the values, first to last.
    pub fn fields(&self) -> impl ExactSizeIterator<Item = ValType> + '_ {
        self.inner.params()
    }
}

/// An allocator of exceptions of a type, see [`ExnRef::new`].
///
/// ```
/// use tickwasm::{Engine, ExnRefPre, ExnType, Store};
///
/// let mut store = Store::new(&Engine::default(), ());
/// let ty = ExnType::new(store.engine(), [])?;
/// let pre = ExnRefPre::new(&mut store, ty);
/// # Ok::<(), tickwasm::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct ExnRefPre {
    ty: ExnType,
}

impl ExnRefPre {
    /// Prepares for exceptions of a type.
    pub fn new(store: impl AsContextMut, ty: ExnType) -> Self {
        // This is where other runtimes compute the layout.
        let _ = store;
        Self { ty }
    }
}

/// The type of a tag of a store, which is a function type.
fn type_of(store: &Store, tag: TagAddr) -> Arc<TypeDef> {
    store.registry.definition(store.tags[tag.index()].ty)
}

fn func_type(store: &Store, tag: TagAddr) -> FuncType {
    FuncType::of(&store.registry, store.tags[tag.index()].ty)
}

/// A reference to an exception that was thrown.
pub(crate) fn refer_to(
    mut store: impl AsContextMut,
    thrown: &ThrownException,
) -> Result<ExnRef, Error> {
    let mut context = store.as_context_mut();
    let runtime = context.runtime();
    let exception = exception(runtime, thrown.tag(), thrown.payload())?;
    Ok(ExnRef::add(runtime, &exception)?)
}

/// Makes an exception of a tag with values, if they are of the tag's type.
pub(crate) fn exception(store: &Store, tag: Tag, fields: &[Val]) -> Result<Exception, Misuse> {
    let tag = tag.checked(store)?;
    let ty = type_of(store, tag);
    let ty = ty.func();
    let expected = ty.params.len();
    if expected != fields.len() {
        return Err(Misuse::Count {
            what: "values of an exception",
            expected,
            found: fields.len(),
        });
    }
    let mut payload = vec![0; ty.slots().0];
    slots::write(fields, &ty.params, slots::cells(&mut payload), store)?;
    let payload = payload.into();
    Ok(Exception { tag, payload })
}

/// The values that an exception carries.
fn fields(store: &Store, exception: &Exception) -> Vec<Val> {
    let ty = type_of(store, exception.tag);
    slots::read(&ty.func().params, &exception.payload, store).collect()
}

/// Makes the error of an exception that was not caught.
pub(crate) fn thrown(store: &Store, exception: &Exception) -> ThrownException {
    let tag = Tag::at(store.id, exception.tag);
    ThrownException::new(tag, fields(store, exception).into())
}
