//! Limits: a guest that never ends and one that wants all memory, both stopped.

use tickwasm::{Config, Engine, Error, Instance, Module, Store};

const GREEDY: &str = r#"
    (module
      (memory 1)
      (func (export "spin") (loop $forever (br $forever)))
      (func (export "grow") (result i32)
        (loop $more
          (br_if $more (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
        (memory.size)))
"#;

fn main() -> Result<(), Error> {
    let mut config = Config::new();
    config.consume_fuel(true);
    // The memories of a store may have 1 MiB together, which is 16 pages.
    config.max_memory_bytes(1 << 20);
    let engine = Engine::new(&config)?;
    let module = Module::new(&engine, GREEDY)?;

    let mut store = Store::new(&engine, ());
    store.set_fuel(100_000)?;
    let instance = Instance::new(&mut store, &module, &[])?;

    let grow = instance.get_typed_func::<(), i32>(&mut store, "grow")?;
    let pages = grow.call(&mut store, ())?;
    println!("the guest got {pages} pages, then its growth failed");
    assert_eq!(pages, 16);

    let spin = instance.get_typed_func::<(), ()>(&mut store, "spin")?;
    match spin.call(&mut store, ()) {
        Err(error) => println!("the endless loop ended: {error}"),
        Ok(()) => unreachable!("an endless loop returned"),
    }
    Ok(())
}
