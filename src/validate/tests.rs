//! Rules one by one: the code that each accepts, and the error for code that it rejects.

use super::suite::judge;
use super::*;
use crate::decode::{Body, decode_module};
use crate::features::{Feature, Features};
use crate::syntax::instr::{Class, Instr, Opcode};
use crate::syntax::module::Module;
use crate::syntax::types::*;

fn wat(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap_or_else(|error| panic!("{error}"))
}

/// Judges a text with features: valid is the empty string, otherwise the error.
fn with(text: &str, features: Features) -> String {
    match judge(&wat(text), features) {
        Ok(()) => String::new(),
        Err((_, error)) => error,
    }
}

#[track_caller]
fn valid(text: &str) {
    assert_eq!(with(text, Features::ALL), "");
}

#[track_caller]
fn invalid(text: &str, expected: &str) {
    let error = with(text, Features::ALL);
    assert!(error.starts_with(expected), "{error:?} for {expected:?}");
}

/// Returns the operands of the innermost block behind each instruction of the first function; `..` stands for the bottom of an unreachable stack.
fn operands_behind(text: &str) -> Vec<String> {
    let bytes = wat(text);
    let module = decode_module(&bytes).expect("wat writes modules");
    let ctx = check_module(&module, Features::ALL).expect("valid");
    let mut validator = FuncValidator::new(&ctx);
    let mut body = Body::new(&bytes, &module.bodies[0]).expect("locals are right");
    validator
        .begin(ctx.imported_funcs.into(), body.locals(), 0)
        .expect("valid");
    let mut lines = Vec::new();
    while let Some((instr, at)) = body.next().expect("wat writes instructions") {
        validator.check_instr(&instr, at).expect("valid");
        let any = validator.frame.polymorphic.then_some("..".into());
        let operands = validator.buffers.stack[validator.frame.height as usize..].iter();
        let types: Vec<String> = any
            .into_iter()
            .chain(operands.map(ToString::to_string))
            .collect();
        lines.push(format!(
            "{} [{}]",
            instr.opcode().mnemonic(),
            types.join(" ")
        ));
    }
    validator.finish(0).expect("complete");
    lines
}

#[test]
fn each_instruction_has_a_type_in_the_table_or_a_rule_of_its_own() {
    // Under the plain rule, an instruction without a type would have no effect. Only these may have none.
    for &opcode in Opcode::ALL {
        let does_nothing = matches!(
            opcode,
            Opcode::Nop | Opcode::AtomicFence | Opcode::ElemDrop | Opcode::DataDrop
        );
        match opcode.plain_type() {
            Some((params, results)) => assert!(
                does_nothing || !params.is_empty() || !results.is_empty(),
                "{opcode:?}"
            ),
            None => assert!(
                matches!(opcode.class(), Class::Special | Class::Marker),
                "{opcode:?}"
            ),
        }
    }
    // The plain rule must not accept the remaining instructions without a type, so in an empty body each either changes something or fails.
    let ctx = check_module(&Module::default(), Features::ALL).expect("an empty module");
    for instr in [
        Instr::Unreachable,
        Instr::Else,
        Instr::ThrowRef,
        Instr::End,
        Instr::Return,
        Instr::Drop,
        Instr::Select,
        Instr::RefIsNull,
        Instr::RefAsNonNull,
        Instr::AnyConvertExtern,
        Instr::ExternConvertAny,
        Instr::CatchAll,
    ] {
        assert_eq!(instr.opcode().plain_type(), None, "{instr:?}");
        let mut validator = FuncValidator::new(&ctx);
        validator.begin_constant(ValType::I32);
        let before = (validator.frame.polymorphic, validator.open_blocks());
        let checked = validator.check_instr(&instr, 0).is_ok();
        let after = (validator.frame.polymorphic, validator.open_blocks());
        assert!(!checked || before != after, "{instr:?}");
    }
}

#[test]
fn operands_below_the_block_are_out_of_reach() {
    invalid(
        "(module (func i32.const 1 block drop end drop))",
        "type mismatch",
    );
    invalid(
        "(module (func (param i32) local.get 0 (block local.get 0 i32.add drop)))",
        "type mismatch: instruction requires [i32] but stack has []",
    );
}

#[test]
fn operands_left_over_are_an_error_that_names_them() {
    invalid(
        "(module (func i32.const 1 i64.const 2))",
        "type mismatch: block ends with [] but stack has [i32 i64] besides",
    );
    invalid(
        "(module (func (result i32) i64.const 1 i32.const 1))",
        "type mismatch: block ends with [i32] but stack has [i64] besides",
    );
}

#[test]
fn mismatches_say_both_sides() {
    invalid(
        "(module (func i64.const 1 i32.eqz drop))",
        "type mismatch: instruction requires [i32] but stack has [i64]",
    );
    invalid(
        "(module (func (param f32 i32)) (func f32.const 0 f64.const 0 call 0))",
        "type mismatch: instruction requires [f32 i32] but stack has [f32 f64]",
    );
}

#[test]
fn unreachable_code_yields_any_operands_but_wrong_ones_are_seen() {
    valid("(module (func (result i32) unreachable i32.add))");
    valid("(module (func (result i32) unreachable select))");
    valid("(module (func (result f64) (block (result f64) unreachable drop drop)))");
    invalid(
        "(module (func unreachable i64.const 0 i32.eqz drop))",
        "type mismatch",
    );
    invalid("(module (func unreachable i32.const 0))", "type mismatch");
    invalid(
        "(module (func (result i32) unreachable i32.const 0 i32.const 0))",
        "type mismatch",
    );
}

#[test]
fn code_is_reachable_again_after_a_block_that_was_left_but_not_inside_dead_ones() {
    assert_eq!(
        operands_behind(
            "(module (func (result i32)
               (block br 0 (block nop) nop)
               (if (i32.const 1) (then unreachable unreachable) (else nop))
               unreachable (loop nop) i32.const 2))"
        ),
        [
            "block []",
            "br [..]",
            "block []",
            "nop []",
            "end [..]",
            "nop [..]",
            "end []",
            "i32.const [i32]",
            "if []",
            "unreachable [..]",
            "unreachable [..]",
            "else []",
            "nop []",
            "end []",
            "unreachable [..]",
            "loop []",
            "nop []",
            "end [..]",
            "i32.const [.. i32]",
            "end [.. i32]",
        ]
    );
}

#[test]
fn instructions_take_and_leave_operands_of_the_types_of_their_place() {
    assert_eq!(
        operands_behind(
            "(module
               (memory i64 1)
               (table 1 funcref)
               (func (param i32 f64) (result i64 f32)
                 i64.const 1 f32.const 2
                 (block (param i64 f32) (result i64 f32)
                   local.get 0 br_if 0
                   local.get 0 (if (param i64 f32) (result i64 f32) (then) (else))
                   local.get 0 br_table 0 1)
                 local.get 1 local.tee 1 drop
                 i32.const 0 call_indirect (param f32) (result f32)
                 i64.const 0 i64.load offset=8 drop
                 (select (f64.const 0) (f64.const 1) (i32.const 0)) drop
                 return))"
        ),
        [
            "i64.const [i64]",
            "f32.const [i64 f32]",
            "block [i64 f32]",
            "local.get [i64 f32 i32]",
            "br_if [i64 f32]",
            "local.get [i64 f32 i32]",
            "if [i64 f32]",
            "else [i64 f32]",
            "end [i64 f32]",
            "local.get [i64 f32 i32]",
            "br_table [..]",
            "end [i64 f32]",
            "local.get [i64 f32 f64]",
            "local.tee [i64 f32 f64]",
            "drop [i64 f32]",
            "i32.const [i64 f32 i32]",
            "call_indirect [i64 f32]",
            "i64.const [i64 f32 i64]",
            "i64.load [i64 f32 i64]",
            "drop [i64 f32]",
            "f64.const [i64 f32 f64]",
            "f64.const [i64 f32 f64 f64]",
            "i32.const [i64 f32 f64 f64 i32]",
            "select [i64 f32 f64]",
            "drop [i64 f32]",
            "return [..]",
            "end [.. i64 f32]",
        ]
    );
}

#[test]
fn subtypes_are_found_in_any_tree_of_types_and_through_equal_ones() {
    let text = "(module
        (type $a (sub (struct)))
        (type $x (func))
        (type $b (sub $a (struct)))
        (type $c (sub $a (struct (field i32))))
        (type $a2 (sub (struct)))
        (type $d (sub $b (struct (field i64))))
        (type $b2 (sub $a2 (struct)))
        (type $e (sub $b2 (struct (field f32))))
        (func (param (ref null $FROM)) (result (ref null $TO)) (local.get 0)))";
    let names = ["a", "x", "b", "c", "a2", "d", "b2", "e"];
    let above = |name| match name {
        "a" | "a2" => "a",
        "b" | "b2" => "b a",
        "c" => "c a",
        "d" => "d b a",
        "e" => "e b a",
        other => other,
    };
    for from in names {
        for to in names {
            let text = text.replace("$FROM", &format!("${from}"));
            let error = with(&text.replace("$TO", &format!("${to}")), Features::ALL);
            let expected = above(from)
                .split(' ')
                .any(|above| above == to.trim_end_matches('2'));
            assert_eq!(error.is_empty(), expected, "{from} {to}: {error}");
        }
    }
}

#[test]
fn labels_of_br_table_have_one_arity() {
    invalid(
        "(module (func (block (result i32) i32.const 1 i32.const 0 br_table 0 1) drop))",
        "type mismatch: br_table requires labels of arity 0 but label 0 has arity 1",
    );
    invalid(
        "(module (func (block (result i32) unreachable br_table 1 0) drop))",
        "type mismatch: br_table requires",
    );
    invalid(
        "(module (func (block (result i32) (block (result f32) i32.const 1 i32.const 0 br_table 0 1) unreachable) drop))",
        "type mismatch",
    );
    // In unreachable code no common type is needed.
    valid(
        "(module (func (block (result i32) (block (result f32) unreachable br_table 0 1) drop i32.const 0) drop))",
    );
}

#[test]
fn if_without_else_leaves_what_it_takes() {
    valid(
        "(module (func (param i32) (result i32) local.get 0 local.get 0 (if (param i32) (result i32) (then))))",
    );
    invalid(
        "(module (func (result i32) i32.const 0 (if (result i32) (then i32.const 1))))",
        "type mismatch: if without else requires [i32] but has []",
    );
}

#[test]
fn constant_expressions_read_earlier_globals_and_add() {
    valid(
        "(module (global i32 (i32.const 1)) (global i32 (i32.add (global.get 0) (i32.const 2))))",
    );
    invalid("(module (global i32 (global.get 0)))", "unknown global 0");
    invalid(
        "(module (global i32 (global.get 1)) (global i32 (i32.const 0)))",
        "unknown global 1",
    );
    invalid(
        "(module (global (mut i32) (i32.const 0)) (global i32 (global.get 0)))",
        "constant expression required: global 0 is mutable",
    );
    invalid(
        "(module (global i32 (i32.div_s (i32.const 1) (i32.const 1))))",
        "constant expression required: i32.div_s",
    );
    invalid("(module (global i32 (i64.const 0)))", "type mismatch");
    invalid(
        "(module (global i32 (i32.const 0) (i32.const 1)))",
        "type mismatch",
    );
    invalid("(module (global i32))", "type mismatch");
    let extended = "(module (global i32 (i32.add (i32.const 1) (i32.const 2))))";
    assert_eq!(with(extended, Features::DEFAULT), "");
    // Either of the two allows to read globals that the module defines.
    let without = Features::DEFAULT
        .with(Feature::ExtendedConst, false)
        .with(Feature::Gc, false);
    assert!(with(extended, without).starts_with("constant expression required"));
    let chain = "(module (global i32 (i32.const 1)) (global i32 (global.get 0)))";
    assert!(with(chain, without).starts_with("unknown global 0"));
    // Imported ones were always there to be read.
    let imported = r#"(module (import "" "" (global i32)) (global i32 (global.get 0)))"#;
    assert_eq!(with(imported, without), "");
    for feature in [Feature::ExtendedConst, Feature::Gc] {
        let one = without.with(feature, true);
        assert_eq!(with(chain, one), "", "{feature:?}");
        assert_eq!(with(imported, one), "", "{feature:?}");
    }
}

#[test]
fn select_without_a_type_takes_no_references_even_where_the_other_operand_may_be_anything() {
    let error = "type mismatch";
    for reference in ["(ref.null func)", "(ref.i31 (i32.const 0))"] {
        invalid(
            &format!("(module (func {reference} {reference} (i32.const 0) (drop (select))))"),
            error,
        );
        // The first operand is one of unreachable code.
        invalid(
            &format!("(module (func unreachable {reference} (i32.const 0) (drop (select))))"),
            error,
        );
    }
    valid("(module (func unreachable (i64.const 0) (i32.const 0) (drop (select))))");
}

#[test]
fn export_names_are_unique() {
    valid(r#"(module (func (export "a") (export "b")))"#);
    invalid(
        r#"(module (func (export "a")) (memory (export "a") 1))"#,
        "duplicate export name: \"a\"",
    );
}

#[test]
fn data_segments_are_named_only_if_the_data_count_is_known() {
    let text = "(module (memory 1) (data \"x\") (func (data.drop 0)))";
    valid(text);
    invalid(
        "(module (memory 1) (data \"x\") (func (data.drop 1)))",
        "unknown data segment 1",
    );
    // The section is id 12, length 1, count 1.
    let mut bytes = wat(text);
    let section = [12, 1, 1];
    let at = bytes
        .windows(3)
        .position(|bytes| bytes == section)
        .expect("wat writes the section");
    bytes.drain(at..at + 3);
    let (_, error) = judge(&bytes, Features::ALL).expect_err("the section is gone");
    assert!(
        error.starts_with("data count section required: data.drop"),
        "{error}"
    );
}

#[test]
fn functions_are_referred_to_if_declared_anywhere_outside_of_bodies() {
    invalid(
        "(module (func $f (drop (ref.func $f))))",
        "undeclared function reference: function 0",
    );
    for declaration in [
        "(export \"f\" (func $f))",
        "(elem declare func $f)",
        "(elem funcref (ref.func $f))",
        "(table funcref (elem $f))",
        "(global funcref (ref.func $f))",
        "(table 1 funcref (ref.func $f))",
    ] {
        valid(&format!(
            "(module {declaration} (func $f (drop (ref.func $f))))"
        ));
    }
    invalid(
        "(module (start $f) (func $f (drop (ref.func $f))))",
        "undeclared function reference",
    );
}

#[test]
fn locals_without_default_are_set_before_they_are_read_on_every_way() {
    let test = |body: &str| {
        with(
            &format!("(module (func $f (param $p (ref extern)) (local $x (ref extern)) {body}))"),
            Features::ALL,
        )
    };
    assert_eq!(
        test("(local.set $x (local.get $p)) (drop (local.get $x))"),
        ""
    );
    assert_eq!(
        test("(drop (local.tee $x (local.get $p))) (block (drop (local.get $x)))"),
        ""
    );
    assert!(test("(drop (local.get $x))").starts_with("uninitialized local 1"));
    for block in [
        "(block (local.set $x (local.get $p)))",
        "(if (i32.const 0) (then (local.set $x (local.get $p))) (else (local.set $x (local.get $p))))",
        "(if (i32.const 0) (then (local.set $x (local.get $p))) (else (drop (local.get $x))))",
        "unreachable (block (local.set $x (local.get $p)))",
    ] {
        let error = test(&format!("{block} (drop (local.get $x))"));
        assert!(
            error.starts_with("uninitialized local 1"),
            "{block}: {error}"
        );
    }
}

#[test]
fn locals_are_found_however_many_there_are() {
    let mut locals = String::new();
    for _ in 0..5_000 {
        locals.push_str("(local i32 i32 i64 f32)");
    }
    valid(&format!(
        "(module (func (param f64) {locals}
           (f64.store (i32.add (local.get 1) (local.get 19998)) (local.get 0))
           (f32.store (local.get 19997) (local.get 20000))
           (i64.store (local.get 1026) (local.get 1027)))
           (memory 1))"
    ));
    invalid(
        &format!("(module (func (param f64) {locals} (drop (local.get 20001))))"),
        "unknown local 20001: there are 20001",
    );
    invalid(
        "(module (func (param f64) (drop (local.get 1))))",
        "unknown local 1: there are 1",
    );
}

#[test]
fn too_many_locals_are_refused_before_they_are_listed() {
    use wasm_encoder::{CodeSection, Function, FunctionSection, Module, TypeSection, ValType};
    let module = |count: u32| {
        let mut types = TypeSection::new();
        types.ty().function([], []);
        let mut funcs = FunctionSection::new();
        funcs.function(0);
        let mut func = Function::new([(1, ValType::F32), (count - 1, ValType::I32)]);
        func.instructions().end();
        let mut code = CodeSection::new();
        code.function(&func);
        let mut module = Module::new();
        module.section(&types).section(&funcs).section(&code);
        module.finish()
    };
    let error = |count| {
        judge(&module(count), Features::ALL)
            .err()
            .map(|(_, error)| error)
    };
    assert_eq!(error(50_000), None);
    for count in [50_001, u32::MAX] {
        let error = error(count).expect("too many");
        assert!(error.starts_with("too many locals"), "{error}");
    }
}

#[test]
fn types_of_equal_groups_are_equal_and_of_different_groups_are_not() {
    let module = |second: &str| {
        format!(
            "(module
               (rec (type $a (struct)) (type $b (func)))
               {second}
               (func (param (ref $c)) (result (ref $a)) (local.get 0)))"
        )
    };
    valid(&module("(rec (type $c (struct)) (type $d (func)))"));
    invalid(
        &module("(rec (type $c (struct)) (type $d (struct)))"),
        "type mismatch",
    );
    invalid(&module("(type $c (struct))"), "type mismatch");
    invalid(
        &module("(rec (type $d (func)) (type $c (struct)))"),
        "type mismatch",
    );
}

#[test]
fn function_types_of_groups_refer_to_their_own_members() {
    valid(
        "(module
           (rec (type $f (func (param (ref $s)))) (type $s (struct)))
           (rec (type $g (func (param (ref $t)))) (type $t (struct)))
           (func (type $g) (call 1 (local.get 0)))
           (func (type $f)))",
    );
    invalid(
        "(module
           (rec (type $f (func (param (ref $s)))) (type $s (struct)))
           (rec (type $t (struct)) (type $g (func (param (ref $t)))))
           (func (type $g) (call 1 (local.get 0)))
           (func (type $f)))",
        "type mismatch",
    );
}

#[test]
fn chains_of_supertypes_are_at_most_63_long() {
    let chain = |length: u32| {
        let mut text = String::from("(module (type $t0 (sub (func)))");
        for i in 0..length {
            text.push_str(&format!("(type $t{} (sub $t{i} (func)))", i + 1));
        }
        text + ")"
    };
    valid(&chain(63));
    invalid(&chain(64), "too many super types in a chain: 64");
}

#[test]
fn supertypes_are_open_and_match() {
    invalid(
        "(module (type $a (sub (func))) (type $b (sub final $a (func))) (type $c (sub $b (func))))",
        "sub type 2 does not match super type 1: the super type is final",
    );
    invalid(
        "(module (type $a (sub (struct (field i32)))) (type $b (sub $a (struct (field i64)))))",
        "sub type 1 does not match super type 0: their structures do not match",
    );
    invalid(
        "(module (type $a (sub (struct (field (mut anyref))))) (type $b (sub $a (struct (field (mut eqref))))))",
        "sub type 1",
    );
    valid(
        "(module
           (type $a (sub (struct (field anyref))))
           (type $b (sub $a (struct (field eqref) (field i32))))
           (type $f (sub (func (param (ref $b)) (result (ref $a)))))
           (type $g (sub $f (func (param (ref $a)) (result (ref $b)))))
           (func (param (ref $g)) (result (ref $f)) (local.get 0)))",
    );
}

#[test]
fn features_that_are_off_are_named_with_what_needs_them() {
    let test = |text: &str, expected: &str| {
        let (name, needs) = expected.split_once(": ").expect("a name and what needs it");
        let mut features = Feature::ALL.iter();
        let feature = *features
            .find(|feature| feature.name() == name)
            .expect("a feature");
        // All other features are on, so the error is about this one; the reason why it is off is not tested here.
        let error = with(text, Features::ALL.with(feature, false));
        let (off, why) = error.split_once(": ").expect("an error with a reason");
        assert!(
            off.starts_with(name) && why.starts_with(needs),
            "{error:?} for {expected:?}"
        );
        assert_eq!(with(text, Features::ALL), "", "{text}");
    };
    test(
        "(module (func (drop (v128.const i32x4 0 0 0 0))))",
        "simd: instruction v128.const needs it",
    );
    test("(module (func (local v128)))", "simd: type v128 needs it");
    test(
        "(module (type $s (struct)))",
        "gc: a structure type needs it",
    );
    test(
        "(module (func (drop (ref.null any))))",
        "gc: type (ref null any) needs it",
    );
    test(
        "(module (func (param (ref func))))",
        "function-references: type (ref func) needs it",
    );
    test(
        "(module (memory i64 1))",
        "memory64: a memory with 64-bit addresses needs it",
    );
    test(
        "(module (table i64 1 funcref))",
        "memory64: a table with 64-bit indices needs it",
    );
    test("(module (tag))", "exception-handling: a tag needs it");
    test(
        "(module (func (try_table (catch_all 0))))",
        "exception-handling: instruction try_table needs it",
    );
    test(
        "(module (memory 1 1 shared))",
        "threads: a shared memory needs it",
    );
    test(
        "(module (func (atomic.fence)))",
        "threads: instruction atomic.fence needs it",
    );
    test(
        "(module (memory 1 (pagesize 1)))",
        "custom-page-sizes: a page size needs it",
    );
    test(
        "(module (func (param i64) (i64.mul_wide_s (local.get 0) (local.get 0)) drop drop))",
        "wide-arithmetic: instruction i64.mul_wide_s needs it",
    );
}

#[test]
fn implemented_features_can_be_switched_off() {
    let test = |feature: Feature, text: &str, expected: &str| {
        assert_eq!(with(text, Features::DEFAULT), "", "{text}");
        let error = with(text, Features::DEFAULT.with(feature, false));
        assert!(error.starts_with(expected), "{error:?} for {expected:?}");
    };
    test(
        Feature::SignExtension,
        "(module (func (param i32) (result i32) (i32.extend8_s (local.get 0))))",
        "sign-extension is switched off: instruction i32.extend8_s needs it",
    );
    test(
        Feature::MultiValue,
        "(module (func (result i32 i32) unreachable))",
        "multi-value is switched off: a function type with several results needs it (`Config::wasm_multi_value`)",
    );
    test(
        Feature::MultiValue,
        "(module (type $p (func (param i32))) (func (i32.const 0) (block (type $p) drop)))",
        "multi-value is switched off: a block with parameters or several results needs it",
    );
    let single =
        "(module (type $r (func (result i32))) (func (drop (block (type $r) i32.const 0))))";
    assert_eq!(
        with(single, Features::DEFAULT.with(Feature::MultiValue, false)),
        ""
    );
    test(
        Feature::ReferenceTypes,
        "(module (func (param externref)))",
        "reference-types is switched off: type externref needs it",
    );
    test(
        Feature::ReferenceTypes,
        "(module (table 1 funcref) (table 1 funcref))",
        "multiple tables",
    );
    test(
        Feature::MultiMemory,
        "(module (memory 1) (memory 1))",
        "multiple memories",
    );
    test(
        Feature::TailCall,
        "(module (func return_call 0))",
        "tail-call is switched off: instruction return_call needs it",
    );
    test(
        Feature::BulkMemory,
        "(module (data \"\"))",
        "bulk-memory is switched off: a data segment without a memory needs it",
    );
    test(
        Feature::MutableGlobal,
        "(module (import \"\" \"\" (global (mut i32))))",
        "mutable-global is switched off: an import of a mutable global needs it",
    );
    // Tables of functions and active segments are in every version.
    let old = Features::DEFAULT
        .with(Feature::ReferenceTypes, false)
        .with(Feature::BulkMemory, false);
    assert_eq!(
        with(
            "(module (table 1 funcref) (elem (i32.const 0) 0) (func) (memory 1) (data (i32.const 0) \"\"))",
            old
        ),
        ""
    );
}

#[test]
fn older_exceptions_are_blocks_with_handlers() {
    use crate::syntax::index::*;
    let text = "(module (tag (param i32)))";
    let module = decode_module(&wat(text)).expect("a module");
    let ctx = check_module(&module, Features::ALL).expect("valid");
    let check = |instrs: &[Instr<'_>]| {
        let mut validator = FuncValidator::new(&ctx);
        validator.begin_constant(ValType::I32);
        instrs
            .iter()
            .try_for_each(|instr| validator.check_instr(instr, 0))
            .and_then(|()| validator.finish(0))
            .map_err(|error| error.to_string())
    };
    let ty = BlockType::Result(ValType::I32);
    let one = Instr::I32Const { value: 1 };
    let catch = Instr::Catch { tag: TagIdx(0) };
    let rethrow = |label| Instr::Rethrow {
        label: LabelIdx(label),
    };
    let delegate = |label| Instr::Delegate {
        label: LabelIdx(label),
    };
    let (try_, end) = (Instr::Try { ty }, Instr::End);
    assert_eq!(
        check(&[try_, one, catch, Instr::CatchAll, one, end, end]),
        Ok(())
    );
    assert_eq!(check(&[try_, one, catch, rethrow(0), end, end]), Ok(()));
    assert_eq!(check(&[try_, one, delegate(0), end]), Ok(()));
    let rejects = |instrs: &[Instr<'_>], expected: &str| {
        let error = check(instrs).expect_err("invalid");
        assert!(error.starts_with(expected), "{error}");
    };
    rejects(
        &[try_, one, Instr::CatchAll, one, catch],
        "unexpected catch:",
    );
    rejects(&[one, Instr::CatchAll], "unexpected catch_all:");
    rejects(&[try_, one, catch, delegate(0)], "unexpected delegate:");
    rejects(&[try_, one, delegate(1)], "unknown label 1: there are 1");
    rejects(&[try_, rethrow(0)], "invalid rethrow label 0");
    rejects(
        &[try_, one, catch, end],
        "END opcode expected: 1 blocks are open",
    );
    rejects(
        &[one, end, one],
        "unexpected i32.const: no open block can have it",
    );
}

#[test]
fn delegate_does_not_end_a_constant_expression() {
    let mut bytes = wat("(module (global i32 (i32.const 0)))");
    assert_eq!(bytes.pop(), Some(0x0B), "the expression's end comes last");
    // One byte more in the section: the label of `delegate`.
    let size = bytes.len() - 6;
    bytes[size] += 1;
    bytes.extend([0x18, 0]);
    let (malformed, error) = judge(&bytes, Features::ALL).expect_err("invalid");
    assert!(!malformed, "{error}");
    assert!(
        error.starts_with("constant expression required: delegate"),
        "{error}"
    );
}

#[test]
fn errors_bear_the_offset_of_their_instruction() {
    let bytes = wat("(module (func i32.const 1 i64.eqz drop))");
    let module = decode_module(&bytes).expect("a module");
    let at = bytes
        .iter()
        .position(|&byte| byte == 0x50)
        .expect("i64.eqz is there");
    let (_, error) = judge(&bytes, Features::ALL).expect_err("invalid");
    assert!(error.ends_with(&format!("(at offset {at:#x})")), "{error}");
    assert_eq!(module.bodies.len(), 1);
}

#[test]
fn alignment_exponents_of_any_size_are_compared_and_not_shifted() {
    // wat does not write these: the exponent of `i32.load8_u align=1` is the second byte after the opcode 0x2D.
    for exponent in [1, 31, 32, 63] {
        let mut bytes = wat("(module (memory 1) (func (drop (i32.load8_u (i32.const 0)))))");
        let at = bytes
            .iter()
            .rposition(|&byte| byte == 0x2D)
            .expect("the opcode is there");
        bytes[at + 1] = exponent;
        let (_, error) = judge(&bytes, Features::ALL).expect_err("invalid");
        assert!(
            error.starts_with("alignment must not be larger than natural")
                || error.starts_with("malformed memop flags"),
            "{error}"
        );
    }
}

#[test]
fn a_short_body_of_wide_calls_asks_for_no_gigabytes() {
    let results = "i32 ".repeat(1000);
    let calls = "call 0 ".repeat(2000);
    invalid(
        &format!("(module (func (result {results}) unreachable) (func {calls} unreachable))"),
        "too many operands",
    );
    // The limit counts two types that lie below all operands.
    let calls = "call 0 ".repeat(999);
    let body = |more: usize| {
        let more = "call 1 ".repeat(more);
        format!(
            "(module (func (result {results}) unreachable) (func (result i32 i32) unreachable)
               (func {calls} {more} unreachable))"
        )
    };
    valid(&body(499));
    invalid(&body(500), "too many operands");
}

#[test]
fn errors_about_fields_and_elements_name_their_types() {
    invalid(
        "(module (type $s (struct (field i8))) (func (param (ref $s))
           (drop (struct.get $s 0 (local.get 0)))))",
        "type mismatch: field of type i8 is read by an instruction for unpacked fields",
    );
    invalid(
        "(module (type $s (struct (field i64))) (func (param (ref $s))
           (drop (struct.get_u $s 0 (local.get 0)))))",
        "type mismatch: field of type i64 is read by an instruction for packed fields",
    );
    invalid(
        "(module (type $a (array (mut i8))) (type $b (array i16)) (func (param (ref $a) (ref $b))
           (array.copy $a $b (local.get 0) (i32.const 0) (local.get 1) (i32.const 0) (i32.const 0))))",
        "array types do not match: elements of type i16 are copied to elements of type i8",
    );
}
