//! Memories, tables and globals, accessed by guest and host.

use super::instance;
use tickwasm::*;

#[test]
fn memory_is_shared_with_the_guest() {
    let (mut store, instance) = instance(
        r#"(module (memory (export "m") 1 3)
            (func (export "peek") (param i32) (result i32) (i32.load8_u (local.get 0)))
            (func (export "poke") (param i32 i32) (i32.store8 (local.get 0) (local.get 1)))
            (func (export "size") (result i32) (memory.size)))"#,
    );
    let memory = instance.get_memory(&mut store, "m").unwrap();
    let peek = instance
        .get_typed_func::<u32, u32>(&mut store, "peek")
        .unwrap();
    let poke = instance
        .get_typed_func::<(u32, u32), ()>(&mut store, "poke")
        .unwrap();
    let size = instance
        .get_typed_func::<(), u32>(&mut store, "size")
        .unwrap();

    memory.write(&mut store, 9, &[1, 2, 3]).unwrap();
    assert_eq!(peek.call(&mut store, 11).unwrap(), 3);
    poke.call(&mut store, (10, 200)).unwrap();
    let mut bytes = [0; 3];
    memory.read(&store, 9, &mut bytes).unwrap();
    assert_eq!(bytes, [1, 200, 3]);
    memory.data_mut(&mut store)[65535] = 8;
    assert_eq!(peek.call(&mut store, 65535).unwrap(), 8);
    assert!(peek.call(&mut store, 65536).is_err());

    assert_eq!(memory.grow(&mut store, 1).unwrap(), 1);
    assert_eq!(
        (memory.size(&store), size.call(&mut store, ()).unwrap()),
        (2, 2)
    );
    assert_eq!(peek.call(&mut store, 65536).unwrap(), 0);
    assert_eq!(peek.call(&mut store, 65535).unwrap(), 8);
    assert_eq!(memory.ty(&store).to_string(), "2 3");
}

#[test]
fn accesses_at_the_edges() {
    let mut store = Store::new(&Engine::default(), ());
    let memory = Memory::new(&mut store, MemoryType::new(1, None)).unwrap();
    memory.write(&mut store, 65536, &[]).unwrap();
    memory.read(&store, 65536, &mut []).unwrap();
    for (at, len) in [
        (65536, 1),
        (65535, 2),
        (65537, 0),
        (usize::MAX, 1),
        (usize::MAX, 0),
    ] {
        let error = memory.write(&mut store, at, &vec![0; len]).unwrap_err();
        assert_eq!((error.offset, error.size, error.len), (at, len, 65536));
        assert!(error.to_string().starts_with("out of bounds memory access"));
        assert!(memory.read(&store, at, &mut vec![0; len]).is_err());
    }
}

#[test]
fn an_empty_memory_grows_from_nothing() {
    let mut store = Store::new(&Engine::default(), ());
    let memory = Memory::new(&mut store, MemoryType::new(0, Some(1))).unwrap();
    assert!(memory.data(&store).is_empty());
    assert_eq!(memory.grow(&mut store, 1).unwrap(), 0);
    assert_eq!(memory.data(&store), [0; 65536]);
    let error = memory.grow(&mut store, 1).unwrap_err();
    assert!(
        matches!(
            error,
            Error::MemoryExhausted {
                requested: 131_072,
                limit: 65_536
            }
        ),
        "{error:?}"
    );
}

#[test]
fn impossible_types_are_refused() {
    let mut store = Store::new(&Engine::default(), ());
    for ty in [
        MemoryType::new(2, Some(1)),
        MemoryType::new(65537, None),
        MemoryType::new(0, Some(65537)),
    ] {
        assert!(matches!(
            Memory::new(&mut store, ty),
            Err(Error::Misuse(Misuse::Limits))
        ));
    }
    let ty = TableType::new(RefType::FUNCREF, 2, Some(1));
    let table = Table::new(&mut store, ty, Ref::Func(None));
    assert!(matches!(table, Err(Error::Misuse(Misuse::Limits))));
}

#[test]
fn tables_are_shared_with_the_guest() {
    let (mut store, instance) = instance(
        r#"(module (table (export "t") 2 10 funcref) (elem (i32.const 1) $one)
            (type $get (func (result i32)))
            (func $one (result i32) (i32.const 1))
            (func (export "call") (param i32) (result i32)
                (call_indirect (type $get) (local.get 0))))"#,
    );
    let table = instance.get_table(&mut store, "t").unwrap();
    let call = instance
        .get_typed_func::<u32, i32>(&mut store, "call")
        .unwrap();
    let trap = |result: Result<i32>| *result.unwrap_err().downcast_ref::<Trap>().unwrap();

    assert_eq!(call.call(&mut store, 1).unwrap(), 1);
    assert_eq!(trap(call.call(&mut store, 0)), Trap::IndirectCallToNull);
    assert_eq!(trap(call.call(&mut store, 2)), Trap::UndefinedElement);

    let two = Func::wrap(&mut store, || 2);
    let wide = Func::wrap(&mut store, || 2i64);
    assert_eq!(table.grow(&mut store, 2, two.into()).unwrap(), 2);
    assert_eq!(call.call(&mut store, 3).unwrap(), 2);
    table.set(&mut store, 0, wide.into()).unwrap();
    assert_eq!(trap(call.call(&mut store, 0)), Trap::BadSignature);
    Table::copy(&mut store, &table, 0, &table, 1, 3).unwrap();
    assert_eq!(call.call(&mut store, 0).unwrap(), 1);
    assert_eq!(call.call(&mut store, 1).unwrap(), 2);
    table.fill(&mut store, 0, Ref::Func(None), 4).unwrap();
    assert_eq!(trap(call.call(&mut store, 1)), Trap::IndirectCallToNull);
    assert_eq!(table.ty(&store).to_string(), "4 10 funcref");
}

#[test]
fn table_accesses_beyond_the_end() {
    let mut store = Store::new(&Engine::default(), ());
    let null = Ref::Extern(None);
    let ty = TableType::new(RefType::EXTERNREF, 3, Some(5));
    let table = Table::new(&mut store, ty, null.clone()).unwrap();
    assert!(table.get(&store, 3).is_none());
    assert!(table.get(&store, u64::MAX).is_none());
    let error = table.set(&mut store, 3, null.clone()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "out of bounds table access: element 3 of a table of 3"
    );
    assert!(table.fill(&mut store, 3, null.clone(), 1).is_err());
    table.fill(&mut store, 3, null.clone(), 0).unwrap();
    assert!(Table::copy(&mut store, &table, 0, &table, u64::MAX, 2).is_err());
    let error = table.grow(&mut store, 3, null.clone()).unwrap_err();
    assert!(
        matches!(
            error,
            Error::TableExhausted {
                requested: 6,
                limit: 5
            }
        ),
        "{error:?}"
    );
}

#[test]
fn elements_have_the_tables_type() {
    let mut store = Store::new(&Engine::default(), ());
    let ty = TableType::new(RefType::FUNCREF, 1, None);
    let table = Table::new(&mut store, ty.clone(), Ref::Func(None)).unwrap();
    let value = ExternRef::new(&mut store, ()).unwrap();
    let error = table.set(&mut store, 0, value.clone().into()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "type mismatch: expected funcref, found (ref extern)"
    );
    assert!(Table::new(&mut store, ty, value.clone().into()).is_err());
    let never_null = TableType::new(RefType::new(false, HeapType::Func), 1, None);
    assert!(Table::new(&mut store, never_null, Ref::Func(None)).is_err());
}

#[test]
fn globals_are_shared_with_the_guest() {
    let (mut store, instance) = instance(
        r#"(module
            (global (export "const") i64 (i64.const -5))
            (global $v (export "var") (mut f32) (f32.const 1.5))
            (func (export "double") (global.set $v (f32.add (global.get $v) (global.get $v)))))"#,
    );
    let constant = instance.get_global(&mut store, "const").unwrap();
    let variable = instance.get_global(&mut store, "var").unwrap();
    assert_eq!(constant.get(&store).unwrap_i64(), -5);
    variable.set(&mut store, Val::from(2.5f32)).unwrap();
    let double = instance
        .get_typed_func::<(), ()>(&mut store, "double")
        .unwrap();
    double.call(&mut store, ()).unwrap();
    assert_eq!(variable.get(&store).unwrap_f32(), 5.0);
    assert_eq!(variable.ty(&store).to_string(), "(mut f32)");

    let error = constant.set(&mut store, Val::I64(1)).unwrap_err();
    assert!(matches!(error, Error::Misuse(Misuse::ImmutableGlobal)));
    let error = variable.set(&mut store, Val::I32(1)).unwrap_err();
    assert_eq!(error.to_string(), "type mismatch: expected f32, found i32");
}

#[test]
fn values_know_their_types() {
    let mut store = Store::new(&Engine::default(), ());
    let func = Func::wrap(&mut store, || {});
    let value = ExternRef::new(&mut store, ()).unwrap();
    let ty = |value: Val| value.ty(&store).unwrap().to_string();
    assert_eq!(ty(Val::from(1u32)), "i32");
    assert_eq!(ty(Val::from(1.0)), "f64");
    assert_eq!(ty(Val::null_func_ref()), "(ref null nofunc)");
    assert_eq!(ty(value.clone().into()), "(ref extern)");
    assert!(ty(func.into()).starts_with("(ref "));
    assert_eq!(
        Val::default_for_ty(&ValType::FUNCREF)
            .unwrap()
            .unwrap_func_ref(),
        None
    );
    assert!(Val::default_for_ty(&ValType::Ref(RefType::new(false, HeapType::Func))).is_none());
    assert_eq!(Val::I32(1).i64(), None);
}
