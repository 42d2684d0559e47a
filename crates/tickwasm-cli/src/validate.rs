//! `tickwasm validate`.

use std::path::PathBuf;

use tickwasm::{Engine, Module};
use tickwasm_harness::chain;

use crate::output::{Output, say};
use crate::{Failure, Features, read, shown};

#[derive(clap::Args)]
pub struct Args {
    /// Modules, as text or binary.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    features: Features,
    /// Lowers all functions, too: as they are by default, and as they are where fuel is counted.
    #[arg(long)]
    lower: bool,
}

/// Validates each file and says of each bad one what is wrong with it.
pub fn validate(args: &Args, out: &mut Output) -> Result<(), Failure> {
    let mut config = args.features.config()?;
    config.eager_lowering(args.lower);
    let mut engines = vec![Engine::new(&config)];
    if args.lower {
        engines.push(Engine::new(config.consume_fuel(true)));
    }
    let engines: Result<Vec<_>, _> = engines.into_iter().collect();
    let engines = engines.map_err(|error| Failure::usage(chain(&error)))?;
    let mut bad = 0;
    for file in &args.files {
        let verdict = read(file).and_then(|bytes| {
            for engine in &engines {
                Module::new(engine, &bytes).map_err(|error| Failure::module(file, &error))?;
            }
            Ok(())
        });
        match verdict {
            Ok(()) => out.line(format!("{}: valid", shown(file)))?,
            Err(failure) => {
                say(&format!("error: {}", failure.message));
                bad += 1;
            }
        }
    }
    // The errors have been printed, each beside its file.
    if bad == 0 {
        Ok(())
    } else {
        Err(Failure::usage(""))
    }
}
