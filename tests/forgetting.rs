//! An engine forgets the types of dropped modules: it keeps no more after many of them than after few.
//!
//! This is a test of its own, since it counts the allocations of the whole process. `TICKWASM_MODULES` sets the number of modules; a
//! line at the end states how much memory they left.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use std::alloc::System;
use std::thread;

use cap::Cap;
use tickwasm::{Config, Engine, FuncType, Linker, Module, Store, ValType};
use wasm_encoder::{
    CodeSection, EntityType, ExportKind, ExportSection, FieldType, Function, FunctionSection,
    ImportSection, Instruction as I, Module as Binary, RefType, StorageType, TypeSection,
    ValType as Ty,
};

#[global_allocator]
static ALLOCATED: Cap<System> = Cap::new(System, usize::MAX);

/// Bytes that all modules together may leave behind.
const LEFT: usize = 1 << 20;

fn modules() -> u32 {
    let set = std::env::var("TICKWASM_MODULES");
    set.map_or(5_000, |set| set.parse().expect("a number"))
}

/// A small module with types that no other one has, and that refer to each other.
fn module(number: u32) -> Vec<u8> {
    let reference = |index| {
        Ty::Ref(RefType {
            nullable: true,
            heap_type: wasm_encoder::HeapType::Concrete(index),
        })
    };
    let mut types = TypeSection::new();
    types.ty().function([], []);
    // The number, in the types of the fields.
    let fields = (0..32).map(|bit| FieldType {
        element_type: StorageType::Val(match number >> bit & 1 {
            0 => Ty::I32,
            _ => Ty::I64,
        }),
        mutable: true,
    });
    types.ty().struct_(fields.collect::<Vec<_>>());
    types.ty().array(&StorageType::Val(reference(1)), true);
    types.ty().function([reference(2)], [reference(1)]);
    let mut imports = ImportSection::new();
    imports.import("env", "nothing", EntityType::Function(0));
    let mut funcs = FunctionSection::new();
    funcs.function(0).function(3);
    let mut exports = ExportSection::new();
    exports.export("run", ExportKind::Func, 1);
    exports.export("first", ExportKind::Func, 2);
    let mut code = CodeSection::new();
    let mut run = Function::new([]);
    for instr in [
        I::Call(0),
        I::StructNewDefault(1),
        I::ArrayNewFixed {
            array_type_index: 2,
            array_size: 1,
        },
        I::Call(2),
        I::Drop,
        I::End,
    ] {
        run.instruction(&instr);
    }
    let mut first = Function::new([]);
    for instr in [I::LocalGet(0), I::I32Const(0), I::ArrayGet(2), I::End] {
        first.instruction(&instr);
    }
    code.function(&run).function(&first);
    let mut binary = Binary::new();
    binary
        .section(&types)
        .section(&imports)
        .section(&funcs)
        .section(&exports)
        .section(&code);
    binary.finish()
}

/// Loads a module, uses it, and drops it.
fn load(engine: &Engine, linker: &Linker<()>, number: u32) {
    let module = Module::new(engine, module(number)).unwrap();
    assert_eq!(module.exports().len(), 2);
    if number.is_multiple_of(8) {
        let mut store = Store::new(engine, ());
        let instance = linker.instantiate(&mut store, &module).unwrap();
        let run = instance.get_typed_func::<(), ()>(&mut store, "run");
        run.unwrap().call(&mut store, ()).unwrap();
    }
}

/// The tests of this file, joined into one because they count the allocations of the process.
#[test]
fn many_modules_leave_no_more_than_few() {
    for config in [
        Config::new(),
        Config::new()
            .cache_modules(true)
            .cache_max_entries(100)
            .clone(),
    ] {
        let engine = Engine::new(config).unwrap();
        let mut linker: Linker<()> = Linker::new(&engine);
        linker.func_wrap("env", "nothing", || {}).unwrap();
        let few = modules() / 10;
        (0..few).for_each(|number| load(&engine, &linker, number));
        let before = ALLOCATED.allocated();
        (few..modules()).for_each(|number| load(&engine, &linker, number));
        let after = ALLOCATED.allocated();
        println!(
            "{before} bytes after {few} modules, {after} after {}",
            modules()
        );
        assert!(after <= before + LEFT);
    }
    the_cache_counts_types();
    threads_load_and_drop_at_once();
    types_of_the_embedder_go_with_their_handles();
}

/// The cache counts a module of nothing but types at its real size, within a third.
fn the_cache_counts_types() {
    for values in [0, 1, 10, 100] {
        let mut types = TypeSection::new();
        for number in 0..2_000_u32 {
            let value = |bit: usize| match number >> bit & 1 {
                0 => Ty::I32,
                _ => Ty::I64,
            };
            // Each type differs from the others by its first parameters.
            let params = (0..11 + values).map(|at| value(at % 11));
            types.ty().function(params, []);
        }
        let mut binary = Binary::new();
        binary.section(&types);
        let binary = binary.finish();
        let engine = Engine::default();
        let before = ALLOCATED.allocated();
        let module = engine.compile_wasm(&binary).unwrap();
        let taken = ALLOCATED.allocated() - before;
        let counted = engine.cache_stats().bytes as usize;
        println!("{values} values more: {taken} bytes taken, {counted} counted");
        assert!(counted >= taken / 3 * 2 && counted <= taken / 2 * 3);
        drop(module);
    }
}

fn threads_load_and_drop_at_once() {
    // The engine keeps a value stack for each thread that has run code, so these are small.
    let config = Config::new().max_wasm_stack(1 << 14).clone();
    let engine = Engine::new(config).unwrap();
    let mut linker: Linker<()> = Linker::new(&engine);
    linker.func_wrap("env", "nothing", || {}).unwrap();
    let run = |share: u32| {
        let (engine, linker) = (&engine, &linker);
        // Threads have half of their modules in common.
        let work = move || {
            for number in 0..share {
                load(engine, linker, number % 997);
            }
        };
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(work);
            }
        });
    };
    run(modules() / 100);
    let before = ALLOCATED.allocated();
    run(modules() / 10);
    let after = ALLOCATED.allocated();
    println!("{before} bytes before the threads, {after} after them");
    assert!(after <= before + LEFT);
}

fn types_of_the_embedder_go_with_their_handles() {
    let engine = Engine::default();
    let _one = FuncType::new(&engine, [], []);
    let make = |number: u32| {
        let params = (0..32).map(|bit| match number >> bit & 1 {
            0 => ValType::I32,
            _ => ValType::I64,
        });
        FuncType::new(&engine, params, [])
    };
    let before = ALLOCATED.allocated();
    (0..modules()).for_each(|number| drop(make(number)));
    let left = ALLOCATED.allocated().saturating_sub(before);
    assert!(left <= 1 << 14, "{left} bytes were left");
}
