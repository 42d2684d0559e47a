//! Instructions whose work grows with an operand: their cost when the work is not done, and their interruption in the middle.

use std::pin::pin;
use std::sync::mpsc::channel;
use std::task::{Context, Poll, Waker};

use tickwasm::*;

/// The module whose function `run` has a body.
fn text(body: &str) -> String {
    format!(
        r#"(module
            (type $bytes (array (mut i8)))
            (type $refs (array (mut funcref)))
            (type $wide (struct (field v128 v128 v128 v128 v128)))
            (memory $m 1 3)
            (memory $large i64 1)
            (table $t 8 20 funcref)
            (data $data "abcdefgh")
            (elem $elem funcref (ref.func $f) (ref.func $f))
            (func $f (export "f"))
            (func (export "run") (local $bytes (ref null $bytes)) (local $refs (ref null $refs))
                {body}))"#
    )
}

/// Returns how a body ends with `fuel`, and the fuel left. Objects may take 100,000 bytes, tables 18 elements.
fn run(body: &str, fuel: u64, eager: bool) -> (Option<Trap>, u64) {
    let mut config = Config::new();
    config.consume_fuel(true).eager_lowering(eager);
    let engine = Engine::new(config.max_heap_bytes(100_000).max_table_elements(18)).unwrap();
    let module = Module::new(&engine, text(body)).unwrap();
    let mut store = Store::new(&engine, ());
    store.set_fuel(1000).unwrap();
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    store.set_fuel(fuel).unwrap();
    let run = instance
        .get_typed_func::<(), ()>(&mut store, "run")
        .unwrap();
    let trap = match run.call(&mut store, ()) {
        Ok(()) => None,
        Err(Error::FuelExhausted { .. }) => Some(Trap::OutOfFuel),
        Err(Error::Trap(trap)) => Some(trap.code()),
        Err(error) => panic!("{body}: {error}"),
    };
    (trap, store.get_fuel().unwrap())
}

#[test]
fn work_that_is_not_done_costs_nothing() {
    let memory = Some(Trap::MemoryOutOfBounds);
    let table = Some(Trap::TableOutOfBounds);
    let array = Some(Trap::ArrayOutOfBounds);
    let null = Some(Trap::NullReference);
    let large = Some(Trap::AllocationTooLarge);
    let full = Some(Trap::HeapExhausted);
    // Each body, its end, and the number of its instructions that start, including the one that traps.
    let bodies = [
        (
            "(memory.fill $m (i32.const 1) (i32.const 0) (i32.const 65536))",
            memory,
            4,
        ),
        (
            "(memory.fill $large (i64.const -1) (i32.const 0) (i64.const -1))",
            memory,
            4,
        ),
        (
            "(memory.copy $m $m (i32.const 1) (i32.const 0) (i32.const 65536))",
            memory,
            4,
        ),
        (
            "(memory.copy $m $m (i32.const 0) (i32.const 1) (i32.const 65536))",
            memory,
            4,
        ),
        (
            "(memory.copy $m $large (i32.const 0) (i64.const 65000) (i32.const 640))",
            memory,
            4,
        ),
        (
            "(memory.copy $large $m (i64.const 65000) (i32.const 0) (i32.const 640))",
            memory,
            4,
        ),
        (
            "(memory.init $m $data (i32.const 65536) (i32.const 0) (i32.const 128))",
            memory,
            4,
        ),
        (
            "(memory.init $m $data (i32.const 0) (i32.const 8) (i32.const 128))",
            memory,
            4,
        ),
        (
            "(data.drop $data) (memory.init $m $data (i32.const 0) (i32.const 0) (i32.const 128))",
            memory,
            5,
        ),
        ("(drop (memory.grow $m (i32.const 3)))", None, 3),
        ("(drop (memory.grow $m (i32.const -1)))", None, 3),
        ("(drop (memory.grow $large (i64.const -1)))", None, 3),
        (
            "(drop (memory.grow $large (i64.const 0x1000000000000)))",
            None,
            3,
        ),
        ("(drop (memory.grow $m (i32.const 2)))", None, 5),
        (
            "(table.fill $t (i32.const 1) (ref.null func) (i32.const 8))",
            table,
            4,
        ),
        (
            "(table.copy $t $t (i32.const 1) (i32.const 0) (i32.const 8))",
            table,
            4,
        ),
        (
            "(table.copy $t $t (i32.const 0) (i32.const 1) (i32.const 8))",
            table,
            4,
        ),
        (
            "(table.init $t $elem (i32.const 0) (i32.const 0) (i32.const 8))",
            table,
            4,
        ),
        (
            "(table.init $t $elem (i32.const 7) (i32.const 0) (i32.const 2))",
            table,
            4,
        ),
        (
            "(elem.drop $elem) (table.init $t $elem (i32.const 0) (i32.const 0) (i32.const 8))",
            table,
            5,
        ),
        // The type forbids one, and the store another.
        (
            "(drop (table.grow $t (ref.null func) (i32.const 13)))",
            None,
            4,
        ),
        (
            "(drop (table.grow $t (ref.null func) (i32.const 11)))",
            None,
            4,
        ),
        (
            "(drop (table.grow $t (ref.null func) (i32.const 10)))",
            None,
            5,
        ),
        (
            "(array.fill $bytes (local.get $bytes) (i32.const 0) (i32.const 0) (i32.const 80))",
            null,
            5,
        ),
        (
            "(array.copy $bytes $bytes (local.get $bytes) (i32.const 0) (local.get $bytes) (i32.const 0) (i32.const 80))",
            null,
            6,
        ),
        (
            "(array.init_data $bytes $data (local.get $bytes) (i32.const 0) (i32.const 0) (i32.const 8))",
            null,
            5,
        ),
        (
            "(array.init_elem $refs $elem (local.get $refs) (i32.const 0) (i32.const 0) (i32.const 8))",
            null,
            5,
        ),
        (
            "(array.fill $bytes (array.new_default $bytes (i32.const 79)) (i32.const 0) (i32.const 0) (i32.const 80))",
            array,
            7,
        ),
        (
            "(array.copy $bytes $bytes (array.new_default $bytes (i32.const 8)) (i32.const 0)
            (array.new_default $bytes (i32.const 8)) (i32.const 1) (i32.const 8))",
            array,
            8,
        ),
        (
            "(array.init_data $bytes $data (array.new_default $bytes (i32.const 16)) (i32.const 0) (i32.const 0) (i32.const 16))",
            memory,
            6,
        ),
        (
            "(array.init_elem $refs $elem (array.new_default $refs (i32.const 7)) (i32.const 0) (i32.const 0) (i32.const 16))",
            array,
            6,
        ),
        (
            "(drop (array.new_data $bytes $data (i32.const 0) (i32.const 64)))",
            memory,
            3,
        ),
        (
            "(drop (array.new_elem $refs $elem (i32.const 0) (i32.const 8)))",
            table,
            3,
        ),
        (
            "(drop (array.new_default $bytes (i32.const 100000)))",
            full,
            2,
        ),
        ("(drop (array.new_default $bytes (i32.const -1)))", large, 2),
        (
            "(drop (array.new $bytes (i32.const 7) (i32.const 100000)))",
            full,
            3,
        ),
        (
            "(drop (array.new_default $bytes (i32.const 6400)))",
            None,
            103,
        ),
        ("(drop (struct.new_default $wide))", None, 3),
        // There is room for one, but not for both.
        (
            "(local.set $bytes (array.new_default $bytes (i32.const 64000)))
            (drop (array.new_default $bytes (i32.const 64000)))",
            full,
            1005,
        ),
    ];
    for (body, end, cost) in bodies {
        for eager in [false, true] {
            assert_eq!(run(body, 100_000, eager), (end, 100_000 - cost), "{body}");
            let refunded = body.matches("64000").count() == 2;
            if cost < 200 {
                // With less fuel it does not get that far, and with that much it does.
                for fuel in 0..cost {
                    let (end, left) = run(body, fuel, eager);
                    assert_eq!(end, Some(Trap::OutOfFuel), "{body} with {fuel}");
                    // Only the last instruction, which costs more, may leave any fuel.
                    assert!(
                        left == 0 || fuel - left <= cost,
                        "{body} with {fuel}: {left}"
                    );
                }
                assert_eq!(run(body, cost, eager), (end, 0), "{body}");
            } else {
                assert!(refunded);
                // A failure that only a collection can detect is paid for before.
                assert_eq!(
                    run(body, cost + 999, eager),
                    (Some(Trap::OutOfFuel), 1000),
                    "{body}"
                );
                assert_eq!(run(body, cost + 1000, eager), (end, 1000), "{body}");
            }
        }
    }
}

#[test]
fn a_structure_that_no_heap_has_room_for_costs_one() {
    let engine = Engine::new(Config::new().consume_fuel(true).max_heap_bytes(64)).unwrap();
    let body = "(drop (array.new_fixed $refs 4 (ref.null func) (ref.null func) (ref.null func) (ref.null func)))
        (drop (struct.new_default $wide))";
    let module = Module::new(&engine, text(body)).unwrap();
    for fuel in [6, 7, 8, 100] {
        let mut store = Store::new(&engine, ());
        store.set_fuel(100).unwrap();
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        store.set_max_heap_bytes(100);
        store.set_fuel(fuel).unwrap();
        let run = instance
            .get_typed_func::<(), ()>(&mut store, "run")
            .unwrap();
        let error = run.call(&mut store, ()).unwrap_err();
        match fuel {
            6 => assert!(matches!(error, Error::FuelExhausted { .. }), "{error}"),
            _ => assert!(
                error.downcast_ref() == Some(&Trap::HeapExhausted),
                "{fuel}: {error}"
            ),
        }
    }
}

/// A limiter that permits nothing, or fails; counts the requests.
#[derive(Default)]
struct Strict {
    asked: usize,
    fails: bool,
    /// Before it is on, it lets instantiation pass.
    on: bool,
}

impl Strict {
    fn say(&mut self) -> Result<bool> {
        if !self.on {
            return Ok(true);
        }
        self.asked += 1;
        match self.fails {
            true => Err(Error::msg("no")),
            false => Ok(false),
        }
    }
}

impl ResourceLimiter for Strict {
    fn memory_growing(&mut self, _: usize, _: usize, _: Option<usize>) -> Result<bool> {
        self.say()
    }
    fn table_growing(&mut self, _: usize, _: usize, _: Option<usize>) -> Result<bool> {
        self.say()
    }
}

#[test]
fn what_a_limiter_refuses_is_given_back() {
    let engine = Engine::new(Config::new().consume_fuel(true)).unwrap();
    for (body, instrs, price) in [
        ("(drop (memory.grow $m (i32.const 2)))", 3, 2),
        (
            "(drop (table.grow $t (ref.null func) (i32.const 10)))",
            4,
            1,
        ),
        // The host does not have as much.
        (
            "(drop (memory.grow $large (i64.const 0x10000000000)))",
            3,
            1 << 40,
        ),
    ] {
        let module = Module::new(&engine, text(body)).unwrap();
        let host = body.contains("large");
        for fails in [false, true] {
            let mut store = Store::new(&engine, Strict::default());
            store.set_fuel(1000).unwrap();
            if !host {
                store.limiter(|strict| strict);
            }
            let instance = Instance::new(&mut store, &module, &[]).unwrap();
            *store.data_mut() = Strict {
                on: true,
                fails,
                asked: 0,
            };
            let run = instance
                .get_typed_func::<(), ()>(&mut store, "run")
                .unwrap();
            // Without fuel for the price, the limiter is not called.
            store.set_fuel(instrs - 1 + price - 1).unwrap();
            let error = run.call(&mut store, ()).unwrap_err();
            assert!(matches!(error, Error::FuelExhausted { .. }), "{error}");
            assert_eq!(store.data().asked, 0);
            store.set_fuel(instrs - 1 + price).unwrap();
            let result = run.call(&mut store, ());
            assert_eq!(result.is_err(), fails && !host);
            let started = if result.is_err() { instrs - 1 } else { instrs };
            assert_eq!(
                store.get_fuel().unwrap(),
                instrs - 1 + price - started,
                "{body}"
            );
            assert_eq!(store.data().asked, usize::from(!host));
        }
    }
}

#[test]
fn an_engine_that_counts_no_fuel_never_runs_out_of_it() {
    let engine = Engine::new(Config::new().epoch_interruption(true)).unwrap();
    // Growth that is refused by the type or by the limits of any host, and fills that fail.
    for memory in ["i64 1 2", "i64 1"] {
        let wat = format!(
            r#"(module (memory {memory}) (func (export "run") (local $n i64)
                (local.set $n (i64.const -1))
                (loop $l (drop (memory.grow (local.get $n)))
                    (local.set $n (i64.shr_u (local.get $n) (i64.const 1)))
                    (br_if $l (i64.gt_u (local.get $n) (i64.const 0x1000000000))))))"#
        );
        let module = Module::new(&engine, &wat).unwrap();
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let run = instance
            .get_typed_func::<(), ()>(&mut store, "run")
            .unwrap();
        for _ in 0..20 {
            run.call(&mut store, ()).unwrap();
        }
        let fill = r#"(module (memory i64 1) (func (export "run")
            (memory.fill (i64.const 0) (i32.const 0) (i64.const -1))))"#;
        let module = Module::new(&engine, fill).unwrap();
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let run = instance
            .get_typed_func::<(), ()>(&mut store, "run")
            .unwrap();
        for _ in 0..20 {
            let error = run.call(&mut store, ()).unwrap_err();
            assert_eq!(error.downcast_ref(), Some(&Trap::MemoryOutOfBounds));
        }
    }
}

/// Programs of one long instruction each; `prepare` sets everything up for it, and `sum` shows the work done. They run for
/// about four parts.
const LONG: &[&str] = &[
    // A fill, and the code after it in the same stretch.
    r#"(module (memory (export "memory") 256) (global $g (mut i32) (i32.const 0))
        (func (export "prepare"))
        (func (export "run") (memory.fill (i32.const 5) (i32.const 7) (i32.const 0xfffff0))
            (global.set $g (i32.add (global.get $g) (i32.load8_u (i32.const 0xfffff4)))))
        (func (export "sum") (result i64) (i64.add (i64.extend_i32_u (global.get $g))
            (i64.xor (i64.load (i32.const 0)) (i64.load (i32.const 0xfffff0))))))"#,
    // Copies within a memory, in both directions, and between two.
    r#"(module (memory $m 256) (memory $n 256)
        (func (export "prepare") (local $i i32)
            (loop $l (i32.store (local.get $i) (i32.mul (local.get $i) (i32.const 0x9e3779b1)))
                (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 65540))) (i32.const 0xff0000)))))
        (func (export "run")
            (memory.copy (i32.const 0) (i32.const 100000) (i32.const 0xf00000))
            (memory.copy (i32.const 100000) (i32.const 3) (i32.const 0xf00000))
            (memory.copy $n $m (i32.const 1000) (i32.const 0) (i32.const 0xf00000)))
        (func $sum (export "sum") (result i64) (local $i i32) (local $sum i64)
            (loop $l (local.set $sum (i64.add (i64.mul (local.get $sum) (i64.const 31)) (i64.load $n (local.get $i))))
                (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4099))) (i32.const 0xff0000))))
            (local.get $sum)))"#,
    // Tables.
    r#"(module (table $t 2000000 funcref) (table $u 2000000 funcref) (func $f)
        (func (export "prepare") (table.set $t (i32.const 1000) (ref.func $f)))
        (elem declare func $f)
        (func (export "run")
            (table.fill $u (i32.const 10) (ref.func $f) (i32.const 1900000))
            (table.copy $t $t (i32.const 77) (i32.const 0) (i32.const 1900000))
            (table.copy $u $t (i32.const 500) (i32.const 0) (i32.const 1900000)))
        (func (export "sum") (result i64) (local $i i32) (local $sum i64)
            (loop $l (local.set $sum (i64.add (i64.shl (local.get $sum) (i64.const 1))
                    (i64.extend_i32_u (ref.is_null (table.get $u (local.get $i))))))
                (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 2000))))
            (local.get $sum)))"#,
    // Arrays, one of them overlapping itself.
    r#"(module (type $a (array (mut i16))) (global $g (mut (ref null $a)) (ref.null $a))
        (func (export "prepare") (global.set $g (array.new_default $a (i32.const 2000000))))
        (func (export "run")
            (array.fill $a (global.get $g) (i32.const 3) (i32.const 5) (i32.const 1999000))
            (array.copy $a $a (global.get $g) (i32.const 100) (global.get $g) (i32.const 1) (i32.const 1999000)))
        (func (export "sum") (result i64) (local $i i32) (local $sum i64)
            (loop $l (local.set $sum (i64.add (i64.mul (local.get $sum) (i64.const 3))
                    (i64.extend_i32_u (array.get_u $a (global.get $g) (local.get $i)))))
                (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 2000))))
            (local.get $sum)))"#,
];

/// An engine whose execution can be interrupted, and a store with much fuel, if it counts fuel.
fn interruptible(fuel: bool) -> Store<()> {
    let mut config = Config::new();
    let engine = Engine::new(config.epoch_interruption(true).consume_fuel(fuel)).unwrap();
    let mut store = Store::new(&engine, ());
    if fuel {
        store.set_fuel(1 << 40).unwrap();
    }
    store
}

/// The functions of one of the programs, which has been prepared.
fn long(store: &mut Store<()>, wat: &str) -> (TypedFunc<(), ()>, TypedFunc<(), i64>) {
    let module = Module::new(store.engine(), wat).unwrap();
    let instance = Instance::new(&mut *store, &module, &[]).unwrap();
    let prepare = instance
        .get_typed_func::<(), ()>(&mut *store, "prepare")
        .unwrap();
    prepare.call(&mut *store, ()).unwrap();
    (
        instance.get_typed_func(&mut *store, "run").unwrap(),
        instance.get_typed_func(&mut *store, "sum").unwrap(),
    )
}

/// Returns the result and the cost of a program that is not interrupted.
fn straight(fuel: bool, wat: &str) -> (i64, u64) {
    let mut store = interruptible(fuel);
    let (run, sum) = long(&mut store, wat);
    let before = store.get_fuel().unwrap_or(0);
    run.call(&mut store, ()).unwrap();
    let cost = before - store.get_fuel().unwrap_or(0);
    (sum.call(&mut store, ()).unwrap(), cost)
}

#[test]
fn calls_suspended_within_an_instruction_go_on_there_and_pay_once() {
    for fuel in [false, true] {
        for wat in LONG {
            let mut store = interruptible(fuel);
            let (run, sum) = long(&mut store, wat);
            let before = store.get_fuel().unwrap_or(0);
            let handle = store.interrupt_handle().unwrap();
            handle.interrupt();
            let mut call = run.call_resumable(&mut store, ()).unwrap();
            let mut times = 0;
            while let ResumableCall::Suspended(suspended) = call {
                assert_eq!(suspended.reason(), SuspendReason::Interrupted);
                times += 1;
                handle.interrupt();
                call = suspended.resume(&mut store).unwrap();
            }
            let cost = before - store.get_fuel().unwrap_or(0);
            // The last request has not been noticed.
            let _ = sum.call(&mut store, ());
            let sum = sum.call(&mut store, ()).unwrap();
            assert_eq!((sum, cost), straight(fuel, wat), "{wat}");
            assert!(times >= 4, "{times}: {wat}");
        }
    }
}

#[test]
fn at_a_deadline_within_an_instruction_a_callback_decides() {
    for wat in LONG {
        let mut store = interruptible(true);
        let (run, sum) = long(&mut store, wat);
        let before = store.get_fuel().unwrap();
        let (asked, times) = channel();
        store.epoch_deadline_callback(move |_| {
            asked.send(()).unwrap();
            Ok(UpdateDeadline::Interrupt)
        });
        store.set_epoch_deadline(0);
        let mut call = run.call_resumable(&mut store, ()).unwrap();
        while let ResumableCall::Suspended(suspended) = call {
            call = suspended.resume(&mut store).unwrap();
        }
        let times = times.try_iter().count();
        assert!(times >= 4, "{times}: {wat}");
        let cost = before - store.get_fuel().unwrap();
        store.set_epoch_deadline(u64::MAX);
        let sum = sum.call(&mut store, ()).unwrap();
        assert_eq!((sum, cost), straight(true, wat), "{wat}");
    }
}

#[test]
fn async_calls_let_others_run_within_an_instruction() {
    let mut cx = Context::from_waker(Waker::noop());
    for wat in LONG {
        for epochs in [false, true] {
            let mut store = interruptible(true);
            let (run, sum) = long(&mut store, wat);
            let before = store.get_fuel().unwrap();
            let engine = store.engine().clone();
            if epochs {
                store.set_epoch_deadline(1);
                store.epoch_deadline_async_yield_and_update(1);
                engine.increment_epoch();
            } else {
                store.fuel_async_yield_interval(Some(100_000)).unwrap();
            }
            let mut times = 0;
            {
                let mut call = pin!(run.call_async(&mut store, ()));
                while call.as_mut().poll(&mut cx).is_pending() {
                    times += 1;
                    engine.increment_epoch();
                }
            }
            assert!(times >= 2, "{times}: {wat}");
            let cost = before - store.get_fuel().unwrap();
            store.set_epoch_deadline(u64::MAX);
            store.fuel_async_yield_interval(None).unwrap();
            let sum = sum.call(&mut store, ()).unwrap();
            assert_eq!((sum, cost), straight(true, wat), "{wat}");
        }
    }
}

#[test]
fn a_trap_within_an_instruction_leaves_what_was_done() {
    let mut store = interruptible(true);
    let module = Module::new(store.engine(), LONG[0]).unwrap();
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let run = instance
        .get_typed_func::<(), ()>(&mut store, "run")
        .unwrap();
    let memory = instance.get_memory(&mut store, "memory").unwrap();
    let engine = store.engine().clone();
    let mut cx = Context::from_waker(Waker::noop());
    // Suspended in front of each of the four instructions, and within the last one.
    store.epoch_deadline_async_yield_and_update(1);
    store.set_epoch_deadline(0);
    let handle = store.interrupt_handle().unwrap();
    let before = store.get_fuel().unwrap();
    let error = {
        let mut call = pin!(run.call_async(&mut store, ()));
        for _ in 0..5 {
            assert!(call.as_mut().poll(&mut cx).is_pending());
            engine.increment_epoch();
        }
        handle.interrupt();
        match call.poll(&mut cx) {
            Poll::Ready(result) => result.unwrap_err(),
            Poll::Pending => panic!("it has let others run"),
        }
    };
    assert_eq!(error.downcast_ref(), Some(&Trap::Interrupt));
    assert_eq!(error.backtrace().unwrap().frames().len(), 1);
    let data = memory.data(&store);
    assert_eq!((data[4], data[5]), (0, 7));
    let done = data[5..].iter().position(|&byte| byte == 0).unwrap();
    assert!(
        done > 0 && done < 0xfffff0 && done.is_multiple_of(1 << 16),
        "{done}"
    );
    // It had started: its three operands and all of its work have been paid for.
    assert_eq!(before - store.get_fuel().unwrap(), 3 + 1 + 0xfffff0 / 64);
    // An async call is dropped there, and the store continues.
    store.set_epoch_deadline(0);
    {
        let mut call = pin!(run.call_async(&mut store, ()));
        for _ in 0..5 {
            assert!(call.as_mut().poll(&mut cx).is_pending());
            engine.increment_epoch();
        }
    }
    store.set_epoch_deadline(u64::MAX);
    run.call(&mut store, ()).unwrap();
    assert!(
        memory.data(&store)[5..0xfffff5]
            .iter()
            .all(|&byte| byte == 7)
    );
}

#[test]
fn fuel_runs_short_behind_a_label_in_front_of_the_work() {
    // At the label all operands are in their slots, so that fused code has no op between the label and the work.
    let body =
        "(memory.fill $m (i32.const 0) (i32.const 1) (block (result i32) (br 0 (i32.const 640))))";
    // Three constants, the branch, the instruction itself and 640 bytes.
    let cost = 3 + 1 + 1 + 10;
    for fuel in 0..cost {
        let (trap, left) = run(body, fuel, false);
        assert_eq!(trap, Some(Trap::OutOfFuel));
        assert_eq!(left, fuel.saturating_sub(4), "{fuel}");
    }
    assert_eq!(run(body, cost, false), (None, 0));
}
