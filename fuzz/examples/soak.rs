//! Runs a target's body on seeds: `soak TARGET FIRST COUNT`. Prints how many cases it ran, and how many peers took part.

use std::time::Instant;

use tickwasm_fuzz_driver::{BODIES, noise};

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [target, first, count] = args.as_slice() else {
        eprintln!("usage: soak TARGET FIRST COUNT");
        std::process::exit(2);
    };
    let number = |text: &str| text.parse::<u64>().expect("a number");
    let (first, count) = (number(first), number(count));
    let Some((_, body, len)) = BODIES.iter().find(|(name, ..)| name == target) else {
        eprintln!("there is no target `{target}`");
        std::process::exit(2);
    };
    let mut case = cases(target, *body);
    let start = Instant::now();
    for seed in first..first + count {
        let data = noise(seed, *len);
        let case = std::panic::AssertUnwindSafe(|| case(&data));
        if std::panic::catch_unwind(case).is_err() {
            println!("{target}: seed {seed} fails");
            std::process::exit(1);
        }
        if (seed - first + 1) % 10_000 == 0 {
            let done = seed - first + 1;
            println!("{target}: {done} cases in {:?}", start.elapsed());
        }
    }
    println!("{target}: {count} cases in {:?}", start.elapsed());
}

#[cfg(feature = "peers")]
fn cases(target: &str, body: fn(&[u8])) -> Box<dyn FnMut(&[u8])> {
    use tickwasm_fuzz::{Wasmi, Wasmtime};
    use tickwasm_fuzz_driver::differential::{Peer, differential};
    if target != "differential" {
        return Box::new(body);
    }
    let (wasmtime, wasmi) = (Wasmtime::default(), Wasmi::default());
    let (mut modules, mut agreed, mut outvoted) = (0_u64, 0, 0);
    Box::new(move |data| {
        let peers: [&dyn Peer; 2] = [&wasmtime, &wasmi];
        let tally = differential(data, &peers);
        agreed += tally.agreed;
        outvoted += tally.outvoted;
        modules += u64::from(tally.agreed > 0);
        if modules % 10_000 == 0 && tally.agreed > 0 {
            println!(
                "{modules} modules compared, peers agreed {agreed} times, {outvoted} outvoted"
            );
        }
    })
}

#[cfg(not(feature = "peers"))]
fn cases(_: &str, body: fn(&[u8])) -> Box<dyn FnMut(&[u8])> {
    Box::new(body)
}
