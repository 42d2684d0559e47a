//! `wasmtime`: a compiler, with every feature that is compared.

use tickwasm_fuzz_driver::differential::{Binary, Guest, HEAP, Instantiated, Outcome, Peer, Value};
use wasmtime::{
    Config, Engine, Error, Extern, Instance, Linker, Module, OptLevel, Ref, Store, StoreLimits,
    StoreLimitsBuilder, ThrownException, Trap, Val,
};

/// `wasmtime`, with checks in the code instead of signals, since libFuzzer has its own handlers.
pub struct Wasmtime(Engine);

impl Default for Wasmtime {
    fn default() -> Self {
        let mut config = Config::new();
        config
            .wasm_multi_memory(true)
            .wasm_memory64(true)
            .wasm_tail_call(true)
            .wasm_extended_const(true)
            .wasm_function_references(true)
            .wasm_gc(true)
            .wasm_exceptions(true)
            .wasm_wide_arithmetic(true)
            .max_wasm_stack(512 << 10)
            .cranelift_opt_level(OptLevel::None)
            .wasm_backtrace_max_frames(None)
            .signals_based_traps(false)
            .memory_init_cow(false)
            .memory_reservation(1 << 20)
            .memory_guard_size(0)
            .memory_reservation_for_growth(1 << 20);
        Self(Engine::new(&config).expect("the configuration is possible"))
    }
}

impl Peer for Wasmtime {
    fn name(&self) -> &'static str {
        "wasmtime"
    }

    fn instantiate(&self, binary: &Binary<'_>) -> Instantiated {
        let module = match Module::new(&self.0, binary.bytes) {
            Ok(module) => module,
            Err(error) => return Instantiated::Refused(format!("{error:#}")),
        };
        let limits = StoreLimitsBuilder::new().memory_size(HEAP).build();
        let mut store = Store::new(&self.0, limits);
        store.limiter(|limits| limits);
        let mut linker = Linker::new(&self.0);
        if linker
            .define_unknown_imports_as_default_values(&mut store, &module)
            .is_err()
        {
            return Instantiated::Unsupported;
        }
        match linker.instantiate(&mut store, &module) {
            Ok(instance) => Instantiated::Guest(Box::new(Running { store, instance })),
            Err(error) => Instantiated::Stopped(outcome(&error)),
        }
    }
}

struct Running {
    store: Store<StoreLimits>,
    instance: Instance,
}

impl Running {
    fn export(&mut self, name: &str) -> Extern {
        self.instance
            .get_export(&mut self.store, name)
            .expect("the module exports it")
    }
}

impl Guest for Running {
    fn call(&mut self, name: &str, args: &[Value], results: usize) -> Outcome {
        let func = self.export(name).into_func().expect("it is a function");
        let ty = func.ty(&self.store);
        let args: Vec<Val> = ty
            .params()
            .zip(args)
            .map(|(ty, arg)| match *arg {
                Value::I32(bits) => Val::I32(bits as i32),
                Value::I64(bits) => Val::I64(bits as i64),
                Value::F32(bits) => Val::F32(bits),
                Value::F64(bits) => Val::F64(bits),
                Value::V128(bits) => Val::V128(bits.into()),
                Value::Ref { .. } => Val::default_for_ty(&ty).expect("it can be null"),
            })
            .collect();
        let mut values = vec![Val::I32(0); results];
        match func.call(&mut self.store, &args, &mut values) {
            Ok(()) => Outcome::Values(values.iter().map(value).collect()),
            Err(error) => outcome(&error),
        }
    }

    fn global(&mut self, name: &str) -> Value {
        let global = self.export(name).into_global().expect("it is a global");
        value(&global.get(&mut self.store))
    }

    fn memory(&mut self, name: &str) -> Vec<u8> {
        match self.export(name).into_memory() {
            Some(memory) => memory.data(&self.store).to_vec(),
            None => Vec::new(),
        }
    }

    fn table(&mut self, name: &str) -> Vec<Value> {
        let table = self.export(name).into_table().expect("it is a table");
        (0..table.size(&self.store))
            .map(|index| {
                let element = table.get(&mut self.store, index).expect("it is in bounds");
                Value::Ref {
                    null: is_null(&element),
                }
            })
            .collect()
    }
}

fn is_null(reference: &Ref) -> bool {
    reference.is_null()
}

fn value(val: &Val) -> Value {
    match *val {
        Val::I32(value) => Value::I32(value as u32),
        Val::I64(value) => Value::I64(value as u64),
        Val::F32(bits) => Value::F32(bits),
        Val::F64(bits) => Value::F64(bits),
        Val::V128(vector) => Value::V128(vector.as_u128()),
        ref reference => Value::Ref {
            null: reference.ref_().is_none_or(|reference| is_null(&reference)),
        },
    }
}

fn outcome(error: &Error) -> Outcome {
    if error.is::<ThrownException>() {
        return Outcome::Exception;
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::StackOverflow | Trap::AllocationTooLarge | Trap::OutOfFuel) | None => {
            Outcome::Limit(format!("{error:#}"))
        }
        Some(Trap::TableOutOfBounds) => Outcome::Trap("out of bounds table access".to_owned()),
        Some(trap) => {
            let text = trap.to_string();
            Outcome::Trap(text.trim_start_matches("wasm trap: ").to_owned())
        }
    }
}
