//! How is a guest kept within bounds? By fuel, limits on memory and stack, and a limiter that has the last word; each reports its refusals.

use tickwasm::{
    Config, Engine, Error, Instance, Module, Store, StoreLimits, StoreLimitsBuilder, Trap,
};

const GREEDY: &str = r#"
    (module
      (memory 1)
      (func (export "spin") (loop $forever (br $forever)))
      (func $deeper (export "recurse") (call $deeper))
      (func (export "grow") (result i32)
        (loop $more
          (br_if $more (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
        (memory.size)))
"#;

/// The host's data of a tenant, whose guests run in a store of their own.
struct Tenant {
    limits: StoreLimits,
}

fn main() -> Result<(), Error> {
    let mut config = Config::new();
    config.consume_fuel(true);
    // The memories of a store may have 1 MiB together, which is 16 pages.
    config.max_memory_bytes(1 << 20);
    config.max_wasm_stack(64 << 10);
    let engine = Engine::new(&config)?;
    let module = Module::new(&engine, GREEDY)?;

    // This tenant may have less than others: half a megabyte a memory.
    let limits = StoreLimitsBuilder::new().memory_size(1 << 19).build();
    let mut store = Store::new(&engine, Tenant { limits });
    store.limiter(|tenant| &mut tenant.limits);
    store.set_fuel(100_000)?;
    let instance = Instance::new(&mut store, &module, &[])?;

    let grow = instance.get_typed_func::<(), i32>(&mut store, "grow")?;
    let pages = grow.call(&mut store, ())?;
    println!("the guest got {pages} pages");
    assert_eq!(pages, 8);
    if let Some(refused) = store.refused_growth() {
        println!("then: {refused}");
    }

    let recurse = instance.get_typed_func::<(), ()>(&mut store, "recurse")?;
    let Err(error) = recurse.call(&mut store, ()) else {
        unreachable!("the stack has an end");
    };
    println!("the endless recursion ended: {}", first_line(&error));
    assert_eq!(error.downcast_ref(), Some(&Trap::StackOverflow));

    let spin = instance.get_typed_func::<(), ()>(&mut store, "spin")?;
    let Err(error) = spin.call(&mut store, ()) else {
        unreachable!("so has the fuel");
    };
    println!("the endless loop ended: {}", first_line(&error));
    assert!(matches!(error, Error::FuelExhausted { .. }));
    assert_eq!(store.get_fuel()?, 0);
    Ok(())
}

/// Returns the text of an error without its backtrace.
fn first_line(error: &Error) -> String {
    error
        .to_string()
        .lines()
        .next()
        .unwrap_or_default()
        .to_owned()
}
