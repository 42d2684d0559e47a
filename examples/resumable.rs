//! How are calls stopped and continued? Three guests take turns by fuel, and ask the host for results that it does not have yet.

use tickwasm::{
    Caller, Config, Engine, Error, Linker, MaySuspend, Module, ResumableCall, Store, SuspendReason,
    TypedFunc, Val,
};

const GUEST: &str = r#"
    (module
      (import "host" "order" (func $order (param i32) (result i32)))
      ;; Orders as many things as it is told to, works a while on each, and adds up what it gets.
      (func (export "run") (param $n i32) (result i32)
        (local $sum i32) (local $work i32)
        (loop $next
          (local.set $sum (i32.add (local.get $sum) (call $order (local.get $n))))
          (local.set $work (i32.const 100))
          (loop $busy
            (br_if $busy (local.tee $work (i32.sub (local.get $work) (i32.const 1)))))
          (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (local.get $sum)))
"#;

/// The fuel for one turn.
const TURN: u64 = 150;

fn main() -> Result<(), Error> {
    let engine = Engine::new(Config::new().consume_fuel(true))?;
    let mut linker = Linker::new(&engine);
    // Orders of 3 and more take a while: the call is suspended until the result is there.
    linker.func_wrap("host", "order", |mut caller: Caller<'_, u32>, n: i32| {
        *caller.data_mut() += 1;
        if n < 3 {
            MaySuspend::Return(n)
        } else {
            MaySuspend::Suspend
        }
    })?;
    let module = Module::new(&engine, GUEST)?;
    let mut store = Store::new(&engine, 0);
    let instance = linker.instantiate(&mut store, &module)?;
    let run: TypedFunc<i32, i32> = instance.get_typed_func(&mut store, "run")?;

    // All three are in the same store, and none of them takes room on the host's stack while it waits.
    let mut waiting = Vec::new();
    let mut results = Vec::new();
    for n in [2, 5, 4] {
        store.set_fuel(TURN)?;
        waiting.push((n, run.call_resumable(&mut store, n)?));
    }
    let mut turns = 0;
    while !waiting.is_empty() {
        for (n, call) in std::mem::take(&mut waiting) {
            let suspended = match call {
                ResumableCall::Finished(sum) => {
                    results.push((n, sum));
                    continue;
                }
                ResumableCall::Suspended(suspended) => suspended,
            };
            turns += 1;
            store.set_fuel(TURN)?;
            let call = match suspended.reason() {
                SuspendReason::Host => {
                    let ordered = suspended.host_params(&store)?[0].unwrap_i32();
                    suspended.resume_with(&mut store, &[Val::I32(ordered * 10)])?
                }
                _ => suspended.resume(&mut store)?,
            };
            waiting.push((n, call));
        }
    }

    println!("in {turns} turns and {} orders: {results:?}", store.data());
    assert_eq!(results, [(2, 3), (4, 73), (5, 123)]);
    Ok(())
}
