//! The command line, from outside: what is printed, and the exit codes.

#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

use std::path::PathBuf;
use std::process::{Command, Output};

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

/// A file with a text of its own for each test.
fn file(name: &str, text: &str) -> String {
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
    let fib = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/fib.wat");
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
    fails(&["run", &none], 2, &["`_start` or `run`", "`other`"]);
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
        &["all fuel consumed", "function 0"],
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
    let ran = tickwasm(&["run", &module, "--max-memory", "65536"]);
    assert!(
        matches!(ran.code, Some(1 | 2)) && ran.stderr.contains("memory"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_wrong_argument_is_named() {
    let fib = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/fib.wat");
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
        &["`fob`", "`fib`"],
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

/// Compiles unit tests for `wasm32-unknown-unknown`; says so and does nothing where that target is not installed.
#[test]
fn the_test_runner_runs_what_rustc_makes_of_unit_tests() {
    let rustc = std::env::var_os("RUSTC").unwrap_or("rustc".into());
    let source = |name: &str, sum: i32| {
        file(
            name,
            &format!(
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
