//! Random modules on tickwasm and on the oracle: results, traps, fuel, memories, globals, tables and the calls that reach
//! the host must be the same.
//!
//! `TICKWASM_CASES` sets how many modules, `TICKWASM_SEED` the first one's seed, `TICKWASM_FORK=1` compares each
//! in a process of its own, for what takes the process down. A difference is reported with its seed and
//! with a module from which everything that does not matter was taken out.

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;
use std::rc::Rc;

use arbitrary::Unstructured;
use common::subject::{Refused, Subject, engine};
use common::{Import, Outcome, Rng, edge, imports_of, provide, setting, shrink};
use tickwasm_oracle::{Extern, FuncType, Instance, InstantiateError, Limits, Oracle};
use wasm_smith::{Config, InstructionKind, InstructionKinds, Module};

/// Fuel for one call, and for one instantiation: what runs longer is stopped on both sides.
const FUEL: u64 = 20_000;

/// A valid module of the supported features.
fn generate(seed: u64) -> (Vec<u8>, bool) {
    let mut rng = Rng::new(seed);
    let canonicalize_nans = rng.below(2) == 0;
    let size = rng.pick(&[2_000, 10_000, 20_000, 40_000]);
    use InstructionKind::*;
    let kinds: &[InstructionKind] = match rng.below(4) {
        0 => &[Numeric, Variable, Parametric, Control],
        1 => &[Numeric, Variable, Parametric, Control, Memory],
        _ => &[
            Numeric, Variable, Parametric, Control, Memory, Reference, Table, Aggregate,
        ],
    };
    let config = Config {
        acquire_release_atomics_enabled: false,
        allow_start_export: rng.below(4) == 0,
        allowed_instructions: InstructionKinds::new(kinds),
        allow_floats: rng.below(4) != 0,
        canonicalize_nans,
        compact_imports_enabled: false,
        disallow_traps: rng.below(2) == 0,
        exceptions_enabled: false,
        export_everything: true,
        gc_enabled: false,
        max_data_segments: 5,
        max_element_segments: 5,
        max_elements: 10,
        max_funcs: 12,
        max_globals: 8,
        max_imports: rng.pick(&[0, 3, 10]),
        max_instructions: rng.pick(&[30, 100, 400]),
        max_memories: rng.pick(&[1, 1, 3]),
        max_memory32_bytes: 3 * 65_536,
        max_table_elements: 50,
        max_tables: 3,
        max_types: 12,
        memory64_enabled: false,
        memory_max_size_required: true,
        min_funcs: 4,
        min_memories: 1,
        relaxed_simd_enabled: false,
        simd_enabled: false,
        table_max_size_required: true,
        threads_enabled: false,
        wide_arithmetic_enabled: false,
        ..Config::default()
    };
    // Some noise asks for more than a configuration allows; then other noise is taken.
    loop {
        let noise: Vec<u8> = (0..size).map(|_| rng.next() as u8).collect();
        if let Ok(mut module) = Module::new(config.clone(), &mut Unstructured::new(&noise)) {
            // Half of the modules bound their loops themselves, so that without fuel they are not stopped.
            if rng.below(2) == 0 {
                let _global = module
                    .ensure_termination(500)
                    .expect("the generator knows its code");
            }
            return (module.to_bytes(), canonicalize_nans);
        }
    }
}

fn limits() -> Limits {
    Limits {
        frames: 200,
        values: 100_000,
        ..Limits::default()
    }
}

/// The exported functions by name and type.
fn functions(oracle: &Oracle, instance: Instance) -> Vec<(String, FuncType)> {
    oracle
        .exports(instance)
        .iter()
        .filter_map(|(name, item)| match item {
            Extern::Func(func) => Some((name.clone(), oracle.func_type(*func).clone())),
            _ => None,
        })
        .collect()
}

/// How a module is compared.
#[derive(Clone, Copy)]
struct Mode {
    /// The NaNs of arithmetic have the same bits everywhere, because the module replaces them.
    canonical: bool,
    /// With fuel on both sides.
    fueled: bool,
    /// Whether tickwasm lowers functions before they are called.
    eager: bool,
}

impl Mode {
    /// Whether the oracle's outcome does not tell what the subject's has to be: the module runs into a limit that is no part of
    /// the contract, or it saw a NaN whose bits are open.
    fn is_open(self, oracle: &Oracle, outcome: &Outcome) -> bool {
        let stopped = match outcome {
            Outcome::CallDepth => true,
            Outcome::OutOfFuel => !self.fueled,
            _ => false,
        };
        // The generator forgets the NaNs that change their width.
        let nan = if self.canonical {
            oracle.resized_nan()
        } else {
            oracle.made_nan()
        };
        stopped || nan
    }
}

/// Both sides of one comparison.
struct Pair {
    mode: Mode,
    oracle: Oracle,
    instance: Instance,
    subject: Subject,
    log: Rc<std::cell::RefCell<Vec<common::HostCall>>>,
}

/// What a comparison came to when nothing differed.
enum Verdict {
    /// Both go on.
    Same,
    /// From here on the two may differ: a limit that is no part of the contract, or the bits of a NaN.
    Open,
}

fn differs<T>(
    what: &str,
    wanted: impl std::fmt::Debug,
    got: impl std::fmt::Debug,
) -> Result<T, String> {
    Err(format!("{what}:\n  wanted {wanted:?}\n  got    {got:?}"))
}

impl Pair {
    fn new(bytes: &[u8], imports: &[Import], mode: Mode) -> Result<Option<Pair>, String> {
        let mut oracle = Oracle::with_limits(limits());
        let (provided, log) = provide(&mut oracle, imports);
        oracle.set_fuel(FUEL);
        let result = oracle.instantiate_with(bytes, &provided);
        let outcome = match &result {
            Ok(_) => Outcome::Values(Vec::new()),
            Err(InstantiateError::Stopped { stop, .. }) => Outcome::from(Err(stop.clone())),
            Err(other) => return Err(format!("the oracle refuses the module: {other}")),
        };
        if mode.is_open(&oracle, &outcome) {
            return Ok(None);
        }
        let engine = engine(mode.fueled, mode.eager);
        let subject = Subject::new(&engine, bytes, imports, mode.fueled.then_some(FUEL));
        match (result, subject) {
            (Ok(instance), Ok(subject)) => {
                let mut pair = Pair {
                    mode,
                    oracle,
                    instance,
                    subject,
                    log,
                };
                pair.check_fuel("fuel after instantiation")?;
                pair.check_state()?;
                Ok(Some(pair))
            }
            (_, Err(Refused::Module(why))) => Err(format!("the module is refused: {why}")),
            (Ok(_), Err(Refused::Stopped(got, _))) => differs("instantiation", outcome, got),
            (Err(_), Ok(_)) => differs("instantiation", outcome, "an instance"),
            (Err(_), Err(Refused::Stopped(got, left))) => {
                if !outcome.agrees_with(&got) {
                    return differs("instantiation", outcome, got);
                }
                if mode.fueled && left != oracle.fuel() {
                    return differs("fuel after failed instantiation", oracle.fuel(), left);
                }
                Ok(None)
            }
        }
    }

    fn check_fuel(&self, when: &str) -> Result<(), String> {
        if self.subject.fueled() && self.subject.fuel() != self.oracle.fuel() {
            return differs(when, self.oracle.fuel(), self.subject.fuel());
        }
        Ok(())
    }

    fn set_fuel(&mut self, fuel: u64) {
        self.oracle.set_fuel(fuel);
        if self.subject.fueled() {
            self.subject.set_fuel(fuel);
        }
    }

    /// One call on both sides, and everything that can be seen afterwards.
    fn call(&mut self, name: &str, ty: &FuncType, rng: &mut Rng) -> Result<Verdict, String> {
        let args: Vec<_> = ty.params.iter().map(|&ty| edge(rng, ty)).collect();
        let wanted = Outcome::from(self.oracle.invoke(self.instance, name, &args));
        if self.mode.is_open(&self.oracle, &wanted) {
            return Ok(Verdict::Open);
        }
        let at = format!("{name}{args:?}");
        let got = self.subject.invoke(name, &args, &ty.results);
        if !wanted.agrees_with(&got) {
            return differs(&at, wanted, got);
        }
        self.check_fuel(&format!("fuel after {at}"))?;
        self.check_state()
            .map_err(|why| format!("after {at}: {why}"))?;
        Ok(Verdict::Same)
    }

    /// Memories, globals, tables and the host's log.
    fn check_state(&mut self) -> Result<(), String> {
        for (name, item) in self.oracle.exports(self.instance) {
            match *item {
                Extern::Func(_) => {}
                Extern::Memory(memory) => {
                    let (wanted, got) = (self.oracle.memory(memory), self.subject.memory(name));
                    if wanted.len() != got.len() {
                        return differs(&format!("size of memory {name}"), wanted.len(), got.len());
                    }
                    if let Some(at) = wanted.iter().zip(got).position(|(a, b)| a != b) {
                        return differs(&format!("memory {name} at {at}"), wanted[at], got[at]);
                    }
                }
                Extern::Global(global) => {
                    let (wanted, got) = (self.oracle.global(global), self.subject.global(name));
                    if !common::all_agree(&[wanted], &[got]) {
                        return differs(&format!("global {name}"), wanted, got);
                    }
                }
                Extern::Table(table) => {
                    let (wanted, got) = (self.oracle.table(table), self.subject.table(name));
                    if !common::all_agree(wanted, &got) {
                        return differs(&format!("table {name}"), wanted, got);
                    }
                }
            }
        }
        let (wanted, got) = (self.log.borrow(), self.subject.log());
        let with_fuel = self.subject.fueled();
        let same = wanted.len() == got.len()
            && wanted
                .iter()
                .zip(got)
                .all(|(wanted, got)| wanted.agrees_with(got, with_fuel));
        if same {
            Ok(())
        } else {
            differs("calls of the host", &*wanted, got)
        }
    }
}

/// Everything about one module: each export called twice, so that the second call meets warm code.
fn compare(bytes: &[u8], seed: u64, mode: Mode) -> Result<(), String> {
    let imports = imports_of(bytes);
    let Some(mut pair) = Pair::new(bytes, &imports, mode)? else {
        return Ok(());
    };
    let mut rng = Rng::new(seed);
    let functions = functions(&pair.oracle, pair.instance);
    for (name, ty) in functions.iter().chain(&functions) {
        pair.set_fuel(FUEL);
        if let Verdict::Open = pair.call(name, ty, &mut rng)? {
            // The two are in different states now: the other functions get a new instance.
            match Pair::new(bytes, &imports, mode)? {
                Some(new) => pair = new,
                None => return Ok(()),
            }
        }
    }
    Ok(())
}

/// Each export with less fuel than it needs, and with exactly what it needs.
fn compare_fuel(bytes: &[u8], seed: u64, mode: Mode) -> Result<(), String> {
    let imports = imports_of(bytes);
    let Some(first) = Pair::new(bytes, &imports, mode)? else {
        return Ok(());
    };
    for (index, (name, ty)) in (0..).zip(functions(&first.oracle, first.instance)) {
        // The cost of the call with `fuel`, or nothing if it is not determined.
        let call = |fuel: u64| -> Result<Option<u64>, String> {
            let Some(mut pair) = Pair::new(bytes, &imports, mode)? else {
                return Ok(None);
            };
            pair.set_fuel(fuel);
            let mut rng = Rng::new(seed ^ index);
            let verdict = pair.call(&name, &ty, &mut rng);
            match verdict.map_err(|why| format!("with {fuel} fuel: {why}"))? {
                Verdict::Open => Ok(None),
                Verdict::Same => Ok(Some(fuel - pair.oracle.fuel())),
            }
        };
        let Some(cost) = call(FUEL)? else { continue };
        let mut rng = Rng::new(seed ^ index);
        let values: Vec<u64> = if cost <= 30 {
            (0..=cost).collect()
        } else {
            let some = (0..28).map(|_| rng.next() % (cost + 1));
            some.chain([cost - 1, cost]).collect()
        };
        for fuel in values {
            call(fuel)?;
        }
    }
    Ok(())
}

/// The comparison with a panic of either side turned into a difference.
fn caught(run: impl Fn() -> Result<(), String>) -> Result<(), String> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<String>().map(String::as_str);
        let said = said.or_else(|| panic.downcast_ref::<&str>().copied());
        Err(format!("panic: {}", said.unwrap_or("?")))
    })
}

/// One comparison in a process of its own, so that even a crash is a difference. The child runs the test called `test`, which
/// finds the module in the file that the environment names.
fn in_child(test: &str, bytes: &[u8], seed: u64, canonical: bool) -> Result<(), String> {
    let file = std::env::temp_dir().join(format!("tickwasm-{}.wasm", std::process::id()));
    std::fs::write(&file, bytes).map_err(|e| e.to_string())?;
    let output = Command::new(std::env::current_exe().map_err(|e| e.to_string())?)
        .args([test, "--exact", "--nocapture"])
        .env("TICKWASM_FILE", &file)
        .env("TICKWASM_SEED", seed.to_string())
        .env("TICKWASM_CANONICAL", u64::from(canonical).to_string())
        .output()
        .map_err(|e| e.to_string())?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    match (output.status.code(), said.split_once(DIFFERENCE)) {
        (Some(0), _) => Ok(()),
        (_, Some((_, why))) => Err(why.lines().take(3).collect::<Vec<_>>().join("\n")),
        (None, _) => Err(format!("crash: {}", output.status)),
        (Some(_), None) => Err("the child fails without a reason".to_owned()),
    }
}

/// What a child says in front of its report.
const DIFFERENCE: &str = "difference: ";

type Compare = fn(&[u8], u64, Mode) -> Result<(), String>;

/// Compares `cases` modules, or the one that a parent process has put into a file.
fn check_all(test: &str, cases: u64, fueled: bool, compare: Compare) {
    let first = setting("TICKWASM_SEED", 1);
    let run = |bytes: &[u8], seed: u64, canonical: bool| {
        let eager = seed.is_multiple_of(2);
        compare(
            bytes,
            seed,
            Mode {
                canonical,
                fueled,
                eager,
            },
        )
    };
    if let Ok(file) = std::env::var("TICKWASM_FILE") {
        let bytes = std::fs::read(file).expect("the parent has written the file");
        if let Err(why) = caught(|| run(&bytes, first, setting("TICKWASM_CANONICAL", 0) == 1)) {
            println!("{DIFFERENCE}{why}");
            panic!("the module differs");
        }
        return;
    }
    let cases = setting("TICKWASM_CASES", cases);
    let fork = setting("TICKWASM_FORK", 0) == 1;
    let mut reports = Vec::new();
    for seed in first..first + cases {
        let (bytes, canonical) = generate(seed);
        let outcome = |bytes: &[u8], canonical: bool| {
            if fork {
                in_child(test, bytes, seed, canonical)
            } else {
                caught(|| run(bytes, seed, canonical))
            }
        };
        if let Err(why) = outcome(&bytes, canonical) {
            // A module that was shrunk is no longer canonical, so no NaN may take part, if the difference is there without.
            let canonical = canonical && outcome(&bytes, false).is_ok();
            let outcome = |bytes: &[u8]| outcome(bytes, canonical);
            // What the difference is about must stay; its numbers may change.
            let kind = |why: &str| {
                why.chars()
                    .take_while(|c| c.is_alphabetic())
                    .collect::<String>()
            };
            let small = shrink::shrink(&bytes, |candidate| {
                outcome(candidate).is_err_and(|new| kind(&new) == kind(&why))
            });
            let now = outcome(&small).err().unwrap_or_default();
            let wat = wasmprinter::print_bytes(&small).unwrap_or_default();
            println!("seed {seed}: {why}\nshrunk: {now}\n{wat}\n");
            reports.push(seed);
            if reports.len() == 5 {
                break;
            }
        }
    }
    assert!(
        reports.is_empty(),
        "these seeds differ, see above: {reports:?}"
    );
}

#[test]
fn random_modules_give_the_same() {
    check_all("random_modules_give_the_same", 2_000, false, compare);
}

#[test]
fn random_modules_give_the_same_with_fuel() {
    check_all(
        "random_modules_give_the_same_with_fuel",
        1_000,
        true,
        compare,
    );
}

#[test]
fn random_modules_stop_at_the_same_instruction() {
    let name = "random_modules_stop_at_the_same_instruction";
    check_all(name, 100, true, compare_fuel);
}
