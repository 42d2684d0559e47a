//! `tickwasm wast`.

use std::path::PathBuf;

use tickwasm::{Engine, harness};

use crate::{Failure, read};

#[derive(clap::Args)]
pub struct Args {
    /// Scripts.
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

/// Runs each script, a line per file and one for the sum; failures stand below the line of their file.
pub fn wast(args: &Args) -> Result<(), Failure> {
    let engine = Engine::default();
    let (mut passed, mut failed) = (0, 0);
    for file in &args.files {
        let name = file.display().to_string();
        let text = String::from_utf8(read(file)?)
            .map_err(|error| Failure::usage(format!("{name}: not UTF-8 text: {error}")))?;
        let report = harness::run_script(&engine, &name, &text);
        println!(
            "{name}: {} passed, {} failed",
            report.passed,
            report.failures.len()
        );
        for failure in &report.failures {
            println!("{failure}");
        }
        passed += report.passed;
        failed += report.failures.len();
    }
    println!("{passed} passed, {failed} failed");
    if failed == 0 {
        Ok(())
    } else {
        Err(Failure::guest(""))
    }
}
