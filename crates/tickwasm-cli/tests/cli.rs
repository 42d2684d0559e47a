//! The command line, from outside: what is printed, and the exit codes.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

struct Ran {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

fn tickwasm(args: &[&str]) -> Ran {
    let Output {
        status,
        stdout,
        stderr,
    } = Command::new(env!("CARGO_BIN_EXE_tickwasm"))
        .args(args)
        .output()
        .unwrap();
    Ran {
        code: status.code(),
        stdout: String::from_utf8(stdout).unwrap(),
        stderr: String::from_utf8(stderr).unwrap(),
    }
}

/// The same with something piped in.
fn piped(args: &[&str], input: &[u8]) -> Ran {
    let mut child = Command::new(env!("CARGO_BIN_EXE_tickwasm"))
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let Output {
        status,
        stdout,
        stderr,
    } = child.wait_with_output().unwrap();
    Ran {
        code: status.code(),
        stdout: String::from_utf8(stdout).unwrap(),
        stderr: String::from_utf8(stderr).unwrap(),
    }
}

/// A file with a text of its own for each test.
fn file(name: &str, text: impl AsRef<[u8]>) -> String {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

fn prints(args: &[&str], stdout: &str) {
    let ran = tickwasm(args);
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(0), stdout),
        "{}",
        ran.stderr
    );
}

fn fails(args: &[&str], code: i32, phrases: &[&str]) {
    let ran = tickwasm(args);
    assert_eq!(ran.code, Some(code), "{}{}", ran.stdout, ran.stderr);
    for phrase in phrases {
        assert!(
            ran.stderr.contains(phrase),
            "no `{phrase}` in: {}",
            ran.stderr
        );
    }
}

#[test]
fn the_example_of_the_readme_prints_its_result() {
    let fib = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/fib.wat");
    prints(&["run", fib, "--invoke", "fib", "20"], "6765\n");
}

#[test]
fn each_result_stands_on_a_line_of_its_own() {
    let module = file(
        "results.wat",
        r#"(module
            (func (export "all") (param i32 i64 f32 f64) (result f64 f32 i64 i32 funcref externref)
                local.get 3 local.get 2 local.get 1 local.get 0 ref.null func ref.null extern))"#,
    );
    let words = [
        "run",
        &module,
        "--invoke",
        "all",
        "-1",
        "0x7fffffffffffffff",
        "1e30",
        "-inf",
    ];
    prints(&words, "-inf\n1e30\n9223372036854775807\n-1\nnull\nnull\n");
    prints(
        &[
            "run",
            &module,
            "--invoke",
            "all",
            "4294967295",
            "-5",
            "0.1",
            "nan",
        ],
        "nan\n0.1\n-5\n-1\nnull\nnull\n",
    );
}

#[test]
fn without_a_name_start_is_run_and_else_run() {
    let both = file(
        "both.wat",
        r#"(module (func (export "run") (result i32) i32.const 1) (func (export "_start") (result i32) i32.const 2))"#,
    );
    prints(&["run", &both], "2\n");
    let one = file(
        "one.wat",
        r#"(module (func (export "run") (result i32) i32.const 1))"#,
    );
    prints(&["run", &one], "1\n");
    let none = file("none.wat", r#"(module (func (export "other")))"#);
    fails(
        &["run", &none],
        2,
        &["neither `_start` nor `run`", "`other`"],
    );
}

#[test]
fn a_trap_exits_with_1_and_a_backtrace() {
    let module = file(
        "trap.wat",
        r#"(module
            (func $inner (param i32) (result i32) (i32.div_s (i32.const 1) (local.get 0)))
            (func $outer (export "run") (result i32) (call $inner (i32.const 0))))"#,
    );
    fails(
        &["run", &module],
        1,
        &["integer divide by zero", "inner", "outer"],
    );
}

#[test]
fn spent_fuel_exits_with_1() {
    let module = file(
        "spin.wat",
        r#"(module (func (export "run") (loop (br 0))))"#,
    );
    fails(
        &["run", &module, "--fuel", "1000"],
        1,
        &[
            "all fuel consumed",
            "function 0",
            "fuel used: 1000 of 1000\n",
        ],
    );
    let module = file(
        "start.wat",
        "(module (start 0) (func (loop (br 0))) (func (export \"run\")))",
    );
    fails(
        &["run", &module, "--fuel", "1000"],
        1,
        &["start.wat: instantiation: all fuel consumed"],
    );
}

#[test]
fn a_memory_beyond_the_limit_is_refused() {
    let module = file(
        "big.wat",
        r#"(module (memory 16) (func (export "run") (result i32) (memory.grow (i32.const 16))))"#,
    );
    prints(&["run", &module, "--max-memory", "2097152"], "16\n");
    prints(&["run", &module, "--max-memory", "2097151"], "-1\n");
    prints(&["run", &module, "--max-memory", "2MiB"], "16\n");
    fails(
        &["run", &module, "--max-memory", "64KiB"],
        1,
        &["instantiation: memory exhausted"],
    );
    fails(&["run", &module, "--max-memory", "64kb"], 2, &["MiB"]);
}

#[test]
fn a_wrong_argument_is_named() {
    let fib = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/fib.wat");
    fails(
        &["run", fib, "--invoke", "fib", "many"],
        2,
        &["argument 1", "`many`", "i32"],
    );
    fails(
        &["run", fib, "--invoke", "fib"],
        2,
        &["takes 1 argument", "0 given"],
    );
    fails(
        &["run", fib, "--invoke", "fob", "1"],
        2,
        &["no function `fob` is exported, but `fib` is"],
    );
}

#[test]
fn a_wrong_use_exits_with_2() {
    fails(&[], 2, &["Usage"]);
    fails(&["run"], 2, &["FILE"]);
    fails(&["run", "no-such-file.wasm"], 2, &["no-such-file.wasm"]);
}

#[test]
fn an_error_in_text_names_line_and_column() {
    let module = file(
        "typo.wat",
        "(module\n  (func (export \"run\")\n    i32.cnst 1\n    drop))\n",
    );
    fails(&["run", &module], 2, &["typo.wat", "line 3, column 5"]);
    fails(&["validate", &module], 2, &["typo.wat", "line 3, column 5"]);
}

#[test]
fn an_invalid_module_exits_with_2_and_an_offset() {
    let module = file(
        "invalid.wat",
        r#"(module (func (export "run") (result i32) (i64.const 0)))"#,
    );
    fails(&["run", &module], 2, &["type mismatch", "offset"]);
    fails(&["validate", &module], 2, &["type mismatch"]);
}

#[test]
fn a_missing_import_exits_with_2_and_its_name() {
    let module = file(
        "wants.wat",
        r#"(module (import "env" "thing" (func)) (func (export "run")))"#,
    );
    fails(&["run", &module], 2, &["env", "thing"]);
}

#[test]
fn validate_says_which_files_are_valid() {
    let good = file("good.wat", "(module)");
    prints(&["validate", &good], &format!("{good}: valid\n"));
    let bad = file("bad.wat", "(module (func (result i32)))");
    let ran = tickwasm(&["validate", &good, &bad]);
    assert_eq!(
        (ran.code, ran.stdout),
        (Some(2), format!("{good}: valid\n"))
    );
    assert!(ran.stderr.contains("bad.wat"), "{}", ran.stderr);
}

#[test]
fn validate_switches_proposals_on_and_lowers_if_it_is_told_to() {
    let module = file("old.wat", "(module (func try catch_all end))");
    fails(
        &["validate", &module],
        2,
        &["Config::wasm_legacy_exceptions"],
    );
    let valid = format!("{module}: valid\n");
    prints(&["validate", "--proposals", "--lower", &module], &valid);
}

#[test]
fn a_script_is_counted_and_its_failures_are_shown() {
    let script = file(
        "script.wast",
        "(module (func (export \"one\") (result i32) i32.const 1))\n\
         (assert_return (invoke \"one\") (i32.const 1))\n\
         (assert_return (invoke \"one\") (i32.const 2))\n",
    );
    let ran = tickwasm(&["wast", &script]);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    let lines: Vec<_> = ran.stdout.lines().collect();
    assert_eq!(
        lines.first().copied(),
        Some(format!("{script}: 2 passed, 1 failed").as_str())
    );
    assert_eq!(lines.last().copied(), Some("2 passed, 1 failed"));
    assert!(ran.stdout.contains("script.wast:3:2"), "{}", ran.stdout);
    assert!(
        ran.stdout.contains("expected: (i32.const 2)")
            && ran.stdout.contains("actual: (i32.const 1)")
    );
}

#[test]
fn inspect_lists_sections_imports_and_exports() {
    let module = file(
        "parts.wat",
        r#"(module (import "env" "log" (func (param i32))) (memory (export "mem") 1 2) (func (export "f") (result i64) i64.const 0))"#,
    );
    let ran = tickwasm(&["inspect", &module]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    for phrase in [
        "type",
        "import",
        "export",
        "code  ",
        "\"env\" \"log\"",
        "\"f\": function [] -> [i64]",
        "\"mem\": memory 1 2",
    ] {
        assert!(
            ran.stdout.contains(phrase),
            "no `{phrase}` in: {}",
            ran.stdout
        );
    }
}

#[test]
fn the_test_runner_names_the_test_that_trapped() {
    let passing = file(
        "passing.wat",
        r#"(module (func (export "main") (param i32 i32) (result i32) i32.const 0))"#,
    );
    prints(&["test-runner", &passing], &format!("{passing}: passed\n"));
    let failing = file(
        "failing.wat",
        r#"(module
            (func $_ZN4core9panicking9panic_fmt17h0123456789abcdefE unreachable)
            (func $_ZN4shop5tests5adds17h0123456789abcdefE (call $_ZN4core9panicking9panic_fmt17h0123456789abcdefE))
            (func $_RNCNvNtCs1_4shop5tests4adds0B5_ (call $_ZN4shop5tests5adds17h0123456789abcdefE))
            (func $_RNvCs1_4test8run_test (call $_RNCNvNtCs1_4shop5tests4adds0B5_))
            (func (export "main") (param i32 i32) (result i32) (call $_RNvCs1_4test8run_test) i32.const 0))"#,
    );
    let ran = tickwasm(&["test-runner", &failing, "--nocapture"]);
    assert_eq!(ran.code, Some(101), "{}", ran.stderr);
    assert_eq!(ran.stdout, "test tests::adds ... FAILED\n");
    assert!(ran.stderr.contains("in shop::tests::adds::{{closure}}"));
    assert!(
        ran.stderr
            .contains("note: tests of this target cannot be chosen")
    );

    let wrong = file(
        "wrong.wat",
        r#"(module (func (export "main") (param i32 i32) (result i32) i32.const 101))"#,
    );
    let ran = tickwasm(&["test-runner", &wrong]);
    assert_eq!(ran.code, Some(101));
    assert!(ran.stderr.contains("`main` returned 101"));
    fails(&["test-runner", &wrong, "--list"], 2, &["cannot be listed"]);
    let other = file("other.wat", "(module)");
    fails(&["test-runner", &other], 2, &["unknown export `main`"]);
}

/// A name that would turn a terminal red, begin a line, and turn the direction of writing.
const HOSTILE: &str = r"a\1b[31m\0a\e2\80\ae";

#[test]
fn nothing_of_a_module_reaches_the_terminal_as_it_is() {
    let all = format!(
        r#"(module $"{HOSTILE}" (func $"{HOSTILE}" (export "{HOSTILE}") (export "run") unreachable)
            (global (export "g{HOSTILE}") i32 (i32.const 0)) (@custom "{HOSTILE}" ""))"#
    );
    let all = file("hostile.wat", all);
    let import = format!(r#"(module (import "{HOSTILE}" "{HOSTILE}" (func)))"#);
    let import = file("hostile-import.wat", import);
    let text = file(
        "hostile-text.wat",
        format!(r#"(module (func (call $"{HOSTILE}")))"#),
    );
    let script = file(
        "hostile.wast",
        format!(
            r#"(module $"{HOSTILE}" (func $"{HOSTILE}" (export "run") unreachable))
            (invoke "run") (invoke "{HOSTILE}") (invoke $"{HOSTILE}b" "run")
            (assert_trap (invoke "run") "{HOSTILE}")
            (assert_invalid (module (import "{HOSTILE}" "x" (func))) "{HOSTILE}")
            (module (import "{HOSTILE}" "x" (func)))"#
        ),
    );
    for (args, phrase) in [
        (
            ["run", &all, "--invoke=run"],
            r"a\u{1b}[31m\u{a}\u{202e} (function 0)",
        ),
        (["run", &all, "--invoke=runn"], r"a\u{1b}[31m\u{a}\u{202e}"),
        (
            ["run", &import, "--fuel=9"],
            r"`a\u{1b}[31m\u{a}\u{202e}::a",
        ),
        (
            ["inspect", &import, "--code"],
            r#""a\u{1b}[31m\u{a}\u{202e}""#,
        ),
        (
            ["inspect", &all, "--code"],
            r#""ga\u{1b}[31m\u{a}\u{202e}": global"#,
        ),
        (["validate", &all, &text], r"a\u{1b}[31m\u{a}\u{202e}"),
        (["wast", &script, &text], r"a\u{1b}[31m\u{a}\u{202e}"),
        (
            ["test-runner", &import, "--proposals"],
            r"a\u{1b}[31m\u{a}\u{202e}",
        ),
        (["run", &all, "--features=\u{1b}[31m"], r"\u{1b}[31m"),
    ] {
        let ran = tickwasm(&args);
        let text = ran.stdout + &ran.stderr;
        assert!(text.contains(phrase), "no `{phrase}` in: {text}");
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{args:?}: {text:?}");
        assert!(!text.contains("[31m\n"), "{args:?}: {text:?}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn output_that_cannot_be_written_is_an_error() {
    let fib = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/fib.wat");
    let script = file("one.wast", "(module)");
    let tests = file(
        "tests.wat",
        r#"(module (func (export "main") (param i32 i32) (result i32) i32.const 0))"#,
    );
    for args in [
        &["run", fib, "--invoke", "fib", "1"][..],
        &["validate", fib],
        &["wast", &script],
        &["inspect", fib, "--code"],
        &["test-runner", &tests],
        &["--help"],
    ] {
        let full = std::fs::File::options().write(true).open("/dev/full");
        let ran = Command::new(env!("CARGO_BIN_EXE_tickwasm"))
            .args(args)
            .stdout(full.unwrap())
            .output()
            .unwrap();
        let said = String::from_utf8(ran.stderr).unwrap();
        assert_eq!(ran.status.code(), Some(2), "{args:?}: {said}");
        assert!(
            said.starts_with("error: cannot write: "),
            "{args:?}: {said}"
        );
    }
    // Nor does it help to say so where errors cannot be written either.
    let full = || {
        std::fs::File::options()
            .write(true)
            .open("/dev/full")
            .unwrap()
    };
    for args in [
        &["validate", fib][..],
        &["run", fib],
        &["inspect"],
        &["run", "none"],
    ] {
        let ran = Command::new(env!("CARGO_BIN_EXE_tickwasm"))
            .args(args)
            .stdout(full())
            .stderr(full())
            .status();
        assert_eq!(ran.unwrap().code(), Some(2), "{args:?}");
    }
}

#[test]
fn a_closed_pipe_is_a_quiet_end() {
    let exports: String = (0..20_000)
        .map(|at| format!("(export \"e{at}\" (func 0))"))
        .collect();
    let module = file("many.wat", format!("(module (func) {exports})"));
    let failing = file(
        "failing.wast",
        "(assert_return (invoke \"f\"))".repeat(2000),
    );
    for (args, code) in [
        (["inspect", &module, "--code"], 0),
        (["wast", &failing, &failing], 1),
    ] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_tickwasm"))
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = child.stdout.take().unwrap();
        stdout.read_exact(&mut [0; 10]).unwrap();
        drop(stdout);
        let ran = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8(ran.stderr).unwrap(), "");
        assert_eq!(ran.status.code(), Some(code), "{args:?}");
    }
}

#[test]
fn long_lists_names_and_arguments_are_cut() {
    let exports: String = (0..20_000)
        .map(|at| format!("(export \"e{at}\" (func 0))"))
        .collect();
    let long = "n".repeat(100_000);
    let module = file(
        "long.wat",
        format!("(module (func (param i32)) {exports} (export \"{long}\" (func 0)))"),
    );
    let words = "9".repeat(100_000);
    for (args, phrase) in [
        (
            ["--invoke", "e71x", "1"],
            "but `e71` is; exported functions: `e0`, ",
        ),
        (
            ["--invoke", "zzz", "1"],
            "no function `zzz` is exported; exported functions: `e0`, ",
        ),
        (["--invoke", "zzz", "1"], "`e9` and 19991 more"),
        (
            ["--invoke", "e0", &words],
            "999… (99920 more bytes)` is not a value of type i32",
        ),
        (["--invoke", &long, "x"], "argument 1 of `nnn"),
    ] {
        let ran = tickwasm(&[&["run", &module], &args[..]].concat());
        assert_eq!(ran.code, Some(2));
        assert!(ran.stderr.len() < 1000, "{}", ran.stderr);
        assert!(
            ran.stderr.contains(phrase),
            "no `{phrase}` in {}",
            ran.stderr
        );
    }
    let script = file("failing-many.wast", "(invoke \"f\")".repeat(1000));
    let ran = tickwasm(&["wast", &script]);
    assert!(ran.stdout.contains("… and 900 more"), "{}", ran.stdout);
}

#[test]
fn what_is_exported_and_no_function_is_named() {
    let module = file(
        "kinds.wat",
        r#"(module (func (export "f")) (global (export "g") i32 (i32.const 0)) (memory (export "m") 1) (table (export "t") 1 funcref) (tag (export "e")))"#,
    );
    for (name, phrase) in [
        ("g", "`g` is a global; exported functions: `f`"),
        ("m", "`m` is a memory"),
        ("t", "`t` is a table"),
        ("e", "`e` is a tag"),
    ] {
        fails(&["run", &module, "--invoke", name], 2, &[phrase]);
    }
}

#[test]
fn proposals_are_switched_on_and_off_by_every_subcommand() {
    let module = file(
        "shared.wat",
        r#"(module (memory 1 1 shared) (func (export "run") (result i32) (i32.atomic.load (i32.const 0)))
            (func (export "main") (param i32 i32) (result i32) i32.const 0))"#,
    );
    let script = file(
        "shared.wast",
        "(module (memory 1 1 shared)) (module definition (memory 1 (pagesize 1)))",
    );
    let commands = [
        ["run", &module],
        ["validate", &module],
        ["inspect", &module],
        ["wast", &script],
        ["test-runner", &module],
    ];
    for command in commands {
        let [name, _] = command;
        let with = |more: &[&str]| tickwasm(&[&command[..1], more, &command[1..]].concat()).code;
        let off = if name == "wast" { 1 } else { 2 };
        assert_eq!(with(&[]), Some(off), "{command:?}");
        assert_eq!(with(&["--proposals"]), Some(0), "{command:?}");
        assert_eq!(
            with(&["--features", "threads,custom-page-sizes"]),
            Some(0),
            "{command:?}"
        );
        assert_eq!(
            with(&["--proposals", "--features", "-threads"]),
            Some(off),
            "{command:?}"
        );
        assert_eq!(with(&["--features", "thread"]), Some(2), "{command:?}");
    }
    fails(
        &["run", "--features", "thread", &module],
        2,
        &["unknown feature `thread`; there are `all`, ", "`threads`, "],
    );
}

#[test]
fn a_fuel_limit_says_what_was_used() {
    let fib = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/fib.wat");
    let ran = tickwasm(&["run", fib, "--fuel", "1000", "--invoke", "fib", "1"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "1\n"));
    assert_eq!(ran.stderr, "fuel used: 5 of 1000\n");
}

#[test]
fn results_of_all_types_are_printed_as_they_are_written() {
    let module = file(
        "gc.wat",
        r#"(module (type $s (struct)) (type $a (array i8))
            (func (export "run") (result i31ref anyref anyref anyref anyref nullref nullexnref nullfuncref nullexternref v128)
                (ref.i31 (i32.const 5)) (ref.i31 (i32.const -1)) (struct.new $s) (array.new_default $a (i32.const 1))
                (any.convert_extern (ref.null extern))
                (ref.null none) (ref.null noexn) (ref.null nofunc) (ref.null noextern)
                (v128.const i32x4 1 2 3 0xffffffff))
            (func (export "id") (param v128 externref f32) (result v128 externref f32) local.get 0 local.get 1 local.get 2))"#,
    );
    prints(
        &["run", &module],
        "i31 5\ni31 -1\nstructref\narrayref\nnull\nnull\nnull\nnull\nnull\ni32x4 0x00000001 0x00000002 0x00000003 0xffffffff\n",
    );
    prints(
        &[
            "run",
            &module,
            "--invoke",
            "id",
            "i64x2 1 -1",
            "(ref.extern 5)",
            "0x1.8p3",
        ],
        "i32x4 0x00000001 0x00000000 0xffffffff 0xffffffff\nexternref\n12\n",
    );
    fails(
        &["run", &module, "--invoke", "id", "1", "null", "1e39"],
        2,
        &["argument 1 of `id`", "v128"],
    );
    fails(
        &[
            "run",
            &module,
            "--invoke",
            "id",
            "i64x2 1 1",
            "null",
            "1e39",
        ],
        2,
        &["argument 3 of `id`: `1e39` is not a value of type f32"],
    );
}

#[test]
fn what_is_no_module_is_told_what_it_is() {
    for (name, bytes, phrase) in [
        (
            "component.wasm",
            &b"\0asm\x0d\0\x01\0"[..],
            "this is a component, not a module",
        ),
        (
            "elf",
            b"\x7fELF\x02\x01\x01\0\0\0\0\0",
            "neither a binary module nor text",
        ),
        (
            "zipped.gz",
            b"\x1f\x8b\x08\0\0\0\0\0\x02\x03",
            "neither a binary module nor text",
        ),
        (
            "swapped.wasm",
            b"asm\0\x01\0\0\0",
            "neither a binary module nor text",
        ),
        ("empty.wasm", b"", "it is empty"),
    ] {
        let path = file(name, bytes);
        for command in ["run", "validate", "inspect", "test-runner"] {
            let ran = tickwasm(&[command, &path]);
            assert_eq!(ran.code, Some(2), "{}", ran.stderr);
            // The same text from all of them, in one line.
            let line = format!("error: {path}: compilation failed: ");
            assert!(
                ran.stderr.starts_with(&line) && ran.stderr.contains(phrase),
                "{}",
                ran.stderr
            );
            assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
        }
    }
}

#[test]
fn a_byte_order_mark_is_skipped() {
    let module = file("marked.wat", "\u{feff}(module (func (export \"run\")))");
    prints(&["run", &module], "");
    prints(&["validate", &module], &format!("{module}: valid\n"));
    assert_eq!(tickwasm(&["inspect", &module]).code, Some(0));
    let script = file("marked.wast", "\u{feff}(module)\n(invoke \"f\")");
    let ran = tickwasm(&["wast", &script]);
    assert!(ran.stdout.contains("marked.wast:2:2"), "{}", ran.stdout);
}

#[test]
fn a_hyphen_stands_for_what_is_piped_in() {
    let module = b"(module (func (export \"run\") (result i32) i32.const 7))";
    let ran = piped(&["run", "-"], module);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "7\n"));
    let ran = piped(&["validate", "-"], module);
    assert_eq!(ran.stdout, "<stdin>: valid\n");
    let ran = piped(&["inspect", "-"], b"(module");
    assert!(
        ran.stderr
            .starts_with("error: <stdin>: compilation failed: "),
        "{}",
        ran.stderr
    );
    let ran = piped(&["wast", "-"], b"(module)");
    assert_eq!(
        ran.stdout,
        "<stdin>: 1 passed, 0 failed\n1 passed, 0 failed\n"
    );
}

#[test]
fn headings_of_nothing_are_left_out() {
    let module = file("nothing.wat", "(module)");
    prints(
        &["inspect", "--code", &module],
        &format!("{module}: 8 bytes as a binary\n"),
    );
}

#[test]
fn imports_of_wasi_are_named_as_such() {
    let module = file(
        "wasi.wat",
        r#"(module (import "wasi_snapshot_preview1" "fd_write" (func)))"#,
    );
    fails(
        &["run", &module],
        2,
        &[
            "`wasi_snapshot_preview1::fd_write`",
            "note: WASI is not supported",
        ],
    );
}

/// Compiles unit tests for `wasm32-unknown-unknown`; says so and does nothing where that target is not installed.
#[test]
fn the_test_runner_runs_what_rustc_makes_of_unit_tests() {
    let rustc = std::env::var_os("RUSTC").unwrap_or("rustc".into());
    let source = |name: &str, sum: i32| {
        file(
            name,
            format!(
                "pub fn add(a: i32, b: i32) -> i32 {{ a + b }}\n\
                 #[cfg(test)] mod tests {{\n\
                     #[test] fn sums() {{ assert_eq!(super::add(1, 2), {sum}); }}\n\
                     #[test] fn grows() {{ assert_eq!((0..100_000).collect::<Vec<u32>>().len(), 100_000); }}\n\
                 }}\n"
            ),
        )
    };
    let compile = |source: &str| {
        let module = format!("{source}.wasm");
        let compiled = Command::new(&rustc)
            .args([
                "--test",
                "--edition=2024",
                "--crate-name=sums",
                "--target=wasm32-unknown-unknown",
            ])
            .args(["-o", &module, source])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&compiled.stderr).into_owned();
        match compiled.status.success() {
            true => Some(module),
            false if said.contains("target may not be installed") => None,
            false => panic!("{said}"),
        }
    };
    let (Some(good), Some(bad)) = (
        compile(&source("good.rs", 3)),
        compile(&source("bad.rs", 4)),
    ) else {
        println!("not tested: the target wasm32-unknown-unknown is not installed");
        return;
    };
    prints(&["test-runner", &good], &format!("{good}: passed\n"));
    let ran = tickwasm(&["test-runner", &bad]);
    assert_eq!(ran.code, Some(101), "{}", ran.stderr);
    assert_eq!(ran.stdout, "test tests::sums ... FAILED\n");
}
