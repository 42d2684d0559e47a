//! `tickwasm test-runner`: what cargo runs the tests of a crate with that was compiled for `wasm32-unknown-unknown`.
//!
//! Rust's test harness has no imports on that target and cannot print: it exports `main`, which runs all tests, and a test that fails
//! panics, which traps. Which test that was stands in the backtrace.

use std::path::PathBuf;

use tickwasm::{Engine, Error, Escaped, Linker, Module, Store};
use tickwasm_harness::chain;

use crate::demangle::demangle;
use crate::output::{Output, say};
use crate::{Failure, Features, read, shown};

#[derive(clap::Args)]
pub struct Args {
    /// The module, as cargo has built it.
    file: PathBuf,
    #[command(flatten)]
    features: Features,
    /// Arguments that cargo passes to the tests. They cannot receive them.
    #[arg(
        value_name = "ARG",
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    args: Vec<String>,
}

/// The exit code that cargo expects of tests that fail.
const FAILED: u8 = 101;

/// How many characters of a function's path are shown.
const NAME: usize = 500;

/// The value stack that tests may use: as much as a thread of a native test has.
const STACK: usize = 2 << 20;

/// Runs the module's `main` and says which test failed, if one did.
pub fn test_runner(args: &Args, out: &mut Output) -> Result<(), Failure> {
    let file = shown(&args.file);
    if args.args.iter().any(|arg| arg == "--list") {
        return Err(Failure::usage(
            "tests of this target cannot be listed: they cannot print",
        ));
    }
    if !args.args.is_empty() {
        say(
            "note: tests of this target cannot be chosen, for they receive no arguments; all of them run",
        );
    }
    let engine = Engine::new(args.features.config()?.max_wasm_stack(STACK))
        .map_err(|error| Failure::usage(chain(&error)))?;
    let module = Module::new(&engine, read(&args.file)?)
        .map_err(|error| Failure::module(&args.file, &error))?;
    let mut store = Store::new(&engine, ());
    let instance = Linker::new(&engine)
        .instantiate(&mut store, &module)
        .map_err(|error| Failure::instance(&args.file, &error))?;
    let main = instance
        .get_typed_func::<(i32, i32), i32>(&mut store, "main")
        .map_err(|error| Failure::module(&args.file, &error))?;
    match main.call(&mut store, (0, 0)) {
        Ok(0) => out.line(format!("{file}: passed")),
        Ok(code) => Err(failed(format!("{file}: `main` returned {code}"))),
        Err(error) => {
            out.line(match failing_test(&error) {
                Some(name) => format!("test {name} ... FAILED"),
                None => "a test FAILED; a build without optimisation names it".to_owned(),
            })?;
            Err(failed(format!("{file}: {}", told(&error))))
        }
    }
}

fn failed(message: String) -> Failure {
    Failure {
        code: FAILED,
        message,
    }
}

/// The paths of the functions that were under way, innermost first.
fn paths(error: &Error) -> Vec<String> {
    let frames = error.backtrace().map_or(&[][..], |calls| calls.frames());
    let name = |frame: &tickwasm::FrameInfo| match frame.func_name() {
        Some(name) => Escaped::new(&demangle(name)).most(NAME).to_string(),
        None => format!("function {}", frame.func_index()),
    };
    frames.iter().map(name).collect()
}

/// The name of the test that was running: the first function of the crate itself that the test harness has called.
fn failing_test(error: &Error) -> Option<String> {
    /// The crates between the test harness and a test.
    const BETWEEN: [&str; 4] = ["core::", "std::", "alloc::", "test::"];
    let paths = paths(error);
    let harness = paths.iter().position(|path| path.starts_with("test::"))?;
    let test = paths[..harness]
        .iter()
        .rev()
        .find(|path| path.contains("::") && !BETWEEN.iter().any(|lead| path.starts_with(lead)))?;
    // The test itself is called by a closure, and the crate is the one that is tested.
    let test = test.trim_end_matches("::{{closure}}");
    Some(
        test.split_once("::")
            .map_or(test, |(_, name)| name)
            .to_owned(),
    )
}

/// The reason, and below it the functions by their paths.
fn told(error: &Error) -> String {
    let text = chain(error);
    let mut told = text.lines().next().unwrap_or_default().to_owned();
    for path in paths(error) {
        told = format!("{told}\n    in {path}");
    }
    told
}
