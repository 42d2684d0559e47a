//! The cost of making an instance, on tickwasm and on wasmi: the instantiation alone, and with a fresh store that is dropped again.
//!
//! The engines take turns, and the fastest of all rounds counts.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// As small programs are: a few functions, two of the host's.
const FUNCTIONS: &str = r#"
(module
  (import "host" "nothing" (func $nothing))
  (import "host" "add" (func $add (param i32 i32) (result i32)))
  (func (export "empty"))
  (func (export "run") (result i32) (call $nothing) (call $add (i32.const 1) (i32.const 2))))
"#;

/// The same with a page of memory, a table, a global and a segment of each kind. Most of the time goes into making the page zero.
const EVERYTHING: &str = r#"
(module
  (import "host" "nothing" (func $nothing))
  (import "host" "add" (func $add (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "a segment, so that instantiation has one to copy")
  (table (export "table") 8 funcref)
  (elem (i32.const 0) $empty $sum)
  (global (mut i32) (i32.const 1))
  (func $empty (export "empty"))
  (func $sum (export "sum") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "run") (result i32) (call $nothing) (call $add (i32.const 1) (i32.const 2))))
"#;

const ROUNDS: usize = 40;
/// Stores that are made together, so that instantiation can be timed alone.
const STORES: usize = 20;
const BATCHES: u32 = 50;

/// Nanoseconds of an instantiation, and of one with its store.
type Times = [f64; 2];

fn main() {
    println!("| module | timed | tickwasm ns | wasmi | tickwasm/wasmi |");
    println!("|---|---|---:|---:|---:|");
    for (name, text) in [("functions", FUNCTIONS), ("everything", EVERYTHING)] {
        let (tickwasm, wasmi) = (tickwasm(text), wasmi(text));
        let mut best = [[f64::MAX; 2]; 2];
        for _ in 0..ROUNDS {
            for (best, times) in best.iter_mut().zip([tickwasm(), wasmi()]) {
                best[0] = best[0].min(times[0]);
                best[1] = best[1].min(times[1]);
            }
        }
        for (timed, what) in ["instantiation", "with its store"].iter().enumerate() {
            let (own, other) = (best[0][timed], best[1][timed]);
            println!(
                "| {name} | {what} | {own:.0} | {:.2} | {:.2} |",
                other / own,
                own / other
            );
        }
    }
}

/// Makes stores and instances, and says how long it took.
fn time<S>(store: impl Fn() -> S, instantiate: impl Fn(&mut S)) -> Times {
    let mut alone = Duration::ZERO;
    let mut all = Duration::ZERO;
    for _ in 0..BATCHES {
        let mut stores: Vec<S> = (0..STORES).map(|_| store()).collect();
        let start = Instant::now();
        stores.iter_mut().for_each(&instantiate);
        alone += start.elapsed();
        drop(stores);
        let start = Instant::now();
        for _ in 0..STORES {
            instantiate(&mut store());
        }
        all += start.elapsed();
    }
    let instances = f64::from(BATCHES) * STORES as f64;
    [alone, all].map(|time| time.as_nanos() as f64 / instances)
}

fn tickwasm(text: &str) -> impl Fn() -> Times {
    let engine = tickwasm::Engine::default();
    let wasm = wat::parse_str(text).expect("a text");
    let module = tickwasm::Module::new(&engine, wasm).expect("a module");
    let mut linker = tickwasm::Linker::new(&engine);
    let defined = linker.func_wrap("host", "nothing", || {});
    let defined = defined.and_then(|linker| linker.func_wrap("host", "add", i32::wrapping_add));
    defined.expect("new names");
    let pre = linker.instantiate_pre(&module).expect("all imports");
    move || {
        let store = || tickwasm::Store::new(&engine, 0_u64);
        time(store, |store| {
            black_box(pre.instantiate(store).expect("an instance"));
        })
    }
}

fn wasmi(text: &str) -> impl Fn() -> Times {
    let engine = wasmi::Engine::default();
    let wasm = wat::parse_str(text).expect("a text");
    let module = wasmi::Module::new(&engine, wasm).expect("a module");
    let mut linker = wasmi::Linker::new(&engine);
    let defined = linker.func_wrap("host", "nothing", || {});
    let defined = defined.and_then(|linker| linker.func_wrap("host", "add", i32::wrapping_add));
    defined.expect("new names");
    move || {
        let store = || wasmi::Store::new(&engine, 0_u64);
        time(store, |store| {
            let instance = linker.instantiate_and_start(store, &module);
            black_box(instance.expect("an instance"));
        })
    }
}
