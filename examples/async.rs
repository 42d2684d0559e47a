//! How do guests wait without delaying each other? Some wait for a slow host and compute in between, all on one thread.

use std::time::Duration;

use tickwasm::{Caller, Config, Engine, Error, Linker, Module, Store, TypedFunc};

const GUEST: &str = r#"
    (module
      (import "host" "fetch" (func $fetch (param i32) (result i32)))
      (func (export "run") (param $n i32) (result i32)
        (local $sum i32) (local $work i32)
        (loop $next
          (local.set $sum (i32.add (local.get $sum) (call $fetch (local.get $n))))
          (local.set $work (i32.const 20000))
          (loop $busy
            (br_if $busy (local.tee $work (i32.sub (local.get $work) (i32.const 1)))))
          (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (local.get $sum)))
"#;

/// One guest, in a store of its own.
async fn guest(engine: Engine, linker: Linker<u32>, module: Module, n: u32) -> Result<u32, Error> {
    let mut store = Store::new(&engine, 0);
    store.set_fuel(10_000_000)?;
    // After so much fuel, the guest yields to the others.
    store.fuel_async_yield_interval(Some(10_000))?;
    let instance = linker.instantiate_async(&mut store, &module).await?;
    let run: TypedFunc<u32, u32> = instance.get_typed_func(&mut store, "run")?;
    let sum = run.call_async(&mut store, n).await?;
    println!("guest {n} got {sum} in {} fetches", store.data());
    Ok(sum)
}

fn main() -> Result<(), Error> {
    let engine = Engine::new(Config::new().consume_fuel(true))?;
    let module = Module::new(&engine, GUEST)?;
    let mut linker = Linker::new(&engine);
    linker.func_wrap_async(
        "host",
        "fetch",
        |mut caller: Caller<'_, u32>, (n,): (u32,)| {
            Box::new(async move {
                tokio::time::sleep(Duration::from_millis(2)).await;
                *caller.data_mut() += 1;
                n * n
            })
        },
    )?;

    // Any executor will do: the calls are plain futures.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()?;
    let sums = runtime.block_on(async {
        let guests = (1..=5).map(|n| {
            let guest = guest(engine.clone(), linker.clone(), module.clone(), n);
            tokio::spawn(guest)
        });
        let mut sums = Vec::new();
        for guest in guests.collect::<Vec<_>>() {
            sums.push(guest.await.map_err(Error::new)??);
        }
        Ok::<_, Error>(sums)
    })?;
    assert_eq!(sums, [1, 5, 14, 30, 55]);
    Ok(())
}
