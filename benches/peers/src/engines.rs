//! The engines, each behind a feature, each reduced to one shape: a module's bytes in, a function `run` out.
//!
//! Here is how each engine is set: as fast as it goes, without fuel unless its name says so, everything that can be done
//! before the call done before it. How they are timed is in `worker.rs`.

/// An instantiated module's `run`.
pub(crate) type Run = Box<dyn FnMut(i32) -> Result<i32, String>>;

/// An engine in one setting.
pub(crate) struct Engine {
    /// Its name in the table and in `--engines`.
    pub(crate) name: &'static str,
    /// Decodes, validates, compiles and instantiates a module.
    pub(crate) load: fn(&[u8]) -> Result<Run, String>,
    /// Whether it takes part without being asked for by name.
    pub(crate) default: bool,
}

const fn engine(name: &'static str, load: fn(&[u8]) -> Result<Run, String>) -> Engine {
    Engine {
        name,
        load,
        default: true,
    }
}

/// The engines of this build, in the order of the table's columns.
pub(crate) const ALL: &[Engine] = &[
    #[cfg(feature = "tickwasm")]
    engine("tickwasm", tickwasm),
    #[cfg(feature = "tickwasm")]
    Engine {
        name: "tickwasm-fuel",
        load: tickwasm_fuel,
        default: false,
    },
    #[cfg(feature = "wasmi")]
    engine("wasmi", wasmi),
    #[cfg(feature = "sf-nano")]
    engine("sf-nano", sf_nano),
    #[cfg(feature = "stitch")]
    engine("stitch", stitch),
    #[cfg(feature = "tinywasm")]
    engine("tinywasm", tinywasm),
    #[cfg(feature = "wasm3")]
    engine("wasm3", wasm3),
    #[cfg(feature = "wamr")]
    engine("wamr", wamr),
    #[cfg(feature = "wasmtime")]
    engine("pulley", pulley),
    #[cfg(feature = "wasmtime")]
    engine("winch", winch),
    #[cfg(feature = "wasmtime")]
    engine("cranelift", cranelift),
];

/// An error's text. Every engine has an error type of its own, and a cell needs no more than its words.
#[allow(dead_code, reason = "unused where every engine is left out")]
fn text(error: impl std::fmt::Display) -> String {
    format!("{error:#}")
}

#[cfg(feature = "tickwasm")]
fn tickwasm(wasm: &[u8]) -> Result<Run, String> {
    tickwasm_with(tickwasm::Config::new(), None, wasm)
}

#[cfg(feature = "tickwasm")]
fn tickwasm_fuel(wasm: &[u8]) -> Result<Run, String> {
    let mut config = tickwasm::Config::new();
    config.consume_fuel(true);
    tickwasm_with(config, Some(i64::MAX as u64), wasm)
}

#[cfg(feature = "tickwasm")]
fn tickwasm_with(
    mut config: tickwasm::Config,
    fuel: Option<u64>,
    wasm: &[u8],
) -> Result<Run, String> {
    config.eager_lowering(true);
    let engine = tickwasm::Engine::new(&config).map_err(text)?;
    let module = tickwasm::Module::new(&engine, wasm).map_err(text)?;
    let mut store = tickwasm::Store::new(&engine, ());
    if let Some(fuel) = fuel {
        store.set_fuel(fuel).map_err(text)?;
    }
    let instance = tickwasm::Instance::new(&mut store, &module, &[]).map_err(text)?;
    let run = instance
        .get_typed_func::<i32, i32>(&mut store, "run")
        .map_err(text)?;
    Ok(Box::new(move |n| run.call(&mut store, n).map_err(text)))
}

/// Compiled eagerly, so that translation stays out of the measured call.
#[cfg(feature = "wasmi")]
fn wasmi(wasm: &[u8]) -> Result<Run, String> {
    let mut config = wasmi::Config::default();
    config.compilation_mode(wasmi::CompilationMode::Eager);
    let engine = wasmi::Engine::new(&config);
    let module = wasmi::Module::new(&engine, wasm).map_err(text)?;
    let mut store = wasmi::Store::new(&engine, ());
    let instance = wasmi::Linker::new(&engine)
        .instantiate_and_start(&mut store, &module)
        .map_err(text)?;
    let run = instance
        .get_typed_func::<i32, i32>(&store, "run")
        .map_err(text)?;
    Ok(Box::new(move |n| run.call(&mut store, n).map_err(text)))
}

#[cfg(feature = "sf-nano")]
fn sf_nano(wasm: &[u8]) -> Result<Run, String> {
    use sf_nano_core::{Config, Engine, Instance, Value};
    let engine = Engine::new(Config::new()).map_err(|error| format!("{error:?}"))?;
    let mut instance = Instance::new(&engine, wasm, &[]).map_err(|error| format!("{error:?}"))?;
    let run = instance.get_func("run").ok_or("no `run`")?;
    Ok(Box::new(move |n| {
        let mut results = [Value::I32(0)];
        instance
            .call(&run, &[Value::I32(n)], &mut results)
            .map_err(|error| format!("{error:?}"))?;
        match results {
            [Value::I32(result)] => Ok(result),
            _ => Err("not an i32".into()),
        }
    }))
}

#[cfg(feature = "stitch")]
fn stitch(wasm: &[u8]) -> Result<Run, String> {
    use makepad_stitch::{Engine, Linker, Module, Store, Val};
    let engine = Engine::new();
    let module = Module::new(&engine, wasm).map_err(text)?;
    let mut store = Store::new(engine);
    let instance = Linker::new()
        .instantiate(&mut store, &module)
        .map_err(text)?;
    let run = instance.exported_func("run").ok_or("no `run`")?;
    Ok(Box::new(move |n| {
        let mut results = [Val::I32(0)];
        run.call(&mut store, &[Val::I32(n)], &mut results)
            .map_err(text)?;
        match results {
            [Val::I32(result)] => Ok(result),
            _ => Err("not an i32".into()),
        }
    }))
}

#[cfg(feature = "tinywasm")]
fn tinywasm(wasm: &[u8]) -> Result<Run, String> {
    let module = tinywasm::parse_bytes(wasm).map_err(text)?;
    let mut store = tinywasm::Store::default();
    let instance =
        tinywasm::ModuleInstance::instantiate(&mut store, &module, None).map_err(text)?;
    let run = instance.func::<i32, i32>(&store, "run").map_err(text)?;
    Ok(Box::new(move |n| run.call(&mut store, n).map_err(text)))
}

#[cfg(feature = "wasm3")]
fn wasm3(wasm: &[u8]) -> Result<Run, String> {
    use wasm3x::{CompilationMode, Config, Engine, Linker, Module, Store};
    let mut config = Config::new();
    config.compilation_mode(CompilationMode::Eager);
    let engine = Engine::new(&config);
    let module = Module::new(&engine, wasm).map_err(text)?;
    let mut store = Store::new(&engine, ());
    let instance = Linker::<()>::new(&engine)
        .instantiate_and_start(&mut store, &module)
        .map_err(text)?;
    let run = instance
        .get_typed_func::<i32, i32>(&store, "run")
        .map_err(text)?;
    Ok(Box::new(move |n| run.call(&mut store, n).map_err(text)))
}

/// The fast interpreter, the only one that the crate bundles.
#[cfg(feature = "wamr")]
fn wamr(wasm: &[u8]) -> Result<Run, String> {
    use wamrx::{Engine, Linker, Module, Val};
    let engine = Engine::new().map_err(text)?;
    let module = Module::new(&engine, wasm).map_err(text)?;
    let instance = Linker::new(&engine).instantiate(module).map_err(text)?;
    Ok(Box::new(move |n| {
        let mut results = [Val::I32(0)];
        instance
            .get_func("run")
            .map_err(text)?
            .call(&[Val::I32(n)], &mut results)
            .map_err(text)?;
        match results {
            [Val::I32(result)] => Ok(result),
            _ => Err("not an i32".into()),
        }
    }))
}

#[cfg(feature = "wasmtime")]
fn pulley(wasm: &[u8]) -> Result<Run, String> {
    let mut config = wasmtime::Config::new();
    config.target("pulley64").map_err(text)?;
    wasmtime_with(&config, wasm)
}

#[cfg(feature = "wasmtime")]
fn winch(wasm: &[u8]) -> Result<Run, String> {
    let mut config = wasmtime::Config::new();
    config.strategy(wasmtime::Strategy::Winch);
    wasmtime_with(&config, wasm)
}

#[cfg(feature = "wasmtime")]
fn cranelift(wasm: &[u8]) -> Result<Run, String> {
    let mut config = wasmtime::Config::new();
    config.strategy(wasmtime::Strategy::Cranelift);
    wasmtime_with(&config, wasm)
}

#[cfg(feature = "wasmtime")]
fn wasmtime_with(config: &wasmtime::Config, wasm: &[u8]) -> Result<Run, String> {
    let engine = wasmtime::Engine::new(config).map_err(text)?;
    let module = wasmtime::Module::new(&engine, wasm).map_err(text)?;
    let mut store = wasmtime::Store::new(&engine, ());
    let instance = wasmtime::Instance::new(&mut store, &module, &[]).map_err(text)?;
    let run = instance
        .get_typed_func::<i32, i32>(&mut store, "run")
        .map_err(text)?;
    Ok(Box::new(move |n| run.call(&mut store, n).map_err(text)))
}
