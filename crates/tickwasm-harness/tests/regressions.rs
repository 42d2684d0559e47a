//! The scripts below the repository's `tests/regressions`: what was once wrong, each run as an engine is by default and with fuel counted.
//!
//! One file a fault; its first line says what went wrong, and where it was found.

use libtest_mimic::Arguments;
use tickwasm::Config;
use tickwasm_harness::Suite;

const FOLDER: &str = "../../tests/regressions";

fn main() {
    let arguments = Arguments::from_args();
    let mut trials = Suite::new(FOLDER).trials();
    let mut config = Config::new();
    config.consume_fuel(true).eager_lowering(true);
    let fueled = Suite::new(FOLDER)
        .config(config)
        .fuel(1_000_000_000)
        .prefix("fuel/");
    trials.extend(fueled.trials());
    libtest_mimic::run(&arguments, trials).exit()
}
