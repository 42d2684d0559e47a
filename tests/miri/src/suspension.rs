//! Calls that stop and continue: in slices of fuel, for the host, in turns; their stacks taken along, copied, nested and dropped.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use tickwasm::*;

use super::{engine, instance, store};

const WORK: &str = r#"(module
    (import "host" "ask" (func $ask (param i64) (result i64)))
    (memory 1)
    (func $sum (export "sum") (param i64) (result i64)
        (if (result i64) (i64.eqz (local.get 0))
            (then (call $ask (i64.const 0)))
            (else (i64.add (local.get 0) (call $sum (i64.sub (local.get 0) (i64.const 1)))))))
    (func (export "spin") (param $n i32) (result f64)
        (local $x f64) (local $y f32)
        (loop $l
            (local.set $y (f32.add (local.get $y) (f32.const 0.5)))
            (local.set $x (f64.add (local.get $x) (f64.promote_f32 (local.get $y))))
            (f64.store (i32.const 8) (local.get $x))
            (memory.fill (i32.const 16) (local.get $n) (i32.const 200))
            (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (f64.load (i32.const 8))))"#;

fn sum_to(n: i64) -> i64 {
    n * (n + 1) / 2
}

fn metered() -> Engine {
    engine(Config::new().consume_fuel(true))
}

/// Runs a call to its end, with so much fuel at a time and 7 for every answer.
fn to_its_end<T, R: CallResults>(
    store: &mut Store<T>,
    mut call: ResumableCall<R>,
    slice: u64,
) -> (R, usize) {
    let mut slices = 0;
    loop {
        let suspended = match call {
            ResumableCall::Finished(results) => return (results, slices),
            ResumableCall::Suspended(suspended) => suspended,
        };
        slices += 1;
        store.gc();
        store.set_fuel(slice).unwrap();
        call = match suspended.reason() {
            SuspendReason::Host => {
                assert_eq!(suspended.host_params(&*store).unwrap()[0].i64(), Some(0));
                suspended.resume_with(&mut *store, &[Val::I64(7)]).unwrap()
            }
            _ => suspended.resume(&mut *store).unwrap(),
        };
    }
}

#[test]
fn slices_of_recursion_and_of_loops() {
    let engine = metered();
    let mut linker = Linker::new(&engine);
    linker
        .func_wrap("host", "ask", |_: i64| MaySuspend::<i64>::Suspend)
        .unwrap();
    let mut store = store(&engine, ());
    let instance = instance(&mut store, &linker, WORK);
    let sum = instance
        .get_typed_func::<i64, i64>(&mut store, "sum")
        .unwrap();
    let spin = instance
        .get_typed_func::<i32, f64>(&mut store, "spin")
        .unwrap();
    // Small stacks are copied, large ones taken; in slices of 5 the first becomes the second.
    for (n, slice) in [(3, 1), (10, 5), (200, 300), (200, 1000)] {
        store.set_fuel(slice).unwrap();
        let call = sum.call_resumable(&mut store, n).unwrap();
        let (result, slices) = to_its_end(&mut store, call, slice);
        assert_eq!(result, sum_to(n) + 7);
        assert!(slices > 1);
    }
    for slice in [20, 37] {
        store.set_fuel(slice).unwrap();
        let call = spin.call_resumable(&mut store, 5).unwrap();
        assert_eq!(to_its_end(&mut store, call, slice).0, 7.5);
    }
    // Several at once, in another order, of which some are dropped.
    let mut calls = Vec::new();
    for n in [1, 150, 2, 151, 3] {
        store.set_fuel(1 << 20).unwrap();
        calls.push((n, sum.call_resumable(&mut store, n).unwrap()));
    }
    drop(calls.swap_remove(1));
    for (n, call) in calls.into_iter().rev() {
        assert_eq!(to_its_end(&mut store, call, 1 << 20).0, sum_to(n) + 7);
    }
    // In another thread, and a failure there.
    let call = sum.call_resumable(&mut store, 150).unwrap();
    let ResumableCall::Suspended(call) = call else {
        panic!("it asks")
    };
    let failed = std::thread::spawn(move || {
        let error = Error::msg("no answer");
        call.resume_with_error(&mut store, error).unwrap_err()
    });
    let error = failed.join().unwrap();
    assert_eq!(error.backtrace().unwrap().frames().len(), 100);
}

#[test]
fn calls_within_calls_that_are_suspended_and_resumed_there() {
    type Kept = Option<SuspendedCall<i64>>;
    let engine = metered();
    let mut linker = Linker::<Kept>::new(&engine);
    linker
        .func_wrap("host", "ask", |n: i64| match n {
            0 => MaySuspend::<i64>::Suspend,
            n => MaySuspend::Return(n),
        })
        .unwrap();
    linker
        .func_wrap("host", "nested", |mut caller: Caller<'_, Kept>, n: i64| {
            let sum = caller.get_export("sum").and_then(Extern::into_func);
            let sum = sum.unwrap().typed::<i64, i64>(&caller)?;
            // A new call, and one that was begun elsewhere, each on a stack of its own.
            let fresh = sum.call_resumable(&mut caller, n)?;
            let kept = caller.data_mut().take();
            if let ResumableCall::Suspended(fresh) = fresh {
                *caller.data_mut() = Some(fresh);
            }
            caller.as_context_mut().gc();
            match kept.map(|kept| kept.resume_with(&mut caller, &[Val::I64(1)])) {
                Some(Ok(ResumableCall::Finished(result))) => Ok(result),
                Some(Err(error)) => Err(error),
                _ => Ok(0),
            }
        })
        .unwrap();
    let text = WORK.replace(
        "(memory 1)",
        r#"(import "host" "nested" (func $nested (param i64) (result i64)))
        (memory 1)
        (func $deep (export "deep") (param i64 i32) (result i64)
            (if (result i64) (local.get 1)
                (then (i64.add (i64.const 1) (call $deep (local.get 0) (i32.sub (local.get 1) (i32.const 1)))))
                (else (call $nested (local.get 0)))))"#,
    );
    let mut store = store(&engine, None);
    let instance = instance(&mut store, &linker, &text);
    let deep = instance
        .get_typed_func::<(i64, i32), i64>(&mut store, "deep")
        .unwrap();
    let mut before = None;
    for (n, depth) in [(200, 3), (4, 100), (200, 200), (5, 0)] {
        let result = deep.call(&mut store, (n, depth)).unwrap();
        let resumed = before.map_or(0, |before| sum_to(before) + 1);
        assert_eq!(result, i64::from(depth) + resumed);
        before = Some(n);
    }
    let last = store.data_mut().take().unwrap();
    let last = last.resume_with(&mut store, &[Val::I64(0)]).unwrap();
    assert!(matches!(last, ResumableCall::Finished(15)));
}

#[test]
fn a_host_function_called_from_outside_waits() {
    let engine = metered();
    let mut store = store(&engine, ());
    let ask = Func::wrap(&mut store, |_: i32, _: i32| {
        MaySuspend::<(i32, i64, f32)>::Suspend
    });
    let ask = ask.typed::<(i32, i32), (i32, i64, f32)>(&store).unwrap();
    let ResumableCall::Suspended(call) = ask.call_resumable(&mut store, (1, 2)).unwrap() else {
        panic!("it asks")
    };
    assert_eq!(call.host_params(&store).unwrap()[1].i32(), Some(2));
    let answer = [Val::I32(3), Val::I64(4), Val::from(0.5_f32)];
    let call = call.resume_with(&mut store, &answer).unwrap();
    assert!(matches!(call, ResumableCall::Finished((3, 4, 0.5))));
}

#[test]
fn futures_that_wait_take_turns_and_are_dropped() {
    let engine = metered();
    let mut linker = Linker::<u32>::new(&engine);
    linker
        .func_wrap_async(
            "host",
            "ask",
            |mut caller: Caller<'_, u32>, (n,): (i64,)| {
                Box::new(async move {
                    let spin = caller.get_export("spin").and_then(Extern::into_func);
                    let spin = spin.unwrap().typed::<i32, f64>(&caller).unwrap();
                    let spun = spin.call_async(&mut caller, 3).await.unwrap();
                    *caller.data_mut() += 1;
                    n + spun as i64
                })
            },
        )
        .unwrap();
    let mut store = store(&engine, 0);
    store.fuel_async_yield_interval(Some(50)).unwrap();
    let instance = instance(&mut store, &linker, WORK);
    let sum = instance
        .get_typed_func::<i64, i64>(&mut store, "sum")
        .unwrap();
    let mut cx = Context::from_waker(Waker::noop());
    for polls in [1, 3, usize::MAX] {
        let mut call = pin!(sum.call_async(&mut store, 20));
        for _ in 0..polls {
            if let Poll::Ready(result) = call.as_mut().poll(&mut cx) {
                assert_eq!(result.unwrap(), sum_to(20) + 3);
                break;
            }
        }
    }
    assert_eq!(*store.data(), 1);
}

#[test]
fn deadlines_that_are_asked_about() {
    let mut config = Config::new();
    let engine = engine(config.epoch_interruption(true));
    let mut linker = Linker::new(&engine);
    linker.func_wrap("host", "ask", |n: i64| n).unwrap();
    let mut store = store(&engine, 0);
    let instance = instance(&mut store, &linker, WORK);
    let sum = instance
        .get_typed_func::<i64, i64>(&mut store, "sum")
        .unwrap();
    store.epoch_deadline_callback(|mut context| {
        context.gc();
        *context.data_mut() += 1;
        match *context.data() {
            1 => Ok(UpdateDeadline::Continue(1)),
            2 => Ok(UpdateDeadline::Interrupt),
            _ => Err(Error::msg("enough")),
        }
    });
    store.set_epoch_deadline(0);
    assert_eq!(sum.call(&mut store, 30).unwrap(), sum_to(30));
    engine.increment_epoch();
    let error = sum.call(&mut store, 30).unwrap_err();
    assert_eq!(error.downcast_ref(), Some(&Trap::Interrupt));
    assert!(sum.call(&mut store, 30).is_err());
    *store.data_mut() = 1;
    let call = sum.call_resumable(&mut store, 30).unwrap();
    let ResumableCall::Suspended(call) = call else {
        panic!("it is interrupted")
    };
    store.set_epoch_deadline(10);
    assert!(matches!(
        call.resume(&mut store),
        Ok(ResumableCall::Finished(465))
    ));
}
