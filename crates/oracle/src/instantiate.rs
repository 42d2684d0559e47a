//! Instantiation, in the specification's order: imports, functions, globals, tables, element expressions, then the active
//! segments, then the start function.

use std::rc::Rc;

use crate::decode::{Code, ExportDesc, Import, ImportType, Mode, Module};
use crate::value::{Stop, Trap, Value};
use crate::{
    Extern, FuncAddr, FuncInst, FuncKind, Instance, InstantiateError, ModuleInst, Oracle, PAGE,
};

pub(crate) fn instantiate(
    oracle: &mut Oracle,
    module: Module,
    import: impl Fn(usize, &Import) -> Option<Extern>,
) -> Result<Instance, InstantiateError> {
    let too_large = |what| {
        Err(InstantiateError::Unsupported(format!(
            "a {what} of this size"
        )))
    };
    if module
        .memories
        .iter()
        .any(|ty| ty.min > oracle.limits.pages)
    {
        return too_large("memory");
    }
    if module
        .tables
        .iter()
        .any(|(ty, _)| ty.min > oracle.limits.elements)
    {
        return too_large("table");
    }

    let mut inst = ModuleInst::default();
    for (index, wanted) in module.imports.iter().enumerate() {
        let link =
            |why| InstantiateError::Link(format!("{why}: {}::{}", wanted.module, wanted.name));
        let item = import(index, wanted).ok_or_else(|| link("unknown import"))?;
        if !matches(oracle, wanted, item) {
            return Err(link("incompatible import type"));
        }
        match item {
            Extern::Func(addr) => inst.funcs.push(addr),
            Extern::Table(addr) => inst.tables.push(addr),
            Extern::Memory(addr) => inst.mems.push(addr),
            Extern::Global(addr) => inst.globals.push(addr),
            Extern::Tag(addr) => inst.tags.push(addr),
        }
    }

    let instance = Instance(oracle.instances.len());
    for (&ty, code) in module.funcs.iter().zip(&module.bodies) {
        inst.funcs.push(FuncAddr(oracle.funcs.len()));
        let kind = FuncKind::Wasm {
            instance: instance.0,
            code: Rc::clone(code),
        };
        oracle.funcs.push(FuncInst { ty, kind });
    }
    for &ty in &module.tags {
        inst.tags.push(oracle.alloc_tag(ty));
    }
    for ty in &module.memories {
        let addr = oracle.alloc_memory(ty.is64, ty.min, ty.max);
        inst.mems.push(addr);
    }
    oracle.instances.push(inst);
    match fill(oracle, instance, module) {
        Ok(()) => Ok(instance),
        Err(stop) => Err(InstantiateError::Stopped { stop, instance }),
    }
}

/// Whether `item` may be used for `import`: the specification's import matching.
fn matches(oracle: &Oracle, import: &Import, item: Extern) -> bool {
    let limits_match = |size: u64, max: Option<u64>, wanted_min: u64, wanted_max: Option<u64>| {
        let max_matches = match (max, wanted_max) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(max), Some(wanted)) => max <= wanted,
        };
        size >= wanted_min && max_matches
    };
    match (&import.ty, item) {
        (ImportType::Func(ty), Extern::Func(addr)) => {
            oracle.types.is_subtype(oracle.funcs[addr.0].ty, *ty)
        }
        (ImportType::Table(ty), Extern::Table(addr)) => {
            let table = &oracle.tables[addr.0];
            table.ty == ty.element
                && table.is64 == ty.is64
                && limits_match(table.elements.len() as u64, table.max, ty.min, ty.max)
        }
        (ImportType::Memory(ty), Extern::Memory(addr)) => {
            let memory = &oracle.mems[addr.0];
            let size = (memory.bytes.len() / PAGE) as u64;
            memory.is64 == ty.is64 && limits_match(size, memory.max, ty.min, ty.max)
        }
        (ImportType::Global(ty), Extern::Global(addr)) => {
            let global = &oracle.globals[addr.0];
            let types_match = match ty.mutable {
                true => global.ty == ty.value,
                false => oracle.types.val_matches(global.ty, ty.value),
            };
            global.mutable == ty.mutable && types_match
        }
        (ImportType::Tag(ty), Extern::Tag(addr)) => oracle.tags[addr.0] == *ty,
        _ => false,
    }
}

/// Does every step that executes instructions.
fn fill(oracle: &mut Oracle, instance: Instance, module: Module) -> Result<(), Stop> {
    for (ty, init) in &module.globals {
        let value = evaluate(oracle, instance, init)?;
        let addr = oracle.alloc_global(ty.mutable, ty.value, value);
        oracle.instances[instance.0].globals.push(addr);
    }
    for (ty, init) in &module.tables {
        let value = match init {
            Some(init) => evaluate(oracle, instance, init)?,
            None => Value::NULL,
        };
        let addr = oracle.alloc_table(ty.element, ty.is64, ty.min, ty.max, value);
        oracle.instances[instance.0].tables.push(addr);
    }
    // Exports need no evaluation: they are set as soon as all addresses are known, so that an instance that stops later
    // can be inspected.
    let inst = &mut oracle.instances[instance.0];
    for (name, desc) in module.exports {
        let item = match desc {
            ExportDesc::Func(index) => Extern::Func(inst.funcs[index as usize]),
            ExportDesc::Table(index) => Extern::Table(inst.tables[index as usize]),
            ExportDesc::Memory(index) => Extern::Memory(inst.mems[index as usize]),
            ExportDesc::Global(index) => Extern::Global(inst.globals[index as usize]),
            ExportDesc::Tag(index) => Extern::Tag(inst.tags[index as usize]),
        };
        inst.exports.push((name, item));
    }
    for elem in &module.elems {
        let mut values = Vec::new();
        for item in &elem.items {
            values.push(evaluate(oracle, instance, item)?);
        }
        oracle.instances[instance.0].elems.push(values);
    }
    oracle.instances[instance.0].datas =
        module.datas.iter().map(|data| data.bytes.clone()).collect();

    for (index, elem) in module.elems.iter().enumerate() {
        match &elem.mode {
            Mode::Passive => continue,
            Mode::Declared => {}
            Mode::Active(table, offset) => {
                let at = address(evaluate(oracle, instance, offset)?);
                let inst = &oracle.instances[instance.0];
                let (table, items) = (inst.tables[*table as usize], inst.elems[index].clone());
                let elements = &mut oracle.tables[table.0].elements;
                if at + items.len() > elements.len() {
                    return Err(Trap::OutOfBoundsTableAccess.into());
                }
                elements[at..at + items.len()].copy_from_slice(&items);
            }
        }
        oracle.instances[instance.0].elems[index].clear();
    }
    for (index, data) in module.datas.iter().enumerate() {
        if let Mode::Active(memory, offset) = &data.mode {
            let at = address(evaluate(oracle, instance, offset)?);
            let memory = oracle.instances[instance.0].mems[*memory as usize];
            let bytes = &mut oracle.mems[memory.0].bytes;
            if at + data.bytes.len() > bytes.len() {
                return Err(Trap::OutOfBoundsMemoryAccess.into());
            }
            bytes[at..at + data.bytes.len()].copy_from_slice(&data.bytes);
            oracle.instances[instance.0].datas[index].clear();
        }
    }
    if let Some(start) = module.start {
        let func = oracle.instances[instance.0].funcs[start as usize];
        oracle.start(func, &[])?;
    }
    Ok(())
}

fn address(offset: Value) -> usize {
    match offset {
        Value::I32(offset) => offset as usize,
        // Far beyond every end, and its sum with a length does not wrap.
        Value::I64(offset) => offset.min(1 << 60) as usize,
        other => unreachable!("validated: an offset is an i32, not {other:?}"),
    }
}

/// The value of a constant expression, which cannot be resumed when fuel ends.
fn evaluate(oracle: &mut Oracle, instance: Instance, expr: &Rc<Code>) -> Result<Value, Stop> {
    let values = oracle.run_expr(instance.0, Rc::clone(expr));
    oracle.suspended = None;
    Ok(values?[0])
}
