//! Comparison with other engines: results, traps, memories, globals and tables have to be the same.
//!
//! An engine takes part by implementing [`Peer`]. Modules are generated so that they terminate and that the bits of NaNs are
//! determined. If an engine hits a limit, which is not part of the contract, the comparison of the module ends.

use arbitrary::{Result, Unstructured};
use tickwasm::{
    Engine, Error, Extern, ExternType, FuncType, Instance, Linker, Module, Store, Trap, Val,
};

use crate::execute::{Rng, arguments, functions};
use crate::lengthened;
use crate::modules::{self, Purpose};

/// Bytes that the objects of a module may take in an engine. Few modules need more, and clearing gigabytes for them takes most
/// of the time.
pub const HEAP: usize = 32 << 20;

/// A value in a form that all engines share.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Value {
    /// A 32-bit integer.
    I32(u32),
    /// A 64-bit integer.
    I64(u64),
    /// The bits of a 32-bit float.
    F32(u32),
    /// The bits of a 64-bit float.
    F64(u64),
    /// A vector, lane 0 lowest.
    V128(u128),
    /// A reference: only whether it is null can be compared.
    Ref {
        /// Whether it is null.
        null: bool,
    },
}

/// The end of a call or an instantiation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// It returned these.
    Values(Vec<Value>),
    /// It trapped; the text is `wasmtime`'s for the reason.
    Trap(String),
    /// An exception was not caught.
    Exception,
    /// A limit of the engine was reached: its stack, its memory, its heap.
    Limit(String),
}

/// An engine.
pub trait Peer {
    /// Its name in reports.
    fn name(&self) -> &'static str;

    /// Whether a difference from it counts even if another peer agrees with this engine.
    fn is_decisive(&self) -> bool {
        true
    }

    /// Makes an instance of a module in a store of its own. Imports are functions that return zeros and nulls, and memories, tables
    /// and globals of the smallest size with zeros and nulls in them.
    fn instantiate(&self, module: &Binary<'_>) -> Instantiated;
}

/// The outcome of loading a module.
pub enum Instantiated {
    /// It is instantiated.
    Guest(Box<dyn Guest>),
    /// Its initialisers or its start function stopped.
    Stopped(Outcome),
    /// The engine lacks a feature that the module needs, or cannot provide an import.
    Unsupported,
    /// The engine finds it invalid.
    Refused(String),
}

/// An instance in an engine.
pub trait Guest {
    /// Calls an exported function.
    fn call(&mut self, name: &str, args: &[Value], results: usize) -> Outcome;
    /// The value of an exported global.
    fn global(&mut self, name: &str) -> Value;
    /// The bytes of an exported memory.
    fn memory(&mut self, name: &str) -> Vec<u8>;
    /// The elements of an exported table.
    fn table(&mut self, name: &str) -> Vec<Value>;
}

/// A module, with the facts that all engines need.
pub struct Binary<'a> {
    /// The binary.
    pub bytes: &'a [u8],
    /// The engine's own view of it.
    pub module: &'a Module,
}

/// The outcome of the comparison of a module.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// The engines agree.
    Agreed,
    /// The peer could not take part, or hit a limit at once.
    Skipped,
}

/// Number of peers that took part in the comparison of a module.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Tally {
    /// Those that agreed with this engine.
    pub agreed: usize,
    /// Those that did not, and were outvoted by a decisive one.
    pub outvoted: usize,
}

/// Generates a module and compares this engine with others.
pub fn differential(data: &[u8], peers: &[&dyn Peer]) -> Tally {
    // An input that is too short for a module makes none.
    run(&mut Unstructured::new(&lengthened(data)), peers).unwrap_or_default()
}

/// Compares this engine with itself in other configurations: the comparison that a stable toolchain can build.
pub fn with_itself(data: &[u8]) {
    let other = Itself {
        fueled: data.first().is_none_or(|byte| byte & 1 == 0),
        eager: true,
    };
    differential(data, &[&other]);
}

fn run(u: &mut Unstructured<'_>, peers: &[&dyn Peer]) -> Result<Tally> {
    let subject = Itself {
        fueled: u.arbitrary()?,
        eager: u.arbitrary()?,
    };
    let seed: u64 = u.arbitrary()?;
    let generated = modules::generate(u, Purpose::Compare)?;
    if modules::leaves_nans_open(&generated.bytes) {
        return Ok(Tally::default());
    }
    Ok(compare(&generated.bytes, seed, subject, peers))
}

/// Compares the outcome of a module here with that in other engines.
pub fn compare(bytes: &[u8], seed: u64, subject: Itself, peers: &[&dyn Peer]) -> Tally {
    let engine = subject.engine();
    let module = match Module::new(&engine, bytes) {
        Ok(module) => module,
        Err(error) => panic!("a valid module is refused: {error}\n{}", report(bytes)),
    };
    let binary = Binary {
        bytes,
        module: &module,
    };
    let mut tally = Tally::default();
    for peer in peers {
        match compare_one(&binary, seed, subject, *peer) {
            Ok(Verdict::Agreed) => tally.agreed += 1,
            Ok(Verdict::Skipped) => {}
            // The decisive ones come first.
            Err(_) if tally.agreed > 0 && !peer.is_decisive() => tally.outvoted += 1,
            Err(why) => panic!("{} differs: {why}\n{}", peer.name(), report(bytes)),
        }
    }
    tally
}

fn report(bytes: &[u8]) -> String {
    let text = wasmprinter::print_bytes(bytes).unwrap_or_default();
    format!("{}\n{text}", crate::load::hex(bytes))
}

fn differs<T>(
    what: &str,
    ours: impl std::fmt::Debug,
    theirs: impl std::fmt::Debug,
) -> std::result::Result<T, String> {
    Err(format!("{what}:\n  theirs {theirs:?}\n  ours   {ours:?}"))
}

fn compare_one(
    binary: &Binary<'_>,
    seed: u64,
    subject: Itself,
    peer: &dyn Peer,
) -> std::result::Result<Verdict, String> {
    let (mut ours, mut theirs) = match (subject.instantiate(binary), peer.instantiate(binary)) {
        (Instantiated::Guest(ours), Instantiated::Guest(theirs)) => (ours, theirs),
        (_, Instantiated::Unsupported) | (Instantiated::Unsupported, _) => {
            return Ok(Verdict::Skipped);
        }
        (_, Instantiated::Stopped(Outcome::Limit(_)))
        | (Instantiated::Stopped(Outcome::Limit(_)), _) => return Ok(Verdict::Skipped),
        (Instantiated::Stopped(ours), Instantiated::Stopped(theirs)) => {
            return if ours == theirs {
                Ok(Verdict::Agreed)
            } else {
                differs("instantiation", ours, theirs)
            };
        }
        (ours, theirs) => return differs("instantiation", ours.kind(), theirs.kind()),
    };
    check_state(binary.module, ours.as_mut(), theirs.as_mut())?;
    let mut rng = Rng(seed);
    let functions = functions(binary.module);
    // Twice, so that the second call runs lowered code and finds the state that the first left behind.
    for (name, ty) in functions.iter().chain(&functions) {
        let Some(args) = arguments(ty.params(), &mut rng) else {
            continue;
        };
        let args: Vec<Value> = args.iter().map(value).collect();
        let results = ty.results().len();
        let ours_came = ours.call(name, &args, results);
        let theirs_came = theirs.call(name, &args, results);
        match (&ours_came, &theirs_came) {
            // From here on the two may be in different states.
            (Outcome::Limit(_), _) | (_, Outcome::Limit(_)) => return Ok(Verdict::Agreed),
            (ours, theirs) if ours == theirs => {}
            (ours, theirs) => return differs(&format!("{name}{args:?}"), ours, theirs),
        }
        check_state(binary.module, ours.as_mut(), theirs.as_mut())
            .map_err(|why| format!("after {name}{args:?}: {why}"))?;
    }
    Ok(Verdict::Agreed)
}

impl Instantiated {
    fn kind(&self) -> String {
        match self {
            Self::Guest(_) => "an instance".to_owned(),
            Self::Stopped(outcome) => format!("{outcome:?}"),
            Self::Unsupported => "unsupported".to_owned(),
            Self::Refused(why) => format!("refused: {why}"),
        }
    }
}

fn check_state(
    module: &Module,
    ours: &mut dyn Guest,
    theirs: &mut dyn Guest,
) -> std::result::Result<(), String> {
    for export in module.exports() {
        let name = export.name();
        match export.ty() {
            ExternType::Memory(_) => {
                let (ours, theirs) = (ours.memory(name), theirs.memory(name));
                if ours.len() != theirs.len() {
                    return differs(&format!("size of memory {name}"), ours.len(), theirs.len());
                }
                if let Some(at) = (0..ours.len()).find(|&at| ours[at] != theirs[at]) {
                    return differs(&format!("memory {name} at {at}"), ours[at], theirs[at]);
                }
            }
            ExternType::Global(_) => {
                let (ours, theirs) = (ours.global(name), theirs.global(name));
                if ours != theirs {
                    return differs(&format!("global {name}"), ours, theirs);
                }
            }
            ExternType::Table(_) => {
                let (ours, theirs) = (ours.table(name), theirs.table(name));
                if ours != theirs {
                    return differs(&format!("table {name}"), ours, theirs);
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// This engine, in one of its configurations.
#[derive(Clone, Copy, Debug)]
pub struct Itself {
    /// With fuel counted, and more than enough of it.
    pub fueled: bool,
    /// With all functions lowered at once.
    pub eager: bool,
}

impl Itself {
    fn engine(self) -> Engine {
        let mut config = modules::config();
        config
            .consume_fuel(self.fueled)
            .eager_lowering(self.eager)
            .max_heap_bytes(HEAP as u64);
        Engine::new(config).unwrap()
    }
}

impl Peer for Itself {
    fn name(&self) -> &'static str {
        "tickwasm in another configuration"
    }

    fn instantiate(&self, binary: &Binary<'_>) -> Instantiated {
        let engine = self.engine();
        let module = match Module::new(&engine, binary.bytes) {
            Ok(module) => module,
            Err(error) => return Instantiated::Refused(error.to_string()),
        };
        let mut store = Store::new(&engine, ());
        if self.fueled {
            store.set_fuel(u64::MAX).unwrap();
        }
        let mut linker = Linker::new(&engine);
        if linker
            .define_unknown_imports_as_default_values(&mut store, &module)
            .is_err()
        {
            return Instantiated::Unsupported;
        }
        match linker.instantiate(&mut store, &module) {
            Ok(instance) => Instantiated::Guest(Box::new(Ours { store, instance })),
            Err(error) => Instantiated::Stopped(outcome(&error)),
        }
    }
}

struct Ours {
    store: Store<()>,
    instance: Instance,
}

impl Guest for Ours {
    fn call(&mut self, name: &str, args: &[Value], results: usize) -> Outcome {
        let func = self.instance.get_func(&mut self.store, name).unwrap();
        let ty = func.ty(&self.store);
        let args = vals(&ty, args);
        let mut values = vec![Val::I32(0); results];
        match func.call(&mut self.store, &args, &mut values) {
            Ok(()) => Outcome::Values(values.iter().map(value).collect()),
            Err(error) => outcome(&error),
        }
    }

    fn global(&mut self, name: &str) -> Value {
        let global = self.instance.get_global(&mut self.store, name).unwrap();
        value(&global.get(&mut self.store))
    }

    fn memory(&mut self, name: &str) -> Vec<u8> {
        match self.instance.get_export(&mut self.store, name) {
            Some(Extern::Memory(memory)) => memory.data(&self.store).to_vec(),
            _ => Vec::new(),
        }
    }

    fn table(&mut self, name: &str) -> Vec<Value> {
        let table = self.instance.get_table(&mut self.store, name).unwrap();
        (0..table.size(&self.store))
            .map(|index| value(&Val::from(table.get(&mut self.store, index).unwrap())))
            .collect()
    }
}

fn vals(ty: &FuncType, args: &[Value]) -> Vec<Val> {
    let vals = ty.params().zip(args).map(|(ty, arg)| match *arg {
        Value::I32(bits) => Val::I32(bits as i32),
        Value::I64(bits) => Val::I64(bits as i64),
        Value::F32(bits) => Val::F32(bits),
        Value::F64(bits) => Val::F64(bits),
        Value::V128(bits) => Val::V128(bits.into()),
        Value::Ref { .. } => Val::default_for_ty(&ty).expect("the argument was made as a null"),
    });
    vals.collect()
}

/// A value of this engine in the shared form.
pub fn value(val: &Val) -> Value {
    match val.clone() {
        Val::I32(value) => Value::I32(value as u32),
        Val::I64(value) => Value::I64(value as u64),
        Val::F32(bits) => Value::F32(bits),
        Val::F64(bits) => Value::F64(bits),
        Val::V128(vector) => Value::V128(vector.as_u128()),
        reference => Value::Ref {
            null: reference.ref_().is_none_or(|reference| reference.is_null()),
        },
    }
}

fn outcome(error: &Error) -> Outcome {
    match error.downcast_ref::<Trap>() {
        // The moment when a full heap is exhausted depends on collections, which scan slots that the guest no longer uses.
        Some(
            Trap::StackOverflow | Trap::AllocationTooLarge | Trap::HeapExhausted | Trap::OutOfFuel,
        ) => Outcome::Limit(error.to_string()),
        Some(Trap::UndefinedElement) => Outcome::Trap(Trap::TableOutOfBounds.to_string()),
        Some(trap) => Outcome::Trap(trap.to_string()),
        None if error.to_string().contains("exception") => Outcome::Exception,
        None => Outcome::Limit(error.to_string()),
    }
}
