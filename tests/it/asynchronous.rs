//! Async calls and async host functions, under executors of several kinds.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tickwasm::*;

/// An engine that counts fuel.
fn metered() -> Engine {
    Engine::new(Config::new().consume_fuel(true)).unwrap()
}

/// Runs a future to its end on this thread, with timers.
fn block_on<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    runtime.unwrap().block_on(future)
}

/// Polls a future once.
fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// A module whose `run` calls a host function for each number from its argument down to 1, and sums the results.
const CALLS: &str = r#"(module
    (import "host" "get" (func $get (param i32) (result i64)))
    (func (export "run") (param $n i32) (result i64) (local $sum i64)
        (loop $again
            (local.set $sum (i64.add (local.get $sum) (call $get (local.get $n))))
            (local.set $n (i32.sub (local.get $n) (i32.const 1)))
            (br_if $again (local.get $n)))
        (local.get $sum)))"#;

/// A store in which `host.get` sleeps for a moment, then returns ten times its argument.
fn sleepy(engine: &Engine) -> (Store<u64>, TypedFunc<u32, u64>) {
    let mut linker = Linker::new(engine);
    linker
        .func_wrap_async(
            "host",
            "get",
            |mut caller: Caller<'_, u64>, (n,): (u32,)| {
                Box::new(async move {
                    tokio::time::sleep(Duration::from_micros(200)).await;
                    *caller.data_mut() += 1;
                    u64::from(n) * 10
                })
            },
        )
        .unwrap();
    let module = Module::new(engine, CALLS).unwrap();
    let mut store = Store::new(engine, 0);
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let run = instance.get_typed_func(&mut store, "run").unwrap();
    (store, run)
}

#[test]
fn a_sleeping_host_function_is_awaited_on_several_threads() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_time()
        .build()
        .unwrap();
    let engine = Engine::default();
    let tasks: Vec<_> = (1..=40u32)
        .map(|n| {
            let (mut store, run) = sleepy(&engine);
            runtime.spawn(async move {
                let sum = run.call_async(&mut store, n).await.unwrap();
                (sum, store.into_data())
            })
        })
        .collect();
    for (n, task) in (1..=40u64).zip(tasks) {
        let (sum, calls) = runtime.block_on(task).unwrap();
        assert_eq!((sum, calls), (5 * n * (n + 1), n));
    }
}

#[test]
fn a_call_that_waits_for_nothing_is_ready_at_once() {
    let engine = Engine::default();
    let module = Module::new(
        &engine,
        r#"(module (func (export "run") (param i32 f64) (result f64 i32) (local.get 1) (local.get 0)))"#,
    )
    .unwrap();
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let run = instance.get_func(&mut store, "run").unwrap();
    let typed = run.typed::<(i32, f64), (f64, i32)>(&store).unwrap();
    let Poll::Ready(result) = poll(pin!(typed.call_async(&mut store, (1, 2.5)))) else {
        panic!("it waits");
    };
    assert_eq!(result.unwrap(), (2.5, 1));
    let mut results = [Val::I32(0), Val::I32(0)];
    let params = [Val::I32(3), Val::from(4.5)];
    let call = run.call_async(&mut store, &params, &mut results);
    assert!(matches!(poll(pin!(call)), Poll::Ready(Ok(()))));
    assert_eq!((results[0].f64(), results[1].i32()), (Some(4.5), Some(3)));
    let call = run.call_async(&mut store, &params[..1], &mut results);
    assert!(matches!(
        poll(pin!(call)),
        Poll::Ready(Err(Error::Misuse(Misuse::Count { .. })))
    ));
}

#[test]
fn values_known_at_run_time_pass_through_async_functions() {
    let engine = Engine::default();
    let mut linker = Linker::<()>::new(&engine);
    let ty = FuncType::new(&engine, [ValType::I32], [ValType::I64]);
    linker
        .func_new_async("host", "get", ty.clone(), |_, params, results| {
            Box::new(async move {
                tokio::task::yield_now().await;
                results[0] = Val::I64(params[0].unwrap_i32().into());
                Ok(())
            })
        })
        .unwrap();
    linker
        .func_new_async("host", "wrong", ty.clone(), |_, _, results| {
            Box::new(async move {
                results[0] = Val::I32(1);
                Ok(())
            })
        })
        .unwrap();
    let mut store = Store::new(&engine, ());
    let module = Module::new(&engine, CALLS).unwrap();
    block_on(async {
        let instance = linker.instantiate_async(&mut store, &module).await.unwrap();
        let run: TypedFunc<u32, u64> = instance.get_typed_func(&mut store, "run").unwrap();
        assert_eq!(run.call_async(&mut store, 100).await.unwrap(), 5050);
        let wrong = linker.get(&mut store, "host", "wrong").unwrap();
        let wrong = wrong.into_func().unwrap();
        let mut results = [Val::I64(0)];
        let call = wrong.call_async(&mut store, &[Val::I32(1)], &mut results);
        assert!(matches!(
            call.await,
            Err(Error::Misuse(Misuse::Type { .. }))
        ));
        // The embedder can call it without a guest.
        let direct = Func::wrap_async(&mut store, |_, (a, b): (i32, i64)| {
            Box::new(async move {
                tokio::task::yield_now().await;
                (b, a)
            })
        });
        let direct = direct.typed::<(i32, i64), (i64, i32)>(&store).unwrap();
        assert_eq!(direct.call_async(&mut store, (1, 2)).await.unwrap(), (2, 1));
        let direct = Func::new_async(&mut store, ty, |_, params, results| {
            results[0] = Val::I64(params[0].unwrap_i32().into());
            Box::new(async { Ok(()) })
        });
        let direct = direct.typed::<i32, i64>(&store).unwrap();
        assert_eq!(direct.call_async(&mut store, -3).await.unwrap(), -3);
    });
}

#[test]
fn an_async_function_in_a_call_that_cannot_wait_is_an_error() {
    let (mut store, run) = sleepy(&Engine::default());
    for _ in 0..300 {
        let error = run.call(&mut store, 1).unwrap_err();
        assert!(matches!(error, Error::Misuse(Misuse::NotAsync)), "{error}");
        let error = run.call_resumable(&mut store, 1).unwrap_err();
        assert!(matches!(error, Error::Misuse(Misuse::NotAsync)), "{error}");
    }
    assert_eq!(block_on(run.call_async(&mut store, 3)).unwrap(), 60);
}

#[test]
fn an_error_of_an_async_function_keeps_its_type_and_gains_the_backtrace() {
    let engine = Engine::default();
    let mut linker = Linker::<()>::new(&engine);
    linker
        .func_wrap_async("host", "get", |_, (n,): (u32,)| {
            Box::new(async move {
                tokio::task::yield_now().await;
                match n {
                    0 => Err(Error::from(Trap::IntegerOverflow)),
                    1 => Err(Error::new(std::num::ParseIntError::clone(
                        &"x".parse::<i32>().unwrap_err(),
                    ))),
                    n => Ok(u64::from(n)),
                }
            })
        })
        .unwrap();
    let mut store = Store::new(&engine, ());
    let module = Module::new(&engine, CALLS).unwrap();
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let run: TypedFunc<u32, u64> = instance.get_typed_func(&mut store, "run").unwrap();
    block_on(async {
        let error = run.call_async(&mut store, 0).await.unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&Trap::IntegerOverflow));
        assert_eq!(error.backtrace().unwrap().frames().len(), 1);
        let error = run.call_async(&mut store, 5).await.unwrap_err();
        assert!(error.is::<std::num::ParseIntError>());
        let frames = error.backtrace().unwrap().frames();
        assert_eq!((frames.len(), frames[0].func_index()), (1, 1));
    });
}

#[test]
fn a_function_that_asks_to_suspend_cannot_in_an_async_call() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let ask = Func::wrap(&mut store, || MaySuspend::<i32>::Suspend);
    let asks = Func::wrap_async(&mut store, |_, ()| {
        Box::new(async { MaySuspend::<i32>::Suspend })
    });
    for func in [ask, asks] {
        let func = func.typed::<(), i32>(&store).unwrap();
        let error = block_on(func.call_async(&mut store, ())).unwrap_err();
        assert!(matches!(error, Error::Misuse(Misuse::NotResumable)));
    }
}

#[test]
fn start_functions_may_wait() {
    let engine = Engine::default();
    let mut linker = Linker::new(&engine);
    linker
        .func_wrap_async("host", "wait", |mut caller: Caller<'_, u32>, ()| {
            Box::new(async move {
                tokio::time::sleep(Duration::from_millis(1)).await;
                *caller.data_mut() += 1;
            })
        })
        .unwrap();
    let module = Module::new(
        &engine,
        r#"(module (import "host" "wait" (func $wait))
            (func $start (call $wait) (call $wait))
            (start $start))"#,
    )
    .unwrap();
    let mut store = Store::new(&engine, 0);
    block_on(async {
        let instantiated = linker.instantiate(&mut store, &module);
        assert!(matches!(instantiated, Err(Error::Misuse(Misuse::NotAsync))));
        linker.instantiate_async(&mut store, &module).await.unwrap();
        let pre = linker.instantiate_pre(&module).unwrap();
        pre.instantiate_async(&mut store).await.unwrap();
        let wait = linker.get(&mut store, "host", "wait").unwrap();
        let imports = [wait];
        let made = Instance::new_async(&mut store, &module, &imports);
        made.await.unwrap();
    });
    assert_eq!(store.into_data(), 6);
}

#[test]
fn a_dropped_future_leaves_the_store_usable() {
    let engine = metered();
    let mut linker = Linker::<()>::new(&engine);
    linker
        .func_wrap_async("host", "get", |_, (n,): (u32,)| {
            Box::new(async move {
                if n > 100 {
                    std::future::pending::<()>().await;
                }
                u64::from(n)
            })
        })
        .unwrap();
    // Its recursion uses most of the stack: two of them would be too much.
    let module = Module::new(
        &engine,
        r#"(module
            (import "host" "get" (func $get (param i32) (result i64)))
            (func $deep (export "run") (param i32 i32) (result i64)
                (if (result i64) (local.get 0)
                    (then (i64.add (i64.const 1)
                        (call $deep (i32.sub (local.get 0) (i32.const 1)) (local.get 1))))
                    (else (call $get (local.get 1)))))
            (func (export "spin") (loop $l (br $l))))"#,
    )
    .unwrap();
    let mut store = Store::new(&engine, ());
    store.set_fuel(1 << 40).unwrap();
    store.fuel_async_yield_interval(Some(10_000)).unwrap();
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let run: TypedFunc<(u32, u32), u64> = instance.get_typed_func(&mut store, "run").unwrap();
    let spin: TypedFunc<(), ()> = instance.get_typed_func(&mut store, "spin").unwrap();
    for round in 0..40 {
        // Dropped while it waits for a host function, or while others have their turn, or before it was ever polled.
        let mut call = pin!(run.call_async(&mut store, (10_000, 101)));
        for _ in 0..round % 20 {
            assert!(poll(call.as_mut()).is_pending());
        }
    }
    for _ in 0..300 {
        let mut call = pin!(spin.call_async(&mut store, ()));
        assert!(poll(call.as_mut()).is_pending());
        assert!(poll(call.as_mut()).is_pending());
    }
    let call = run.call_async(&mut store, (15_000, 7));
    assert_eq!(block_on(call).unwrap(), 15_007);
    // The fuel used before is gone, and no more.
    store.set_fuel(30_000).unwrap();
    {
        let mut call = pin!(spin.call_async(&mut store, ()));
        assert!(poll(call.as_mut()).is_pending());
    }
    assert!((20_000..30_000).contains(&store.get_fuel().unwrap()));
}

#[test]
fn an_async_call_costs_what_a_straight_one_does_whatever_the_interval() {
    let engine = metered();
    let module = Module::new(
        &engine,
        r#"(module (memory 1) (func (export "run") (param $n i32) (result i64) (local $h i64)
            (local.set $h (i64.const 1))
            (loop $again
                (memory.fill (i32.const 100) (local.get $n) (i32.const 6000))
                (local.set $h (i64.mul (i64.add (local.get $h) (i64.load8_u offset=100 (local.get $n))) (i64.const 31)))
                (local.set $n (i32.sub (local.get $n) (i32.const 1)))
                (br_if $again (local.get $n)))
            (local.get $h)))"#,
    )
    .unwrap();
    let full = 1 << 30;
    let new = || {
        let mut store = Store::new(&engine, ());
        store.set_fuel(full).unwrap();
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let run: TypedFunc<u32, u64> = instance.get_typed_func(&mut store, "run").unwrap();
        (store, run)
    };
    let (mut store, run) = new();
    let result = run.call(&mut store, 50).unwrap();
    let cost = full - store.get_fuel().unwrap();
    for interval in [1, 2, 7, 93, 100, cost - 1, cost, cost + 1] {
        let (mut store, run) = new();
        store.fuel_async_yield_interval(Some(interval)).unwrap();
        let mut turns = 0;
        {
            let mut call = pin!(run.call_async(&mut store, 50));
            loop {
                match poll(call.as_mut()) {
                    Poll::Ready(found) => break assert_eq!(found.unwrap(), result),
                    Poll::Pending => turns += 1,
                }
            }
        }
        assert_eq!(full - store.get_fuel().unwrap(), cost, "every {interval}");
        // An instruction that does not fit into the rest of a turn waits for the next, so any two turns together are more than an interval.
        assert!(
            turns <= 2 * cost / interval,
            "{turns} turns, every {interval}"
        );
        // An instruction that costs more than an interval takes its cost in one turn.
        assert!(
            turns >= (cost - 1) / interval.max(94),
            "{turns} turns, every {interval}"
        );
        // With fuel for less than all of it, it stops where the straight one does.
        let (mut straight, same) = new();
        straight.set_fuel(cost / 2).unwrap();
        same.call(&mut straight, 50).unwrap_err();
        store.set_fuel(cost / 2).unwrap();
        let error = block_on(run.call_async(&mut store, 50)).unwrap_err();
        assert!(matches!(error, Error::FuelExhausted { .. }));
        assert_eq!(store.get_fuel().unwrap(), straight.get_fuel().unwrap());
    }
}

#[test]
fn the_interval_is_not_0_and_needs_fuel() {
    let mut store = Store::new(&Engine::default(), ());
    let result = store.fuel_async_yield_interval(Some(1));
    assert!(matches!(result, Err(Error::Misuse(Misuse::FuelNotCounted))));
    let mut store = Store::new(&metered(), ());
    let result = store.fuel_async_yield_interval(Some(0));
    assert!(matches!(result, Err(Error::Misuse(Misuse::NoInterval))));
    store.fuel_async_yield_interval(None).unwrap();
}

#[test]
fn a_thousand_calls_on_one_thread_make_progress_fairly() {
    const CALLS: usize = 1000;
    let engine = metered();
    let module = Module::new(
        &engine,
        r#"(module
            (import "host" "tick" (func $tick))
            (func $work (param i32)
                (loop $l (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
            (func (export "run") (param $n i32)
                (loop $again
                    (call $work (i32.const 100))
                    (call $tick)
                    (local.set $n (i32.sub (local.get $n) (i32.const 1)))
                    (br_if $again (local.get $n)))))"#,
    )
    .unwrap();
    let ticks: Arc<Vec<AtomicU64>> = Arc::new((0..CALLS).map(|_| AtomicU64::new(0)).collect());
    let done = Arc::new(AtomicUsize::new(0));
    let mut linker = Linker::new(&engine);
    let shared = ticks.clone();
    linker
        .func_wrap("host", "tick", move |caller: Caller<'_, usize>| {
            shared[*caller.data()].fetch_add(1, Ordering::Relaxed);
        })
        .unwrap();
    let pre = linker.instantiate_pre(&module).unwrap();
    block_on(async {
        let tasks: Vec<_> = (0..CALLS)
            .map(|at| {
                let mut store = Store::new(&engine, at);
                store.set_fuel(1 << 40).unwrap();
                store.fuel_async_yield_interval(Some(1000)).unwrap();
                let (pre, ticks, done) = (pre.clone(), ticks.clone(), done.clone());
                tokio::spawn(async move {
                    let instance = pre.instantiate_async(&mut store).await.unwrap();
                    let run: TypedFunc<u32, ()> =
                        instance.get_typed_func(&mut store, "run").unwrap();
                    run.call_async(&mut store, 30).await.unwrap();
                    if done.fetch_add(1, Ordering::Relaxed) == 0 {
                        // When the first one is done, the others have come almost as far.
                        let least = ticks.iter().map(|ticks| ticks.load(Ordering::Relaxed));
                        let least = least.min().unwrap();
                        assert!(least >= 25, "the last one is at {least} of 30");
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
    assert!(ticks.iter().all(|n| n.load(Ordering::Relaxed) == 30));
}

/// A module that calls the host, which may call it again.
const NESTS: &str = r#"(module
    (import "host" "nest" (func $nest (param i32) (result i32)))
    (func (export "run") (param i32) (result i32)
        (if (result i32) (local.get 0)
            (then (i32.add (i32.const 1) (call $nest (i32.sub (local.get 0) (i32.const 1)))))
            (else (i32.const 0)))))"#;

fn nesting(engine: &Engine) -> (Store<()>, TypedFunc<u32, u32>) {
    let mut linker = Linker::<()>::new(engine);
    linker
        .func_wrap_async(
            "host",
            "nest",
            |mut caller: Caller<'_, ()>, (n,): (u32,)| {
                Box::new(async move {
                    tokio::task::yield_now().await;
                    let run = caller.get_export("run").and_then(Extern::into_func);
                    let run = run.unwrap().typed::<u32, u32>(&caller)?;
                    run.call_async(&mut caller, n).await
                })
            },
        )
        .unwrap();
    let module = Module::new(engine, NESTS).unwrap();
    let mut store = Store::new(engine, ());
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let run = instance.get_typed_func(&mut store, "run").unwrap();
    (store, run)
}

#[test]
fn async_functions_call_guests_that_call_async_functions() {
    let (mut store, run) = nesting(&Engine::default());
    for _ in 0..3 {
        assert_eq!(block_on(run.call_async(&mut store, 20)).unwrap(), 20);
    }
    // Dropped at any depth, it leaves no trace.
    for polls in 0..50 {
        let mut call = pin!(run.call_async(&mut store, 30));
        for _ in 0..polls {
            if poll(call.as_mut()).is_ready() {
                break;
            }
        }
    }
    assert_eq!(block_on(run.call_async(&mut store, 20)).unwrap(), 20);
}

#[test]
fn async_functions_and_guests_calling_each_other_end_before_the_hosts_stack_does() {
    let thread = std::thread::Builder::new().stack_size(512 << 10);
    let thread = thread.spawn(|| {
        let (mut store, run) = nesting(&Engine::default());
        for _ in 0..3 {
            let error = block_on(run.call_async(&mut store, 1_000_000)).unwrap_err();
            assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::StackOverflow));
        }
        assert_eq!(block_on(run.call_async(&mut store, 5)).unwrap(), 5);
    });
    thread.unwrap().join().unwrap();
}

#[test]
fn a_panic_in_an_async_function_leaves_the_store_usable() {
    let engine = Engine::default();
    let mut linker = Linker::<()>::new(&engine);
    linker
        .func_wrap_async("host", "get", |_, (n,): (u32,)| {
            Box::new(async move {
                tokio::task::yield_now().await;
                assert!(n < 10, "it panics");
                u64::from(n)
            })
        })
        .unwrap();
    let module = Module::new(&engine, CALLS).unwrap();
    let mut store = Store::new(&engine, ());
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let run: TypedFunc<u32, u64> = instance.get_typed_func(&mut store, "run").unwrap();
    for _ in 0..300 {
        let call = std::panic::AssertUnwindSafe(|| block_on(run.call_async(&mut store, 10)));
        assert!(std::panic::catch_unwind(call).is_err());
    }
    assert_eq!(block_on(run.call_async(&mut store, 9)).unwrap(), 45);
}

#[test]
fn fuel_is_exact_in_an_async_function_and_what_it_takes_is_gone() {
    let engine = metered();
    let mut linker = Linker::new(&engine);
    linker
        .func_wrap_async(
            "host",
            "get",
            |mut caller: Caller<'_, Vec<u64>>, (n,): (u32,)| {
                Box::new(async move {
                    let fuel = caller.get_fuel()?;
                    caller.data_mut().push(fuel);
                    tokio::task::yield_now().await;
                    caller.consume_fuel(n.into())
                })
            },
        )
        .unwrap();
    let module = Module::new(&engine, CALLS).unwrap();
    for interval in [None, Some(1), Some(6)] {
        let mut store = Store::new(&engine, Vec::new());
        store.set_fuel(10_000).unwrap();
        store.fuel_async_yield_interval(interval).unwrap();
        let instance = linker.instantiate(&mut store, &module).unwrap();
        let run: TypedFunc<u32, u64> = instance.get_typed_func(&mut store, "run").unwrap();
        block_on(run.call_async(&mut store, 3)).unwrap();
        // Three instructions up to the call, and eight more behind it in each round; one at the end.
        assert_eq!(store.get_fuel().unwrap(), 10_000 - 3 * 11 - 6 - 1);
        let fuel = [10_000 - 3, 10_000 - 14 - 3, 10_000 - 25 - 5];
        assert_eq!(store.into_data(), fuel);
    }
}

#[test]
fn modules_in_a_linker_may_wait_when_they_begin_and_when_they_are_commands() {
    let engine = Engine::default();
    let mut linker = Linker::new(&engine);
    linker
        .func_wrap_async(
            "host",
            "wait",
            |mut caller: Caller<'_, u32>, (n,): (u32,)| {
                Box::new(async move {
                    tokio::task::yield_now().await;
                    *caller.data_mut() += n;
                })
            },
        )
        .unwrap();
    let reactor = r#"(module (import "host" "wait" (func $wait (param i32)))
        (func (export "_initialize") (call $wait (i32.const 1)))
        (func (export "run") (call $wait (i32.const 10))))"#;
    let command = r#"(module (import "host" "wait" (func $wait (param i32)))
        (func $start (call $wait (i32.const 100)))
        (start $start)
        (func (export "_start") (call $wait (i32.const 1000))))"#;
    let mut store = Store::new(&engine, 0);
    block_on(async {
        for (name, wat) in [("reactor", reactor), ("command", command)] {
            let module = Module::new(&engine, wat).unwrap();
            linker
                .module_async(&mut store, name, &module)
                .await
                .unwrap();
        }
        assert_eq!(*store.data(), 1);
        for (module, name) in [("reactor", "run"), ("command", "_start")] {
            let func = linker.get(&mut store, module, name).unwrap();
            let func = func.into_func().unwrap();
            for _ in 0..2 {
                func.call_async(&mut store, &[], &mut []).await.unwrap();
            }
        }
    });
    assert_eq!(store.into_data(), 1 + 2 * 10 + 2 * 1100);
}

#[test]
fn an_exception_that_an_async_function_throws_is_caught() {
    let engine = Engine::default();
    let mut linker = Linker::<()>::new(&engine);
    linker
        .func_wrap_async("host", "get", |mut caller: Caller<'_, ()>, (n,): (i32,)| {
            Box::new(async move {
                tokio::task::yield_now().await;
                let throw = caller.get_export("throw").and_then(Extern::into_func);
                let throw = throw.unwrap().typed::<i32, ()>(&caller)?;
                throw.call_async(&mut caller, n).await?;
                Ok::<_, Error>(0)
            })
        })
        .unwrap();
    let module = Module::new(
        &engine,
        r#"(module
            (import "host" "get" (func $get (param i32) (result i32)))
            (tag $t (param i32))
            (func (export "throw") (param i32)
                (if (local.get 0) (then (throw $t (local.get 0)))))
            (func (export "run") (param i32) (result i32)
                (block $caught (result i32)
                    (try_table (result i32) (catch $t $caught) (call $get (local.get 0)))
                    (i32.add (i32.const 1)))))"#,
    )
    .unwrap();
    let mut store = Store::new(&engine, ());
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let run: TypedFunc<i32, i32> = instance.get_typed_func(&mut store, "run").unwrap();
    block_on(async {
        for _ in 0..300 {
            assert_eq!(run.call_async(&mut store, 6).await.unwrap(), 6);
            assert_eq!(run.call_async(&mut store, 0).await.unwrap(), 1);
        }
    });
}

#[test]
fn objects_of_calls_that_wait_are_not_collected() {
    let engine = Engine::default();
    let mut linker = Linker::<()>::new(&engine);
    linker
        .func_wrap_async("host", "get", |mut caller: Caller<'_, ()>, ()| {
            Box::new(async move {
                tokio::task::yield_now().await;
                let many = caller.get_export("many").and_then(Extern::into_func);
                let many = many.unwrap().typed::<(), ()>(&caller)?;
                many.call_async(&mut caller, ()).await
            })
        })
        .unwrap();
    let module = Module::new(
        &engine,
        r#"(module
            (type $box (struct (field i64)))
            (import "host" "get" (func $get))
            (func (export "many") (local $n i32)
                (local.set $n (i32.const 20000))
                (loop $again
                    (drop (struct.new $box (i64.const -1)))
                    (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
            (func (export "run") (param i64) (result i64)
                (struct.new $box (local.get 0))
                (call $get)
                (struct.get $box 0)))"#,
    )
    .unwrap();
    let mut store = Store::new(&engine, ());
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let run: TypedFunc<i64, i64> = instance.get_typed_func(&mut store, "run").unwrap();
    for n in 0..5 {
        assert_eq!(block_on(run.call_async(&mut store, n)).unwrap(), n);
    }
}
