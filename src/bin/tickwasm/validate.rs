//! `tickwasm validate`.

use std::path::PathBuf;

use tickwasm::harness::chain;
use tickwasm::{Config, Engine, Module};

use crate::{Failure, read};

#[derive(clap::Args)]
pub struct Args {
    /// Modules, as text or binary.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Switches on the proposals that are off by default.
    #[arg(long)]
    proposals: bool,
    /// Lowers all functions, too: as they are by default, and as they are where fuel is counted.
    #[arg(long)]
    lower: bool,
}

/// Validates each file and says of each bad one what is wrong with it.
pub fn validate(args: &Args) -> Result<(), Failure> {
    let mut config = Config::new();
    config.eager_lowering(args.lower);
    if args.proposals {
        config
            .wasm_threads(true)
            .wasm_custom_page_sizes(true)
            .wasm_wide_arithmetic(true)
            .wasm_legacy_exceptions(true);
    }
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
                Module::new(engine, &bytes).map_err(|error| {
                    Failure::usage(format!("{}: {}", file.display(), chain(&error)))
                })?;
            }
            Ok(())
        });
        match verdict {
            Ok(()) => println!("{}: valid", file.display()),
            Err(failure) => {
                eprintln!("error: {}", failure.message);
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
