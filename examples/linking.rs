//! How do modules use each other, and how is a missing import reported? By a library, a program that imports it, and a program with an
//! import that is not defined.

use tickwasm::{Engine, Error, Linker, Module, Store};

const LIBRARY: &str = r#"
    (module
      (memory (export "memory") 1)
      (global $count (mut i32) (i32.const 0))
      ;; Appends a byte to the memory that both share, and returns how many there are.
      (func (export "push") (param $byte i32) (result i32)
        (i32.store8 (global.get $count) (local.get $byte))
        (global.set $count (i32.add (global.get $count) (i32.const 1)))
        (global.get $count)))
"#;

const PROGRAM: &str = r#"
    (module
      (import "bytes" "memory" (memory 1))
      (import "bytes" "push" (func $push (param i32) (result i32)))
      (func (export "run") (result i32)
        (drop (call $push (i32.const 7)))
        (drop (call $push (i32.const 35)))
        (i32.add (i32.load8_u (i32.const 0)) (i32.load8_u (i32.const 1)))))
"#;

const HOPEFUL: &str = r#"
    (module
      (import "bytes" "Push" (func $push (param i32) (result i32)))
      (func (export "run") (result i32) (call $push (i32.const 1))))
"#;

fn main() -> Result<(), Error> {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let mut linker = Linker::new(&engine);

    // An instance's exports become definitions, under the module name of the imports.
    let library = linker.instantiate(&mut store, &Module::new(&engine, LIBRARY)?)?;
    linker.instance(&mut store, "bytes", library)?;

    let program = linker.instantiate(&mut store, &Module::new(&engine, PROGRAM)?)?;
    let run = program.get_typed_func::<(), i32>(&mut store, "run")?;
    let sum = run.call(&mut store, ())?;
    println!("the program put two bytes into the library's memory, whose sum is {sum}");
    assert_eq!(sum, 42);

    // Missing imports are found before any code runs; the error has the expected type, and a similar name that exists.
    let hopeful = Module::new(&engine, HOPEFUL)?;
    let Err(error) = linker.instantiate_pre(&hopeful) else {
        unreachable!("one import is not defined");
    };
    println!("{error}");
    assert!(matches!(error, Error::MissingImport { .. }));

    // A program that never calls a missing function can be run all the same.
    linker.define_unknown_imports_as_traps(&hopeful)?;
    let instance = linker.instantiate(&mut store, &hopeful)?;
    let run = instance.get_typed_func::<(), i32>(&mut store, "run")?;
    assert!(run.call(&mut store, ()).is_err());
    Ok(())
}
