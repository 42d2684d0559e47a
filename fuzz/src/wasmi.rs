//! `wasmi`: an interpreter, for the features it has.

use tickwasm_fuzz_driver::differential::{Binary, Guest, Instantiated, Outcome, Peer, Value};
use wasmi::{
    Config, Engine, Error, Extern, ExternType, Func, FuncType, Global, Instance, Linker, Memory,
    Module, Ref, Store, Table, TrapCode, Val,
};

/// `wasmi`. A difference does not count if `wasmtime` agrees with this engine, because `wasmi` is known to
/// compute a `select` whose condition is an `i32.eqz` wrongly.
pub struct Wasmi(Engine);

impl Default for Wasmi {
    fn default() -> Self {
        let mut config = Config::default();
        config.wasm_simd(true).wasm_wide_arithmetic(true);
        Self(Engine::new(&config))
    }
}

impl Peer for Wasmi {
    fn name(&self) -> &'static str {
        "wasmi"
    }

    fn is_decisive(&self) -> bool {
        false
    }

    fn instantiate(&self, binary: &Binary<'_>) -> Instantiated {
        // A refusal may mean that it lacks a feature; its error does not tell.
        let Ok(module) = Module::new(&self.0, binary.bytes) else {
            return Instantiated::Unsupported;
        };
        let mut store = Store::new(&self.0, ());
        let mut linker = Linker::new(&self.0);
        for import in module.imports() {
            let Some(item) = provide(&mut store, import.ty()) else {
                return Instantiated::Unsupported;
            };
            // The second of two imports with the same names has nothing left to take.
            if linker.define(import.module(), import.name(), item).is_err() {
                return Instantiated::Unsupported;
            }
        }
        match linker.instantiate_and_start(&mut store, &module) {
            Ok(instance) => Instantiated::Guest(Box::new(Running { store, instance })),
            Err(error) => Instantiated::Stopped(outcome(&error)),
        }
    }
}

fn provide(store: &mut Store<()>, ty: &ExternType) -> Option<Extern> {
    Some(match ty {
        ExternType::Func(ty) => {
            let zeros: Vec<Val> = ty
                .results()
                .iter()
                .map(|ty| Val::default_for_ty(*ty))
                .collect();
            let ty = FuncType::new(ty.params().iter().copied(), ty.results().iter().copied());
            let func = Func::new(&mut *store, ty, move |_, _, results| {
                results.clone_from_slice(&zeros);
                Ok(())
            });
            func.into()
        }
        ExternType::Global(ty) => Global::new(
            &mut *store,
            Val::default_for_ty(ty.content()),
            ty.mutability(),
        )
        .into(),
        ExternType::Memory(ty) => Memory::new(&mut *store, *ty).ok()?.into(),
        ExternType::Table(ty) => Table::new(&mut *store, *ty, Ref::default_for_ty(ty.element()))
            .ok()?
            .into(),
    })
}

struct Running {
    store: Store<()>,
    instance: Instance,
}

impl Running {
    fn export(&mut self, name: &str) -> Extern {
        self.instance
            .get_export(&self.store, name)
            .expect("the module exports it")
    }
}

impl Guest for Running {
    fn call(&mut self, name: &str, args: &[Value], results: usize) -> Outcome {
        let func = self.export(name).into_func().expect("it is a function");
        let ty = func.ty(&self.store);
        let args: Vec<Val> = ty
            .params()
            .iter()
            .zip(args)
            .map(|(ty, arg)| match *arg {
                Value::I32(bits) => Val::I32(bits as i32),
                Value::I64(bits) => Val::I64(bits as i64),
                Value::F32(bits) => Val::F32(wasmi::F32::from_bits(bits)),
                Value::F64(bits) => Val::F64(wasmi::F64::from_bits(bits)),
                Value::V128(bits) => Val::V128(bits.into()),
                Value::Ref { .. } => Val::default_for_ty(*ty),
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
        value(&global.get(&self.store))
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
            .map(|index| Value::Ref {
                null: table
                    .get(&self.store, index)
                    .is_none_or(|element| element.is_null()),
            })
            .collect()
    }
}

fn value(val: &Val) -> Value {
    match val {
        Val::I32(value) => Value::I32(*value as u32),
        Val::I64(value) => Value::I64(*value as u64),
        Val::F32(value) => Value::F32(value.to_bits()),
        Val::F64(value) => Value::F64(value.to_bits()),
        Val::V128(vector) => Value::V128(vector.as_u128()),
        Val::FuncRef(func) => Value::Ref {
            null: func.is_null(),
        },
        Val::ExternRef(object) => Value::Ref {
            null: object.is_null(),
        },
    }
}

fn outcome(error: &Error) -> Outcome {
    let text = match error.as_trap_code() {
        Some(TrapCode::UnreachableCodeReached) => "wasm `unreachable` instruction executed",
        Some(TrapCode::MemoryOutOfBounds) => "out of bounds memory access",
        Some(TrapCode::TableOutOfBounds) => "out of bounds table access",
        Some(TrapCode::IndirectCallToNull) => "uninitialized element",
        Some(TrapCode::BadSignature) => "indirect call type mismatch",
        Some(TrapCode::IntegerDivisionByZero) => "integer divide by zero",
        Some(TrapCode::IntegerOverflow) => "integer overflow",
        Some(TrapCode::BadConversionToInteger) => "invalid conversion to integer",
        _ => return Outcome::Limit(error.to_string()),
    };
    Outcome::Trap(text.to_owned())
}
