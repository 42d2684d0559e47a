//! Instantiation: imports, constant expressions, segments, start functions.

use super::instance;
use tickwasm::*;

/// The number that a module's export `run` returns.
fn check(wat: &str, expected: i64) {
    let (mut store, instance) = instance(wat);
    let run = instance
        .get_typed_func::<(), i64>(&mut store, "run")
        .unwrap();
    assert_eq!(run.call(&mut store, ()).unwrap(), expected);
}

#[test]
fn globals_may_be_computed_from_earlier_ones() {
    check(
        r#"(module
            (global $a i64 (i64.const 20))
            (global $b i64 (i64.mul (i64.sub (global.get $a) (i64.const 6)) (i64.const 3)))
            (func (export "run") (result i64) (global.get $b)))"#,
        42,
    );
}

#[test]
fn offsets_may_be_computed() {
    check(
        r#"(module
            (global $at i32 (i32.const 8))
            (memory 1)
            (data (offset (i32.add (global.get $at) (i32.const 4))) "\05")
            (func (export "run") (result i64) (i64.load8_u (i32.const 12))))"#,
        5,
    );
}

#[test]
fn later_segments_overwrite_earlier_ones() {
    check(
        r#"(module (memory 1) (data (i32.const 0) "\01\02") (data (i32.const 1) "\03")
            (func (export "run") (result i64) (i64.load16_u (i32.const 0))))"#,
        0x0301,
    );
}

#[test]
fn the_start_function_runs_once_before_anything_else() {
    check(
        r#"(module (global $g (mut i64) (i64.const 1))
            (func $start (global.set $g (i64.add (global.get $g) (i64.const 10))))
            (start $start)
            (func (export "run") (result i64) (global.get $g)))"#,
        11,
    );
}

#[test]
fn instances_of_one_module_share_nothing() {
    let engine = Engine::default();
    let module = Module::new(
        &engine,
        r#"(module (global $g (mut i32) (i32.const 0)) (memory 1) (table 1 funcref)
            (func (export "run") (result i32)
                (global.set $g (i32.add (global.get $g) (i32.const 1)))
                (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (global.get $g)))
                (i32.load (i32.const 0))))"#,
    )
    .unwrap();
    let mut store = Store::new(&engine, ());
    let mut run = || {
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let run = instance
            .get_typed_func::<(), i32>(&mut store, "run")
            .unwrap();
        [(); 3].map(|()| run.call(&mut store, ()).unwrap())
    };
    assert_eq!(run(), [1, 3, 6]);
    assert_eq!(run(), [1, 3, 6]);
}

#[test]
fn imported_parts_are_the_same_ones() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let module = Module::new(
        &engine,
        r#"(module
            (import "" "g" (global $g (mut i32)))
            (import "" "m" (memory 1))
            (import "" "t" (table 2 funcref))
            (import "" "f" (func $f (result i32)))
            (elem (i32.const 1) $f)
            (data (i32.const 3) "x")
            (func (export "run") (global.set $g (call $f))))"#,
    )
    .unwrap();
    let global = Global::new(
        &mut store,
        GlobalType::new(ValType::I32, Mutability::Var),
        Val::I32(0),
    )
    .unwrap();
    let memory = Memory::new(&mut store, MemoryType::new(1, None)).unwrap();
    let ty = TableType::new(RefType::FUNCREF, 2, None);
    let table = Table::new(&mut store, ty, Ref::Func(None)).unwrap();
    let func = Func::wrap(&mut store, || 77);
    let imports = [global.into(), memory.into(), table.into(), func.into()];
    let instance = Instance::new(&mut store, &module, &imports).unwrap();
    let run = instance
        .get_typed_func::<(), ()>(&mut store, "run")
        .unwrap();
    run.call(&mut store, ()).unwrap();
    assert_eq!(global.get(&store).unwrap_i32(), 77);
    assert_eq!(memory.data(&store)[3], b'x');
    assert_eq!(table.get(&store, 1).unwrap().as_func(), Some(Some(&func)));
}

#[test]
fn imports_of_the_wrong_number_or_type() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let module = Module::new(&engine, r#"(module (import "env" "mem" (memory 2 4)))"#).unwrap();
    let error = Instance::new(&mut store, &module, &[]).unwrap_err();
    assert_eq!(error.to_string(), "expected 1 imports, got 0");

    let func = Func::wrap(&mut store, || 1);
    let small = Memory::new(&mut store, MemoryType::new(1, Some(4))).unwrap();
    let unbounded = Memory::new(&mut store, MemoryType::new(2, None)).unwrap();
    for (item, found) in [
        (Extern::from(func), "function [] -> [i32]"),
        (Extern::from(small), "memory 1 4"),
        (Extern::from(unbounded), "memory 2"),
    ] {
        let error = Instance::new(&mut store, &module, &[item]).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("incompatible import type for `env::mem`: expected memory 2 4, found {found}")
        );
    }
    // Its present size counts.
    small.grow(&mut store, 1).unwrap();
    Instance::new(&mut store, &module, &[small.into()]).unwrap();
}

#[test]
fn a_segment_that_does_not_fit_is_a_trap_and_what_came_before_stays() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let module = Module::new(
        &engine,
        r#"(module
            (import "" "m" (memory 1))
            (import "" "t" (table 1 funcref))
            (func $f (result i32) (i32.const 9))
            (elem (i32.const 0) $f)
            (data (i32.const 0) "a")
            (data (i32.const 65535) "bc"))"#,
    )
    .unwrap();
    let memory = Memory::new(&mut store, MemoryType::new(1, None)).unwrap();
    let ty = TableType::new(RefType::FUNCREF, 1, None);
    let table = Table::new(&mut store, ty, Ref::Func(None)).unwrap();
    let error = Instance::new(&mut store, &module, &[memory.into(), table.into()]).unwrap_err();
    assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::MemoryOutOfBounds));
    assert_eq!(memory.data(&store)[0], b'a');
    assert_eq!(memory.data(&store)[65535], 0);
    // The instance that failed is still reachable through the table.
    let Some(Ref::Func(Some(f))) = table.get(&store, 0) else {
        panic!("the element segment was copied first");
    };
    assert_eq!(
        f.typed::<(), i32>(&store)
            .unwrap()
            .call(&mut store, ())
            .unwrap(),
        9
    );
    // And others are made after it.
    let module = Module::new(&engine, r#"(module (func (export "run") unreachable))"#).unwrap();
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    assert!(Module::same(instance.module(&store), &module));
    let run = instance
        .get_typed_func::<(), ()>(&mut store, "run")
        .unwrap();
    assert!(run.call(&mut store, ()).is_err());
}

#[test]
fn a_start_function_that_traps_fails_the_instantiation() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let module = Module::new(&engine, "(module (func $boom unreachable) (start $boom))").unwrap();
    let error = Instance::new(&mut store, &module, &[]).unwrap_err();
    assert_eq!(
        error.downcast_ref::<Trap>(),
        Some(&Trap::UnreachableCodeReached)
    );
    assert_eq!(
        error.backtrace().unwrap().frames()[0].func_name(),
        Some("boom")
    );
}

#[test]
fn exports_come_in_order_and_by_name() {
    let (mut store, instance) = instance(
        r#"(module (memory (export "b") 1) (func (export "a")) (table (export "") 1 funcref)
            (global (export "c") i32 (i32.const 1)))"#,
    );
    let names: Vec<&str> = instance
        .exports(&mut store)
        .map(|export| export.name())
        .collect();
    assert_eq!(names, ["b", "a", "", "c"]);
    assert!(instance.get_table(&mut store, "").is_some());
    assert!(instance.get_table(&mut store, "b").is_none());
    assert!(instance.get_export(&mut store, "d").is_none());
}

#[test]
fn a_store_can_move_between_threads() {
    let (mut store, instance) = instance(
        r#"(module (global $g (mut i32) (i32.const 0))
            (func (export "run") (result i32)
                (global.set $g (i32.add (global.get $g) (i32.const 1)))
                (global.get $g)))"#,
    );
    let run = instance
        .get_typed_func::<(), i32>(&mut store, "run")
        .unwrap();
    for expected in 1..4 {
        store = std::thread::spawn(move || {
            assert_eq!(run.call(&mut store, ()).unwrap(), expected);
            store
        })
        .join()
        .unwrap();
    }
}

#[test]
fn a_module_runs_on_many_threads_at_once() {
    let engine = Engine::default();
    let module = Module::new(
        &engine,
        r#"(module (func $fib (export "run") (param i32) (result i32)
            (if (result i32) (i32.lt_u (local.get 0) (i32.const 2))
                (then (local.get 0))
                (else (i32.add
                    (call $fib (i32.sub (local.get 0) (i32.const 1)))
                    (call $fib (i32.sub (local.get 0) (i32.const 2))))))))"#,
    )
    .unwrap();
    let pre = Linker::new(&engine).instantiate_pre(&module).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let mut store = Store::new(&engine, ());
                let instance = pre.instantiate(&mut store).unwrap();
                let run = instance
                    .get_typed_func::<i32, i32>(&mut store, "run")
                    .unwrap();
                assert_eq!(run.call(&mut store, 15).unwrap(), 610);
            });
        }
    });
}

#[test]
fn eager_and_lazy_lowering_give_the_same() {
    for eager in [false, true] {
        let engine = Engine::new(Config::new().eager_lowering(eager)).unwrap();
        let module = Module::new(
            &engine,
            r#"(module (func $f (param i32) (result i32) (i32.mul (local.get 0) (i32.const 3)))
                (func (export "run") (result i32) (call $f (call $f (i32.const 5)))))"#,
        )
        .unwrap();
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let run = instance
            .get_typed_func::<(), i32>(&mut store, "run")
            .unwrap();
        assert_eq!(run.call(&mut store, ()).unwrap(), 45);
    }
}

#[test]
fn a_segment_that_traps_is_not_dropped_nor_are_those_behind_it() {
    const OUTER: &str = r#"(module
        (table (export "t") 10 funcref)
        (memory (export "m") 1 1)
        (func (export "call") (param i32) (result i64) (call_indirect (result i64) (local.get 0))))"#;
    // `$run` reads segments whose copying failed or was not reached. The first of each kind was copied, so it is dropped.
    const INNER: &str = r#"(module
        (import "outer" "t" (table 10 funcref))
        (import "outer" "m" (memory 1))
        (elem (i32.const 0) $run)
        (elem ELEM funcref (ref.func $one))
        (elem (i32.const 2) $two)
        (elem (i32.const 3) $two $two)
        (data $d (i32.const 0) "\01")
        (data $e DATA "\02\03")
        (data $f (i32.const 8) "\04")
        (func $one (result i64) (i64.const 1))
        (func $two (result i64) (i64.const 2))
        (func $run (result i64)
            BODY))"#;
    let run = |elem: &str, data: &str, body: &str| {
        let engine = Engine::default();
        let mut store = Store::new(&engine, ());
        let mut linker = Linker::new(&engine);
        let outer = Module::new(&engine, OUTER).unwrap();
        let outer = linker.instantiate(&mut store, &outer).unwrap();
        linker.instance(&mut store, "outer", outer).unwrap();
        let inner = INNER
            .replace("ELEM", elem)
            .replace("DATA", data)
            .replace("BODY", body);
        let inner = Module::new(&engine, inner).unwrap();
        linker.instantiate(&mut store, &inner).unwrap_err();
        let call = outer.get_typed_func::<i32, i64>(&mut store, "call");
        call.unwrap()
            .call(&mut store, 0)
            .map_err(|error| error.downcast_ref::<Trap>().copied())
    };
    let (near, far) = ("(i32.const 1)", "(i32.const 100000)");
    let elems = "(table.init 1 (i32.const 4) (i32.const 0) (i32.const 1))
        (table.init 2 (i32.const 5) (i32.const 0) (i32.const 1))
        (table.init 3 (i32.const 6) (i32.const 0) (i32.const 2))
        (i64.add (call_indirect (result i64) (i32.const 4)) (call_indirect (result i64) (i32.const 7)))";
    let datas = "(memory.init $e (i32.const 101) (i32.const 0) (i32.const 2))
        (memory.init $f (i32.const 103) (i32.const 0) (i32.const 1))
        (i64.load (i32.const 100))";
    let first_elem = "(table.init 0 (i32.const 4) (i32.const 0) (i32.const 1)) (i64.const 0)";
    let first_data = "(memory.init $d (i32.const 4) (i32.const 0) (i32.const 1)) (i64.const 0)";

    // All data segments are behind an element segment.
    assert_eq!(run(far, near, elems), Ok(3));
    assert_eq!(run(far, near, datas), Ok(0x0403_0200));
    assert_eq!(run(far, near, first_data), Ok(0));
    assert_eq!(
        run(far, near, first_elem),
        Err(Some(Trap::TableOutOfBounds))
    );

    assert_eq!(run(near, far, datas), Ok(0x0403_0200));
    assert_eq!(
        run(near, far, first_data),
        Err(Some(Trap::MemoryOutOfBounds))
    );
    assert_eq!(run(near, far, elems), Err(Some(Trap::TableOutOfBounds)));
}
