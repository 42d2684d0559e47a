//! Execution: no module causes a panic or exceeds a limit.

use arbitrary::{Result, Unstructured};
use tickwasm::{Engine, Error, ExternType, Instance, Linker, Module, Store, Trap, Val, ValType};

use crate::lengthened;
use crate::load::hex;
use crate::modules::{self, Purpose};

/// Bytes of memory that a store may have.
const MEMORY: u64 = 1 << 20;
/// Elements of tables that it may have.
const ELEMENTS: u64 = 1_000;
/// Bytes of all of these together.
const TOTAL: u64 = 2 << 20;
/// Fuel for the instantiation and for each call.
const FUEL: u64 = 20_000;

/// Runs a generated module with every feature, with and without fuel, lowered at once or on demand.
pub fn execute(data: &[u8]) {
    // An input that is too short for a module makes none.
    let _ = run(&mut Unstructured::new(&lengthened(data)));
}

fn run(u: &mut Unstructured<'_>) -> Result<()> {
    let (fueled, eager, small_stack, deterministic): (bool, bool, bool, bool) = u.arbitrary()?;
    let seed: u64 = u.arbitrary()?;
    let module = modules::generate(u, Purpose::Run)?;
    let fueled = fueled || !module.ends;
    let mut config = modules::config();
    config
        .consume_fuel(fueled)
        .eager_lowering(eager)
        .deterministic(deterministic)
        .max_memory_bytes(MEMORY)
        .max_table_elements(ELEMENTS)
        .max_total_bytes(TOTAL);
    if small_stack {
        config.max_wasm_stack(16 << 10);
    }
    let engine = Engine::new(config).unwrap();
    let bytes = &module.bytes;
    let module = match Module::new(&engine, bytes) {
        Ok(module) => module,
        Err(error) => panic!("a generated module is refused: {error}\n{}", hex(bytes)),
    };
    let mut store = Store::new(&engine, ());
    if fueled {
        store.set_fuel(FUEL).unwrap();
    }
    let Some(instance) = instance(&mut store, &module) else {
        within_limits(&store, fueled);
        return Ok(());
    };
    within_limits(&store, fueled);
    let mut rng = Rng(seed);
    let names: Vec<String> = instance
        .exports(&mut store)
        .map(|export| export.name().to_owned())
        .collect();
    // Twice, so that the second call runs lowered code and finds the state that the first left behind.
    for name in names.iter().chain(&names) {
        let Some(func) = instance.get_func(&mut store, name) else {
            continue;
        };
        let ty = func.ty(&store);
        let Some(args) = arguments(ty.params(), &mut rng) else {
            continue;
        };
        let mut results = vec![Val::I32(0); ty.results().len()];
        if fueled {
            store.set_fuel(FUEL).unwrap();
        }
        match func.call(&mut store, &args, &mut results) {
            Ok(()) => {
                for (result, wanted) in results.iter().zip(ty.results()) {
                    assert!(
                        fits(result, &wanted, &store),
                        "`{name}` returned {result:?}, not {wanted}\n{}",
                        hex(bytes)
                    );
                }
            }
            Err(error) => {
                let stopped = matches!(error, Error::Trap(_) | Error::FuelExhausted { .. })
                    || is_exception(&error);
                assert!(stopped, "`{name}` failed with: {error}\n{}", hex(bytes));
                if let Some(Trap::Interrupt) = error.downcast_ref() {
                    panic!("nobody interrupted `{name}`");
                }
                // The backtrace is resolved afterwards, which must not fail either.
                let _ = error.to_string();
            }
        }
        within_limits(&store, fueled);
    }
    Ok(())
}

/// Whether a value has a type, as far as that is visible from outside.
fn fits(value: &Val, ty: &ValType, store: &Store<()>) -> bool {
    match ty {
        ValType::Ref(ty) => match value.clone().ref_() {
            Some(reference) => !reference.is_null() || ty.is_nullable(),
            None => false,
        },
        ty => value.ty(store).unwrap() == *ty,
    }
}

/// Whether a call ended by an uncaught exception.
fn is_exception(error: &Error) -> bool {
    error.to_string().contains("exception")
}

/// An instance with imports that do nothing, unless the module cannot be instantiated.
fn instance(store: &mut Store<()>, module: &Module) -> Option<Instance> {
    let mut linker = Linker::new(store.engine());
    if linker
        .define_unknown_imports_as_default_values(&mut *store, module)
        .is_err()
    {
        // A reference that cannot be null has no default value.
        return None;
    }
    linker.instantiate(store, module).ok()
}

fn within_limits(store: &Store<()>, fueled: bool) {
    assert!(store.memory_bytes() <= MEMORY, "{}", store.memory_bytes());
    assert!(
        store.table_elements() <= ELEMENTS,
        "{}",
        store.table_elements()
    );
    assert!(store.total_bytes() <= TOTAL, "{}", store.total_bytes());
    if fueled {
        assert!(store.get_fuel().unwrap() <= FUEL);
    }
}

/// A stream of choices that a seed determines.
pub struct Rng(pub u64);

impl Rng {
    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(0x5851_F42D_4C95_7F2D)
            .wrapping_add(0x1405_7B7E_F767_814F);
        self.0 ^ self.0 >> 29
    }
}

/// Bits that are likely to break arithmetic; narrower types take the low bits.
const EDGES: &[u64] = &[
    0,
    1,
    2,
    31,
    32,
    63,
    64,
    255,
    0x7FFF,
    0x8000,
    0xFFFF,
    0x1_0000,
    0x7FFF_FFFF,
    0x8000_0000,
    0xFFFF_FFFF,
    0x1_0000_0000,
    0x3F80_0000,
    0xBF80_0000,
    0x4F00_0000,
    0x7F80_0000,
    0xFF80_0000,
    0x7FC0_0000,
    0x7FA0_0001,
    0x3FF0 << 48,
    0xBFF0 << 48,
    0x41E0 << 48,
    0x43E0 << 48,
    0x7FF0 << 48,
    0xFFF0 << 48,
    0x7FF8 << 48,
    0x7FF4_0000_0000_0001,
    0x7FFF_FFFF_FFFF_FFFF,
    0x8000_0000_0000_0000,
    0xFFFF_FFFF_FFFF_FFFF,
];

/// Bits for a value.
pub fn edge(rng: &mut Rng) -> u64 {
    match rng.bits() >> 60 {
        0 | 1 => rng.bits(),
        _ => EDGES[(rng.bits() >> 32) as usize % EDGES.len()],
    }
}

/// Arguments of these types, if they are numbers, vectors and references that can be null.
pub fn arguments(types: impl Iterator<Item = ValType>, rng: &mut Rng) -> Option<Vec<Val>> {
    types
        .map(|ty| {
            Some(match ty {
                ValType::I32 => Val::I32(edge(rng) as i32),
                ValType::I64 => Val::I64(edge(rng) as i64),
                ValType::F32 => Val::F32(edge(rng) as u32),
                ValType::F64 => Val::F64(edge(rng)),
                ValType::V128 => {
                    Val::V128((u128::from(edge(rng)) << 64 | u128::from(edge(rng))).into())
                }
                ty => return Val::default_for_ty(&ty),
            })
        })
        .collect()
}

/// The functions that a module exports, with their types.
pub fn functions(module: &Module) -> Vec<(String, tickwasm::FuncType)> {
    let exports = module.exports().filter_map(|export| match export.ty() {
        ExternType::Func(ty) => Some((export.name().to_owned(), ty)),
        _ => None,
    });
    exports.collect()
}
