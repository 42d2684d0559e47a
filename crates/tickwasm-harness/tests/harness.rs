//! The harness, from outside: this program is a user's test target when a folder is named to it, and otherwise calls itself as one.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use libtest_mimic::{Arguments, Trial};
use tickwasm::{Caller, Config, Engine, Linker};
use tickwasm_harness::{Suite, run_script};

/// The folder that a child process is to run.
const FOLDER: &str = "TICKWASM_TEST_FOLDER";

fn main() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        as_user(Path::new(&folder));
    }
    let arguments = Arguments::from_args();
    let trials = TESTS.iter().map(|(name, test)| {
        let test = *test;
        Trial::test(*name, move || {
            test();
            Ok(())
        })
    });
    libtest_mimic::run(&arguments, trials.collect()).exit()
}

/// The data that a user's host keeps for the guest.
#[derive(Default)]
struct Counter(i32);

fn as_user(folder: &Path) -> ! {
    Suite::new(folder)
        .fuel(100_000)
        .host(|linker: &mut Linker<Counter>, _store| {
            linker.func_wrap("host", "count", |mut caller: Caller<'_, Counter>| {
                caller.data_mut().0 += 1;
                caller.data().0
            })?;
            Ok(())
        })
        .run()
}

/// A folder of files for one test.
struct Folder(PathBuf);

struct Ran {
    code: Option<i32>,
    stdout: String,
}

impl Folder {
    fn new(name: &str, files: &[(&str, &[u8])]) -> Self {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("harness-{name}"));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        for (name, text) in files {
            let file = path.join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        Self(path)
    }

    fn run_with(&self, args: &[&str], bless: bool) -> Ran {
        let Output { status, stdout, .. } = Command::new(std::env::current_exe().unwrap())
            .args(args)
            .env(FOLDER, &self.0)
            .env("TICKWASM_BLESS", if bless { "1" } else { "" })
            .output()
            .unwrap();
        Ran {
            code: status.code(),
            stdout: String::from_utf8(stdout).unwrap(),
        }
    }

    fn run(&self, args: &[&str]) -> Ran {
        self.run_with(args, false)
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap()
    }
}

impl Ran {
    fn has(&self, phrases: &[&str]) {
        for phrase in phrases {
            assert!(
                self.stdout.contains(phrase),
                "no `{phrase}` in:\n{}",
                self.stdout
            );
        }
    }
}

/// One file, and what its failure has to say.
fn fails(name: &str, file: &str, text: &str, phrases: &[&str]) {
    let ran = Folder::new(name, &[(file, text.as_bytes())]).run(&[]);
    assert_eq!(ran.code, Some(101), "{}", ran.stdout);
    ran.has(phrases);
}

/// The failures of a script, run with all proposals.
fn failures(script: &str) -> Vec<String> {
    let mut config = Config::new();
    let engine = Engine::new(config.switch_features("all").unwrap()).unwrap();
    let report = run_script(&engine, "s.wast", script);
    report.failures.iter().map(ToString::to_string).collect()
}

const FIB: &str = r#"(module (func $fib (export "fib") (param i32) (result i32)
    (if (result i32) (i32.lt_s (local.get 0) (i32.const 2))
        (then (local.get 0))
        (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1)))
                       (call $fib (i32.sub (local.get 0) (i32.const 2))))))))
"#;

fn fib(directives: &str) -> String {
    format!("{directives}\n{FIB}")
}

/// A module that exports `one`, which returns 1.
const ONE: &[u8] = b"\0asm\x01\0\0\0\x01\x05\x01\x60\0\x01\x7f\x03\x02\x01\0\x07\x07\x01\x03one\0\0\x0a\x06\x01\x04\0\x41\x01\x0b";

/// A folder in which everything passes.
fn good(name: &str) -> Folder {
    let fib = fib(";; Fibonacci's numbers.\n;; invoke: fib 10\n;; expect: i32 55");
    Folder::new(
        name,
        &[
            ("fib.wat", fib.as_bytes()),
            (
                "deep/er/add.wast",
                br#"(module (func (export "add") (param f32 f32) (result f32) (f32.add (local.get 0) (local.get 1))))
                    (assert_return (invoke "add" (f32.const inf) (f32.const -inf)) (f32.const nan:canonical))
                    (assert_malformed (module quote "(func") "unexpected end")
                    (module (import "spectest" "global_i32" (global i32)) (import "host" "count" (func (result i32))))"#,
            ),
            ("one.wasm", ONE),
            ("one.wasm.expect", b"invoke: one\nexpect: i32 1\n"),
            (
                "state.wat",
                br#";; invoke: f
                    ;; expect: i32 1
                    ;; invoke: f
                    ;; expect: i32 2
                    (module (import "host" "count" (func $count (result i32))) (func (export "f") (result i32) (call $count)))"#,
            ),
            ("slow.wat", b";; ignore: it takes hours\n(module (start 0) (func (loop (br 0))))"),
            ("notes.txt", b"no test"),
            (".hidden.wat", b"no module"),
        ],
    )
}

const TESTS: &[(&str, fn())] = &[
    ("each_file_is_a_test_named_by_its_path", || {
        let ran = good("good").run(&[]);
        assert_eq!(ran.code, Some(0), "{}", ran.stdout);
        ran.has(&[
            "test deep/er/add.wast ... ok",
            "test fib.wat",
            "test one.wasm",
            "test slow.wat",
            "test state.wat",
            "4 passed; 0 failed; 1 ignored",
        ]);
    }),
    ("cargo_s_options_are_understood", || {
        let folder = good("options");
        let listed = folder.run(&["--list", "--format", "terse"]);
        let mut lines: Vec<_> = listed.stdout.lines().collect();
        lines.sort_unstable();
        assert_eq!(
            lines,
            [
                "deep/er/add.wast: test",
                "fib.wat: test",
                "one.wasm: test",
                "slow.wat: test",
                "state.wat: test"
            ]
        );
        let ignored = folder.run(&["--list", "--format", "terse", "--ignored"]);
        assert_eq!(ignored.stdout.trim(), "slow.wat: test");
        folder.run(&["fib"]).has(&["1 passed; 0 failed; 0 ignored"]);
        folder.run(&["--exact", "fib"]).has(&["0 passed"]);
        folder
            .run(&["--exact", "fib.wat", "--nocapture"])
            .has(&["1 passed"]);
        folder.run(&["--skip", "fib"]).has(&["3 passed"]);
        assert_eq!(folder.run(&["--test-threads=1", "--quiet"]).code, Some(0));
        // Endless, but for the fuel.
        let slow = folder.run(&["--ignored"]);
        assert_eq!(slow.code, Some(101));
        slow.has(&["all fuel consumed"]);
    }),
    ("a_wrong_result_is_shown_with_its_place", || {
        fails(
            "wrong",
            "fib.wat",
            &fib(";; invoke: fib 10\n;; expect: i32 54"),
            &["fib.wat:2:1", "expected: i32 54", "actual: i32 55"],
        );
        fails(
            "wrong-wast",
            "one.wast",
            "(module (func (export \"one\") (result i32) i32.const 1))\n\n(assert_return (invoke \"one\") (i32.const 2))",
            &[
                "one.wast:3:2",
                "expected: (i32.const 2)",
                "actual: (i32.const 1)",
            ],
        );
    }),
    ("a_wrong_cost_is_shown", || {
        fails(
            "cost",
            "fib.wat",
            &fib(";; invoke: fib 1\n;; fuel: 7\n;; invoke: fib 9\n;; fuel-max: 10"),
            &[
                "fib.wat:2:1",
                "expected: 7 fuel",
                "actual: 5 fuel",
                "fib.wat:4:1",
                "expected: at most 10 fuel",
            ],
        );
    }),
    ("a_trap_and_no_trap_are_told_apart", || {
        let text = |wish: &str| {
            format!(
                ";; invoke: f 0\n;; {wish}\n(module (func (export \"f\") (param i32) (result i32) (i32.div_u (i32.const 1) (local.get 0))))"
            )
        };
        let good = text("trap: integer divide by zero");
        let ran = Folder::new("trap", &[("f.wat", good.as_bytes())]).run(&[]);
        assert_eq!(ran.code, Some(0), "{}", ran.stdout);
        fails(
            "other-trap",
            "f.wat",
            &text("trap: integer overflow"),
            &[
                "f.wat:2:1",
                "expected: trap: integer overflow",
                "actual: trap: wasm trap: integer divide by zero",
            ],
        );
        fails(
            "no-trap",
            "f.wat",
            &text("expect: i32 1"),
            &[
                "expected: i32 1",
                "actual: trap: wasm trap: integer divide by zero",
            ],
        );
    }),
    ("a_misspelt_directive_fails", || {
        fails(
            "misspelt",
            "fib.wat",
            &fib(";; invoke: fib 10\n;; exepct: i32 55"),
            &[
                "fib.wat:2:1",
                "unknown directive `exepct`; there are `invoke`, `expect`",
            ],
        );
    }),
    ("what_cannot_be_called_is_said_to_be", || {
        fails(
            "missing",
            "fib.wat",
            &fib(";; invoke: fibb 10"),
            &[
                "fib.wat:1:1",
                "an exported function `fibb`",
                "but `fib` is; exported functions: `fib`",
            ],
        );
        fails(
            "count",
            "fib.wat",
            &fib(";; invoke: fib"),
            &["1 argument(s) for `fib`"],
        );
        fails(
            "kind",
            "fib.wat",
            &fib(";; invoke: fib 0.5"),
            &["an argument of type i32", "`0.5`"],
        );
        fails(
            "wish",
            "fib.wat",
            &fib(";; invoke: fib 1\n;; expect: 1"),
            &["fib.wat:2:1", "`1` is not the name of a type"],
        );
    }),
    ("a_bad_module_is_shown_at_its_line", || {
        fails(
            "text",
            "bad.wat",
            "(module\n  (func i32.ad))",
            &["bad.wat:2:9", "expected: a valid module"],
        );
        fails(
            "import",
            "bad.wat",
            "(module (import \"host\" \"nothing\" (func)))",
            &["unknown import: `host::nothing`"],
        );
        let invalid = Folder::new(
            "invalid",
            &[(
                "bad.wat",
                b";; invalid: type mismatch\n(module (func (result i32)))",
            )],
        );
        assert_eq!(invalid.run(&[]).code, Some(0));
        fails(
            "valid",
            "good.wat",
            ";; invalid: type mismatch\n(module)",
            &["good.wat:1:1", "actual: a valid module"],
        );
    }),
    ("expectations_of_nothing_and_in_two_places_fail", || {
        fails("orphan", "f.wasm.expect", "invoke: f", &["there is no"]);
        let two = Folder::new(
            "two",
            &[
                ("fib.wat", fib(";; invoke: fib 1").as_bytes()),
                ("fib.wat.expect", b"invoke: fib 1"),
            ],
        );
        two.run(&[]).has(&["directives stand in", "1 failed"]);
        fails("empty", "notes.txt", "", &["no .wast, .wat or .wasm file"]);
    }),
    ("blessing_writes_what_came", || {
        let before = ";; invoke: fib 10\n;; expect: i32 54\n;; fuel: 1\n;; invoke: fib 3\n;; fuel-max: 90\n;; invoke: fib 4\n;; trap: unreachable\n";
        // A run that exceeds the fuel is not written down as an expectation.
        let dear = fib(";; invoke: fib 9\n;; expect: i32 34\n;; fuel-max: 10");
        let folder = Folder::new("dear", &[("fib.wat", dear.as_bytes())]);
        assert_eq!(folder.run_with(&[], true).code, Some(101));
        assert_eq!(folder.text("fib.wat"), dear);
        let folder = Folder::new("bless", &[("fib.wat", fib(before).as_bytes())]);
        let blessed = folder.run_with(&[], true);
        assert_eq!(blessed.code, Some(0), "{}", blessed.stdout);
        let text = folder.text("fib.wat");
        assert!(text.ends_with(FIB), "{text}");
        let cost = text.lines().find_map(|line| line.strip_prefix(";; fuel: "));
        let cost: u64 = cost.unwrap().parse().unwrap();
        assert_eq!(
            text.lines().take(8).collect::<Vec<_>>(),
            [
                ";; invoke: fib 10",
                ";; expect: i32 55",
                &format!(";; fuel: {cost}"),
                ";; invoke: fib 3",
                ";; expect: i32 2",
                ";; fuel-max: 90",
                ";; invoke: fib 4",
                ";; expect: i32 3",
            ]
        );
        // The written expectations pass, and blessing them again changes nothing.
        assert_eq!(folder.run(&[]).code, Some(0));
        assert_eq!(folder.run_with(&[], true).code, Some(0));
        assert_eq!(folder.text("fib.wat"), text);
    }),
    ("what_was_blessed_of_each_type_is_read_again", || {
        let text = r#";; invoke: f
            (module (func (export "f") (result i32 i64 f32 f64 f64 f32 funcref externref)
                i32.const -1  i64.const 0x8000000000000000  f32.const 0.1  f64.const 1e300
                (f64.sqrt (f64.const -1))  f32.const -nan:0x200001  ref.null func  ref.null extern))"#;
        let folder = Folder::new("types", &[("f.wat", text.as_bytes())]);
        assert_eq!(folder.run_with(&[], true).code, Some(0));
        let blessed = folder.text("f.wat");
        assert_eq!(
            blessed.lines().nth(1).unwrap(),
            ";; expect: i32 -1 i64 -9223372036854775808 f32 0.1 f64 1e300 f64 nan:canonical f32 -nan:0x200001 ref.null func ref.null extern"
        );
        let ran = folder.run(&[]);
        assert_eq!(ran.code, Some(0), "{}", ran.stdout);
    }),
    ("spectest_has_a_table_of_64_bits", || {
        let script = r#"(module (import "spectest" "table64" (table i64 10 20 funcref)) (import "spectest" "table" (table 10 20 funcref)))"#;
        assert_eq!(failures(script), [""; 0]);
    }),
    ("threads_share_a_memory_and_nothing_else", || {
        let script = r#"
            (module $mem (memory (export "shared") 1 1 shared) (func (export "f")))
            (thread $t (shared (module $mem))
                (register "mem" $mem)
                (module (import "mem" "shared" (memory 1 1 shared))
                    (func (export "wake") (i32.atomic.store (i32.const 0) (i32.const 42)) (drop (memory.atomic.notify (i32.const 0) (i32.const 1)))))
                (invoke "wake")
                (assert_return (invoke "wake")))
            (thread $other (module (memory (import "mem" "shared") 1 1 shared)))
            (thread $wrong (shared (module $mem)) (register "mem" $mem)
                (module (import "mem" "f" (func)))
                (thread $within (module)))
            (register "mem" $mem)
            (module (import "mem" "shared" (memory 1 1 shared))
                (func (export "wait") (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1))))
                (func (export "read") (result i32) (i32.atomic.load (i32.const 0))))
            (invoke "wait")
            (assert_return (invoke "read") (i32.const 42))
            (wait $t)
            (wait $other)
            (wait $wrong)
            (wait $t)"#;
        let failures = failures(script);
        let phrases = [
            // In the order in which they were waited for.
            ("s.wast:9:29", "unknown import: `mem::shared`"),
            ("s.wast:11:18", "unknown import: `mem::f`"),
            ("s.wast:12:18", "a thread cannot start threads"),
            ("s.wast:22:14", "there is no thread `$t`"),
        ];
        assert_eq!(failures.len(), phrases.len(), "{failures:?}");
        for (failure, (place, phrase)) in failures.iter().zip(phrases) {
            assert!(
                failure.contains(place) && failure.contains(phrase),
                "{failure}"
            );
        }
    }),
    (
        "a_thread_that_is_not_waited_for_is_reported_as_well",
        || {
            let failures = failures("(module) (thread $t (module) (invoke \"f\"))");
            assert_eq!(failures.len(), 1);
            assert!(failures[0].contains("there is no exported function `f`"));
        },
    ),
    ("expected_and_actual_values_are_shown_alike", || {
        let module = r#"(module (type $s (struct)) (func $f)
            (elem declare func $f)
            (func (export "f") (result funcref) (ref.func $f))
            (func (export "v") (result v128) (v128.const f32x4 1 nan:0x200000 -0 0.5))
            (func (export "s") (result anyref) (struct.new $s))
            (func (export "i") (result anyref) (ref.i31 (i32.const 3)))
            (func (export "n") (result anyref) (ref.null any)))"#;
        for (assertion, expected, actual) in [
            (
                r#""v") (v128.const f32x4 1 nan:canonical 0 0.5)"#,
                "(v128.const f32x4 1 nan:canonical 0 0.5)",
                "(v128.const f32x4 1 nan:0x200000 -0 0.5)",
            ),
            (
                r#""v") (v128.const i16x8 0 0 0 0 0 0 0 -1)"#,
                "(v128.const i16x8 0 0 0 0 0 0 0 -1)",
                "(v128.const i16x8 0 16256 0 32672 0 -32768 0 16128)",
            ),
            (
                r#""f") (ref.func 0)"#,
                "(ref.func 0)",
                "the index of a function cannot be compared: `(ref.func)` stands for any function",
            ),
            (r#""s") (ref.array)"#, "(ref.array)", "(ref.struct)"),
            (r#""i") (ref.struct)"#, "(ref.struct)", "(ref.i31)"),
            (
                r#""n") (ref.null func)"#,
                "(ref.null func)",
                "(ref.null any)",
            ),
            (r#""n") (ref.eq)"#, "(ref.eq)", "(ref.null any)"),
        ] {
            let failures = failures(&format!("{module}\n(assert_return (invoke {assertion})"));
            let [failure] = failures.as_slice() else {
                panic!("{failures:?}")
            };
            let shown = format!("expected: {expected}\n    actual: {actual}");
            assert!(failure.ends_with(&shown), "{failure}");
        }
        let good = format!(
            r#"{module} (assert_return (invoke "f") (ref.func)) (assert_return (invoke "i") (ref.i31))
                (assert_return (invoke "s") (ref.struct)) (assert_return (invoke "n") (ref.null))"#
        );
        assert_eq!(failures(&good), [""; 0]);
    }),
    ("references_are_blessed_and_read_again", || {
        let text = r#";; invoke: f
            (module (type $s (struct)) (type $a (array i8))
                (func (export "f") (result anyref anyref anyref anyref v128)
                    (ref.i31 (i32.const 5)) (struct.new $s) (array.new_default $a (i32.const 1)) (ref.null any) (v128.const i64x2 1 2)))"#;
        let folder = Folder::new("references", &[("f.wat", text.as_bytes())]);
        assert_eq!(folder.run_with(&[], true).code, Some(0));
        assert_eq!(
            folder.text("f.wat").lines().nth(1).unwrap(),
            ";; expect: ref.i31 ref.struct ref.array ref.null any v128 i32x4 0x00000001 0x00000000 0x00000002 0x00000000"
        );
        let ran = folder.run(&[]);
        assert_eq!(ran.code, Some(0), "{}", ran.stdout);
    }),
    (
        "a_module_s_names_do_not_reach_the_terminal_as_they_are",
        || {
            let text = r#";; invoke: f
            (module (func $"a\1b[31m\0a\e2\80\ae" (export "f") unreachable))"#;
            let ran = Folder::new("hostile", &[("f.wat", text.as_bytes())]).run(&[]);
            ran.has(&[r"a\u{1b}[31m\u{a}\u{202e} (function 0)"]);
            assert!(
                !ran.stdout.contains(['\u{1b}', '\u{202e}']),
                "{}",
                ran.stdout
            );
        },
    ),
];
