//! Fuel in the places where fused code has to refund an advance payment. The tests in `crates/oracle` show that every program costs the
//! same in the naive interpreter.

use tickwasm::{Caller, Config, Engine, Error, Instance, Linker, Module, Store, Trap};

/// The trap that ends `body` in a function with parameters for it, and its cost until then.
fn trapped(body: &str) -> (Trap, u64) {
    let engine = Engine::new(Config::new().consume_fuel(true)).unwrap();
    let text = format!(
        r#"(module
            (type $unit (func))
            (memory 1)
            (table 3 funcref)
            (elem (i32.const 1) $other)
            (data $data "abc")
            (elem $elem func $other)
            (func $other (param i64))
            (func $forever (call $forever))
            (func (export "run") (param $zero i32) (param $nan f64) (local $x i32)
                (local.set $x (i32.const 7))
                {body}
                (local.set $x (i32.add (local.get $x) (i32.const 1)))
                (local.set $x (i32.add (local.get $x) (i32.const 1)))
                (i32.store (i32.const 0) (local.get $x))))"#
    );
    let module = Module::new(&engine, &text).unwrap();
    let mut store = Store::new(&engine, ());
    store.set_fuel(1_000_000).unwrap();
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let before = store.get_fuel().unwrap();
    let run = instance.get_typed_func::<(i32, f64), ()>(&mut store, "run");
    let error = run.unwrap().call(&mut store, (0, f64::NAN)).unwrap_err();
    let Error::Trap(trap) = error else {
        panic!("{body}: {error}")
    };
    (trap.code(), before - store.get_fuel().unwrap())
}

#[test]
fn each_kind_of_trap_has_cost_what_ran() {
    // Each body, and the number of its instructions that start, including the one that traps. Two come before all of them.
    let bodies = [
        ("unreachable", Trap::UnreachableCodeReached, 1),
        (
            "(drop (i32.div_s (local.get $x) (local.get $zero)))",
            Trap::IntegerDivisionByZero,
            3,
        ),
        (
            "(local.set $x (i32.rem_u (local.get $x) (local.get $zero)))",
            Trap::IntegerDivisionByZero,
            3,
        ),
        (
            "(drop (i32.div_s (i32.const 0x80000000) (i32.const -1)))",
            Trap::IntegerOverflow,
            3,
        ),
        (
            "(drop (i32.trunc_f64_s (local.get $nan)))",
            Trap::BadConversionToInteger,
            2,
        ),
        (
            "(local.set $x (i32.load offset=65536 (local.get $zero)))",
            Trap::MemoryOutOfBounds,
            2,
        ),
        (
            "(i64.store offset=65529 (local.get $zero) (i64.const 1))",
            Trap::MemoryOutOfBounds,
            3,
        ),
        (
            "(memory.fill (i32.const 65000) (i32.const 0) (i32.const 640))",
            Trap::MemoryOutOfBounds,
            4,
        ),
        (
            "(memory.init $data (i32.const 0) (i32.const 0) (i32.const 4))",
            Trap::MemoryOutOfBounds,
            4,
        ),
        (
            "(drop (table.get (i32.const 3)))",
            Trap::TableOutOfBounds,
            2,
        ),
        (
            "(table.init $elem (i32.const 0) (i32.const 0) (i32.const 16))",
            Trap::TableOutOfBounds,
            4,
        ),
        (
            "(call_indirect (type $unit) (i32.const 0))",
            Trap::IndirectCallToNull,
            2,
        ),
        (
            "(call_indirect (type $unit) (i32.const 1))",
            Trap::BadSignature,
            2,
        ),
        (
            "(call_indirect (type $unit) (i32.const 9))",
            Trap::UndefinedElement,
            2,
        ),
        ("(call_ref $unit (ref.null $unit))", Trap::NullReference, 2),
        (
            "(drop (ref.as_non_null (ref.null $unit)))",
            Trap::NullReference,
            2,
        ),
        // In the middle of a loop's third round: each has four instructions and a branch of two.
        (
            "(loop $on
                (local.set $x (i32.sub (local.get $x) (i32.const 1)))
                (drop (i32.div_u (i32.const 1) (i32.sub (local.get $x) (i32.const 4))))
                (br_if $on (local.get $x)))",
            Trap::IntegerDivisionByZero,
            2 * 12 + 9,
        ),
        // The beginning of this loop is repeated where the loop continues.
        (
            "(block $out (loop $on
                (br_if $out (i32.div_u (i32.const 0) (i32.sub (local.get $x) (i32.const 5))))
                (local.set $x (i32.sub (local.get $x) (i32.const 1)))
                (br $on)))",
            Trap::IntegerDivisionByZero,
            2 * 11 + 5,
        ),
    ];
    for (body, trap, cost) in bodies {
        assert_eq!(trapped(body), (trap, 2 + cost), "{body}");
    }
}

#[test]
fn endless_recursion_has_cost_its_calls() {
    let (trap, cost) = trapped("(call $forever)");
    assert_eq!(trap, Trap::StackOverflow);
    // Each call costs one, no matter how many of them the stack holds: the same the next time.
    assert_eq!(trapped("(call $forever)"), (trap, cost));
    assert!(cost > 1_000, "{cost}");
}

#[test]
fn a_host_function_in_the_middle_of_a_block_reads_and_changes_the_exact_fuel() {
    let engine = Engine::new(Config::new().consume_fuel(true)).unwrap();
    let mut linker = Linker::new(&engine);
    let look = |mut caller: Caller<'_, Vec<u64>>| -> Result<(), Error> {
        let fuel = caller.get_fuel()?;
        caller.data_mut().push(fuel);
        caller.consume_fuel(10)?;
        Ok(())
    };
    linker.func_wrap("host", "look", look).unwrap();
    let module = Module::new(
        &engine,
        r#"(module
            (import "host" "look" (func $look))
            (func (export "run") (local $x i32)
                (local.set $x (i32.const 1))
                (call $look)
                (local.set $x (i32.add (local.get $x) (i32.const 1)))
                (if (local.get $x) (then (call $look) (nop) (drop (i32.const 0))))
                (call $look)
                (local.set $x (i32.const 1))))"#,
    )
    .unwrap();
    let mut store = Store::new(&engine, Vec::new());
    store.set_fuel(100).unwrap();
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let run = instance
        .get_typed_func::<(), ()>(&mut store, "run")
        .unwrap();
    run.call(&mut store, ()).unwrap();
    // 3 to the first call; 10 by it, and 7 to the second; the same with 3 to the third.
    assert_eq!(store.data(), &[97, 97 - 17, 97 - 17 - 13]);
    assert_eq!(store.get_fuel().unwrap(), 97 - 17 - 13 - 12);
}

/// Returns whether instantiation with `fuel` succeeds, and the fuel that it leaves.
fn instantiated(module: &str, fuel: u64) -> (bool, u64) {
    let engine = Engine::new(Config::new().consume_fuel(true)).unwrap();
    let module = Module::new(&engine, module).unwrap();
    let mut store = Store::new(&engine, ());
    store.set_fuel(fuel).unwrap();
    let done = Instance::new(&mut store, &module, &[]).is_ok();
    (done, store.get_fuel().unwrap())
}

#[test]
fn an_instruction_of_a_constant_expression_that_cannot_be_paid_takes_nothing() {
    // The array takes 640 bytes: its instruction costs 11.
    let array = r#"(module
        (type $bytes (array i8))
        (global (ref $bytes) (array.new_default $bytes (i32.const 640))))"#;
    assert_eq!(instantiated(array, 12), (true, 0));
    assert_eq!(instantiated(array, 11), (false, 10));
    assert_eq!(instantiated(array, 0), (false, 0));
}

#[test]
fn elements_are_made_and_paid_for_whatever_becomes_of_their_segment() {
    for mode in ["", "declare", "(table 0) (i32.const 0)"] {
        let module = format!(
            r#"(module
                (type $bytes (array i8))
                (table 1 anyref)
                (elem {mode} anyref (item (array.new_default $bytes (i32.const 640)))))"#
        );
        let offset = u64::from(mode.contains("const"));
        assert_eq!(instantiated(&module, 100), (true, 88 - offset), "{mode}");
    }
}
