//! Runs WebAssembly as tests: scripts in the official script language, and modules with expectations in their comments.
//!
//! # A folder of tests
//!
//! [`run()`] makes a test of each file below a folder of your crate, with cargo's own filters, `--list`, `--ignored`, threads and exit
//! codes. In `Cargo.toml`:
//!
//! ```toml
//! [dev-dependencies]
//! tickwasm-harness = "0.1"
//!
//! [[test]]
//! name = "wasm"
//! harness = false
//! ```
//!
//! and all of `tests/wasm.rs`:
//!
//! ```text
//! fn main() {
//!     tickwasm_harness::run("tests/wasm")
//! }
//! ```
//!
//! Then `cargo test` runs them all, and `cargo test --test wasm fib` those whose path contains `fib`. Functions that the files import,
//! limits and other settings are given to a [`Suite`].
//!
//! ## Scripts
//!
//! A `.wast` file is a [script](https://github.com/WebAssembly/spec/tree/main/interpreter#scripts) as the specification's own tests are:
//! modules, then assertions on them. The module `spectest` is there to be imported. A `thread` has a store of its own, in which the module
//! that it names as shared can be registered for its shared memories; of the host's functions it has those of `spectest`.
//!
//! ## Modules with directives
//!
//! A `.wat` file says in the comments above the module what to call and what to expect of it:
//!
//! ```text
//! ;; invoke: fib 10
//! ;; expect: i32 55
//! ;; fuel: 1234
//! ;; invoke: fib -1
//! ;; trap: unreachable
//! (module …)
//! ```
//!
//! A `.wasm` file has these lines in a file beside it, named as it is and `.expect`: `fib.wasm.expect`. There, the signs of a comment may
//! be left out. All invocations of a file are made on one instance, in their order. A file without any passes if it can be instantiated.
//!
//! | directive | meaning |
//! |---|---|
//! | `invoke: NAME ARG...` | calls an exported function. Numbers are written as in the text format, a null reference is `null`, and anything may be written as in a script: `(v128.const i32x4 1 2 3 4)`. A name with spaces stands in quotation marks |
//! | `expect: TYPE VALUE ...` | its results, as `i32 55 f64 0.5`. `nan` is any NaN of arithmetic, `nan:canonical` and `nan:0x…` are more exact. A vector is `v128 i32x4 1 2 3 4`, references are `ref.null`, `ref.func`, `ref.extern`; with parentheses, it is what a script's `assert_return` has |
//! | `trap: MESSAGE` | it does not return, and this is how the reason begins: `integer divide by zero`. Without this line or `expect`, it has to return anything |
//! | `fuel: N` | the call takes exactly this fuel, trap or not |
//! | `fuel-max: N` | it takes at most this fuel, and is stopped there |
//! | `invalid: MESSAGE` | the module is refused, for this reason |
//! | `ignore: WHY` | the file is tested with `--ignored` or `--include-ignored` only; this one may stand above scripts too |
//!
//! Other comments may stand between them, unless they begin with a word and a colon: such a line is a misspelt directive, and an error.
//!
//! With the environment variable `TICKWASM_BLESS=1`, `expect`, `trap` and `fuel` lines that are wrong are rewritten in place, and an
//! invocation that has results but no expectation is given one. The difference to review is then one of version control. Since a
//! program's fuel depends on nothing but its instructions, `fuel` is a test of what a compiler made of a source that no machine's
//! speed disturbs.
//!
//! # A single script
//!
//! One runner serves all of that, the `tickwasm wast` command and the official test suite in `tests/spec`.
//!
//! Not here: reading files and printing reports, but for [`Suite`]. Text modules are encoded, and quoted ones
//! judged, by the `wast` crate; what reaches [`Module::new`](tickwasm::Module::new) from a script is always a binary.
//!
//! Read next: `script` for scripts, `directives` and `program` for modules, `phrases` for how messages are compared.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use tickwasm::Engine;
//!
//! let script = r#"
//!     (module (func (export "add") (param i32 i32) (result i32)
//!         (i32.add (local.get 0) (local.get 1))))
//!     (assert_return (invoke "add" (i32.const 2) (i32.const 3)) (i32.const 5))
//!     (assert_return (invoke "add" (i32.const 2) (i32.const 3)) (i32.const 6))
//! "#;
//! let report = tickwasm_harness::run_script(&Engine::default(), "add.wast", script);
//! assert_eq!(report.passed, 2);
//! let failure = &report.failures[0];
//! assert_eq!((failure.file.as_str(), failure.line), ("add.wast", 5));
//! assert_eq!(failure.expected, "(i32.const 6)");
//! assert_eq!(failure.actual, "(i32.const 5)");
//! # Ok(())
//! # }
//! ```

mod directives;
mod phrases;
mod program;
mod script;
mod spectest;
mod suite;
mod values;

use core::fmt;

pub use program::missing_function;
pub use script::{Script, run_script};
pub use suite::{Suite, run};
pub use values::{ValueError, parse_value, show_value};

use tickwasm::Escaped;

/// The results of a script's directives.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// How many directives did what the script says.
    pub passed: usize,
    /// How many of those are assertions.
    pub assertions: usize,
    /// The directives that did not, in the script's order.
    pub failures: Vec<Failure>,
}

impl Report {
    /// Adds what another one says.
    fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.assertions += other.assertions;
        self.failures.extend(other.failures);
    }

    /// Whether nothing failed.
    pub fn is_success(&self) -> bool {
        self.failures.is_empty()
    }
}

/// A directive that did not do what the script says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    /// The name the caller gave the script.
    pub file: String,
    /// The line at which the directive starts, counted from 1.
    pub line: usize,
    /// The column at which the directive starts, counted from 1.
    pub column: usize,
    /// The outcome that the script asks for.
    pub expected: String,
    /// The actual result.
    pub actual: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            file,
            line,
            column,
            expected,
            actual,
        } = self;
        // Errors and scripts repeat names of modules; a backtrace has lines of its own.
        let shown = |text| Escaped::new(text).lines();
        write!(
            f,
            "{}:{line}:{column}\n  expected: {}\n    actual: {}",
            Escaped::new(file),
            shown(expected),
            shown(actual)
        )
    }
}

/// An error's text with those of its sources, as far as the text does not contain them: what is compared with a script's message,
/// and what the `tickwasm` command prints.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let message = error.to_string();
        if !text.contains(&message) {
            text = format!("{text}: {message}");
        }
        source = error.source();
    }
    text
}
