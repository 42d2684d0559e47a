//! Limits on what a store may use.

use tickwasm::*;

const PAGE: u64 = 65536;

/// A store of an engine whose stores may have three pages of memory and ten table elements, and a module for it.
fn small(wat: &str) -> (Store<()>, Module) {
    let mut config = Config::new();
    config
        .max_memory_bytes(3 * PAGE)
        .max_table_elements(10)
        .max_instances(2);
    let engine = Engine::new(&config).unwrap();
    let module = Module::new(&engine, wat).unwrap();
    (Store::new(&engine, ()), module)
}

const GROWS: &str = r#"(module (memory 1)
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))"#;

#[test]
fn guests_grow_up_to_the_limit_on_all_memories() {
    let (mut store, module) = small(GROWS);
    let mut grow = || {
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        instance
            .get_typed_func::<i32, i32>(&mut store, "grow")
            .unwrap()
    };
    let (a, b) = (grow(), grow());
    assert_eq!(store.memory_bytes(), 2 * PAGE);
    assert_eq!(a.call(&mut store, 2).unwrap(), -1);
    assert_eq!(a.call(&mut store, 1).unwrap(), 1);
    assert_eq!(b.call(&mut store, 1).unwrap(), -1);
    assert_eq!(b.call(&mut store, 0).unwrap(), 1);
    assert_eq!(b.call(&mut store, -1).unwrap(), -1);
    assert_eq!(store.memory_bytes(), 3 * PAGE);
    store.set_max_memory_bytes(4 * PAGE);
    assert_eq!(b.call(&mut store, 1).unwrap(), 1);
}

#[test]
fn an_instance_that_needs_too_much_memory_is_refused() {
    let (mut store, module) = small("(module (memory 1) (memory 3))");
    match Instance::new(&mut store, &module, &[]) {
        Err(Error::MemoryExhausted { requested, limit }) => {
            assert_eq!((requested, limit), (4 * PAGE, 3 * PAGE));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn memories_of_the_embedder_count_as_well() {
    let (mut store, _) = small("(module)");
    let memory = Memory::new(&mut store, MemoryType::new(2, None)).unwrap();
    let error = memory.grow(&mut store, 2).unwrap_err();
    assert_eq!(
        error.to_string(),
        "memory exhausted (requested 262144 bytes, limit 196608)"
    );
    assert!(Memory::new(&mut store, MemoryType::new(2, None)).is_err());
    assert!(Memory::new(&mut store, MemoryType::new(1, None)).is_ok());
}

#[test]
fn guests_grow_tables_up_to_the_limit_on_all_tables() {
    let (mut store, module) = small(
        r#"(module (table $a 3 funcref) (table $b 4 externref)
            (func (export "a") (param i32) (result i32) (table.grow $a (ref.null func) (local.get 0)))
            (func (export "b") (param i32) (result i32) (table.grow $b (ref.null extern) (local.get 0))))"#,
    );
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let a = instance
        .get_typed_func::<i32, i32>(&mut store, "a")
        .unwrap();
    let b = instance
        .get_typed_func::<i32, i32>(&mut store, "b")
        .unwrap();
    assert_eq!(a.call(&mut store, 4).unwrap(), -1);
    assert_eq!(a.call(&mut store, 2).unwrap(), 3);
    assert_eq!(b.call(&mut store, 2).unwrap(), -1);
    assert_eq!(b.call(&mut store, 1).unwrap(), 4);
    assert_eq!(a.call(&mut store, -1).unwrap(), -1);
    assert_eq!(store.table_elements(), 10);
    assert!(matches!(
        Instance::new(&mut store, &module, &[]),
        Err(Error::TableExhausted {
            requested: 13,
            limit: 10
        })
    ));
}

#[test]
fn instances_are_counted() {
    let (mut store, module) = small("(module)");
    Instance::new(&mut store, &module, &[]).unwrap();
    Instance::new(&mut store, &module, &[]).unwrap();
    let third = Instance::new(&mut store, &module, &[]);
    assert!(matches!(third, Err(Error::TooManyInstances { limit: 2 })));
}

#[test]
fn endless_recursion_is_a_trap_at_any_stack_size() {
    for bytes in [1 << 12, 1 << 16, 1 << 20] {
        let engine = Engine::new(Config::new().max_wasm_stack(bytes)).unwrap();
        let module =
            Module::new(&engine, r#"(module (func $f (export "run") (call $f)))"#).unwrap();
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let run = instance
            .get_typed_func::<(), ()>(&mut store, "run")
            .unwrap();
        for _ in 0..3 {
            let error = run.call(&mut store, ()).unwrap_err();
            assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::StackOverflow));
        }
    }
}

#[test]
fn fuel_is_an_error_where_it_is_not_counted() {
    let mut store = Store::new(&Engine::default(), ());
    for result in [store.set_fuel(1), store.get_fuel().map(drop)] {
        assert!(matches!(result, Err(Error::Misuse(Misuse::FuelNotCounted))));
    }
}

#[test]
fn a_host_function_takes_fuel_all_or_nothing() {
    let engine = Engine::new(Config::new().consume_fuel(true)).unwrap();
    let mut store = Store::new(&engine, ());
    let work = Func::wrap(&mut store, |mut caller: Caller<'_, ()>, cost: u64| {
        caller.consume_fuel(cost)
    });
    let work = work.typed::<u64, u64>(&store).unwrap();
    store.set_fuel(100).unwrap();
    assert_eq!(work.call(&mut store, 60).unwrap(), 40);
    let error = work.call(&mut store, 41).unwrap_err();
    assert!(matches!(error, Error::FuelExhausted));
    assert!(error.to_string().starts_with("all fuel consumed"));
    assert_eq!(store.get_fuel().unwrap(), 40);
}
