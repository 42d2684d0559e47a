//! How does a guest use its host? One that logs text from its memory, and a host that keeps the lines in the store's data.

use tickwasm::{Caller, Engine, Error, Extern, Linker, Module, Store};

const GREETER: &str = r#"
    (module
      (import "host" "log" (func $log (param i32 i32)))
      (import "host" "lucky_number" (func $lucky (result i32)))
      (memory (export "memory") 1)
      (data (i32.const 16) "hello from the guest")
      (func (export "greet") (result i32)
        (call $log (i32.const 16) (i32.const 20))
        (call $lucky)))
"#;

#[derive(Default)]
struct Host {
    lines: Vec<String>,
}

fn main() -> Result<(), Error> {
    let engine = Engine::default();
    let module = Module::new(&engine, GREETER)?;

    let mut linker = Linker::new(&engine);
    linker.func_wrap(
        "host",
        "log",
        |mut caller: Caller<'_, Host>, at: u32, length: u32| {
            // Arguments of a guest are not trusted: the bounds are checked before anything is read.
            let text = match caller.get_export("memory") {
                Some(Extern::Memory(memory)) => {
                    let rest = memory.data(&caller).get(at as usize..);
                    let bytes = rest.and_then(|rest| rest.get(..length as usize));
                    bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned())
                }
                _ => None,
            };
            caller
                .data_mut()
                .lines
                .push(text.unwrap_or_else(|| "(no such text)".to_owned()));
        },
    )?;
    linker.func_wrap("host", "lucky_number", || 7_i32)?;

    let mut store = Store::new(&engine, Host::default());
    let instance = linker.instantiate(&mut store, &module)?;
    let greet = instance.get_typed_func::<(), i32>(&mut store, "greet")?;
    let number = greet.call(&mut store, ())?;

    println!(
        "the guest said {:?} and returned {number}",
        store.data().lines
    );
    assert_eq!(store.data().lines, ["hello from the guest"]);
    assert_eq!(number, 7);
    Ok(())
}
