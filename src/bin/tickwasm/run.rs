//! `tickwasm run`.

use std::path::PathBuf;

use tickwasm::harness::chain;
use tickwasm::{Config, Engine, Func, Instance, Linker, Module, Store, Val};

use crate::{Failure, read, values};

#[derive(clap::Args)]
pub struct Args {
    /// The module, as text or binary.
    file: PathBuf,
    /// The exported function to call; without it `_start` or else `run`.
    #[arg(long, value_name = "NAME")]
    invoke: Option<String>,
    /// Stops the guest once it has used this much fuel.
    #[arg(long, value_name = "N")]
    fuel: Option<u64>,
    /// Limits the bytes of all memories together.
    #[arg(long, value_name = "BYTES")]
    max_memory: Option<u64>,
    /// The function's arguments: numbers, or `null` for a reference.
    #[arg(
        value_name = "ARG",
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    args: Vec<String>,
}

/// Instantiates the module, calls the function and prints what it returns.
pub fn run(args: &Args) -> Result<(), Failure> {
    let mut config = Config::new();
    config.consume_fuel(args.fuel.is_some());
    if let Some(bytes) = args.max_memory {
        config.max_memory_bytes(bytes);
    }
    let engine = Engine::new(&config).map_err(|error| Failure::usage(chain(&error)))?;
    let module = Module::new(&engine, read(&args.file)?)
        .map_err(|error| Failure::module(&args.file, &error))?;

    let mut store = Store::new(&engine, ());
    if let Some(fuel) = args.fuel {
        store
            .set_fuel(fuel)
            .map_err(|error| Failure::usage(chain(&error)))?;
    }
    // There is nothing to import yet: a module that wants something is told what is missing.
    let linker = Linker::new(&engine);
    let instance = linker.instantiate(&mut store, &module).map_err(|error| {
        let message = format!("{}: {}", args.file.display(), chain(&error));
        if is_guests_fault(&error) {
            Failure::guest(message)
        } else {
            Failure::usage(message)
        }
    })?;

    let (name, func) = function(&mut store, &instance, args)?;
    let ty = func.ty(&store);
    let expected = ty.params().len();
    if args.args.len() != expected {
        let given = args.args.len();
        return Err(Failure::usage(format!(
            "`{name}` takes {expected} argument(s), {given} given; its type is {ty}"
        )));
    }
    let mut params = Vec::new();
    for (i, (ty, word)) in ty.params().zip(&args.args).enumerate() {
        let value = values::parse(&ty, word);
        params.push(
            value.map_err(|error| {
                Failure::usage(format!("argument {} of `{name}`: {error}", i + 1))
            })?,
        );
    }
    let mut results = vec![Val::I32(0); ty.results().len()];
    func.call(&mut store, &params, &mut results)
        .map_err(|error| Failure::guest(chain(&error)))?;
    for result in &results {
        println!("{}", values::show(result));
    }
    Ok(())
}

/// The function to call, and the name it was found under.
fn function(
    store: &mut Store<()>,
    instance: &Instance,
    args: &Args,
) -> Result<(String, Func), Failure> {
    let candidates = match &args.invoke {
        Some(name) => vec![name.as_str()],
        None => vec!["_start", "run"],
    };
    for name in &candidates {
        if let Some(func) = instance.get_func(&mut *store, name) {
            return Ok(((*name).to_owned(), func));
        }
    }
    let mut exported: Vec<_> = Vec::new();
    for export in instance.exports(&mut *store) {
        let name = export.name().to_owned();
        if export.into_func().is_some() {
            exported.push(format!("`{name}`"));
        }
    }
    let wanted = candidates.join("` or `");
    let exported = if exported.is_empty() {
        "none".to_owned()
    } else {
        exported.join(", ")
    };
    Err(Failure::usage(format!(
        "no function `{wanted}` is exported; exported functions: {exported}"
    )))
}

/// Whether instantiation failed in the guest's own code or initialisers, not for lack of something.
fn is_guests_fault(error: &tickwasm::Error) -> bool {
    matches!(
        error,
        tickwasm::Error::Trap(_) | tickwasm::Error::FuelExhausted { .. }
    )
}
