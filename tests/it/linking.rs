//! Linkers.

use tickwasm::*;

fn module(engine: &Engine, wat: &str) -> Module {
    Module::new(engine, wat).unwrap()
}

/// A linker in which `env::one` and `env::print_line` are defined, and a store.
fn linker() -> (Engine, Linker<()>, Store<()>) {
    let engine = Engine::default();
    let mut linker = Linker::new(&engine);
    linker.func_wrap("env", "one", || 1).unwrap();
    linker
        .func_wrap("env", "print_line", |_: i32, _: i32| {})
        .unwrap();
    let store = Store::new(&engine, ());
    (engine, linker, store)
}

const ONE: &str = r#"(module (import "env" "one" (func $one (result i32)))
    (func (export "run") (result i32) (call $one)))"#;

fn run(linker: &Linker<()>, store: &mut Store<()>, module: &Module) -> Result<i32> {
    let instance = linker.instantiate(&mut *store, module)?;
    instance
        .get_typed_func::<(), i32>(&mut *store, "run")?
        .call(store, ())
}

#[test]
fn a_name_is_defined_once_unless_shadowing_is_allowed() {
    let (engine, mut linker, mut store) = linker();
    let error = linker.func_wrap("env", "one", || 11).unwrap_err();
    assert_eq!(error.to_string(), "import of `env::one` defined twice");
    linker.allow_shadowing(true);
    linker.func_wrap("env", "one", || 11).unwrap();
    assert_eq!(run(&linker, &mut store, &module(&engine, ONE)).unwrap(), 11);
    linker.allow_shadowing(false);
    assert!(linker.func_wrap("env", "one", || 12).is_err());
}

fn missing(wat: &str, expected: &str) {
    let (engine, linker, mut store) = linker();
    let error = linker
        .instantiate(&mut store, &module(&engine, wat))
        .unwrap_err();
    assert_eq!(error.to_string(), expected);
}

#[test]
fn a_missing_import_tells_its_type() {
    missing(
        r#"(module (import "sys" "clock" (func (param i32) (result i64))))"#,
        "unknown import: `sys::clock` has not been defined (expected: function [i32] -> [i64])",
    );
    missing(
        r#"(module (import "sys" "memory" (memory 1 2)))"#,
        "unknown import: `sys::memory` has not been defined (expected: memory 1 2)",
    );
}

#[test]
fn a_missing_import_names_its_like() {
    let expected = |name| {
        format!(
            "unknown import: `{name}` has not been defined (expected: function [i32 i32] -> []); `env::print_line` is defined"
        )
    };
    for (from, name) in [
        ("env", "printLine"),
        ("env", "print_lin"),
        ("sys", "print_line"),
        ("enw", "print-line"),
    ] {
        missing(
            &format!(r#"(module (import "{from}" "{name}" (func (param i32 i32))))"#),
            &expected(format!("{from}::{name}")),
        );
    }
}

#[test]
fn a_missing_import_can_be_matched_on() {
    let (engine, linker, mut store) = linker();
    let module = module(&engine, r#"(module (import "a" "b" (global i32)))"#);
    match linker.instantiate(&mut store, &module) {
        Err(Error::MissingImport {
            module,
            name,
            expected,
            similar,
        }) => {
            assert_eq!((module.as_str(), name.as_str(), similar), ("a", "b", None));
            assert_eq!(expected.global().unwrap().content(), &ValType::I32);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_function_of_another_type_is_refused_with_both_types() {
    let (engine, linker, _) = linker();
    let wrong = module(
        &engine,
        r#"(module (import "env" "one" (func (param i64))))"#,
    );
    let error = linker.instantiate_pre(&wrong).unwrap_err();
    assert_eq!(
        error.to_string(),
        "incompatible import type for `env::one`: expected function [i64] -> [], found function [] -> [i32]"
    );
    let wrong = module(&engine, r#"(module (import "env" "one" (memory 1)))"#);
    assert!(matches!(
        linker.instantiate_pre(&wrong),
        Err(Error::IncompatibleImport { .. })
    ));
}

#[test]
fn unknown_functions_can_be_traps() {
    let (engine, mut linker, mut store) = linker();
    let module = module(
        &engine,
        r#"(module
            (import "env" "one" (func $one (result i32)))
            (import "env" "two" (func $two (result i32)))
            (func (export "run") (result i32) (call $one))
            (func (export "bad") (result i32) (call $two)))"#,
    );
    linker.define_unknown_imports_as_traps(&module).unwrap();
    assert_eq!(run(&linker, &mut store, &module).unwrap(), 1);
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let bad = instance
        .get_typed_func::<(), i32>(&mut store, "bad")
        .unwrap();
    let error = bad.call(&mut store, ()).unwrap_err();
    assert!(
        matches!(&error, Error::MissingImport { name, .. } if name == "two"),
        "{error}"
    );
}

#[test]
fn unknown_imports_can_be_default_values() {
    let (engine, mut linker, mut store) = linker();
    let module = module(
        &engine,
        r#"(module
            (import "x" "f" (func $f (param i32) (result i64 funcref)))
            (import "x" "m" (memory 2))
            (import "x" "t" (table 3 externref))
            (import "x" "g" (global $g (mut f64)))
            (func (export "run") (result i32)
                (call $f (i32.const 1)) drop i32.wrap_i64
                (i32.add (memory.size))
                (i32.add (table.size 0))
                (i32.add (i32.trunc_f64_s (global.get $g)))))"#,
    );
    linker
        .define_unknown_imports_as_default_values(&mut store, &module)
        .unwrap();
    assert_eq!(run(&linker, &mut store, &module).unwrap(), 5);
}

#[test]
fn aliases_are_the_same_definitions() {
    let (engine, mut linker, mut store) = linker();
    linker.alias("env", "one", "sys", "uno").unwrap();
    linker.alias_module("env", "wasi").unwrap();
    for (from, name) in [("sys", "uno"), ("wasi", "one")] {
        let wat = ONE.replace("\"env\" \"one\"", &format!("\"{from}\" \"{name}\""));
        assert_eq!(run(&linker, &mut store, &module(&engine, &wat)).unwrap(), 1);
    }
    assert!(linker.alias("env", "three", "sys", "x").is_err());
    assert!(linker.alias("env", "one", "sys", "uno").is_err());
    assert!(linker.alias_module("nothing", "x").is_err());
}

#[test]
fn instances_can_be_linked_to_each_other() {
    let (engine, mut linker, mut store) = linker();
    let library = module(
        &engine,
        r#"(module (memory (export "memory") 1) (global (export "base") i32 (i32.const 40))
            (func (export "load") (param i32) (result i32) (i32.load (local.get 0))))"#,
    );
    let instance = linker.instantiate(&mut store, &library).unwrap();
    linker.instance(&mut store, "lib", instance).unwrap();
    let user = module(
        &engine,
        r#"(module
            (import "lib" "memory" (memory 1))
            (import "lib" "base" (global $base i32))
            (import "lib" "load" (func $load (param i32) (result i32)))
            (func (export "run") (result i32)
                (i32.store (i32.const 12) (i32.const 2))
                (i32.add (global.get $base) (call $load (i32.const 12)))))"#,
    );
    assert_eq!(run(&linker, &mut store, &user).unwrap(), 42);
}

#[test]
fn a_reactor_is_initialized_once() {
    let (engine, mut linker, mut store) = linker();
    let reactor = module(
        &engine,
        r#"(module (global $g (mut i32) (i32.const 0))
            (func (export "_initialize") (global.set $g (i32.const 100)))
            (func (export "next") (result i32)
                (global.set $g (i32.add (global.get $g) (i32.const 1))) (global.get $g)))"#,
    );
    linker.module(&mut store, "counter", &reactor).unwrap();
    let user = module(
        &engine,
        &ONE.replace("\"env\" \"one\"", "\"counter\" \"next\""),
    );
    assert_eq!(run(&linker, &mut store, &user).unwrap(), 101);
    assert_eq!(run(&linker, &mut store, &user).unwrap(), 102);
}

#[test]
fn a_command_is_made_anew_for_each_call() {
    let (engine, mut linker, mut store) = linker();
    let command = module(
        &engine,
        r#"(module (global $g (mut i32) (i32.const 0))
            (func (export "_start"))
            (func (export "next") (result i32)
                (global.set $g (i32.add (global.get $g) (i32.const 1))) (global.get $g)))"#,
    );
    linker.module(&mut store, "command", &command).unwrap();
    let user = module(
        &engine,
        &ONE.replace("\"env\" \"one\"", "\"command\" \"next\""),
    );
    assert_eq!(run(&linker, &mut store, &user).unwrap(), 1);
    assert_eq!(run(&linker, &mut store, &user).unwrap(), 1);
    let start = linker.get_default(&mut store, "command").unwrap();
    start.call(&mut store, &[], &mut []).unwrap();
}

#[test]
fn definitions_can_be_listed_and_looked_up() {
    let (_, mut linker, mut store) = linker();
    let memory = Memory::new(&mut store, MemoryType::new(1, None)).unwrap();
    linker.define(&store, "a", "memory", memory).unwrap();
    let listed: Vec<String> = linker
        .iter(&mut store)
        .map(|(module, name, _)| format!("{module}::{name}"))
        .collect();
    assert_eq!(listed, ["a::memory", "env::one", "env::print_line"]);
    let one = linker
        .get(&mut store, "env", "one")
        .and_then(Extern::into_func)
        .unwrap();
    assert_eq!(
        one.typed::<(), i32>(&store)
            .unwrap()
            .call(&mut store, ())
            .unwrap(),
        1
    );
    assert_eq!(linker.get(&mut store, "a", "memory"), Some(memory.into()));
    assert_eq!(linker.get(&mut store, "a", "b"), None);
    let nothing = linker.get_default(&mut store, "env").unwrap();
    nothing.call(&mut store, &[], &mut []).unwrap();
}

#[test]
fn a_prepared_instance_serves_many_stores() {
    let (engine, linker, _) = linker();
    let pre = linker.instantiate_pre(&module(&engine, ONE)).unwrap();
    drop(linker);
    for _ in 0..100 {
        let mut store = Store::new(&engine, ());
        for _ in 0..3 {
            let instance = pre.instantiate(&mut store).unwrap();
            let run = instance
                .get_typed_func::<(), i32>(&mut store, "run")
                .unwrap();
            assert_eq!(run.call(&mut store, ()).unwrap(), 1);
        }
    }
}
