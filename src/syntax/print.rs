//! The text format of single instructions, without indentation and with numeric indices.
//!
//! An assembler reads the text back as the same instruction. There is no printer of whole modules.
//! <https://webassembly.github.io/spec/core/text/instructions.html>

use core::fmt;

use super::index::*;
use super::instr::*;
use super::instructions::for_each_instruction;
use super::types::*;

macro_rules! display_instructions {
    ($($group:ident $prefix:literal {$(
        $code:literal $name:ident $mnemonic:literal $(($($imm:ident: $ty:ty),+))? { $($row:tt)* }
    )*})*) => {
        impl Instr<'_> {
            /// Writes each immediate, in the order of the binary format, with a space before it.
            fn immediates(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $($(
                        Self::$name $({ $($imm),+ })? => {
                            $($($imm.text(self.opcode(), f)?;)+)?
                        }
                    )*)*
                }
                Ok(())
            }
        }
    };
}

for_each_instruction!(display_instructions);

impl fmt::Display for Instr<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.opcode().mnemonic())?;
        match *self {
            // The bits of a float are a number of the same width, but are not written as one.
            Self::F32Const { bits } => {
                text_float(f, f32::from_bits(bits), bits & 0x7f_ffff, 1 << 22)
            }
            Self::F64Const { bits } => {
                text_float(f, f64::from_bits(bits), bits & 0xf_ffff_ffff_ffff, 1 << 51)
            }
            Self::V128Const { bytes } => {
                f.write_str(" i32x4")?;
                for lane in bytes.chunks_exact(4) {
                    write!(
                        f,
                        " 0x{:02x}{:02x}{:02x}{:02x}",
                        lane[3], lane[2], lane[1], lane[0]
                    )?;
                }
                Ok(())
            }
            // The text has the table or memory before the entity inside it, the binary behind it.
            Self::CallIndirect { ty, table } | Self::ReturnCallIndirect { ty, table } => {
                write!(f, " {table} (type {ty})")
            }
            Self::TableInit { elem, table } => write!(f, " {table} {elem}"),
            Self::MemoryInit { data, mem } => write!(f, " {mem} {data}"),
            // One mnemonic, two opcodes.
            Self::RefTestNonNull { heap } | Self::RefCastNonNull { heap } => {
                write!(f, " {}", RefType::non_null(heap))
            }
            Self::RefTestNull { heap } | Self::RefCastNull { heap } => {
                write!(f, " {}", RefType::nullable(heap))
            }
            // Without a parenthesis this would be the `select` without types.
            Self::SelectTyped { types: [] } => f.write_str(" (result)"),
            _ => self.immediates(f),
        }
    }
}

/// Writes the shortest decimal that reads back as the same number; infinities and NaNs by name, the latter with their payload
/// unless that is the canonical one.
fn text_float<F, B>(f: &mut fmt::Formatter<'_>, value: F, payload: B, canonical: B) -> fmt::Result
where
    F: Into<f64> + fmt::Debug + Copy,
    B: fmt::LowerHex + PartialEq,
{
    let wide: f64 = value.into();
    if !wide.is_nan() {
        return write!(f, " {value:?}");
    }
    f.write_str(if wide.is_sign_negative() {
        " -nan"
    } else {
        " nan"
    })?;
    if payload == canonical {
        Ok(())
    } else {
        write!(f, ":0x{payload:x}")
    }
}

/// Writes an immediate as text, with a space before it; nothing where it is the text format's default.
trait Text {
    fn text(&self, opcode: Opcode, f: &mut fmt::Formatter<'_>) -> fmt::Result;
}

macro_rules! text_is_display {
    ($($ty:ty),*) => {$(
        impl Text for $ty {
            fn text(&self, _: Opcode, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, " {self}")
            }
        }
    )*};
}
text_is_display!(u8, u32, u64, i32, i64, HeapType);
text_is_display!(
    TypeIdx, FuncIdx, TableIdx, MemIdx, GlobalIdx, TagIdx, ElemIdx, DataIdx, LocalIdx, LabelIdx,
    FieldIdx
);

impl Text for [u8; 16] {
    fn text(&self, opcode: Opcode, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iter().try_for_each(|byte| byte.text(opcode, f))
    }
}

impl Text for &[LabelIdx] {
    fn text(&self, opcode: Opcode, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iter().try_for_each(|label| label.text(opcode, f))
    }
}

impl Text for &[ValType] {
    fn text(&self, _: Opcode, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iter().try_for_each(|ty| write!(f, " (result {ty})"))
    }
}

impl Text for &[Catch] {
    fn text(&self, _: Opcode, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iter().try_for_each(|clause| match clause {
            Catch::One { tag, label } => write!(f, " (catch {tag} {label})"),
            Catch::OneRef { tag, label } => write!(f, " (catch_ref {tag} {label})"),
            Catch::All { label } => write!(f, " (catch_all {label})"),
            Catch::AllRef { label } => write!(f, " (catch_all_ref {label})"),
        })
    }
}

impl Text for BlockType {
    fn text(&self, _: Opcode, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => Ok(()),
            Self::Result(ty) => write!(f, " (result {ty})"),
            Self::Type(index) => write!(f, " (type {index})"),
        }
    }
}

impl Text for MemArg {
    fn text(&self, opcode: Opcode, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { align, offset, mem } = *self;
        if mem != MemIdx(0) {
            write!(f, " {mem}")?;
        }
        if offset != 0 {
            write!(f, " offset={offset}")?;
        }
        if Some(align) != opcode.natural_align() {
            write!(f, " align={}", 1u128 << align)?;
        }
        Ok(())
    }
}

impl Text for CastArg {
    fn text(&self, _: Opcode, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { label, from, to } = self;
        write!(f, " {label} {from} {to}")
    }
}

impl Text for Count {
    fn text(&self, _: Opcode, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, " {}", self.0)
    }
}

impl Text for ZeroByte {
    fn text(&self, _: Opcode, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_written_so_that_they_read_back() {
        let f32 = |bits| Instr::F32Const { bits }.to_string();
        assert_eq!(f32(1.5f32.to_bits()), "f32.const 1.5");
        assert_eq!(f32(1), "f32.const 1e-45");
        assert_eq!(f32(0xff80_0000), "f32.const -inf");
        assert_eq!(f32(0x7fc0_0000), "f32.const nan");
        assert_eq!(f32(0xff80_0001), "f32.const -nan:0x1");
        let f64 = |bits| Instr::F64Const { bits }.to_string();
        assert_eq!(f64((-0.0f64).to_bits()), "f64.const -0.0");
        assert_eq!(f64(0x7ff4_0000_0000_0000), "f64.const nan:0x4000000000000");
    }

    #[test]
    fn memory_arguments_say_what_is_not_assumed() {
        let load = |align, offset, mem| {
            Instr::I32Load {
                memarg: MemArg {
                    align,
                    offset,
                    mem: MemIdx(mem),
                },
            }
            .to_string()
        };
        assert_eq!(load(2, 0, 0), "i32.load");
        assert_eq!(load(0, 8, 3), "i32.load 3 offset=8 align=1");
    }

    #[test]
    fn lists_are_written_in_full() {
        let labels = &[LabelIdx(3), LabelIdx(0)];
        assert_eq!(
            Instr::BrTable {
                labels,
                default: LabelIdx(1)
            }
            .to_string(),
            "br_table 3 0 1"
        );
        let types = &[ValType::I32];
        assert_eq!(
            Instr::SelectTyped { types }.to_string(),
            "select (result i32)"
        );
    }
}
