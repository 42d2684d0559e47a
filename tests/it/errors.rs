//! Errors have their cause, in their type and in their text.

use std::error::Error as StdError;

use super::instance;
use tickwasm::*;

#[derive(Debug, PartialEq, thiserror::Error)]
#[error("disk {0} is full")]
struct DiskFull(u32);

/// Calls a host function that fails through a guest.
fn fail<R: WasmRet>(func: impl Fn() -> R + Send + Sync + 'static) -> Error {
    let engine = Engine::default();
    let mut linker = Linker::new(&engine);
    linker.func_wrap("host", "fail", func).unwrap();
    let module = Module::new(
        &engine,
        r#"(module $guest
            (import "host" "fail" (func $fail))
            (func $inner (call $fail))
            (func $outer (export "run") (call $inner) (unreachable)))"#,
    )
    .unwrap();
    let mut store = Store::new(&engine, ());
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let run = instance
        .get_typed_func::<(), ()>(&mut store, "run")
        .unwrap();
    run.call(&mut store, ()).unwrap_err()
}

fn names(error: &Error) -> Vec<Option<&str>> {
    error
        .backtrace()
        .unwrap()
        .frames()
        .iter()
        .map(FrameInfo::func_name)
        .collect()
}

#[test]
fn a_host_functions_error_keeps_its_type_text_and_source() {
    let error = fail(|| -> Result<(), DiskFull> { Err(DiskFull(3)) });
    assert!(matches!(error, Error::Host(_)));
    assert_eq!(error.downcast_ref::<DiskFull>(), Some(&DiskFull(3)));
    assert_eq!(error.to_string(), "disk 3 is full");
    let source = StdError::source(&error).unwrap();
    assert_eq!(source.to_string(), "disk 3 is full");
    assert_eq!(names(&error), [Some("inner"), Some("outer")]);
    assert_eq!(error.downcast::<DiskFull>().unwrap(), DiskFull(3));
}

#[test]
fn boxed_errors_and_texts_are_errors_of_the_host() {
    let error =
        fail(|| -> Result<(), Box<dyn StdError + Send + Sync>> { Err("no such thing".into()) });
    assert_eq!(error.to_string(), "no such thing");
    let error = fail(|| -> Result<()> { Err(Error::msg("neither this")) });
    assert_eq!(error.to_string(), "neither this");
    let error = fail(|| -> Result<()> {
        let number: i32 = "x".parse()?;
        panic!("parsed {number}");
    });
    assert!(error.is::<std::num::ParseIntError>());
}

#[test]
fn a_trap_from_the_host_is_a_trap() {
    let error = fail(|| -> Result<()> { Err(Trap::IntegerOverflow.into()) });
    assert!(matches!(&error, Error::Trap(trap) if trap.code() == Trap::IntegerOverflow));
    assert_eq!(names(&error), [Some("inner"), Some("outer")]);
    let error = fail(|| -> Result<(), Trap> { Err(Trap::NullReference) });
    assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::NullReference));
    let error = fail(|| -> Result<()> { Err(Trap::OutOfFuel.into()) });
    assert!(matches!(error, Error::FuelExhausted { .. }));
    assert_eq!(names(&error), [Some("inner"), Some("outer")]);
}

#[test]
fn errors_convert_both_ways_with_the_question_mark() {
    fn out(error: Error) -> Result<(), Box<dyn StdError + Send + Sync>> {
        Err(error)?
    }
    fn back(error: Box<dyn StdError + Send + Sync>) -> Result<()> {
        Err(error)?
    }
    let boxed = out(fail(|| -> Result<(), DiskFull> { Err(DiskFull(1)) })).unwrap_err();
    let error = back(boxed).unwrap_err();
    assert_eq!(error.downcast_ref::<DiskFull>(), Some(&DiskFull(1)));
    let boxed = out(Trap::OutOfFuel.into()).unwrap_err();
    assert!(matches!(back(boxed), Err(Error::FuelExhausted { .. })));
}

#[test]
fn errors_of_anyhow_pass_through_closures_with_text_and_sources() {
    use anyhow::Context;
    let error = fail(|| {
        let number: i32 = "x".parse().context("not a number")?;
        anyhow::ensure!(number == 0, "never");
        anyhow::Ok(())
    });
    assert!(matches!(error, Error::Host(_)));
    assert_eq!(error.to_string(), "not a number");
    assert_eq!(names(&error), [Some("inner"), Some("outer")]);
    let error = anyhow::Error::from(error);
    assert!(
        error
            .chain()
            .any(|source| source.is::<std::num::ParseIntError>())
    );
    assert_eq!(
        error.downcast_ref::<Error>().unwrap().to_string(),
        "not a number"
    );
}

#[test]
fn into_anyhow_with_the_question_mark() {
    fn out() -> anyhow::Result<()> {
        Module::new(&Engine::default(), "(module (func (result i32)))")?;
        Ok(())
    }
    let error = out().unwrap_err();
    assert!(matches!(error.downcast_ref(), Some(Error::Compilation(_))));
    // The mistake is named once.
    assert_eq!(format!("{error:#}").matches("type mismatch").count(), 1);
}

#[cfg(feature = "anyhow")]
#[test]
fn out_of_anyhow_with_the_question_mark_keeps_types() {
    fn back(error: impl Into<anyhow::Error>) -> Result<()> {
        Err(error.into())?
    }
    assert!(back(DiskFull(4)).unwrap_err().is::<DiskFull>());
    assert!(matches!(back(Trap::IntegerOverflow), Err(Error::Trap(_))));
    let error = back(Error::TableExhausted {
        requested: 2,
        limit: 1,
    });
    assert!(matches!(error, Err(Error::TableExhausted { .. })));
    // Through a host function as well.
    let error = fail(|| -> anyhow::Result<()> { Err(Trap::IntegerOverflow)? });
    assert!(matches!(&error, Error::Trap(trap) if trap.code() == Trap::IntegerOverflow));
    let error = fail(|| -> anyhow::Result<()> { Err(DiskFull(5))? });
    assert_eq!(error.downcast::<DiskFull>().unwrap(), DiskFull(5));
}

#[test]
fn a_trap_names_functions_from_innermost_out() {
    let (mut store, instance) = instance(
        r#"(module $shop
            (func $divide (param i32 i32) (result i32) (i32.div_u (local.get 0) (local.get 1)))
            (func (export "run") (result i32) (call $divide (i32.const 1) (i32.const 0))))"#,
    );
    let run = instance
        .get_typed_func::<(), i32>(&mut store, "run")
        .unwrap();
    let error = run.call(&mut store, ()).unwrap_err();
    let frames = error.backtrace().unwrap().frames();
    assert_eq!(frames.len(), 2);
    assert_eq!(
        (frames[0].func_index(), frames[0].func_name()),
        (0, Some("divide"))
    );
    assert_eq!((frames[1].func_index(), frames[1].func_name()), (1, None));
    assert_eq!(frames[0].module_name(), Some("shop"));
    assert!(frames[0].module_offset() < frames[1].module_offset());
    let text = error.to_string();
    assert!(
        text.starts_with("wasm trap: integer divide by zero\n"),
        "{text}"
    );
    assert!(text.contains("shop!divide"), "{text}");
}

#[test]
fn an_instance_stays_usable_after_a_trap() {
    let (mut store, instance) = instance(
        r#"(module (global $g (mut i32) (i32.const 0))
            (func (export "run") (param i32) (result i32)
                (global.set $g (i32.add (global.get $g) (i32.const 1)))
                (if (local.get 0) (then unreachable))
                (global.get $g)))"#,
    );
    let run = instance
        .get_typed_func::<i32, i32>(&mut store, "run")
        .unwrap();
    for expected in [2, 4, 6] {
        assert!(run.call(&mut store, 1).is_err());
        assert_eq!(run.call(&mut store, 0).unwrap(), expected);
    }
}

fn compile_error(source: impl AsRef<[u8]>) -> CompilationError {
    match Module::new(&Engine::default(), source) {
        Err(Error::Compilation(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_error_in_text_tells_line_and_column() {
    let error = compile_error("(module\n  (func i32.bogus))");
    assert_eq!(error.stage(), CompilationStage::Text);
    assert_eq!(error.line_column(), Some((2, 9)));
    assert_eq!(error.offset(), None);
    assert!(error.to_string().contains("i32.bogus"), "{error}");
}

#[test]
fn an_error_in_text_shows_the_line_with_a_mark_below() {
    let error =
        Module::new(&Engine::default(), "(module\n\n  (func $f\n\ti32.add x))").unwrap_err();
    let text = error.to_string();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[1..],
        [
            "  --> line 4, column 10",
            "   |",
            " 4 |  i32.add x))",
            "   |          ^"
        ]
    );
    let Error::Compilation(error) = error else {
        panic!("{error}");
    };
    assert_eq!(error.line(), Some(" i32.add x))"));
}

#[test]
fn an_unfinished_text_is_wrong_at_its_end() {
    let error = compile_error("(module\n  (func");
    assert_eq!(error.stage(), CompilationStage::Text);
    assert_eq!(error.line_column().unwrap().0, 2);
    let error = compile_error(b"(module\n\xff)");
    assert_eq!(error.stage(), CompilationStage::Text);
    assert_eq!(error.line_column(), Some((2, 1)));
}

/// Checks an invalid text in which `@` marks the place of the error; the mark is removed.
fn check_place(marked: &str, function: Option<(u32, Option<&str>, Option<&str>)>) {
    let at = marked.find('@').unwrap();
    let head = &marked[..at];
    let line = head.matches('\n').count() + 1;
    let column = head.rsplit('\n').next().unwrap().chars().count() + 1;
    let error = compile_error(marked.replace('@', ""));
    assert_eq!(error.stage(), CompilationStage::Validate, "{error}");
    assert_eq!(error.line_column(), Some((line, column)), "{error}");
    let found = error
        .func_index()
        .map(|index| (index, error.func_name(), error.instruction()));
    assert_eq!(found, function, "{error}");
}

#[test]
fn an_invalid_instruction_in_text_has_line_and_column() {
    let check = |marked, index, name, instr| check_place(marked, Some((index, name, Some(instr))));
    check(
        "(module (func $f (result i32)\n  i32.const 1\n  @i64.eqz))",
        0,
        Some("f"),
        "i64.eqz",
    );
    // Folded, with the operands behind their operator.
    check(
        "(module (func $f (result i32)\n (@i32.add (i32.const 1)\n  (i64.const 2))))",
        0,
        Some("f"),
        "i32.add",
    );
    check(
        r#"(module (import "a" "b" (func)) (func (import "a" "c"))
            (func) (func (export "x") (param i32)
                (if (local.get 0)
                    (then (nop))
                    (else (@local.set 0 (f32.const 1))))))"#,
        3,
        None,
        "local.set 0",
    );
    check(
        "(module\n(memory 1)\n(func (block\n(loop\n (@br 7 (i32.const 0))))))",
        0,
        None,
        "br 7",
    );
    check(
        "(module (func (result i32) (block (result i32) (@br_if 0 (i32.const 1)))))",
        0,
        None,
        "br_if 0",
    );
}

#[test]
fn a_body_that_ends_too_early_is_shown_by_its_beginning() {
    check_place(
        "(module\n  (@func $f (result i32)\n  nop))",
        Some((0, Some("f"), Some("end"))),
    );
}

#[test]
fn an_invalid_field_in_text_has_line_and_column() {
    for marked in [
        "(module (memory 1)\n (@memory 2 1))",
        "(module (func)\n (export \"a\" (func 0))\n (@export \"a\" (func 0)))",
        "(module (global i32 (i32.const 0))\n (@global i32 (i64.const 0)))",
        "(module (func (param i32))\n (start @0))",
        "(module (memory 1) (data (i32.const 0) \"x\")\n(@data (i64.const 0) \"x\"))",
        "(module (table 1 funcref)\n(@elem (f32.const 0) func))",
        "(module (func)\n (@func (type 9)))",
        "(module\n (@import \"a\" \"b\" (memory 100000)))",
        "(module (table 1 funcref) (@table 2 1 funcref))",
    ] {
        check_place(marked, None);
    }
}

#[test]
fn an_invalid_binary_names_function_and_instruction() {
    let binary =
        wat::parse_str("(module (func) (func $sum (result i32) i32.const 1 f32.sqrt))").unwrap();
    let error = compile_error(&binary);
    assert_eq!(
        (error.func_index(), error.func_name(), error.instruction()),
        (Some(1), Some("sum"), Some("f32.sqrt"))
    );
    assert_eq!((error.line_column(), error.line()), (None, None));
    let text = error.to_string();
    assert!(
        text.ends_with("\n  in function 1 (`sum`), instruction 2: f32.sqrt"),
        "{text}"
    );
    let binary = wat::parse_str("(module (global i32 (i64.const 1)))").unwrap();
    let text = compile_error(&binary).to_string();
    assert!(text.ends_with("\n  in global 0"), "{text}");
}

#[test]
fn a_missing_import_tells_its_type_and_what_is_near() {
    let engine = Engine::default();
    let mut linker = Linker::<()>::new(&engine);
    linker
        .func_wrap("fs", "read_file", |x: i32| (x, 0))
        .unwrap();
    let import = r#"(module (import "fs" "readfile" (func (param i32) (result i32 i32))))"#;
    let error = linker
        .instantiate_pre(&engine.compile_wat(import).unwrap())
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "unknown import: `fs::readfile` has not been defined (expected: function [i32] -> [i32 i32]); `fs::read_file` is defined"
    );
    let Error::MissingImport {
        module,
        name,
        expected,
        similar,
    } = error
    else {
        panic!("{error}");
    };
    assert_eq!(
        (&*module, &*name, similar.as_deref()),
        ("fs", "readfile", Some("fs::read_file"))
    );
    assert!(matches!(*expected, ExternType::Func(_)));
}

#[test]
fn data_that_means_nothing_is_a_serialization_error() {
    let error = fail(|| -> Result<()> { Err(Error::serialization("no closing bracket")) });
    assert!(matches!(error, Error::Serialization(_)));
    assert_eq!(error.to_string(), "serialization: no closing bracket");
    assert_eq!(
        StdError::source(&error).unwrap().to_string(),
        "no closing bracket"
    );
    let error = Error::serialization(DiskFull(2));
    assert_eq!(error.downcast_ref::<DiskFull>(), Some(&DiskFull(2)));
}

#[test]
fn pointers_and_arguments_out_of_bounds_are_errors_of_their_own() {
    let error = tape::List::read(&[0; 16], 0x40).unwrap_err();
    assert!(matches!(
        error,
        Error::InvalidPointer {
            ptr: 0x40,
            size: 16
        }
    ));
    assert_eq!(error.to_string(), "invalid pointer 0x40 (memory size 16)");
    let error = fail(|| -> Result<()> { Err(Error::ArgOutOfBounds { index: 3, count: 2 }) });
    assert!(matches!(
        error,
        Error::ArgOutOfBounds { index: 3, count: 2 }
    ));
    assert_eq!(error.to_string(), "argument 3 out of bounds (2 available)");
}

#[test]
fn an_error_in_a_binary_tells_the_offset() {
    let error = compile_error(b"\0asm\x02\0\0\0");
    assert_eq!(error.stage(), CompilationStage::Decode);
    assert_eq!(error.offset(), Some(4));
    assert!(
        error.to_string().starts_with("unknown binary version"),
        "{error}"
    );
}

#[test]
fn an_invalid_module_tells_both_types_and_the_offset() {
    let error = compile_error("(module (func (result i32) i64.const 1))");
    assert_eq!(error.stage(), CompilationStage::Validate);
    assert!(error.offset().is_some());
    let text = error.to_string();
    assert!(text.starts_with("type mismatch"), "{text}");
    assert!(text.contains("i32") && text.contains("i64"), "{text}");
}

#[test]
fn a_feature_that_is_switched_off_is_refused() {
    let mut config = Config::new();
    config.wasm_tail_call(false);
    let engine = Engine::new(&config).unwrap();
    let error = Module::new(&engine, "(module (func return_call 0))")
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("tail-call") && error.contains("switched off"),
        "{error}"
    );
}

#[test]
fn a_missing_file_is_named() {
    let error = Module::from_file(&Engine::default(), "does/not/exist.wasm").unwrap_err();
    assert!(matches!(error, Error::File { .. }));
    assert!(error.to_string().contains("does/not/exist.wasm"));
}

#[test]
fn an_unknown_export_names_its_like() {
    let (mut store, instance) =
        instance(r#"(module (func (export "transform")) (memory (export "m") 1))"#);
    let error = instance
        .get_typed_func::<(), ()>(&mut store, "transfrom")
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "unknown export `transfrom`; `transform` is defined"
    );
    let error = instance
        .get_typed_func::<(), ()>(&mut store, "m")
        .unwrap_err();
    assert_eq!(error.to_string(), "export `m` is not a function");
    let error = instance
        .get_typed_func::<i32, ()>(&mut store, "transform")
        .unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("[] -> []") && text.contains("[i32] -> []"),
        "{text}"
    );
}

#[test]
fn untyped_calls_check_numbers_and_types() {
    let (mut store, instance) =
        instance(r#"(module (func (export "f") (param i32) (result i32) local.get 0))"#);
    let f = instance.get_func(&mut store, "f").unwrap();
    let mut one = [Val::I32(0)];
    let text = |result: Result<()>| result.unwrap_err().to_string();
    assert_eq!(
        text(f.call(&mut store, &[], &mut one)),
        "expected 1 arguments, got 0"
    );
    assert_eq!(
        text(f.call(&mut store, &[Val::I32(1)], &mut [])),
        "expected 1 results, got 0"
    );
    assert_eq!(
        text(f.call(&mut store, &[Val::I64(1)], &mut one)),
        "type mismatch: expected i32, found i64"
    );
    f.call(&mut store, &[Val::I32(1)], &mut one).unwrap();
}

#[test]
fn a_panic_in_a_host_function_passes_through() {
    let result = std::panic::catch_unwind(|| fail(|| -> () { panic!("on purpose") }));
    assert_eq!(
        result.unwrap_err().downcast_ref::<&str>(),
        Some(&"on purpose")
    );
}

/// A name that would turn a terminal red, begin a line, and turn the direction of writing.
const HOSTILE: &str = r"a\1b[31m\0a\e2\80\ae";

/// The same name as it is printed.
const HARMLESS: &str = r"a\u{1b}[31m\u{a}\u{202e}";

#[test]
fn names_of_a_module_are_escaped_in_every_message() {
    let engine = Engine::default();
    let of = |text: String| Module::new(&engine, text);
    let check = |error: &dyn core::fmt::Display, lines: usize| {
        let text = error.to_string();
        assert!(text.contains(HARMLESS), "{text}");
        assert_eq!(text.lines().count(), lines, "{text}");
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
    };
    // Backtraces, of functions and modules.
    let trapping = format!(
        r#"(module $"{HOSTILE}" (func $"{HOSTILE}" (export "run") unreachable) (global (export "g") i32 (i32.const 0)))"#
    );
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &of(trapping).unwrap(), &[]).unwrap();
    let run = instance.get_typed_func::<(), ()>(&store, "run").unwrap();
    let error = run.call(&mut store, ()).unwrap_err();
    check(&error, 4);
    assert!(
        error
            .to_string()
            .contains(&format!("{HARMLESS}!{HARMLESS} (function 0)"))
    );
    // Imports that are missing, of another type, or suggested.
    let import = format!(r#"(module (import "{HOSTILE}" "{HOSTILE}" (func)))"#);
    let import = of(import).unwrap();
    let mut linker = Linker::new(&engine);
    check(&linker.instantiate(&mut store, &import).unwrap_err(), 1);
    let named = import.imports().next().unwrap().name().to_owned();
    linker.func_wrap(&named, &named, |_: i32| {}).unwrap();
    check(&linker.instantiate(&mut store, &import).unwrap_err(), 1);
    check(
        &linker
            .func_wrap(&named, &named, || {})
            .map(drop)
            .unwrap_err(),
        1,
    );
    let near = format!(r#"(module (import "{HOSTILE}" "b{HOSTILE}" (func)))"#);
    check(
        &linker
            .instantiate(&mut store, &of(near).unwrap())
            .unwrap_err(),
        1,
    );
    // Exports.
    let export = format!(r#"(module (memory (export "{HOSTILE}") 1))"#);
    let instance = Instance::new(&mut store, &of(export).unwrap(), &[]).unwrap();
    for name in [&named, &format!("{named}b")] {
        let error = instance.get_typed_func::<(), ()>(&store, name);
        check(&error.map(drop).unwrap_err(), 1);
    }
    let twice = format!(r#"(module (memory (export "{HOSTILE}") (export "{HOSTILE}") 1))"#);
    let error = of(twice).unwrap_err().to_string();
    assert!(error.contains(HARMLESS), "{error}");
    // Bodies, and the text format's errors about its names.
    let invalid = format!(r#"(module (func $"{HOSTILE}" (result i32)))"#);
    check(&of(invalid).unwrap_err(), 6);
    let unknown = format!(r#"(module (func (call $"{HOSTILE}")))"#);
    check(&of(unknown).unwrap_err(), 5);
}

#[test]
fn long_names_and_lists_of_types_are_cut() {
    let engine = Engine::default();
    let long = "n".repeat(100_000);
    let module = format!(
        r#"(module (import "{long}" "{long}" (func (param {}))))"#,
        "i32 ".repeat(1000)
    );
    let module = Module::new(&engine, module).unwrap();
    let error = Linker::new(&engine).instantiate(&mut Store::new(&engine, ()), &module);
    let error = error.unwrap_err().to_string();
    assert!(error.len() < 1000, "{error}");
    assert!(error.contains("n… (99800 more bytes)"), "{error}");
    assert!(error.contains("i32 ... and 968 more] -> []"), "{error}");
    let text = format!("(module (func (call ${long})))");
    let error = Module::new(&engine, text).unwrap_err().to_string();
    assert!(error.len() < 3000, "{error}");
}

#[test]
fn what_is_no_module_of_any_kind_is_told_what_it_is() {
    for (bytes, phrase) in [
        (
            &b"\0asm\x0d\0\x01\0"[..],
            "unknown binary version 0x1000d: this is a component, not a module",
        ),
        (b"\0asm\x02\0\0\0", "unknown binary version 0x2 (at"),
        (
            b"\x7fELF\x02\x01\x01\0\0",
            "it is neither a binary module nor text",
        ),
        (b"", "it is empty"),
    ] {
        let error = compile_error(bytes).to_string();
        assert!(error.contains(phrase), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}
