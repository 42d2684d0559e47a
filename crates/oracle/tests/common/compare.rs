//! Compares a module on both sides: runs, reports and shrinks the modules that tests generate.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;
use std::rc::Rc;

use tickwasm_oracle::{
    Extern, FuncType, HeapType, Instance, InstantiateError, Limits, Oracle, ValType,
};

use super::subject::{Refused, Slices, Subject, engine};
use super::{
    FAR, HostCall, Import, Outcome, Rng, all_agree, argument, imports_of, provide, setting, show,
    show_all, shrink,
};

/// Fuel for one call, and for one instantiation: longer runs are stopped on both sides.
const FUEL: u64 = 20_000;

fn limits() -> Limits {
    Limits {
        frames: 200,
        values: 100_000,
        // The largest number: growth that is permitted but not available is growth that no store has the fuel for.
        pages: 1 << 48,
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

/// The mode of a comparison.
#[derive(Clone, Copy)]
pub struct Mode {
    /// The NaNs of arithmetic have the same bits everywhere, because the module replaces them.
    canonical: bool,
    /// With fuel on both sides.
    fueled: bool,
    /// Whether tickwasm lowers functions before they are called.
    eager: bool,
    /// Whether tickwasm makes the NaNs of arithmetic canonical, as the oracle does, so that all bits can be compared.
    deterministic: bool,
}

impl Mode {
    /// Creates a mode; the fields describe the parameters.
    pub fn new(canonical: bool, fueled: bool, eager: bool, deterministic: bool) -> Mode {
        Mode {
            canonical,
            fueled,
            eager,
            deterministic,
        }
    }

    /// Whether the oracle's outcome does not determine the subject's: the module hits a limit that is not part of
    /// the contract, or it saw a NaN whose bits are open.
    fn is_open(self, oracle: &Oracle, outcome: &Outcome) -> bool {
        let stopped = match outcome {
            Outcome::CallDepth => true,
            Outcome::OutOfFuel => !self.fueled,
            _ => false,
        };
        // The generator misses the NaNs that change their width.
        let nan = match self {
            _ if self.deterministic => false,
            _ if self.canonical => oracle.resized_nan(),
            _ => oracle.made_nan(),
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
    log: Rc<RefCell<Vec<HostCall>>>,
}

/// The outcome of a comparison without a difference.
enum Verdict {
    /// Both continue.
    Same,
    /// From here on the two may differ: a limit that is not part of the contract, or the bits of a NaN.
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
            Err(InstantiateError::Stopped { stop, .. }) => Outcome::of(&oracle, &Err(stop.clone())),
            Err(other) => return Err(format!("the oracle refuses the module: {other}")),
        };
        if mode.is_open(&oracle, &outcome) {
            return Ok(None);
        }
        let engine = engine(mode.fueled, mode.eager, mode.deterministic);
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

    /// Makes one call on both sides, and compares everything visible afterwards.
    fn call(&mut self, name: &str, ty: &FuncType, rng: &mut Rng) -> Result<Verdict, String> {
        let args = ty.params.iter().map(|&ty| argument(rng, &self.oracle, ty));
        let Some(args) = args.collect::<Option<Vec<_>>>() else {
            // Only the module itself can make such an argument.
            return Ok(Verdict::Same);
        };
        let top = |ty: &ValType| match ty {
            ValType::Ref(ty) => self.oracle.top(ty.heap),
            _ => HeapType::Any,
        };
        let tops: Vec<HeapType> = ty.params.iter().map(top).collect();
        let result = self.oracle.invoke(self.instance, name, &args);
        let wanted = Outcome::of(&self.oracle, &result);
        if self.mode.is_open(&self.oracle, &wanted) {
            return Ok(Verdict::Open);
        }
        let at = format!("{name}{args:?}");
        let args: Vec<_> = args.into_iter().zip(tops).collect();
        let got = self.subject.invoke(name, &args, ty.results.len());
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
                Extern::Func(_) | Extern::Tag(_) => {}
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
                    let wanted = show(&self.oracle, self.oracle.global(global), FAR);
                    let got = self.subject.global(name);
                    if !wanted.agrees_with(&got) {
                        return differs(&format!("global {name}"), wanted, got);
                    }
                }
                Extern::Table(table) => {
                    let wanted = show_all(&self.oracle, self.oracle.table(table), FAR);
                    let got = self.subject.table(name);
                    if !all_agree(&wanted, &got) {
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

/// Compares everything about one module: each export is called twice, so that the second call runs lowered code.
pub fn compare(bytes: &[u8], seed: u64, mode: Mode) -> Result<(), String> {
    compare_in(bytes, seed, mode, None)
}

/// The same with calls that get their fuel in slices and are suspended in between; the slices have one size or random sizes.
pub fn compare_slices(bytes: &[u8], seed: u64, mode: Mode) -> Result<(), String> {
    let sizes = [1, 2, 7, 100].map(Slices::Of);
    for slices in sizes.into_iter().chain([Slices::Random(seed)]) {
        compare_in(bytes, seed, mode, Some(slices))
            .map_err(|why| format!("{why}\n  in slices: {slices:?}"))?;
    }
    Ok(())
}

fn compare_in(bytes: &[u8], seed: u64, mode: Mode, slices: Option<Slices>) -> Result<(), String> {
    let imports = imports_of(bytes);
    let Some(mut pair) = Pair::new(bytes, &imports, mode)? else {
        return Ok(());
    };
    pair.subject.set_slices(slices);
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
            pair.subject.set_slices(slices);
        }
    }
    Ok(())
}

/// Runs each export with less fuel than it needs, and with exactly the amount it needs. `TICKWASM_EVERY` is the cost up to which every
/// amount is tried; for higher costs, some are.
pub fn compare_fuel(bytes: &[u8], seed: u64, mode: Mode) -> Result<(), String> {
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
        let values: Vec<u64> = if cost <= setting("TICKWASM_EVERY", 30) {
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

/// Calls each export twice on the oracle alone; returns the number of executions of each instruction.
pub fn run_alone(bytes: &[u8], seed: u64) -> Vec<(&'static str, u64)> {
    let mut oracle = Oracle::with_limits(limits());
    let (provided, _) = provide(&mut oracle, &imports_of(bytes));
    oracle.set_fuel(FUEL);
    if let Ok(instance) = oracle.instantiate_with(bytes, &provided) {
        let mut rng = Rng::new(seed);
        let functions = functions(&oracle, instance);
        for (name, ty) in functions.iter().chain(&functions) {
            let args = ty.params.iter().map(|&ty| argument(&mut rng, &oracle, ty));
            if let Some(args) = args.collect::<Option<Vec<_>>>() {
                oracle.set_fuel(FUEL);
                // It may end in any way.
                let _ = oracle.invoke(instance, name, &args);
            }
        }
    }
    oracle.executed().collect()
}

/// Makes the comparison and turns a panic of either side into a difference.
pub fn caught<T>(run: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<String>().map(String::as_str);
        let said = said.or_else(|| panic.downcast_ref::<&str>().copied());
        Err(format!("panic: {}", said.unwrap_or("?")))
    })
}

/// Makes one comparison in a process of its own, so that even a crash is a difference. The child runs the test called `test`, which
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

/// The prefix of a child's report.
const DIFFERENCE: &str = "difference: ";

/// A function that compares one module.
pub type Compare = fn(&[u8], u64, Mode) -> Result<(), String>;

/// A valid module for a seed, and whether it makes the NaNs of arithmetic canonical.
pub type Generate = fn(u64) -> (Vec<u8>, bool);

/// Compares `cases` modules, or the one that a parent process has put into a file.
pub fn check_all(test: &str, cases: u64, fueled: bool, generate: Generate, compare: Compare) {
    let first = setting("TICKWASM_SEED", 1);
    let run = |bytes: &[u8], seed: u64, canonical: bool| {
        let eager = seed.is_multiple_of(2);
        let deterministic = seed.is_multiple_of(3);
        let mode = Mode::new(canonical, fueled, eager, deterministic);
        compare(bytes, seed, mode)
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
            // A module that was shrunk is no longer canonical, so the comparison must exclude NaNs, if the difference is there without.
            let canonical = canonical && outcome(&bytes, false).is_ok();
            let outcome = |bytes: &[u8]| outcome(bytes, canonical);
            // The kind of the difference must stay; its numbers may change.
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
