//! The witness of the instruction table: an assembler that does not use the table agrees with every row.
//!
//! Each row, with several values for each immediate, is written as text, assembled, and read again. The result must be the same
//! instruction, and begin with the bytes of the row.

use super::*;
use crate::syntax::index::*;
use crate::syntax::instr::*;
use crate::syntax::instructions::for_each_instruction;
use crate::syntax::types::*;

/// Number of values for each kind of immediate.
const VALUES: usize = 4;

/// Values of an immediate that are worth testing.
trait Example: Sized {
    fn example(number: usize) -> Self;
}

macro_rules! example_instructions {
    ($($group:ident $prefix:literal {$(
        $code:literal $name:ident $mnemonic:literal $(($($imm:ident: $ty:ty),+))? { $($row:tt)* }
    )*})*) => {
        fn example_instructions<'a>(number: usize) -> Vec<Instr<'a>> {
            vec![$($(
                Instr::$name $({ $($imm: <$ty>::example(number)),+ })?,
            )*)*]
        }
    };
}

for_each_instruction!(example_instructions);

macro_rules! examples {
    ($($ty:ty: $values:expr;)*) => {$(
        impl Example for $ty {
            fn example(number: usize) -> Self {
                let values: [Self; VALUES] = $values;
                values[number]
            }
        }
    )*};
}

macro_rules! index_examples {
    ($($ty:ident)*) => {
        examples! { $($ty: [$ty(0), $ty(1), $ty(200), $ty(u32::MAX)];)* }
    };
}

index_examples!(TypeIdx FuncIdx TableIdx MemIdx GlobalIdx TagIdx ElemIdx DataIdx LocalIdx LabelIdx FieldIdx);

/// A reference type of each form.
const REFS: [RefType; VALUES] = [
    RefType::FUNCREF,
    RefType::non_null(HeapType::None),
    RefType::nullable(HeapType::Concrete(TypeIdx(300))),
    RefType::non_null(HeapType::Any),
];

examples! {
    u8: [0, 1, 2, 3];
    i32: [0, -1, 64, i32::MIN];
    i64: [0, -65, 1 << 33, i64::MIN];
    u32: [0, 1.5f32.to_bits(), 0xFFA0_0000, f32::INFINITY.to_bits()];
    u64: [1 << 63, 0.1f64.to_bits(), f64::NAN.to_bits(), 0x7FF0_0000_0000_0001];
    [u8; 16]: [0, 1, 15, 31].map(|first| core::array::from_fn(|lane| (first + lane as u8) % 32));
    BlockType: [
        BlockType::Empty,
        BlockType::Result(ValType::V128),
        BlockType::Result(ValType::Ref(RefType::non_null(HeapType::Concrete(TypeIdx(64))))),
        BlockType::Type(TypeIdx(64)),
    ];
    HeapType: [HeapType::Func, HeapType::Exn, HeapType::I31, HeapType::Concrete(TypeIdx(64))];
    MemArg: [(0, 0, 0), (0, 8, 1), (0, u64::MAX, 0), (0, 1 << 20, 128)]
        .map(|(align, offset, mem)| MemArg { align, offset, mem: MemIdx(mem) });
    CastArg: core::array::from_fn(|number| CastArg {
        label: LabelIdx(number as u32),
        from: REFS[number],
        to: REFS[VALUES - 1 - number],
    });
    Count: [0, 1, 127, 128].map(Count);
    ZeroByte: [ZeroByte; VALUES];
}

impl Example for &[LabelIdx] {
    fn example(number: usize) -> Self {
        &[LabelIdx(7), LabelIdx(0), LabelIdx(130)][..number]
    }
}

impl Example for &[ValType] {
    fn example(number: usize) -> Self {
        const REF: ValType = ValType::Ref(RefType::non_null(HeapType::Struct));
        // Without a type, the text would be that of another instruction.
        [
            &[ValType::I32][..],
            &[ValType::FUNCREF],
            &[REF],
            &[ValType::F64, ValType::I64],
        ][number]
    }
}

impl Example for &[Catch] {
    fn example(number: usize) -> Self {
        const TAG: TagIdx = TagIdx(3);
        const LABEL: LabelIdx = LabelIdx(2);
        &[
            Catch::AllRef { label: LABEL },
            Catch::One {
                tag: TAG,
                label: LABEL,
            },
            Catch::OneRef {
                tag: TAG,
                label: LABEL,
            },
        ][..number]
    }
}

/// The text before and after an instruction that closes its blocks, and the number of instructions before it.
fn surroundings(instr: &Instr<'_>) -> (&'static str, &'static str, usize) {
    match instr {
        Instr::Block { .. } | Instr::Loop { .. } | Instr::If { .. } | Instr::TryTable { .. } => {
            ("", "end", 0)
        }
        Instr::Try { .. } => ("", "catch_all end", 0),
        Instr::Else => ("if", "end", 1),
        Instr::End => ("block", "", 1),
        Instr::Catch { .. } | Instr::CatchAll => ("try", "end", 1),
        Instr::Delegate { .. } => ("try", "", 1),
        _ => ("", "", 0),
    }
}

#[test]
fn every_instruction_is_spelled_and_encoded_as_the_assembler_does_it() {
    for number in 0..VALUES {
        for instr in example_instructions(number) {
            let (before, behind, skip) = surroundings(&instr);
            let text = format!("(module (func {before} {instr} {behind}))");
            let bytes = wat::parse_str(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
            let module = decode_module(&bytes).unwrap();
            let mut body = Body::new(&bytes, &module.bodies[0]).unwrap();
            for _ in 0..skip {
                body.next().unwrap();
            }
            let (read, at) = body
                .next()
                .unwrap_or_else(|error| panic!("{text}: {error}"))
                .unwrap();
            assert_eq!(read, instr, "{text}");
            let (byte, code) = instr.opcode().encoding();
            let mut encoding = vec![byte];
            if let Some(code) = code {
                ::leb128::write::unsigned(&mut encoding, code.into()).unwrap();
            }
            assert!(bytes[at..].starts_with(&encoding), "{text}");
            while body
                .next()
                .unwrap_or_else(|error| panic!("{text}: {error}"))
                .is_some()
            {}
        }
    }
}

#[test]
fn opcodes_that_no_row_has_are_illegal() {
    let known: Vec<_> = Opcode::ALL.iter().map(|opcode| opcode.encoding()).collect();
    let prefixes: Vec<_> = known
        .iter()
        .filter(|(_, code)| code.is_some())
        .map(|(byte, _)| *byte)
        .collect();
    let read = |bytes: &[u8]| {
        let range = 0..bytes.len();
        let body = crate::syntax::module::FuncBody { range };
        Body::new(bytes, &body)
            .unwrap()
            .next()
            .map(|next| next.map(|(instr, _)| instr.opcode()))
    };
    for byte in 0..=u8::MAX {
        if prefixes.contains(&byte) {
            for code in 0..0x200 {
                let mut bytes = vec![0, byte];
                ::leb128::write::unsigned(&mut bytes, code.into()).unwrap();
                bytes.extend([0; 32]);
                let is_illegal = matches!(
                    read(&bytes),
                    Err(DecodeError {
                        kind: DecodeErrorKind::PrefixedOpcode { .. },
                        ..
                    })
                );
                assert_eq!(
                    is_illegal,
                    !known.contains(&(byte, Some(code))),
                    "{byte:#x} {code:#x}"
                );
            }
        } else {
            let mut bytes = [0x40; 40];
            bytes[0] = 0;
            bytes[1] = byte;
            let is_illegal = matches!(
                read(&bytes),
                Err(DecodeError {
                    kind: DecodeErrorKind::Opcode(_),
                    ..
                })
            );
            assert_eq!(is_illegal, !known.contains(&(byte, None)), "{byte:#x}");
        }
    }
}
