//! Suspension: a call that is suspended anywhere and resumed ends as an uninterrupted one does, and costs the same.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arbitrary::{Result, Unstructured};
use tickwasm::{
    Engine, Error, ExternType, Func, Instance, Linker, Module, ResumableCall, Store, SuspendReason,
    Val,
};

use crate::differential::{Value, value};
use crate::execute::{Rng, arguments, functions};
use crate::lengthened;
use crate::load::hex;
use crate::modules::{self, Purpose};

/// Fuel for the instantiation and for each call.
const FUEL: u64 = 5_000;

/// Calls each export of a generated module in one piece and in slices, with host functions that suspend in between.
pub fn suspend(data: &[u8]) {
    // An input that is too short for a module makes none.
    let _ = run(&mut Unstructured::new(&lengthened(data)));
}

fn run(u: &mut Unstructured<'_>) -> Result<()> {
    let (seed, slices, hosts): (u64, u64, bool) = u.arbitrary()?;
    // Code that is slowed down to stop anywhere may choose other bits if the specification leaves them open.
    let deterministic: bool = u.arbitrary()?;
    let purpose = if deterministic {
        Purpose::Run
    } else {
        Purpose::Compare
    };
    let generated = modules::generate(u, purpose)?;
    let bytes = &generated.bytes;
    if !deterministic && modules::leaves_nans_open(bytes) {
        return Ok(());
    }
    let mut config = modules::config();
    config
        .consume_fuel(true)
        .deterministic(deterministic)
        .max_total_bytes(2 << 20)
        .eager_lowering(seed & 1 == 0);
    let engine = Engine::new(config).unwrap();
    let module = match Module::new(&engine, bytes) {
        Ok(module) => module,
        Err(error) => panic!("a generated module is refused: {error}\n{}", hex(bytes)),
    };
    let straight = Side::new(&module, None);
    let sliced = Side::new(&module, hosts.then_some(seed));
    let (Some(mut straight), Some(mut sliced)) = (straight, sliced) else {
        return Ok(());
    };
    let mut slices = Rng(slices);
    let mut rng = Rng(seed);
    let functions = functions(&module);
    for (name, ty) in functions.iter().chain(&functions) {
        let Some(args) = arguments(ty.params(), &mut rng) else {
            continue;
        };
        let results = ty.results().len();
        let wanted = straight.straight(name, &args, results);
        let got = sliced.in_slices(name, &args, &mut slices);
        let same = wanted == got;
        assert!(
            same,
            "{name}{args:?}: straight {wanted:?}, in slices {got:?}\n{}",
            hex(bytes)
        );
        for (wanted, got) in straight.state(&module).iter().zip(sliced.state(&module)) {
            let (name_of, values, memory) = wanted;
            assert!(
                *wanted == got,
                "after {name}{args:?}, `{name_of}` differs: straight {values:?}, in slices {:?}; bytes from {:?}\n{}",
                got.1,
                memory.iter().zip(&got.2).position(|(a, b)| a != b),
                hex(bytes)
            );
        }
    }
    Ok(())
}

/// The end of a call, and the fuel that it took.
#[derive(Clone, PartialEq, Debug)]
enum Ended {
    Values(Vec<Value>, u64),
    /// The whole error except for its backtrace.
    Stopped(String, u64),
    /// It would have continued; this much fuel was left.
    OutOfFuel(u64),
}

struct Side {
    store: Store<()>,
    instance: Instance,
}

impl Side {
    /// An instance whose host functions return zeros: at once, or, with a seed, some of them after a suspension.
    fn new(module: &Module, suspending: Option<u64>) -> Option<Self> {
        let engine = module.engine();
        let mut store = Store::new(engine, ());
        store.set_fuel(FUEL).unwrap();
        let mut linker = Linker::new(engine);
        linker.allow_shadowing(true);
        if let Some(seed) = suspending {
            let turn = Arc::new(AtomicU64::new(seed));
            for import in module.imports() {
                let ExternType::Func(ty) = import.ty() else {
                    continue;
                };
                let zeros: Option<Vec<Val>> =
                    ty.results().map(|ty| Val::default_for_ty(&ty)).collect();
                let (zeros, turn) = (zeros?, Arc::clone(&turn));
                let func = Func::new_suspending(&mut store, ty, move |_, _, results| {
                    results.clone_from_slice(&zeros);
                    let turn = turn.fetch_add(1, Ordering::Relaxed);
                    Ok(match turn % 3 {
                        0 => tickwasm::MaySuspend::Return(()),
                        _ => tickwasm::MaySuspend::Suspend,
                    })
                });
                linker
                    .define(&store, import.module(), import.name(), func)
                    .ok()?;
            }
        }
        linker
            .define_unknown_imports_as_default_values(&mut store, module)
            .ok()?;
        let instance = linker.instantiate(&mut store, module).ok()?;
        Some(Self { store, instance })
    }

    fn func(&mut self, name: &str) -> Func {
        self.instance.get_func(&mut self.store, name).unwrap()
    }

    fn left(&self) -> u64 {
        self.store.get_fuel().unwrap()
    }

    fn straight(&mut self, name: &str, args: &[Val], results: usize) -> Ended {
        let func = self.func(name);
        let mut values = vec![Val::I32(0); results];
        self.store.set_fuel(FUEL).unwrap();
        match func.call(&mut self.store, args, &mut values) {
            Ok(()) => Ended::Values(values.iter().map(value).collect(), FUEL - self.left()),
            Err(Error::FuelExhausted { .. }) => Ended::OutOfFuel(self.left()),
            Err(error) => Ended::Stopped(reason(&error), FUEL - self.left()),
        }
    }

    fn in_slices(&mut self, name: &str, args: &[Val], slices: &mut Rng) -> Ended {
        let func = self.func(name);
        let mut given = 0;
        self.store.set_fuel(0).unwrap();
        let mut came = func.call_resumable(&mut self.store, args);
        loop {
            let call = match came {
                Ok(ResumableCall::Finished(values)) => {
                    return Ended::Values(values.iter().map(value).collect(), given - self.left());
                }
                Ok(ResumableCall::Suspended(call)) => call,
                Err(error) => return Ended::Stopped(reason(&error), given - self.left()),
            };
            came = match call.reason() {
                SuspendReason::OutOfFuel { required } => {
                    let left = self.left();
                    assert!(
                        left < required,
                        "suspended for {required} fuel with {left} left"
                    );
                    if given == FUEL {
                        return Ended::OutOfFuel(left);
                    }
                    // Small slices mostly; sometimes exactly the required amount.
                    let slice = match slices.bits() >> 61 {
                        0 => required - left,
                        1 => 1,
                        2 | 3 => slices.bits() % 500,
                        _ => slices.bits() % 12,
                    };
                    let slice = slice.min(FUEL - given);
                    given += slice;
                    self.store.set_fuel(left + slice).unwrap();
                    call.resume(&mut self.store)
                }
                SuspendReason::Host => {
                    let ty = call.host_type(&self.store).unwrap().unwrap();
                    let params = call.host_params(&self.store).unwrap();
                    assert_eq!(params.len(), ty.params().len());
                    let zeros: Vec<Val> = ty
                        .results()
                        .map(|ty| Val::default_for_ty(&ty).unwrap())
                        .collect();
                    call.resume_with(&mut self.store, &zeros)
                }
                other => panic!("suspended without a reason: {other:?}"),
            };
        }
    }

    /// The visible state of the instance.
    fn state(&mut self, module: &Module) -> Vec<(String, Vec<Value>, Vec<u8>)> {
        let mut state = Vec::new();
        for export in module.exports() {
            let name = export.name();
            let (mut values, mut bytes) = (Vec::new(), Vec::new());
            match export.ty() {
                ExternType::Global(_) => {
                    let global = self.instance.get_global(&mut self.store, name).unwrap();
                    values.push(value(&global.get(&mut self.store)));
                }
                ExternType::Memory(_) => {
                    if let Some(memory) = self.instance.get_memory(&mut self.store, name) {
                        bytes.extend_from_slice(memory.data(&self.store));
                    }
                }
                ExternType::Table(_) => {
                    let table = self.instance.get_table(&mut self.store, name).unwrap();
                    for index in 0..table.size(&self.store) {
                        let element = table.get(&mut self.store, index).unwrap();
                        values.push(value(&Val::from(element)));
                    }
                }
                _ => continue,
            }
            state.push((name.to_owned(), values, bytes));
        }
        state
    }
}

/// The first line, which has the reason; the lines below are the backtrace.
fn reason(error: &Error) -> String {
    error
        .to_string()
        .lines()
        .next()
        .unwrap_or_default()
        .to_owned()
}
