//! Tables.

use crate::api::store::context::{AsContext, AsContextMut};
use crate::api::types::TableType;
use crate::api::values::refs::Ref;
use crate::api::values::val::Val;
use crate::error::{Error, Misuse};
use crate::runtime::addr::TableAddr;
use crate::runtime::store::{Store, StoreId};
use crate::runtime::table_inst::TableInst;
use crate::syntax::types::{RefType, ValType};

/// A table of a store: references of one type, by number.
///
/// Methods that return a [`Result`] fail if it is a table of another store; the others panic.
/// <https://webassembly.github.io/spec/core/exec/runtime.html#table-instances>
///
/// ```
/// use tickwasm::{Engine, Func, Ref, RefType, Store, Table, TableType};
///
/// let mut store = Store::new(&Engine::default(), ());
/// let func = Func::wrap(&mut store, || 42);
/// let table = Table::new(&mut store, TableType::new(RefType::FUNCREF, 2, None), Ref::Func(None))?;
/// table.set(&mut store, 1, func.into())?;
/// assert!(table.get(&mut store, 0).unwrap().is_null());
/// assert_eq!(table.get(&mut store, 1).unwrap().as_func(), Some(Some(&func)));
/// assert_eq!(table.grow(&mut store, 3, func.into())?, 2);
/// assert_eq!(table.size(&store), 5);
/// # Ok::<(), tickwasm::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Table {
    store: StoreId,
    addr: TableAddr,
}

impl Table {
    pub(crate) fn at(store: StoreId, addr: TableAddr) -> Self {
        Self { store, addr }
    }

    /// Makes a table of the type's initial size, all elements `init`.
    ///
    /// # Errors
    /// If `init` is not of the type's element type, or that is a type of another engine than the store's; if the type's size range is empty;
    /// if a limit of the store or the host's memory does not suffice.
    pub fn new(mut store: impl AsContextMut, ty: TableType, init: Ref) -> Result<Self, Error> {
        let mut context = store.as_context_mut();
        let (runtime, mut guard) = context.guarded();
        if ty.maximum().is_some_and(|max| max < ty.minimum()) {
            return Err(Misuse::Limits.into());
        }
        let ty = ty.within(&runtime.registry)?;
        let init = slot(ty.element, init, runtime)?;
        runtime.hold_types_of(ValType::Ref(ty.element))?;
        let addr = runtime.alloc_table(&mut guard, ty, init)?;
        Ok(Self::at(runtime.id, addr))
    }

    /// Its type; the minimum is the current size.
    pub fn ty(&self, store: impl AsContext) -> TableType {
        let runtime = &store.as_context().inner.runtime;
        let table = self.inst(runtime);
        let mut ty = table.ty;
        ty.limits.min = table.size();
        TableType::of(&runtime.registry, ty)
    }

    /// Its size in elements.
    pub fn size(&self, store: impl AsContext) -> u64 {
        self.inst(&store.as_context().inner.runtime).size()
    }

    /// An element; `None` beyond the end.
    pub fn get(&self, store: impl AsContext, index: u64) -> Option<Ref> {
        let context = store.as_context();
        let runtime = &context.inner.runtime;
        let table = self.inst(runtime);
        let slot = *table.elems.get(usize::try_from(index).ok()?)?;
        Some(Ref::of_slot(table.ty.element, slot, runtime))
    }

    /// Sets an element.
    ///
    /// # Errors
    /// If there is no such element, or the reference is not of the table's element type.
    pub fn set(&self, mut store: impl AsContextMut, index: u64, value: Ref) -> Result<(), Error> {
        let mut context = store.as_context_mut();
        let (slot, table) = self.change(context.runtime(), value)?;
        let size = table.size();
        let element = usize::try_from(index)
            .ok()
            .and_then(|at| table.elems.get_mut(at));
        *element.ok_or(Misuse::TableIndex { index, size })? = slot;
        Ok(())
    }

    /// Sets `len` elements from `index` on.
    ///
    /// # Errors
    /// If there are not as many elements, or the reference is not of the table's element type; no element is changed then.
    pub fn fill(
        &self,
        mut store: impl AsContextMut,
        index: u64,
        value: Ref,
        len: u64,
    ) -> Result<(), Error> {
        let mut context = store.as_context_mut();
        let (slot, table) = self.change(context.runtime(), value)?;
        Ok(table.fill(index, slot, len)?)
    }

    /// Copies `len` elements from `from` on in one table to `to` on in another or the same, as if all were read before any is written.
    ///
    /// # Errors
    /// If there are not as many elements, or the source's elements are not of the target's type; no element is changed then.
    pub fn copy(
        mut store: impl AsContextMut,
        target: &Self,
        to: u64,
        source: &Self,
        from: u64,
        len: u64,
    ) -> Result<(), Error> {
        let mut context = store.as_context_mut();
        let runtime = context.runtime();
        let (target, source) = (target.checked(runtime)?, source.checked(runtime)?);
        let element = |addr: TableAddr| ValType::Ref(runtime.tables[addr.index()].ty.element);
        let (expected, found) = (element(target), element(source));
        if !runtime.registry.matches(found, expected) {
            let of = |ty| crate::api::types::ValType::of(&runtime.registry, ty);
            let (expected, found) = (of(expected), of(found));
            return Err(Misuse::Type { expected, found }.into());
        }
        let done = match runtime
            .tables
            .get_disjoint_mut([target.index(), source.index()])
        {
            Ok([target, source]) => target.init(to, &source.elems, from, len),
            // Source and target are one table.
            Err(_) => runtime.tables[target.index()].copy_within(to, from, len),
        };
        Ok(done?)
    }

    /// Grows it by `delta` elements of value `init`; returns its old size.
    ///
    /// # Errors
    /// [`Error::TableExhausted`] if its type, a limit of the store, the limiter or the host's memory does not allow it; the error of a
    /// limiter that fails; and an error if the reference is not of the table's element type.
    pub fn grow(&self, mut store: impl AsContextMut, delta: u64, init: Ref) -> Result<u64, Error> {
        let mut context = store.as_context_mut();
        let (runtime, mut guard) = context.guarded();
        let (slot, _) = self.change(runtime, init)?;
        Ok(runtime.grow_table(&mut guard, self.addr, delta, slot)?)
    }

    /// Returns the table, and a reference in slot form that may be put into it.
    fn change<'s>(
        &self,
        store: &'s mut Store,
        value: Ref,
    ) -> Result<(u64, &'s mut TableInst), Misuse> {
        let addr = self.checked(store)?;
        let slot = slot(store.tables[addr.index()].ty.element, value, store)?;
        Ok((slot, &mut store.tables[addr.index()]))
    }

    #[track_caller]
    fn inst<'s>(&self, store: &'s Store) -> &'s TableInst {
        assert!(self.store == store.id, "{}", Misuse::WrongStore);
        &store.tables[self.addr.index()]
    }

    pub(crate) fn checked(&self, store: &Store) -> Result<TableAddr, Misuse> {
        match self.store == store.id {
            true => Ok(self.addr),
            false => Err(Misuse::WrongStore),
        }
    }
}

/// Returns a reference in slot form, if it is of a table's element type.
fn slot(element: RefType, value: Ref, store: &Store) -> Result<u64, Misuse> {
    let [slot, _] = Val::from(value).to_slots(ValType::Ref(element), store)?;
    Ok(slot)
}
