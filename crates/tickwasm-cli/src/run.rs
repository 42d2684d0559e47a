//! `tickwasm run`.

use std::path::PathBuf;

use tickwasm::{Engine, Error, Escaped, Func, Instance, Linker, Module, Store, Val};
use tickwasm_harness::{chain, missing_function, parse_value, show_value};

use crate::output::{Output, say};
use crate::{Failure, Features, read};

#[derive(clap::Args)]
pub struct Args {
    /// The module, as text or binary.
    file: PathBuf,
    /// The exported function to call; without it `_start` or else `run`.
    #[arg(long, value_name = "NAME")]
    invoke: Option<String>,
    /// Stops the guest once it has used this much fuel; how much it has used is said at the end.
    #[arg(long, value_name = "N")]
    fuel: Option<u64>,
    /// Limits the bytes of all memories together: 65536, 64KiB, 16MiB, 1GiB.
    #[arg(long, value_name = "BYTES", value_parser = bytes)]
    max_memory: Option<u64>,
    #[command(flatten)]
    features: Features,
    /// The function's arguments: numbers and vectors as in the text format, `null` for a reference.
    #[arg(
        value_name = "ARG",
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    args: Vec<String>,
}

/// Reads a size, which may have a unit.
fn bytes(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let shift = match &text[digits.len()..] {
        "" | "B" => 0,
        "KiB" => 10,
        "MiB" => 20,
        "GiB" => 30,
        _ => return Err("the units are B, KiB, MiB and GiB".to_owned()),
    };
    let number = digits.trim_end().replace('_', "");
    let number: u64 = number
        .parse()
        .map_err(|_| "a size is a number of bytes, as 65536 or 64KiB".to_owned())?;
    number
        .checked_mul(1 << shift)
        .ok_or("that is too large a number".to_owned())
}

/// Instantiates the module, calls the function and prints what it returns.
pub fn run(args: &Args, out: &mut Output) -> Result<(), Failure> {
    let mut config = args.features.config()?;
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
    let ran = in_store(args, &module, &mut store, out);
    if let (Some(fuel), Ok(left)) = (args.fuel, store.get_fuel()) {
        say(&format!("fuel used: {} of {fuel}", fuel - left));
    }
    ran
}

fn in_store(
    args: &Args,
    module: &Module,
    store: &mut Store<()>,
    out: &mut Output,
) -> Result<(), Failure> {
    // There is nothing to import yet: a module that wants something is told what is missing.
    let instance = Linker::new(store.engine())
        .instantiate(&mut *store, module)
        .map_err(|error| Failure::instance(&args.file, &error))?;
    let (name, func) = function(store, &instance, args)?;
    let ty = func.ty(&*store);
    let expected = ty.params().len();
    if args.args.len() != expected {
        let given = args.args.len();
        return Err(Failure::usage(format!(
            "`{name}` takes {expected} argument(s), {given} given; its type is {ty}"
        )));
    }
    let mut params = Vec::new();
    for (i, (ty, word)) in ty.params().zip(&args.args).enumerate() {
        let value = parse_value(store, &ty, word);
        params.push(
            value.map_err(|error| {
                Failure::usage(format!("argument {} of `{name}`: {error}", i + 1))
            })?,
        );
    }
    let mut results = vec![Val::I32(0); ty.results().len()];
    func.call(&mut *store, &params, &mut results)
        .map_err(|error| match error {
            // Only a reference of the wrong type is noticed as late as this.
            Error::Misuse(_) => Failure::usage(chain(&error)),
            error => Failure::guest(chain(&error)),
        })?;
    for result in &results {
        out.line(show_value(store, result))?;
    }
    Ok(())
}

/// The function to call, and the name it was found under, as it is printed.
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
            return Ok((Escaped::new(name).most(80).to_string(), func));
        }
    }
    let missing = missing_function(store, instance, candidates[candidates.len() - 1]);
    Err(Failure::usage(match &args.invoke {
        Some(_) => missing,
        None => format!("neither `_start` nor `run` can be called: {missing}"),
    }))
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn a_size_may_have_a_unit() {
        for (text, size) in [
            ("65536", 65536),
            ("65_536B", 65536),
            ("64KiB", 65536),
            ("16 MiB", 16 << 20),
            ("4GiB", 4 << 30),
        ] {
            assert_eq!(bytes(text), Ok(size), "{text}");
        }
        for text in [
            "",
            "KiB",
            "-1",
            "1.5MiB",
            "64K",
            "64kb",
            "99999999999GiB",
            "0x10",
        ] {
            assert!(bytes(text).is_err(), "{text}");
        }
    }
}
