//! Limits on the resources of a store.

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
    assert!(matches!(
        third,
        Err(Error::TooMany {
            what: Counted::Instances,
            limit: 2
        })
    ));
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
    assert!(matches!(error, Error::FuelExhausted { .. }));
    assert!(error.to_string().starts_with("all fuel consumed"));
    assert_eq!(store.get_fuel().unwrap(), 40);
}

/// A store whose data is its limiter, and a function of an instance in it that grows a memory by a number of pages.
fn limited(
    limits: StoreLimitsBuilder,
    memory: &str,
) -> (Store<StoreLimits>, Result<TypedFunc<i32, i32>>) {
    let engine = Engine::default();
    let text = format!(
        r#"(module {memory} (table 2 funcref)
            (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))"#
    );
    let module = Module::new(&engine, text).unwrap();
    let mut store = Store::new(&engine, limits.build());
    store.limiter(|limits| limits);
    let grow = Instance::new(&mut store, &module, &[])
        .and_then(|instance| instance.get_typed_func(&mut store, "grow"));
    (store, grow)
}

#[test]
fn the_limiter_bounds_each_memory_on_its_own() {
    let limits = StoreLimitsBuilder::new().memory_size(3 * PAGE as usize);
    let (mut store, grow) = limited(limits, "(memory 1) (memory 3)");
    let grow = grow.unwrap();
    assert_eq!(grow.call(&mut store, 2).unwrap(), 1);
    assert_eq!(store.refused_growth(), None);
    assert_eq!(grow.call(&mut store, 1).unwrap(), -1);
    let refused = store.refused_growth().unwrap();
    assert_eq!(refused.limit_of, LimitOf::Limiter);
    assert_eq!(
        refused.to_string(),
        "memory cannot grow from 196608 to 262144 bytes: the limiter's limit is 196608"
    );
    assert_eq!(store.memory_bytes(), 6 * PAGE);
}

#[test]
fn the_limiter_is_asked_when_an_instance_is_made() {
    let limits = StoreLimitsBuilder::new;
    let error = |limits, memory| limited(limits, memory).1.unwrap_err().to_string();
    assert_eq!(
        error(limits().memory_size(1), "(memory 1)"),
        "memory exhausted (requested 65536 bytes, limit 1)"
    );
    assert_eq!(
        error(limits().table_elements(1), "(memory 1)"),
        "table elements exhausted (requested 2, limit 1)"
    );
    assert_eq!(
        error(limits().instances(0), "(memory 1)"),
        "too many instances (limit 0)"
    );
    assert_eq!(
        error(limits().memories(1), "(memory 1) (memory 1)"),
        "too many memories (limit 1)"
    );
    assert_eq!(
        error(limits().tables(0), "(memory 1)"),
        "too many tables (limit 0)"
    );
}

#[test]
fn a_failed_growth_can_be_an_error_whatever_the_reason() {
    let (own, sum) = ("(memory 1 2)", "(memory 1)");
    for (memory, reason) in [
        (own, LimitOf::Type),
        (sum, LimitOf::Store),
        (sum, LimitOf::Limiter),
    ] {
        let mut limits = StoreLimitsBuilder::new().trap_on_grow_failure(true);
        if reason == LimitOf::Limiter {
            limits = limits.memory_size(2 * PAGE as usize);
        }
        let (mut store, grow) = limited(limits, memory);
        let grow = grow.unwrap();
        store.set_max_memory_bytes(3 * PAGE);
        assert_eq!(grow.call(&mut store, 1).unwrap(), 1);
        let error = grow.call(&mut store, 2).unwrap_err();
        let GrowthFailure(refused) = error.downcast_ref().unwrap();
        assert_eq!((refused.requested, refused.limit_of), (4 * PAGE, reason));
        let frame = &error.backtrace().unwrap().frames()[0];
        assert_eq!(frame.func_index(), 0);
        assert_eq!(grow.call(&mut store, 0).unwrap(), 2);
    }
}

#[test]
fn everything_together_is_bounded() {
    let (mut store, grow) = limited(StoreLimitsBuilder::new(), "(memory 1)");
    assert_eq!(store.total_bytes(), PAGE + 16);
    store.set_max_total_bytes(2 * PAGE + 15);
    let grow = grow.unwrap();
    assert_eq!(grow.call(&mut store, 1).unwrap(), -1);
    assert_eq!(
        store.refused_growth().unwrap().to_string(),
        "the store cannot grow from 65552 to 131088 bytes: the store's limit is 131087"
    );
    store.set_max_total_bytes(2 * PAGE + 16);
    assert_eq!(grow.call(&mut store, 1).unwrap(), 1);
    let ty = TableType::new(RefType::FUNCREF, 1, None);
    let error = Table::new(&mut store, ty, Ref::Func(None)).unwrap_err();
    assert!(matches!(error, Error::MemoryExhausted { .. }), "{error}");
}

/// A limiter that refuses all growth, in different ways.
struct Odd;

impl ResourceLimiter for Odd {
    fn memory_growing(&mut self, current: usize, _: usize, maximum: Option<usize>) -> Result<bool> {
        match current {
            0 => Ok(true),
            _ if maximum == Some(7 * PAGE as usize) => Err(Error::msg("the till is empty")),
            _ => panic!("on purpose"),
        }
    }

    fn table_growing(&mut self, _: usize, _: usize, _: Option<usize>) -> Result<bool> {
        Ok(true)
    }
}

#[test]
fn a_limiter_may_fail_and_panic_under_a_guest() {
    let grow = |memory: &str| {
        let engine = Engine::default();
        let text = format!(
            r#"(module {memory} (func (export "run") (drop (memory.grow (i32.const 1)))))"#
        );
        let module = Module::new(&engine, text).unwrap();
        let mut store = Store::new(&engine, Odd);
        store.limiter(|odd| odd);
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let run = instance
            .get_typed_func::<(), ()>(&mut store, "run")
            .unwrap();
        run.call(&mut store, ())
    };
    assert_eq!(
        grow("(memory 1 7)").unwrap_err().to_string(),
        "the till is empty"
    );
    let panic = std::panic::catch_unwind(|| grow("(memory 1 8)")).unwrap_err();
    assert_eq!(panic.downcast_ref::<&str>(), Some(&"on purpose"));
}
