//! Small programs with known results, and the rules of fuel one by one.

use tickwasm_oracle::{
    Extern, Imports, Instance, InstantiateError, Limits, Oracle, PAGE, Stop, Trap, ValType, Value,
};

fn instance_of(oracle: &mut Oracle, wat: &str) -> Instance {
    let bytes = wat::parse_str(wat).expect("the text is well-formed");
    oracle
        .instantiate(&bytes, &Imports::new())
        .expect("the module can be instantiated")
}

/// Returns the outcome of the export `f` and the fuel it took.
fn run(wat: &str, args: &[Value]) -> (Result<Vec<Value>, Stop>, u64) {
    let mut oracle = Oracle::new();
    let instance = instance_of(&mut oracle, wat);
    oracle.set_fuel(1_000_000);
    let outcome = oracle.invoke(instance, "f", args);
    (outcome, 1_000_000 - oracle.fuel())
}

fn value(wat: &str, args: &[Value]) -> Value {
    run(wat, args).0.expect("it returns")[0]
}

fn cost(body: &str) -> u64 {
    let (outcome, cost) = run(
        &format!(
            r#"(module (memory 1 9) (table 40 80 funcref) (data $d "0123456789") (elem $e func 0 0)
                 (func (export "f") {body}))"#
        ),
        &[],
    );
    outcome.expect("it returns");
    cost
}

const FIB: &str = r#"(module (func $fib (export "f") (param i32) (result i32)
    (if (result i32) (i32.lt_s (local.get 0) (i32.const 2))
      (then (local.get 0))
      (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1)))
                     (call $fib (i32.sub (local.get 0) (i32.const 2))))))))"#;

#[test]
fn fib_of_15_is_610() {
    assert_eq!(value(FIB, &[Value::from(15)]), Value::from(610));
}

#[test]
fn a_loop_carries_its_parameters() {
    let wat = r#"(module (func (export "f") (param i32) (result i64)
        i64.const 1
        (loop (param i64) (result i64)
          (i64.mul (i64.extend_i32_u (local.get 0)))
          (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))"#;
    assert_eq!(value(wat, &[Value::from(10)]), Value::from(3_628_800i64));
}

#[test]
fn a_branch_drops_what_lies_between() {
    let wat = r#"(module (func (export "f") (param i32) (result i32 i32)
        i32.const 7
        (block (result i32)
          i32.const 1 i32.const 2 i32.const 3
          (block (result i32)
            i32.const 4 i32.const 5
            local.get 0 br_table 0 1)
          i32.const 100 i32.add br 0)))"#;
    for (index, wanted) in [(0, [7, 105]), (1, [7, 5]), (2, [7, 5])] {
        let wanted = wanted.map(Value::from).to_vec();
        assert_eq!(run(wat, &[Value::from(index)]).0, Ok(wanted), "{index}");
    }
}

#[test]
fn a_store_at_the_edge_leaves_no_part_behind() {
    let wat = r#"(module (memory (export "m") 1) (func (export "f")
        (i64.store (i32.const 65529) (i64.const -1))))"#;
    let mut oracle = Oracle::new();
    let instance = instance_of(&mut oracle, wat);
    let outcome = oracle.invoke(instance, "f", &[]);
    assert_eq!(outcome, Err(Stop::Trap(Trap::OutOfBoundsMemoryAccess)));
    let Some(Extern::Memory(memory)) = oracle.export(instance, "m") else {
        panic!("no memory")
    };
    assert!(oracle.memory(memory).iter().all(|&byte| byte == 0));
}

#[test]
fn endless_recursion_ends_in_a_clean_stop() {
    let wat = r#"(module (func (export "f") (local i64) (call 0)))"#;
    let mut oracle = Oracle::with_limits(Limits {
        frames: 1 << 20,
        ..Limits::default()
    });
    let instance = instance_of(&mut oracle, wat);
    assert_eq!(oracle.invoke(instance, "f", &[]), Err(Stop::CallDepth));
}

#[test]
fn a_tail_call_adds_no_frame() {
    let wat = r#"(module (func (export "f") (param i32) (result i32)
        (if (i32.eqz (local.get 0)) (then (return (i32.const 42))))
        (return_call 0 (i32.sub (local.get 0) (i32.const 1)))))"#;
    assert_eq!(value(wat, &[Value::from(30_000)]), Value::from(42));
}

#[test]
fn memories_are_told_apart() {
    let wat = r#"(module (memory $a 1) (memory $b 1) (func (export "f") (result i32)
        (i32.store $a (i32.const 0) (i32.const 5))
        (i32.store $b (i32.const 0) (i32.const 7))
        (memory.copy $b $a (i32.const 4) (i32.const 0) (i32.const 4))
        (i32.add (i32.mul (i32.const 10) (i32.load $b (i32.const 0))) (i32.load $b (i32.const 4)))))"#;
    assert_eq!(value(wat, &[]), Value::from(75));
}

#[test]
fn a_host_function_sees_the_exact_fuel_and_can_charge() {
    let mut oracle = Oracle::new();
    let fuel = oracle.host_func(&[ValType::I32], &[ValType::I64], |oracle, args| {
        let seen = oracle.fuel();
        oracle.set_fuel(seen - args[0].bits());
        Ok(vec![Value::I64(seen)])
    });
    let bytes = wat::parse_str(
        r#"(module (import "h" "fuel" (func (param i32) (result i64))) (func (export "f") (result i64)
            nop (drop (call 0 (i32.const 10))) (call 0 (i32.const 0)) (drop (i32.const 1))))"#,
    )
    .expect("the text is well-formed");
    let imports = Imports::new().define("h", "fuel", fuel).clone();
    let instance = oracle.instantiate(&bytes, &imports).expect("it links");
    oracle.set_fuel(100);
    assert_eq!(oracle.invoke(instance, "f", &[]), Ok(vec![Value::I64(85)]));
    assert_eq!(oracle.fuel(), 83);
}

#[test]
fn markers_are_free_and_if_is_not() {
    assert_eq!(cost("nop (block (loop nop))"), 0);
    assert_eq!(cost("(drop (i32.const 1))"), 2);
    assert_eq!(cost("(if (i32.const 1) (then nop) (else unreachable))"), 2);
    assert_eq!(
        cost("(if (i32.const 0) (then unreachable) (else (return)))"),
        3
    );
}

#[test]
fn bulk_work_costs_by_its_size() {
    let three = "(i32.const 0) (i32.const 0)";
    assert_eq!(cost(&format!("(memory.fill {three} (i32.const 63))")), 4);
    assert_eq!(cost(&format!("(memory.fill {three} (i32.const 64))")), 5);
    assert_eq!(
        cost(&format!("(memory.copy {three} (i32.const 6400))")),
        104
    );
    assert_eq!(cost(&format!("(memory.init $d {three} (i32.const 10))")), 4);
    assert_eq!(cost(&format!("(table.copy {three} (i32.const 16))")), 6);
    assert_eq!(cost(&format!("(table.init $e {three} (i32.const 2))")), 4);
    assert_eq!(
        cost("(table.fill (i32.const 0) (ref.null func) (i32.const 8))"),
        5
    );
    assert_eq!(
        cost("(drop (table.grow (ref.null func) (i32.const 17)))"),
        6
    );
    assert_eq!(cost("(drop (memory.grow (i32.const 3)))"), 6);
    // Only work that is done costs more.
    assert_eq!(cost("(drop (memory.grow (i32.const 100)))"), 3);
    assert_eq!(
        cost("(drop (table.grow (ref.null func) (i32.const -1)))"),
        4
    );
}

#[test]
fn entering_costs_by_declared_locals_only() {
    let locals = |count: usize| "i64 ".repeat(count);
    let module = |params: usize, count: usize| {
        format!(
            "(func $g (param {}) (local {}))",
            locals(params),
            locals(count)
        )
    };
    let cost = |params: usize, count: usize| {
        let args = "(i64.const 0)".repeat(params);
        let wat = format!(
            r#"(module {} (func (export "f") (call $g {args})))"#,
            module(params, count)
        );
        run(&wat, &[]).1 - params as u64
    };
    assert_eq!(cost(0, 63), 1);
    assert_eq!(cost(0, 64), 2);
    assert_eq!(cost(100, 63), 1);
    assert_eq!(cost(0, 1000), 16);
}

#[test]
fn a_trapping_instruction_is_charged() {
    let wat = r#"(module (func (export "f") (result i32)
        (i32.div_u (i32.const 1) (i32.const 0))))"#;
    assert_eq!(
        run(wat, &[]),
        (Err(Stop::Trap(Trap::IntegerDivideByZero)), 3)
    );
    let wat = r#"(module (memory 1) (func (export "f")
        (memory.fill (i32.const 0) (i32.const 0) (i32.const 0x10001))))"#;
    assert_eq!(
        run(wat, &[]),
        (Err(Stop::Trap(Trap::OutOfBoundsMemoryAccess)), 4)
    );
}

#[test]
fn constant_expressions_and_the_start_function_are_charged() {
    let bytes = wat::parse_str(
        r#"(module (memory 1) (table 9 funcref)
             (global i32 (i32.add (i32.const 1) (i32.const 2)))
             (elem (i32.const 1) func $s $s)
             (data (i32.const 3) "abc")
             (func $s (drop (i32.const 1)))
             (start $s))"#,
    )
    .expect("the text is well-formed");
    let total = 3 + 2 + 1 + 1 + 2;
    for fuel in 0..=total {
        let mut oracle = Oracle::new();
        oracle.set_fuel(fuel);
        let outcome = oracle.instantiate(&bytes, &Imports::new());
        if fuel == total {
            outcome.expect("there is enough");
        } else {
            let stopped = matches!(
                outcome,
                Err(InstantiateError::Stopped {
                    stop: Stop::OutOfFuel,
                    ..
                })
            );
            assert!(stopped, "{fuel}");
        }
        assert_eq!(oracle.fuel(), 0);
    }
}

#[test]
fn slices_add_up_to_a_straight_run() {
    let (_, whole) = run(FIB, &[Value::from(8)]);
    for slice in [1, 2, 7, 100] {
        let mut oracle = Oracle::new();
        let instance = instance_of(&mut oracle, FIB);
        oracle.set_fuel(slice);
        let mut given = slice;
        let mut outcome = oracle.invoke(instance, "f", &[Value::from(8)]);
        while outcome == Err(Stop::OutOfFuel) {
            oracle.set_fuel(oracle.fuel() + slice);
            given += slice;
            outcome = oracle.resume();
        }
        assert_eq!(outcome, Ok(vec![Value::from(21)]));
        assert_eq!(given - oracle.fuel(), whole);
    }
}

#[test]
fn what_costs_more_than_is_left_is_not_begun() {
    let wat = r#"(module (memory (export "m") 1) (func (export "f")
        (memory.fill (i32.const 0) (i32.const 9) (i32.const 640))))"#;
    let mut oracle = Oracle::new();
    let instance = instance_of(&mut oracle, wat);
    oracle.set_fuel(13);
    assert_eq!(oracle.invoke(instance, "f", &[]), Err(Stop::OutOfFuel));
    assert_eq!(oracle.fuel(), 10);
    let Some(Extern::Memory(memory)) = oracle.export(instance, "m") else {
        panic!("no memory")
    };
    assert_eq!(oracle.memory(memory).len(), PAGE);
    assert_eq!(oracle.memory(memory)[0], 0);
    oracle.set_fuel(11);
    assert_eq!(oracle.resume(), Ok(vec![]));
    assert_eq!(
        (oracle.memory(memory)[639], oracle.memory(memory)[640]),
        (9, 0)
    );
}

#[test]
fn a_nan_of_arithmetic_is_noticed_and_one_of_bits_is_not() {
    let mut oracle = Oracle::new();
    let wat = r#"(module
        (func (export "bits") (result f32) (f32.neg (f32.const nan:0x200001)))
        (func (export "sum") (result f64) (f64.add (f64.const inf) (f64.const -inf))))"#;
    let instance = instance_of(&mut oracle, wat);
    assert_eq!(
        oracle.invoke(instance, "bits", &[]),
        Ok(vec![Value::F32(0xFFA0_0001)])
    );
    assert!(!oracle.made_nan());
    let sum = oracle.invoke(instance, "sum", &[]).expect("it returns")[0];
    assert!(oracle.made_nan() && sum.agrees_with(Value::F64(0xFFF8_0000_0000_0001)));
}

#[test]
fn what_is_no_part_of_the_standard_has_no_instance() {
    let mut oracle = Oracle::new();
    for (wat, why) in [
        (
            "(module (func (drop (i32.atomic.load (i32.const 0)))) (memory 1))",
            "AtomicLoad",
        ),
        ("(module (memory 70000000000))", "memory"),
    ] {
        let bytes = wat::parse_str(wat).expect("the text is well-formed");
        match oracle.instantiate(&bytes, &Imports::new()) {
            Err(InstantiateError::Invalid(what) | InstantiateError::Unsupported(what)) => {
                assert!(what.contains(why), "{what}");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_throw_costs_more_for_many_clauses() {
    let cost = |clauses: usize| {
        let clauses = "(catch $other 0)".repeat(clauses);
        let wat = format!(
            r#"(module (tag $thrown) (tag $other)
                (func (export "f")
                    (block (try_table {clauses} (catch $thrown 0) (throw $thrown)))))"#
        );
        run(&wat, &[]).1
    };
    assert_eq!(cost(0), 1);
    assert_eq!(cost(6), 1);
    assert_eq!(cost(7), 2);
    assert_eq!(cost(23), 4);
}

#[test]
fn objects_cost_by_their_size_and_only_if_they_are_made() {
    let cost = |body: &str| {
        let wat = format!(
            r#"(module (type $bytes (array (mut i8))) (type $pair (struct (field i8) (field v128)))
                (data $data "abc")
                (func (export "f") (local $a (ref null $bytes))
                    (local.set $a (array.new_default $bytes (i32.const 640)))
                    {body}))"#
        );
        // The calls in front cost 13.
        run(&wat, &[]).1 - 13
    };
    assert_eq!(cost("(drop (struct.new_default $pair))"), 2);
    assert_eq!(cost("(drop (array.new_default $bytes (i32.const 128)))"), 5);
    let fill = |at: u32| {
        format!("(array.fill $bytes (local.get $a) (i32.const {at}) (i32.const 1) (i32.const 80))")
    };
    assert_eq!(cost(&fill(560)), 15);
    assert_eq!(cost(&fill(561)), 5);
    assert_eq!(
        cost("(drop (array.new_data $bytes $data (i32.const 0) (i32.const 640)))"),
        3
    );
}
