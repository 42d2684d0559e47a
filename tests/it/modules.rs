//! Imports, exports and other facts of modules.

use tickwasm::*;

fn module(wat: &str) -> Module {
    Module::new(&Engine::default(), wat).unwrap()
}

#[test]
fn imports_are_listed_with_their_types() {
    let module = module(
        r#"(module
            (import "a" "f" (func (param i32 f32) (result i64)))
            (import "a" "t" (table 1 2 externref))
            (import "b" "m" (memory 1))
            (import "b" "g" (global (mut f64))))"#,
    );
    let imports: Vec<String> = module
        .imports()
        .map(|import| format!("{}::{}: {}", import.module(), import.name(), import.ty()))
        .collect();
    assert_eq!(
        imports,
        [
            "a::f: function [i32 f32] -> [i64]",
            "a::t: table 1 2 externref",
            "b::m: memory 1",
            "b::g: global (mut f64)",
        ]
    );
}

#[test]
fn exports_are_listed_with_their_types_also_of_imports() {
    let module = module(
        r#"(module
            (import "a" "f" (func $i (param i32)))
            (import "a" "g" (global $g i64))
            (func $f (result i32) (i32.const 1))
            (global $h (mut f32) (f32.const 0))
            (memory 3) (table 4 funcref)
            (export "i" (func $i)) (export "g" (global $g)) (export "f" (func $f))
            (export "h" (global $h)) (export "m" (memory 0)) (export "t" (table 0)))"#,
    );
    let exports: Vec<String> = module
        .exports()
        .map(|export| format!("{}: {}", export.name(), export.ty()))
        .collect();
    assert_eq!(
        exports,
        [
            "i: function [i32] -> []",
            "g: global i64",
            "f: function [] -> [i32]",
            "h: global (mut f32)",
            "m: memory 3",
            "t: table 4 funcref",
        ]
    );
    assert_eq!(module.exports().len(), 6);
    assert_eq!(
        module.get_export("f").unwrap().func().unwrap().result(0),
        Some(ValType::I32)
    );
    assert!(module.get_export("x").is_none());
}

#[test]
fn names_and_custom_sections() {
    let module = module(r#"(module $shop (@custom "a" "1") (@custom "b" "") (@custom "a" "22"))"#);
    assert_eq!(module.name(), Some("shop"));
    let sections: Vec<(&str, usize)> = module
        .custom_sections()
        .filter(|section| section.name() != "name")
        .map(|section| (section.name(), section.data().len()))
        .collect();
    assert_eq!(sections, [("a", 1), ("b", 0), ("a", 2)]);
    assert_eq!(self::module("(module)").name(), None);
}

#[test]
fn binaries_and_texts_are_told_apart() {
    let engine = Engine::default();
    let binary = wat::parse_str("(module)").unwrap();
    Module::new(&engine, &binary).unwrap();
    Module::from_binary(&engine, &binary).unwrap();
    assert!(Module::from_binary(&engine, b"(module)").is_err());
    assert!(Module::new(&engine, [0xff]).is_err());
}

#[test]
fn validation_alone_finds_what_compilation_finds() {
    let engine = Engine::default();
    Module::validate(&engine, b"(module (func))").unwrap();
    let error = Module::validate(&engine, b"(module (func i32.add))").unwrap_err();
    assert!(matches!(error, Error::Compilation(_)));
}

#[test]
fn handles_of_modules_and_engines_are_cheap_and_comparable() {
    let a = module("(module)");
    let b = module("(module)");
    assert!(Module::same(&a, &a.clone()));
    assert!(!Module::same(&a, &b));
    assert!(Engine::same(a.engine(), &a.engine().clone()));
}
