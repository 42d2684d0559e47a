//! Memories and tables with 64-bit addresses, in cases that the official scripts do not cover.

use tickwasm::*;

/// An instance without fuel and with it.
fn instances(text: &str) -> [(Store<()>, Instance); 2] {
    [false, true].map(|fuel| {
        let engine = Engine::new(Config::new().consume_fuel(fuel)).unwrap();
        let module = Module::new(&engine, text).unwrap();
        let mut store = Store::new(&engine, ());
        if fuel {
            store.set_fuel(u64::MAX).unwrap();
        }
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        (store, instance)
    })
}

#[test]
fn every_way_to_address_finds_the_same_bytes() {
    let text = r#"(module (memory i64 1) (memory $b i64 1) (memory $c 1)
        (func (export "store") (param i64 i64) (local $l i64)
            (local.set $l (local.get 0))
            (i64.store offset=8 (local.get $l) (local.get 1))
            (i64.store16 offset=8 (i64.add (local.get $l) (i64.const 8)) (i64.const -2))
            (f32.store (i64.const 100) (f32.const 1.5))
            (i64.store $b offset=8 (local.get $l) (i64.add (local.get 1) (i64.const 1)))
            (i32.store $b (i64.const 200) (i32.const 7))
            (i64.store $c (i32.wrap_i64 (local.get $l)) (local.get 1)))
        (func (export "load") (param i64) (result i64 i64 f32 i64 i32 i64)
            (i64.load offset=8 (local.get 0))
            (i64.load16_u offset=8 (i64.add (local.get 0) (i64.const 8)))
            (f32.load (i64.const 100))
            (i64.load $b offset=8 (local.get 0))
            (i32.load $b (i64.const 200))
            (i64.load $c (i32.wrap_i64 (local.get 0)))))"#;
    for (mut store, instance) in instances(text) {
        let set = instance
            .get_typed_func::<(i64, i64), ()>(&mut store, "store")
            .unwrap();
        set.call(&mut store, (1000, 42)).unwrap();
        let load = instance
            .get_typed_func::<i64, (i64, i64, f32, i64, i32, i64)>(&mut store, "load")
            .unwrap();
        let expected = (42, 0xfffe, 1.5, 43, 7, 42);
        assert_eq!(load.call(&mut store, 1000).unwrap(), expected);
    }
}

#[test]
fn no_address_is_truncated_and_no_sum_wraps() {
    // 0 is in bounds, and all of these are 0 when they are truncated to 32 bits, or wrap to it.
    let text = r#"(module (memory i64 1) (memory $b i64 1) (memory $c 1)
        (func (export "load") (param i64) (drop (i32.load8_u (local.get 0))))
        (func (export "load1") (param i64) (drop (i32.load8_u offset=1 (local.get 0))))
        (func (export "far") (param i64) (drop (i32.load8_u offset=0x100000000 (local.get 0))))
        (func (export "other") (param i64) (drop (i32.load8_u $b offset=1 (local.get 0))))
        (func (export "store") (param i64) (i64.store offset=1 (local.get 0) (local.get 0)))
        (func (export "far_store") (param i64)
            (i32.store offset=0x100000000 (local.get 0) (i32.const 1)))
        (func (export "other_store") (param i64) (i32.store8 $b (local.get 0) (i32.const 1)))
        (func (export "fill") (param i64) (memory.fill (local.get 0) (i32.const 1) (i64.const 0)))
        (func (export "count") (param i64) (memory.fill (i64.const 0) (i32.const 1) (local.get 0)))
        (func (export "copy") (param i64) (memory.copy (i64.const 0) (local.get 0) (i64.const 0)))
        (func (export "mixed") (param i64)
            (memory.copy $c 0 (i32.const 0) (local.get 0) (i32.const 0))))"#;
    let names = "load load1 far other store far_store other_store fill count copy mixed";
    for (mut store, instance) in instances(text) {
        for name in names.split(' ') {
            let run = instance
                .get_typed_func::<i64, ()>(&mut store, name)
                .unwrap();
            for address in [1 << 32, 1 << 63, -(1_i64 << 32), -1] {
                match run.call(&mut store, address).unwrap_err() {
                    // If the whole amount is charged first, there is not enough fuel.
                    Error::FuelExhausted { .. } if name == "count" => continue,
                    Error::Trap(trap) => {
                        assert_eq!(trap.code(), Trap::MemoryOutOfBounds, "{name}");
                        let fault = trap.memory_fault().unwrap();
                        let start = u128::from(fault.address) + u128::from(fault.offset);
                        assert!(start + u128::from(fault.size) > 65536, "{name}: {fault}");
                    }
                    other => panic!("{name}: {other}"),
                }
            }
        }
    }
}

#[test]
fn growth_beyond_any_limit_is_refused_and_nothing_else() {
    let text = r#"(module (memory i64 1) (table $t i64 1 funcref)
        (func (export "memory") (param i64) (result i64) (memory.grow (local.get 0)))
        (func (export "table") (param i64) (result i64)
            (table.grow $t (ref.null func) (local.get 0))))"#;
    let engine = Engine::default();
    let module = Module::new(&engine, text).unwrap();
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    for name in ["memory", "table"] {
        let grow = instance
            .get_typed_func::<i64, i64>(&mut store, name)
            .unwrap();
        for delta in [1 << 32, 1 << 48, i64::MAX, -1, (1 << 32) + 1] {
            assert_eq!(grow.call(&mut store, delta).unwrap(), -1, "{name} {delta}");
        }
        assert_eq!(grow.call(&mut store, 2).unwrap(), 1, "{name}");
        assert_eq!(grow.call(&mut store, 0).unwrap(), 3, "{name}");
    }
    for text in [
        "(module (memory i64 0x1000000000000))",
        "(module (memory i64 0x800000000000))",
        "(module (table i64 0x100000000 funcref))",
    ] {
        let module = Module::new(&engine, text).unwrap();
        let error = Instance::new(&mut store, &module, &[]).unwrap_err();
        assert!(
            matches!(
                error,
                Error::MemoryExhausted { .. } | Error::TableExhausted { .. }
            ),
            "{error}"
        );
    }
}

#[test]
fn indices_into_tables_are_not_truncated() {
    let text = r#"(module (type $r (func (result i32)))
        (table $pad 1 funcref)
        (table $t i64 funcref (elem $f $g))
        (func $f (result i32) (i32.const 1)) (func $g (result i32) (i32.const 2))
        (func (export "call") (param i64) (result i32)
            (call_indirect $t (type $r) (local.get 0)))
        (func (export "tail") (param i64) (result i32)
            (return_call_indirect $t (type $r) (local.get 0)))
        (func (export "get") (param i64) (result i32) (ref.is_null (table.get $t (local.get 0))))
        (func (export "set") (param i64) (result i32)
            (table.set $t (local.get 0) (ref.null func)) (i32.const 0)))"#;
    for (mut store, instance) in instances(text) {
        for name in ["call", "tail", "get", "set"] {
            let run = instance
                .get_typed_func::<i64, i32>(&mut store, name)
                .unwrap();
            for index in [1 << 32, (1 << 32) + 1, -1, i64::MIN, u32::MAX.into()] {
                let error = run.call(&mut store, index).unwrap_err();
                let code = error.downcast_ref::<Trap>().copied();
                let expected = [Trap::UndefinedElement, Trap::TableOutOfBounds];
                assert!(
                    code.is_some_and(|code| expected.contains(&code)),
                    "{name}: {error}"
                );
            }
            assert_eq!(
                run.call(&mut store, 1).unwrap(),
                if name.len() == 4 { 2 } else { 0 }
            );
        }
    }
}

#[test]
fn the_embedder_makes_and_uses_them() {
    let mut store = Store::new(&Engine::default(), ());
    let memory = Memory::new(&mut store, MemoryType::new64(1, Some(1 << 40))).unwrap();
    assert!(memory.ty(&store).is_64());
    assert_eq!(memory.grow(&mut store, 1).unwrap(), 1);
    assert!(memory.grow(&mut store, 1 << 40).is_err());
    let ty = TableType::new64(RefType::FUNCREF, 1, None);
    let table = Table::new(&mut store, ty, Ref::Func(None)).unwrap();
    assert_eq!(table.ty(&store).to_string(), "i64 1 funcref");
    let module = Module::new(
        store.engine(),
        r#"(module (import "" "" (memory i64 1)) (import "" "" (table i64 1 funcref))
            (func (export "f") (result i64) (i64.add (memory.size) (table.size))))"#,
    )
    .unwrap();
    let imports = [memory.into(), table.into()];
    let instance = Instance::new(&mut store, &module, &imports).unwrap();
    let f = instance.get_typed_func::<(), i64>(&mut store, "f").unwrap();
    assert_eq!(f.call(&mut store, ()).unwrap(), 3);
    // A memory with 32-bit addresses has another type.
    let memory = Memory::new(&mut store, MemoryType::new(2, None)).unwrap();
    assert!(Instance::new(&mut store, &module, &[memory.into(), table.into()]).is_err());
}

#[test]
fn switched_off_they_are_refused_by_name() {
    let mut config = Config::new();
    config.wasm_memory64(false);
    let engine = Engine::new(&config).unwrap();
    for text in ["(module (memory i64 1))", "(module (table i64 1 funcref))"] {
        let error = Module::new(&engine, text).unwrap_err().to_string();
        assert!(error.contains("memory64 is switched off"), "{error}");
    }
}
