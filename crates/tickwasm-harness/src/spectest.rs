//! The host module `spectest`, which every official script may import.
//!
//! <https://github.com/WebAssembly/spec/tree/main/interpreter#spectest-host-module>

use tickwasm::{
    Error, Extern, Func, FuncType, Global, GlobalType, Linker, Memory, MemoryType,
    MemoryTypeBuilder, Mutability, Ref, RefType, SharedMemory, Store, Table, TableType, Val,
    ValType,
};

/// The functions of the module: they print their arguments in the reference interpreter and do nothing here, for nothing
/// depends on what they print.
const FUNCS: &[(&str, &[ValType])] = &[
    ("print", &[]),
    ("print_i32", &[ValType::I32]),
    ("print_i64", &[ValType::I64]),
    ("print_f32", &[ValType::F32]),
    ("print_f64", &[ValType::F64]),
    ("print_i32_f32", &[ValType::I32, ValType::F32]),
    ("print_f64_f64", &[ValType::F64, ValType::F64]),
];

/// The immutable globals of the module.
const GLOBALS: &[(&str, ValType, Val)] = &[
    ("global_i32", ValType::I32, Val::I32(666)),
    ("global_i64", ValType::I64, Val::I64(666)),
    ("global_f32", ValType::F32, Val::F32(0x4426_a666)),
    ("global_f64", ValType::F64, Val::F64(0x4084_d4cc_cccc_cccd)),
];

/// Defines the module's items.
pub(super) fn define<T: 'static>(
    linker: &mut Linker<T>,
    store: &mut Store<T>,
) -> Result<(), Error> {
    let mut items: Vec<(&str, Extern)> = Vec::new();
    for (name, params) in FUNCS {
        let ty = FuncType::new(store.engine(), params.iter().cloned(), []);
        items.push((name, Func::new(&mut *store, ty, |_, _, _| Ok(())).into()));
    }
    for (name, ty, value) in GLOBALS {
        let ty = GlobalType::new(ty.clone(), Mutability::Const);
        items.push((name, Global::new(&mut *store, ty, value.clone())?.into()));
    }
    let table = TableType::new(RefType::FUNCREF, 10, Some(20));
    items.push((
        "table",
        Table::new(&mut *store, table, Ref::Func(None))?.into(),
    ));
    let table64 = TableType::new64(RefType::FUNCREF, 10, Some(20));
    items.push((
        "table64",
        Table::new(&mut *store, table64, Ref::Func(None))?.into(),
    ));
    items.push((
        "memory",
        Memory::new(&mut *store, MemoryType::new(1, Some(2)))?.into(),
    ));
    let shared = MemoryTypeBuilder::new().min(1).max(Some(2)).shared(true);
    let shared = SharedMemory::new(store.engine(), shared.build()?)?;
    items.push(("shared_memory", shared.into()));
    for (name, item) in items {
        linker.define(&mut *store, "spectest", name, item)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_float_globals_are_666_point_6() {
        let bits: Vec<_> = GLOBALS.iter().map(|(_, _, value)| value.clone()).collect();
        assert!(matches!(bits[2], Val::F32(bits) if f32::from_bits(bits) == 666.6));
        assert!(matches!(bits[3], Val::F64(bits) if f64::from_bits(bits) == 666.6));
    }
}
