//! Recursion of every kind ends in a trap, on a thread with little stack, and the store is usable after it.

use tickwasm::*;

/// The stack size of the threads, which must be enough for all of this.
const STACK: usize = 512 << 10;

/// Runs `test` on a small thread, without fuel and with it.
fn on_small_threads(test: impl Fn(&Engine) + Send + Copy + 'static) {
    for fuel in [false, true] {
        let thread = std::thread::Builder::new().stack_size(STACK);
        let run = move || test(&Engine::new(Config::new().consume_fuel(fuel)).unwrap());
        thread.spawn(run).unwrap().join().unwrap();
    }
}

fn store<T>(engine: &Engine, data: T) -> Store<T> {
    let mut store = Store::new(engine, data);
    // An error if fuel is not counted.
    let _ = store.set_fuel(u64::MAX);
    store
}

/// The export `run` overflows the stack, again and again; `fine` works in between.
fn overflows<T>(store: &mut Store<T>, instance: Instance) {
    let run = instance
        .get_typed_func::<(), ()>(&mut *store, "run")
        .unwrap();
    let fine = instance
        .get_typed_func::<(), i32>(&mut *store, "fine")
        .unwrap();
    for _ in 0..3 {
        let error = run.call(&mut *store, ()).unwrap_err();
        assert_eq!(
            error.downcast_ref::<Trap>(),
            Some(&Trap::StackOverflow),
            "{error}"
        );
        let frames = error.backtrace().unwrap().frames();
        assert!((1..=100).contains(&frames.len()), "{}", frames.len());
        assert_eq!(fine.call(&mut *store, ()).unwrap(), 42);
    }
}

fn guest_overflows(functions: &'static str) {
    on_small_threads(move |engine| {
        let text =
            format!(r#"(module {functions} (func (export "fine") (result i32) (i32.const 42)))"#);
        let module = Module::new(engine, text).unwrap();
        let mut store = store(engine, ());
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        overflows(&mut store, instance);
    });
}

#[test]
fn a_function_that_calls_itself() {
    guest_overflows(r#"(func $f (export "run") (call $f))"#);
    // With arguments, locals and operands.
    guest_overflows(
        r#"(func $f (param i64 i64 i32) (result i64 f64) (local f32 f64 i32)
            (call $f (i64.const 1) (local.get 0) (local.get 5)))
        (func (export "run") (call $f (i64.const 1) (i64.const 2) (i32.const 3)) drop drop)"#,
    );
}

#[test]
fn functions_that_call_each_other() {
    guest_overflows(
        r#"(func $a (export "run") (call $b)) (func $b (call $c)) (func $c (call $a))"#,
    );
}

#[test]
fn functions_that_call_each_other_through_a_table() {
    guest_overflows(
        r#"(type $t (func)) (table funcref (elem $a $b))
        (func $a (export "run") (call_indirect (type $t) (i32.const 1)))
        (func $b (call_indirect (type $t) (i32.const 0)))"#,
    );
}

#[test]
fn a_tail_call_that_makes_a_call() {
    guest_overflows(r#"(func $a (export "run") (return_call $b)) (func $b (call $a))"#);
}

#[test]
fn a_frame_as_large_as_frames_get() {
    let locals = "i64 ".repeat(49_000);
    let text = format!(r#"(func $f (export "run") (local {locals}) (call $f))"#);
    guest_overflows(text.leak());
}

#[test]
fn instances_that_call_each_other() {
    on_small_threads(|engine| {
        let mut store = store(engine, ());
        let one = Module::new(
            engine,
            r#"(module (table (export "t") 1 funcref)
                (func (export "run") (call_indirect (i32.const 0)))
                (func (export "fine") (result i32) (i32.const 42)))"#,
        )
        .unwrap();
        let other = Module::new(
            engine,
            r#"(module (import "" "t" (table 1 funcref)) (import "" "run" (func $run))
                (elem (i32.const 0) $back) (func $back (call $run)))"#,
        )
        .unwrap();
        let instance = Instance::new(&mut store, &one, &[]).unwrap();
        let imports = ["t", "run"].map(|name| instance.get_export(&mut store, name).unwrap());
        Instance::new(&mut store, &other, &imports).unwrap();
        overflows(&mut store, instance);
    });
}

/// Host functions through which a guest calls itself, in four ways.
#[test]
fn guests_and_host_functions_that_call_each_other() {
    on_small_threads(|engine| {
        for way in ["typed", "untyped", "start", "table"] {
            let mut linker = Linker::new(engine);
            let again = move |mut caller: Caller<'_, Option<Module>>| -> Result<()> {
                let run = caller
                    .get_export("run")
                    .and_then(Extern::into_func)
                    .unwrap();
                match way {
                    "typed" => run.typed::<(), ()>(&caller)?.call(&mut caller, ()),
                    "untyped" => run.call(&mut caller, &[], &mut []),
                    "start" => {
                        let module = caller.data().clone().unwrap();
                        Instance::new(&mut caller, &module, &[run.into()]).map(drop)
                    }
                    _ => {
                        let table = caller.get_export("t").and_then(Extern::into_table).unwrap();
                        let func = table.get(&mut caller, 0).unwrap();
                        func.as_func()
                            .unwrap()
                            .unwrap()
                            .call(&mut caller, &[], &mut [])
                    }
                }
            };
            linker.func_wrap("host", "again", again).unwrap();
            let module = Module::new(
                engine,
                r#"(module (import "host" "again" (func $again))
                    (table (export "t") funcref (elem $run))
                    (func $run (export "run") (call $again))
                    (func (export "fine") (result i32) (i32.const 42)))"#,
            );
            let starts = r#"(module (import "" "run" (func $run)) (start $run))"#;
            let starts = Module::new(engine, starts).unwrap();
            let mut store = store(engine, Some(starts));
            let instance = linker.instantiate(&mut store, &module.unwrap()).unwrap();
            overflows(&mut store, instance);
        }
    });
}
