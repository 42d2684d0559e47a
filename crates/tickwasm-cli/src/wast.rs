//! `tickwasm wast`.

use std::path::PathBuf;

use tickwasm::Engine;
use tickwasm_harness::{chain, run_script};

use crate::output::Output;
use crate::{Failure, Features, read, shown};

#[derive(clap::Args)]
pub struct Args {
    /// Scripts.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    features: Features,
}

/// How many failures of one script are shown.
const SHOWN: usize = 100;

/// Runs each script, a line per file and one for the sum; failures stand below the line of their file.
pub fn wast(args: &Args, out: &mut Output) -> Result<(), Failure> {
    let engine =
        Engine::new(&args.features.config()?).map_err(|error| Failure::usage(chain(&error)))?;
    let (mut passed, mut failed) = (0, 0);
    for file in &args.files {
        let name = shown(file);
        let text = String::from_utf8(read(file)?)
            .map_err(|error| Failure::usage(format!("{name}: not UTF-8 text: {error}")))?;
        let report = run_script(&engine, &name, &text);
        let failures = report.failures.len();
        out.line(format!(
            "{name}: {} passed, {failures} failed",
            report.passed
        ))?;
        for failure in report.failures.iter().take(SHOWN) {
            out.line(failure.to_string())?;
        }
        if let Some(more @ 1..) = failures.checked_sub(SHOWN) {
            out.line(format!("… and {more} more"))?;
        }
        passed += report.passed;
        failed += failures;
    }
    out.line(format!("{passed} passed, {failed} failed"))?;
    if failed == 0 {
        Ok(())
    } else {
        Err(Failure::guest(""))
    }
}
