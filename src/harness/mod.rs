//! Runs scripts in the official script language (`.wast`) and says what passed.
//!
//! One runner serves the `tickwasm wast` command, the official test suite in `tests/spec`, and anyone who writes scripts
//! of their own. It uses the crate's public API only, so that whatever it can test, a user can do.
//!
//! Not here: reading files and printing reports, which is the caller's part. Text modules are encoded, and quoted ones
//! judged, by the `wast` crate; what reaches [`Module::new`](crate::Module::new) is always a binary.
//!
//! Read next: `script` for the directives, `phrases` for how messages are compared.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use tickwasm::{Engine, harness};
//!
//! let script = r#"
//!     (module (func (export "add") (param i32 i32) (result i32)
//!         (i32.add (local.get 0) (local.get 1))))
//!     (assert_return (invoke "add" (i32.const 2) (i32.const 3)) (i32.const 5))
//!     (assert_return (invoke "add" (i32.const 2) (i32.const 3)) (i32.const 6))
//! "#;
//! let report = harness::run_script(&Engine::default(), "add.wast", script);
//! assert_eq!(report.passed, 2);
//! let failure = &report.failures[0];
//! assert_eq!((failure.file.as_str(), failure.line), ("add.wast", 5));
//! assert_eq!(failure.expected, "(i32.const 6)");
//! assert_eq!(failure.actual, "(i32.const 5)");
//! # Ok(())
//! # }
//! ```

mod phrases;
mod script;
mod spectest;
mod values;

use core::fmt;

pub use script::{Script, run_script};

/// What became of a script's directives.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// How many directives did what the script says.
    pub passed: usize,
    /// The directives that did not, in the script's order.
    pub failures: Vec<Failure>,
}

impl Report {
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
    /// What the script asks for.
    pub expected: String,
    /// What came instead.
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
        write!(
            f,
            "{file}:{line}:{column}\n  expected: {expected}\n    actual: {actual}"
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
