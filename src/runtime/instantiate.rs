//! Instantiation: makes an instance of a module in a store.
//!
//! The start function is not called here, since nothing here can run code: `api` does that with the executor.
//! <https://webassembly.github.io/spec/core/exec/modules.html#instantiation>

use std::sync::Arc;

use super::addr::*;
use super::const_expr::{ConstExprError, Scope, Value, reference};
use super::func_inst::FuncInst;
use super::global_inst::GlobalInst;
use super::limiter::{Counted, Exhausted, GrowError, Guard};
use super::module_inst::ModuleInst;
use super::registry::{Registration, TypeId, engine_type};
use super::store::{Store, check_count};
use super::tag_inst::TagInst;
use super::trap::{HostError, Trap};
use crate::code::CodeUnit;
use crate::syntax::module::{ConstExpr, ElemItems, Module, SegmentMode};
use crate::syntax::types::*;
use crate::validate::matching;

/// The parts of a compiled module that its instances share.
#[derive(Clone, Copy)]
pub struct SharedModule<'a> {
    /// The module.
    pub module: &'a Arc<Module>,
    /// Its bytes.
    pub bytes: &'a Arc<[u8]>,
    /// Its types, canonical in the store's engine.
    pub types: &'a Arc<Registration>,
    /// Its code.
    pub code: &'a Arc<CodeUnit>,
}

/// The reason why a module could not be instantiated.
#[derive(Debug)]
pub enum InstantiateError {
    /// Not as many values as the module has imports.
    Count {
        /// How many the module imports.
        expected: usize,
        /// How many were given.
        found: usize,
    },
    /// An import is not of the type that the module expects.
    Incompatible {
        /// The import's position.
        import: usize,
    },
    /// A limit, or the host's memory, does not suffice.
    Exhausted(Exhausted),
    /// The embedder's limiter failed.
    Limiter(HostError),
    /// An active segment does not fit.
    Trap(Trap),
}

impl From<Exhausted> for InstantiateError {
    fn from(error: Exhausted) -> Self {
        Self::Exhausted(error)
    }
}

impl From<GrowError> for InstantiateError {
    fn from(error: GrowError) -> Self {
        match error {
            GrowError::Refused(exhausted) => Self::Exhausted(exhausted),
            GrowError::Fatal(error) => Self::Limiter(error),
        }
    }
}

impl From<Trap> for InstantiateError {
    fn from(trap: Trap) -> Self {
        Self::Trap(trap)
    }
}

/// Makes an instance.
///
/// After an error the store may hold parts of the instance, which other instances may already refer to: segments are copied in order,
/// and segments that were copied before a trap stay.
pub fn instantiate(
    store: &mut Store,
    guard: &mut dyn Guard,
    shared: SharedModule<'_>,
    imports: &[ExternVal],
) -> Result<InstanceAddr, InstantiateError> {
    let SharedModule { module, types, .. } = shared;
    check_imports(store, shared, imports)?;
    let addr = check_instances(store, guard)?;
    store.hold_module(types)?;

    let mut instance = ModuleInst {
        bytes: Arc::clone(shared.bytes),
        code: Arc::clone(shared.code),
        funcs: Vec::new(),
        tables: Vec::new(),
        mems: Vec::new(),
        globals: Vec::new(),
        tags: Vec::new(),
        elems: Vec::new(),
        datas: Vec::new(),
        imported_funcs: 0,
        imported_globals: 0,
    };
    reserve(&mut instance.funcs, imports.len() + module.funcs.len())?;
    for import in imports {
        match *import {
            ExternVal::Func(addr) => add(&mut instance.funcs, addr)?,
            ExternVal::Table(addr) => add(&mut instance.tables, addr)?,
            ExternVal::Mem(addr) => add(&mut instance.mems, addr)?,
            ExternVal::Global(addr) => add(&mut instance.globals, addr)?,
            ExternVal::Tag(addr) => add(&mut instance.tags, addr)?,
        }
    }
    instance.imported_funcs = instance.funcs.len() as u32;
    instance.imported_globals = instance.globals.len() as u32;

    // Memories come first: nothing refers to the instance yet, so a refusal leaves no trace but a memory that cannot be reached.
    for ty in &module.mems {
        let addr = store.alloc_memory(guard, *ty)?;
        add(&mut instance.mems, addr)?;
    }
    for tag in &module.tags {
        let ty = types[tag.ty.index()];
        let addr = store.alloc_tag(TagInst { ty })?;
        add(&mut instance.tags, addr)?;
    }
    for (defined, ty) in module.funcs.iter().enumerate() {
        let func = FuncInst::wasm(types[ty.index()], addr, defined as u32);
        instance.funcs.push(store.alloc_func(func)?);
    }
    for global in &module.globals {
        let value = value(store, shared, Evaluated::New(&instance), &global.init)?;
        let ty = canonical_global(global.ty, types);
        let addr = store.alloc_global(GlobalInst { value, ty })?;
        add(&mut instance.globals, addr)?;
    }
    for table in &module.tables {
        let init = match &table.init {
            Some(expr) => value(store, shared, Evaluated::New(&instance), expr)?[0],
            None => 0,
        };
        let addr = store.alloc_table(guard, canonical_table(table.ty, types), init)?;
        add(&mut instance.tables, addr)?;
    }
    for elem in &module.elems {
        // The short form stands for as many `ref.func` expressions.
        if let ElemItems::Funcs(funcs) = &elem.items {
            store.charge_const(funcs.len())?;
        }
        let elems = match (&elem.mode, &elem.items) {
            // Such a list is made when it is copied, right below, and is of no use to instructions.
            (SegmentMode::Active { .. } | SegmentMode::Declarative, ElemItems::Funcs(_)) => {
                Box::default()
            }
            (mode, items) => {
                let elements = elements(store, shared, Evaluated::New(&instance), items)?;
                match mode {
                    // Dropped at once.
                    SegmentMode::Declarative => Box::default(),
                    SegmentMode::Active { .. } | SegmentMode::Passive => elements,
                }
            }
        };
        add(&mut instance.elems, elems)?;
    }
    // Without their count no instruction can name them.
    let datas = module.data_count.map_or(&[][..], |_| &module.datas);
    reserve(&mut instance.datas, datas.len())?;
    let datas = datas.iter().map(|data| match data.mode {
        SegmentMode::Passive => data.init.clone(),
        SegmentMode::Active { .. } | SegmentMode::Declarative => 0..0,
    });
    instance.datas.extend(datas);

    // From here on other instances can come to know this one: it has to be complete even if a segment traps.
    add(&mut store.instances, instance)?;
    copy_segments(store, shared, addr)?;
    Ok(addr)
}

/// Copies and drops the active segments: first all element segments, then all data segments, each in order. The one that cannot be
/// copied is not dropped, nor are those behind it.
/// <https://webassembly.github.io/spec/core/exec/modules.html#instantiation>
fn copy_segments(
    store: &mut Store,
    shared: SharedModule<'_>,
    addr: InstanceAddr,
) -> Result<(), InstantiateError> {
    for at in 0..shared.module.elems.len() {
        if let Err(error) = copy_elems(store, shared, addr, at) {
            keep_elems(store, shared, addr, at);
            keep_datas(store, shared, addr, 0);
            return Err(error);
        }
    }
    for at in 0..shared.module.datas.len() {
        if let Err(error) = copy_data(store, shared, addr, at) {
            keep_datas(store, shared, addr, at);
            return Err(error);
        }
    }
    Ok(())
}

/// Copies an element segment, if it is active, and drops it.
fn copy_elems(
    store: &mut Store,
    shared: SharedModule<'_>,
    addr: InstanceAddr,
    at: usize,
) -> Result<(), InstantiateError> {
    let elem = &shared.module.elems[at];
    let SegmentMode::Active { target, offset } = &elem.mode else {
        return Ok(());
    };
    let [to, _] = value(store, shared, Evaluated::Stored(addr), offset)?;
    let instance = &mut store.instances[addr.index()];
    let table = &mut store.tables[instance.tables[target.index()].index()];
    match &elem.items {
        ElemItems::Funcs(funcs) => {
            let refs = funcs
                .iter()
                .map(|func| reference(instance.funcs[func.index()]));
            table.init_with(to, refs)?;
        }
        ElemItems::Exprs(_) => {
            let elements = &mut instance.elems[at];
            table.init(to, elements, 0, elements.len() as u64)?;
            *elements = Box::default();
        }
    }
    Ok(())
}

/// Copies a data segment, if it is active.
fn copy_data(
    store: &mut Store,
    shared: SharedModule<'_>,
    addr: InstanceAddr,
    at: usize,
) -> Result<(), InstantiateError> {
    let data = &shared.module.datas[at];
    if let SegmentMode::Active { target, offset } = &data.mode {
        let [to, _] = value(store, shared, Evaluated::Stored(addr), offset)?;
        let bytes = &shared.bytes[data.init.clone()];
        let memory = store.instances[addr.index()].mems[target.index()];
        store.mems[memory.index()].init(to, bytes, 0, bytes.len() as u64)?;
    }
    Ok(())
}

/// Makes the lists of the active element segments from `from` on, which were to be dropped. Without memory for a list, its segment is.
fn keep_elems(store: &mut Store, shared: SharedModule<'_>, addr: InstanceAddr, from: usize) {
    for (at, elem) in shared.module.elems.iter().enumerate().skip(from) {
        if let (SegmentMode::Active { .. }, ElemItems::Funcs(_)) = (&elem.mode, &elem.items)
            && let Ok(elements) = elements(store, shared, Evaluated::Stored(addr), &elem.items)
        {
            store.instances[addr.index()].elems[at] = elements;
        }
    }
}

/// Has the active data segments from `from` on, which were to be dropped, where instructions find them.
fn keep_datas(store: &mut Store, shared: SharedModule<'_>, addr: InstanceAddr, from: usize) {
    let instance = &mut store.instances[addr.index()];
    let datas = instance.datas.iter_mut().zip(&shared.module.datas);
    for (range, data) in datas.skip(from) {
        if let SegmentMode::Active { .. } = data.mode {
            *range = data.init.clone();
        }
    }
}

/// The instance evaluated constant expressions are evaluated.
#[derive(Clone, Copy)]
enum Evaluated<'a> {
    /// An instance that is not in the store yet.
    New(&'a ModuleInst),
    /// An instance in the store.
    Stored(InstanceAddr),
}

/// The value of a constant expression.
fn value(
    store: &mut Store,
    shared: SharedModule<'_>,
    evaluated: Evaluated<'_>,
    expr: &ConstExpr,
) -> Result<Value, InstantiateError> {
    let room = store.heap_room();
    let instance = match evaluated {
        Evaluated::New(instance) => instance,
        Evaluated::Stored(addr) => &store.instances[addr.index()],
    };
    let mut scope = Scope {
        store_globals: &store.globals,
        globals: &instance.globals,
        funcs: &instance.funcs,
        types: shared.types,
        heap: &mut store.heap,
        room,
        registry: &store.registry,
        fuel: store.counts_fuel.then_some(&mut store.fuel),
    };
    let value = scope.eval(expr);
    store.usage.heap_bytes = store.heap.bytes();
    value.map_err(|reason| match reason {
        ConstExprError::Exhausted(exhausted) => InstantiateError::from(exhausted),
        ConstExprError::Trap(trap) => trap.into(),
    })
}

/// The elements of a segment in slot form.
fn elements(
    store: &mut Store,
    shared: SharedModule<'_>,
    evaluated: Evaluated<'_>,
    items: &ElemItems,
) -> Result<Box<[u64]>, InstantiateError> {
    let mut elements = Vec::new();
    match items {
        ElemItems::Funcs(funcs) => {
            reserve(&mut elements, funcs.len())?;
            let instance = match evaluated {
                Evaluated::New(instance) => instance,
                Evaluated::Stored(addr) => &store.instances[addr.index()],
            };
            let refs = funcs
                .iter()
                .map(|func| reference(instance.funcs[func.index()]));
            elements.extend(refs);
        }
        ElemItems::Exprs(exprs) => {
            reserve(&mut elements, exprs.len())?;
            for expr in exprs {
                let [slot, _] = value(store, shared, evaluated, expr)?;
                elements.push(slot);
            }
        }
    }
    Ok(elements.into_boxed_slice())
}

/// Makes room in a list for so many items more, as many as are still to come.
fn reserve<I>(list: &mut Vec<I>, items: usize) -> Result<(), Exhausted> {
    let requested = items.saturating_mul(size_of::<I>()) as u64;
    let room = list.try_reserve_exact(items);
    room.map_err(|_| Exhausted::Host { requested })
}

/// Adds an item to a list.
fn add<I>(list: &mut Vec<I>, item: I) -> Result<(), Exhausted> {
    let requested = size_of::<I>() as u64;
    let room = list.try_reserve(1);
    room.map_err(|_| Exhausted::Host { requested })?;
    list.push(item);
    Ok(())
}

/// The address of the next instance, if the store may have one more.
fn check_instances(store: &Store, guard: &mut dyn Guard) -> Result<InstanceAddr, Exhausted> {
    let (count, limit) = (store.instances.len(), store.limits.instances);
    check_count(guard, Counted::Instances, count, limit)?;
    // A number below the limit is below `FuncInst::HOST`, too.
    Ok(InstanceAddr(count as u32))
}

fn check_imports(
    store: &Store,
    shared: SharedModule<'_>,
    imports: &[ExternVal],
) -> Result<(), InstantiateError> {
    let expected = &shared.module.imports;
    if expected.len() != imports.len() {
        return Err(InstantiateError::Count {
            expected: expected.len(),
            found: imports.len(),
        });
    }
    for (import, (expected, found)) in expected.iter().zip(imports).enumerate() {
        if !import_matches(store, *found, expected.ty, shared.types) {
            return Err(InstantiateError::Incompatible { import });
        }
    }
    Ok(())
}

/// Whether an item of a store may be imported where a module expects a type.
///
/// A table or memory counts with its current size, not with the one it was made with.
/// <https://webassembly.github.io/spec/core/valid/matching.html#external-types>
pub fn import_matches(
    store: &Store,
    found: ExternVal,
    expected: ExternType,
    types: &[TypeId],
) -> bool {
    let registry = &store.registry;
    match (found, expected) {
        (ExternVal::Func(found), ExternType::Func(expected)) => {
            let (found, expected) = (store.funcs[found.index()].ty, types[expected.index()]);
            found == expected || registry.is_subtype(found, expected)
        }
        (ExternVal::Table(found), ExternType::Table(expected)) => {
            let table = &store.tables[found.index()];
            let mut found = table.ty;
            found.limits.min = table.size();
            registry.table_matches(found, canonical_table(expected, types))
        }
        (ExternVal::Mem(found), ExternType::Mem(expected)) => {
            let memory = &store.mems[found.index()];
            let mut found = memory.ty;
            found.limits.min = memory.size();
            matching::mem(found, expected)
        }
        (ExternVal::Global(found), ExternType::Global(expected)) => {
            let expected = canonical_global(expected, types);
            registry.global_matches(store.globals[found.index()].ty, expected)
        }
        (ExternVal::Tag(found), ExternType::Tag(expected)) => {
            store.tags[found.index()].ty == types[expected.ty.index()]
        }
        _ => false,
    }
}

/// A global type as the engine knows it: a type index of a module becomes a canonical id.
pub fn canonical_global(ty: GlobalType, types: &[TypeId]) -> GlobalType {
    GlobalType {
        value: engine_type(ty.value, types),
        ..ty
    }
}

/// A table type as the engine knows it.
pub fn canonical_table(ty: TableType, types: &[TypeId]) -> TableType {
    match engine_type(ValType::Ref(ty.element), types) {
        ValType::Ref(element) => TableType { element, ..ty },
        _ => ty,
    }
}
