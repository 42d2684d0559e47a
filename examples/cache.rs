//! How is a program that is needed often compiled only once? By the engine's cache: by content, bounded, and optionally in a directory.

use std::time::Instant;

use tickwasm::{Config, Engine, Error, Instance, Store};

/// A program whose text is a few kilobytes.
fn program(number: u32) -> String {
    let steps = "(local.set $n (i32.mul (i32.add (local.get $n) (i32.const 7)) (i32.const 13)))\n"
        .repeat(100);
    format!(
        r#"(module (func (export "run") (result i32) (local $n i32)
            (local.set $n (i32.const {number}))
            {steps}
            (local.get $n)))"#
    )
}

fn main() -> Result<(), Error> {
    let directory = std::env::temp_dir().join(format!("tickwasm-example-{}", std::process::id()));
    let mut config = Config::new();
    config
        .cache_max_entries(10)
        .cache_max_bytes(1 << 20)
        .cache_directory(&directory, 1 << 20);
    let engine = Engine::new(&config)?;

    let text = program(1);
    for attempt in ["compiling", "finding it again"] {
        let start = Instant::now();
        let module = engine.compile_wat(&text)?;
        let hash = module.hash();
        println!(
            "{attempt} took {:?}, the program's hash is {hash:016x}",
            start.elapsed()
        );
    }
    // Of threads that ask for one program at the same time, one compiles it and the others wait.
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| engine.compile_wat(&program(2)).map(drop));
        }
    });
    assert_eq!(engine.cache_stats().misses, 2);

    // More programs than there is room for: the least recently used ones are dropped.
    for number in 3..20 {
        let module = engine.compile_wat(&program(number))?;
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module, &[])?;
        let run = instance.get_typed_func::<(), i32>(&mut store, "run")?;
        run.call(&mut store, ())?;
    }
    println!("{:?}", engine.cache_stats());
    assert_eq!(engine.cache_len(), 10);

    // Another engine, which could be in another process, finds the binaries of the texts in the directory.
    let other = Engine::new(&config)?;
    other.compile_wat(&text)?;
    println!("found in the directory: {}", other.cache_stats().disk_hits);
    assert_eq!(other.cache_stats().disk_hits, 1);
    let _ = std::fs::remove_dir_all(&directory);
    Ok(())
}
