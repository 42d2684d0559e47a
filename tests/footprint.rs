//! Small modules that run: the memory that they make the host hold stays within the limits, and the total of allocations for them
//! stays in proportion to the fuel that they use.
//!
//! Bytes allocated in total stand for work, since time cannot be asserted: a collection allocates a mark and a queue entry for each
//! object, and a memory that moves is allocated again. This is a test of its own, since it counts the allocations of the whole process.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use std::alloc::System;
use std::sync::Mutex;

use cap::Cap;
use tickwasm::{Caller, Config, Engine, ExternRef, Instance, Linker, Module, Store};

#[global_allocator]
static ALLOCATED: Cap<System> = Cap::new(System, usize::MAX);

/// A lock that a test holds while it counts.
static ALONE: Mutex<()> = Mutex::new(());

/// A mebibyte.
const MIB: usize = 1 << 20;
/// Bytes of each kind of entity that a store may hold here.
const LIMIT: usize = 4 * MIB;
/// Bytes that a store may hold in addition: a value stack, lists of the store, and the allocator's rounding.
const BESIDES: usize = 3 * MIB;
/// Bytes that may be allocated in total for each unit of fuel.
const FOR_FUEL: usize = 300;
/// Fuel of a run.
const FUEL: u64 = 500_000;

/// Guests that take as much memory as they can: a description, and the text. Each exports `run`, which takes no argument and is called again and again.
const GUESTS: &[(&str, &str)] = &[
    (
        "a list that fills the heap, and garbage",
        r#"(module
            (type $n (struct (field (ref null $n)) (field i64)))
            (global $kept (mut (ref null $n)) (ref.null $n))
            (func (export "run")
                (loop $again
                    (global.set $kept (struct.new $n (global.get $kept) (i64.const 1)))
                    (drop (struct.new_default $n))
                    (br $again))))"#,
    ),
    (
        "arrays that are too large",
        r#"(module
            (type $a (array (mut i64)))
            (global $kept (mut (ref null $a)) (ref.null $a))
            (func (export "run")
                (global.set $kept (array.new_default $a (i32.const 200000)))
                (loop $again
                    (drop (array.new_default $a (i32.const 400000)))
                    (br $again))))"#,
    ),
    (
        "a memory that grows page by page",
        r#"(module (memory 0)
            (func (export "run")
                (loop $again
                    (drop (memory.grow (i32.const 1)))
                    (br $again))))"#,
    ),
    (
        "a table that grows by single elements",
        r#"(module (table 0 externref)
            (func (export "run")
                (loop $again
                    (drop (table.grow (ref.null extern) (i32.const 1)))
                    (br $again))))"#,
    ),
    (
        "many tables that grow",
        r#"(module
            (table $a 100000 externref) (table $b 100000 externref) (table $c 1 funcref) (table $d 0 funcref)
            (func (export "run")
                (loop $again
                    (drop (table.grow $a (ref.null extern) (i32.const 10)))
                    (drop (table.grow $b (ref.null extern) (i32.const 10)))
                    (drop (table.grow $c (ref.null func) (i32.const 10)))
                    (drop (table.grow $d (ref.null func) (i32.const 10)))
                    (br $again))))"#,
    ),
    (
        "exceptions that are thrown, kept and thrown again",
        r#"(module
            (tag $t (param i64 i64 exnref))
            (global $kept (mut exnref) (ref.null exn))
            (func (export "run")
                (loop $again
                    (block $caught (result exnref)
                        (try_table (catch_all_ref $caught)
                            (throw $t (i64.const 1) (i64.const 2) (global.get $kept)))
                        (unreachable))
                    (global.set $kept)
                    (block $caught (try_table (catch_all $caught) (throw_ref (global.get $kept))))
                    (br $again))))"#,
    ),
    (
        "exceptions that are thrown and forgotten",
        r#"(module
            (tag $t (param i64 i64))
            (func (export "run")
                (loop $again
                    (block $caught (try_table (catch_all $caught) (throw $t (i64.const 1) (i64.const 2))))
                    (br $again))))"#,
    ),
    (
        "values of the host that are forgotten",
        r#"(module
            (import "host" "make" (func $make (result (ref extern))))
            (func (export "run")
                (loop $again
                    (drop (call $make))
                    (br $again))))"#,
    ),
    (
        "values of the host that are kept",
        r#"(module
            (import "host" "make" (func $make (result (ref extern))))
            (type $n (struct (field anyref) (field externref)))
            (global $kept (mut (ref null $n)) (ref.null $n))
            (func (export "run")
                (loop $again
                    (global.set $kept (struct.new $n (global.get $kept) (call $make)))
                    (br $again))))"#,
    ),
    (
        "a program that calls itself through the host, and does not mind how that ends",
        r#"(module
            (import "host" "again" (func $again (param i32)))
            (type $n (struct (field (ref null $n)) (field i64)))
            (global $kept (mut (ref null $n)) (ref.null $n))
            (func (export "fill")
                (loop $again
                    (global.set $kept (struct.new $n (global.get $kept) (i64.const 1)))
                    (br $again)))
            (func (export "run")
                (loop $loop
                    (call $again (i32.const 0))
                    (br $loop))))"#,
    ),
];

#[test]
fn what_a_guest_makes_its_host_hold_and_do_is_bounded_by_limits_and_fuel() {
    let _alone = ALONE.lock();
    let mut config = Config::new();
    config
        .consume_fuel(true)
        .max_memory_bytes(LIMIT as u64)
        .max_table_elements(LIMIT as u64 / 8)
        .max_heap_bytes(LIMIT as u64);
    let engine = Engine::new(&config).unwrap();
    let mut linker: Linker<()> = Linker::new(&engine);
    linker
        .func_wrap("host", "make", |mut caller: Caller<'_, ()>| {
            caller.consume_fuel(1)?;
            ExternRef::new(&mut caller, [7_u8; 100])
        })
        .unwrap();
    linker
        .func_wrap("host", "again", |mut caller: Caller<'_, ()>, _: i32| {
            let fill = caller.get_export("fill").and_then(|fill| fill.into_func());
            let fill = fill.unwrap().typed::<(), ()>(&caller)?;
            let _ = fill.call(&mut caller, ());
            Ok::<_, tickwasm::Error>(())
        })
        .unwrap();
    for (name, text) in GUESTS {
        let module = Module::new(&engine, text).unwrap();
        let before = ALLOCATED.allocated();
        let mut store = Store::new(&engine, ());
        store.set_fuel(u64::MAX).unwrap();
        let instance = linker.instantiate(&mut store, &module).unwrap();
        let run = instance
            .get_typed_func::<(), ()>(&mut store, "run")
            .unwrap();
        let total = ALLOCATED.total_allocated();
        // Most end when their fuel does, and some at a limit, so they are run more than once.
        let mut used = 0;
        for _ in 0..10 {
            store.set_fuel(FUEL / 10).unwrap();
            let ended = run.call(&mut store, ());
            assert!(ended.is_err(), "{name}");
            used += FUEL / 10 - store.get_fuel().unwrap();
            let held = ALLOCATED.allocated() - before;
            assert!(held <= 2 * LIMIT + BESIDES, "{name}: {held} bytes held");
        }
        let total = ALLOCATED.total_allocated() - total;
        let most = FOR_FUEL * used as usize + 10 * BESIDES;
        assert!(
            total <= most,
            "{name}: {total} bytes allocated for {used} fuel"
        );
        drop(store);
    }
}

/// Guests that have much memory and do not touch it.
#[cfg(target_os = "linux")]
const UNTOUCHED: &[&str] = &[
    "(module (memory 8192 65536 shared) (func (export \"run\")))",
    "(module (memory 1 65536 shared) (func (export \"run\") (drop (memory.grow (i32.const 8191)))))",
    "(module (memory 8192) (func (export \"run\") (drop (memory.grow (i32.const 1)))))",
    "(module (memory 1) (func (export \"run\") (drop (memory.grow (i32.const 8191)))))",
    "(module (table 10000000 externref) (func (export \"run\")))",
];

#[cfg(target_os = "linux")]
#[test]
fn memory_that_a_guest_does_not_touch_is_not_resident() {
    let resident = || {
        let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
        let pages = pages.split(' ').nth(1).unwrap().parse::<usize>().unwrap();
        pages * 4096
    };
    let _alone = ALONE.lock();
    let engine = Engine::new(Config::new().wasm_threads(true)).unwrap();
    for text in UNTOUCHED {
        let module = Module::new(&engine, text).unwrap();
        let before = resident();
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let run = instance
            .get_typed_func::<(), ()>(&mut store, "run")
            .unwrap();
        run.call(&mut store, ()).unwrap();
        let taken = resident().saturating_sub(before);
        assert!(taken < 16 * MIB, "{text}: {taken} bytes");
    }
}
