//! Runs workloads on tickwasm and on other WebAssembly engines and prints the ratios of their run times.
//!
//! For each module the engines take turns (A B C A B C …), so that a machine which gets slower or faster meanwhile does so
//! for all of them; a cell is the median of the rounds' CPU times. Every result is compared with the expected one.
//! How to read the table, and which figures were got where, is in `benches/README.md`.

mod engines;
mod table;
mod worker;
mod workload;

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use crate::engines::{ALL, Engine};
use crate::table::{Results, median};
use crate::worker::Worker;
use crate::workload::Workload;

/// Runs workloads on tickwasm and its peers, interleaved, and prints the ratios of their CPU times.
#[derive(Parser)]
#[command(version)]
struct Args {
    /// Directories with an expected.txt, such lists, or single modules [default: benches/workloads]
    inputs: Vec<PathBuf>,
    /// How often each engine runs each module
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Only these engines, separated by commas
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    engines: Vec<String>,
    /// Adds a column for tickwasm with fuel metering on
    #[arg(long)]
    fuel: bool,
    /// The engine that the others are compared with [default: the first]
    #[arg(long, value_name = "NAME")]
    base: Option<String>,
    /// Takes the fastest round instead of the median, for a machine with busy neighbours
    #[arg(long)]
    best: bool,
    /// Prints the times in milliseconds as well
    #[arg(long)]
    times: bool,
    /// Seconds after which a run counts as failed
    #[arg(long, default_value_t = 60, value_name = "SECONDS")]
    timeout: u64,
    /// Serve as the process of this engine for the one module given
    #[arg(long, hide = true, value_name = "NAME")]
    worker: Option<String>,
    /// The argument that the worker passes
    #[arg(long, hide = true, default_value_t = 0, allow_negative_numbers = true)]
    argument: i32,
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(code) => code,
        Err(words) => {
            eprintln!("error: {words}");
            ExitCode::from(2)
        }
    }
}

fn run(args: &Args) -> Result<ExitCode, String> {
    if let Some(name) = &args.worker {
        let module = args.inputs.first().ok_or("a worker needs a module")?;
        worker::serve(named(name)?, module, args.argument);
        return Ok(ExitCode::SUCCESS);
    }
    let workloads = if args.inputs.is_empty() {
        workload::collect(&[PathBuf::from(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../workloads"
        ))])?
    } else {
        workload::collect(&args.inputs)?
    };
    let engines = choose(args)?;
    let first = engines.first().ok_or("no engine in this build")?;
    let base = args.base.as_ref().map_or(Ok(*first), |name| named(name))?;

    let mut results = Results {
        workloads: workloads.iter().map(Workload::name).collect(),
        engines: engines.iter().map(|engine| engine.name).collect(),
        cells: Vec::new(),
    };
    let mut notes = Notes::default();
    for (index, workload) in workloads.iter().enumerate() {
        progress(&format!(
            "{}/{} {}",
            index + 1,
            workloads.len(),
            workload.name()
        ));
        results
            .cells
            .push(measure(workload, &engines, args, &mut notes));
    }
    progress("");
    print!("{}", results.ratio_table(base.name));
    if args.times {
        print!("\n{}", results.time_table());
    }
    if let Some(spread) = notes.spread() {
        println!(
            "\nHalf of the cells have a slowest round at least {:.0} % over their fastest.",
            spread * 100.0
        );
    }
    if notes.failures.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    println!();
    for failure in &notes.failures {
        println!("{failure}");
    }
    Ok(ExitCode::FAILURE)
}

/// Notes below a table.
#[derive(Default)]
struct Notes {
    /// Which cells failed, and why.
    failures: Vec<String>,
    /// For each other cell, by how much its slowest round exceeds its fastest.
    spreads: Vec<f64>,
}

impl Notes {
    /// The middle one of the spreads, which tells a quiet machine from a busy one; none of a single round.
    fn spread(&self) -> Option<f64> {
        let mut spreads = self.spreads.clone();
        spreads.sort_by(f64::total_cmp);
        spreads.get(spreads.len() / 2).copied()
    }
}

/// Says on a terminal how far it is, in place of what was said before.
fn progress(words: &str) {
    if std::io::stderr().is_terminal() {
        eprint!("\r\x1b[K{words}");
    }
}

fn named(name: &str) -> Result<&'static Engine, String> {
    let names = || {
        ALL.iter()
            .map(|engine| engine.name)
            .collect::<Vec<_>>()
            .join(", ")
    };
    ALL.iter()
        .find(|engine| engine.name == name)
        .ok_or_else(|| format!("no engine `{name}` in this build, which has {}", names()))
}

fn choose(args: &Args) -> Result<Vec<&'static Engine>, String> {
    if args.engines.is_empty() {
        let wanted =
            |engine: &&Engine| engine.default || (args.fuel && engine.name == "tickwasm-fuel");
        return Ok(ALL.iter().filter(wanted).collect());
    }
    let mut chosen = args
        .engines
        .iter()
        .map(|name| named(name))
        .collect::<Result<Vec<_>, _>>()?;
    if args.fuel && !args.engines.iter().any(|name| name == "tickwasm-fuel") {
        chosen.push(named("tickwasm-fuel")?);
    }
    Ok(chosen)
}

/// One row: the rounds of all engines on a workload. An engine that fails once is out of this row.
fn measure(
    workload: &Workload,
    engines: &[&Engine],
    args: &Args,
    notes: &mut Notes,
) -> Vec<Option<Duration>> {
    let limit = Duration::from_secs(args.timeout);
    let mut seats: Vec<Result<(Worker, Vec<Duration>), String>> = engines
        .iter()
        .map(|engine| {
            let worker = Worker::start(engine.name, &workload.path, workload.argument);
            worker
                .map(|worker| (worker, Vec::new()))
                .map_err(|error| error.to_string())
        })
        .collect();
    for _ in 0..args.rounds {
        for seat in &mut seats {
            let Ok((worker, times)) = seat else { continue };
            let fault = match worker.measure(limit) {
                Ok(sample) if sample.result == workload.expected => {
                    times.push(sample.time);
                    continue;
                }
                Ok(sample) => format!("returned {}, expected {}", sample.result, workload.expected),
                Err(words) => words,
            };
            *seat = Err(fault);
        }
    }
    let engines = engines.iter().zip(seats);
    engines
        .map(|(engine, seat)| match seat {
            Ok((_, mut times)) => {
                times.sort_unstable();
                if let [fastest, .., slowest] = times[..] {
                    notes
                        .spreads
                        .push(slowest.as_secs_f64() / fastest.as_secs_f64() - 1.0);
                }
                if args.best {
                    times.first().copied()
                } else {
                    median(&times)
                }
            }
            Err(words) => {
                notes
                    .failures
                    .push(format!("{} on {}: {words}", engine.name, workload.name()));
                None
            }
        })
        .collect()
}
