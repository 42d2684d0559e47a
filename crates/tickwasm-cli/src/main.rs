//! The `tickwasm` command: runs, validates, tests and inspects WebAssembly modules.
//!
//! Exit codes: 0 when all went well, 1 when a guest trapped or met a limit or a script failed, 2 for a bad module, a wrong use, or output that
//! cannot be written; 101 when a test failed under `test-runner`.

mod demangle;
mod inspect;
mod output;
mod run;
mod test_runner;
mod validate;
mod wast;

use std::io::Read as _;
use std::path::Path;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tickwasm::{Config, Error, Escaped};
use tickwasm_harness::chain;

use output::{Output, say};

/// A WebAssembly interpreter.
///
/// A module is text or binary; `-` stands for what is piped in.
#[derive(Parser)]
#[command(name = "tickwasm", version)]
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

/// Which proposals modules may use: the same for all subcommands.
#[derive(clap::Args)]
struct Features {
    /// Switches on all proposals that are off by default.
    #[arg(long)]
    proposals: bool,
    /// Switches proposals on, or off with a `-` before the name: threads,-simd.
    #[arg(long, value_name = "NAME,...", allow_hyphen_values = true)]
    features: Vec<String>,
}

impl Features {
    /// The default configuration with these proposals.
    fn config(&self) -> Result<Config, Failure> {
        let mut config = Config::new();
        let all = self.proposals.then_some("all");
        let named = self.features.iter().map(String::as_str);
        for names in all.into_iter().chain(named) {
            config
                .switch_features(names)
                .map_err(|error| Failure::usage(chain(&error)))?;
        }
        Ok(config)
    }
}

fn main() -> ExitCode {
    let mut out = Output::new();
    let outcome = match Cli::try_parse() {
        Ok(cli) => match cli.command {
            Command::Run(args) => run::run(&args, &mut out),
            Command::Validate(args) => validate::validate(&args, &mut out),
            Command::Wast(args) => wast::wast(&args, &mut out),
            Command::Inspect(args) => inspect::inspect(&args, &mut out),
            Command::TestRunner(args) => test_runner::test_runner(&args, &mut out),
        },
        Err(usage) => help(&usage, &mut out),
    };
    // If the output is not all there, whatever else went wrong counts less.
    let outcome = match out.finish() {
        Ok(()) => outcome,
        Err(failure) => Err(failure),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if !failure.message.is_empty() {
                say(&format!("error: {}", failure.message));
            }
            ExitCode::from(failure.code)
        }
    }
}

/// Prints the help that was asked for, or what is wrong with the command line.
fn help(usage: &clap::Error, out: &mut Output) -> Result<(), Failure> {
    let written = usage.print();
    if usage.use_stderr() {
        return Err(Failure::usage(""));
    }
    out.check(written)
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

    /// An error of the engine: the guest's fault if the guest trapped or met a limit.
    fn of(error: &Error, message: String) -> Self {
        match error {
            Error::Trap(_)
            | Error::Exception(_)
            | Error::FuelExhausted { .. }
            | Error::MemoryExhausted { .. }
            | Error::TableExhausted { .. }
            | Error::TooMany { .. } => Self::guest(message),
            _ => Self::usage(message),
        }
    }

    /// A module that cannot be used: names the file.
    fn module(file: &Path, error: &Error) -> Self {
        Self::of(error, format!("{}: {}", shown(file), chain(error)))
    }

    /// A module that cannot be instantiated: names the file, and says so where the error does not.
    fn instance(file: &Path, error: &Error) -> Self {
        let note = match error {
            Error::MissingImport { module, .. } if module.starts_with("wasi_") => {
                "\nnote: WASI is not supported"
            }
            _ => "",
        };
        let file = shown(file);
        let failure = Self::of(error, format!("{file}: {}{note}", chain(error)));
        match failure.code {
            1 => Self::guest(format!("{file}: instantiation: {}", chain(error))),
            _ => failure,
        }
    }
}

/// A file's name as it is printed.
fn shown(file: &Path) -> String {
    match is_stdin(file) {
        true => "<stdin>".to_owned(),
        false => Escaped::new(&file.to_string_lossy()).to_string(),
    }
}

fn is_stdin(file: &Path) -> bool {
    file.as_os_str() == "-"
}

/// Reads a file, text or binary; `-` is the standard input.
fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    let read = match is_stdin(file) {
        true => {
            let mut bytes = Vec::new();
            let read = std::io::stdin().lock().read_to_end(&mut bytes);
            read.map(|_| bytes)
        }
        false => std::fs::read(file),
    };
    read.map_err(|error| Failure::usage(format!("{}: {error}", shown(file))))
}
