//! The `tickwasm` command: runs, validates, tests and inspects WebAssembly modules.
//!
//! Exit codes: 0 when all went well, 1 when a guest trapped or a script failed, 2 for a bad module or a wrong use; 101 when a test failed
//! under `test-runner`.

mod demangle;
mod inspect;
mod run;
mod test_runner;
mod validate;
mod values;
mod wast;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tickwasm::harness::chain;

/// A WebAssembly interpreter.
#[derive(Parser)]
#[command(name = "tickwasm", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs a function of a module and prints its results, one a line.
    Run(run::Args),
    /// Says whether modules are valid.
    Validate(validate::Args),
    /// Runs scripts in the official script language.
    Wast(wast::Args),
    /// Shows what a module is made of.
    Inspect(inspect::Args),
    /// Runs tests that cargo has built for wasm32-unknown-unknown.
    ///
    /// To be named to cargo: CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER="tickwasm test-runner"
    TestRunner(test_runner::Args),
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Run(args) => run::run(&args),
        Command::Validate(args) => validate::validate(&args),
        Command::Wast(args) => wast::wast(&args),
        Command::Inspect(args) => inspect::inspect(&args),
        Command::TestRunner(args) => test_runner::test_runner(&args),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if !failure.message.is_empty() {
                eprintln!("error: {}", failure.message);
            }
            ExitCode::from(failure.code)
        }
    }
}

/// Why a command did not do what it was asked for.
struct Failure {
    code: u8,
    message: String,
}

impl Failure {
    /// The guest's fault while it ran, or a script that failed.
    fn guest(message: impl Into<String>) -> Self {
        Self {
            code: 1,
            message: message.into(),
        }
    }

    /// A module that cannot be used, or a wrong use of the command.
    fn usage(message: impl Into<String>) -> Self {
        Self {
            code: 2,
            message: message.into(),
        }
    }

    /// A module that cannot be used: names the file.
    fn module(file: &Path, error: &dyn Error) -> Self {
        Self::usage(format!("{}: {}", file.display(), chain(error)))
    }
}

/// Reads a file, text or binary.
fn read(file: &PathBuf) -> Result<Vec<u8>, Failure> {
    std::fs::read(file).map_err(|error| Failure::usage(format!("{}: {error}", file.display())))
}
