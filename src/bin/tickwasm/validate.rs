//! `tickwasm validate`.

use std::path::PathBuf;

use tickwasm::harness::chain;
use tickwasm::{Engine, Module};

use crate::{Failure, read};

#[derive(clap::Args)]
pub struct Args {
    /// Modules, as text or binary.
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

/// Validates each file and says of each bad one what is wrong with it.
pub fn validate(args: &Args) -> Result<(), Failure> {
    let engine = Engine::default();
    let mut bad = 0;
    for file in &args.files {
        let verdict = read(file).and_then(|bytes| {
            Module::new(&engine, bytes)
                .map_err(|error| Failure::usage(format!("{}: {}", file.display(), chain(&error))))
        });
        match verdict {
            Ok(_) => println!("{}: valid", file.display()),
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
