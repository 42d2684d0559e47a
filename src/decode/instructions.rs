//! Instructions as bytes: the match over opcodes, derived from the instruction table, and each kind of immediate.
//!
//! Reading instructions is the hot path of loading a module.
//! <https://webassembly.github.io/spec/core/binary/instructions.html>

use super::error::{Counted, DecodeError, DecodeErrorKind};
use super::reader::Reader;
use super::types;
use crate::limits;
use crate::syntax::index::*;
use crate::syntax::instr::*;
use crate::syntax::instructions::for_each_instruction;
use crate::syntax::module::{ConstExpr, FuncBody};
use crate::syntax::types::*;

/// Lists among an instruction's immediates, until the next instruction needs the room.
#[derive(Debug, Default)]
struct Scratch {
    labels: Vec<LabelIdx>,
    types: Vec<ValType>,
    catches: Vec<Catch>,
}

/// An immediate, read in two steps because lists are borrowed from a scratch buffer: first all immediates of an instruction
/// are read, which may fill the buffer; then all are finished, which may borrow from it.
trait Immediate<'a>: Sized {
    type Read;
    fn read(reader: &mut Reader<'_>, scratch: &mut Scratch) -> Result<Self::Read, DecodeError>;
    fn finish(read: Self::Read, scratch: &'a Scratch) -> Self;
}

/// An instruction with its offset, or nothing after the last one.
///
/// Each arm of the large match makes a value of just this type, so that it is written directly to the caller's place. Wrapping it
/// later would copy it, and the copy would wait for the writes of its parts.
type Step<'a> = Result<Option<(Instr<'a>, usize)>, DecodeError>;

/// The change in the number of open blocks that an instruction causes.
const fn nesting(opcode: Opcode) -> isize {
    match opcode {
        Opcode::Block | Opcode::Loop | Opcode::If | Opcode::Try | Opcode::TryTable => 1,
        Opcode::End | Opcode::Delegate => -1,
        _ => 0,
    }
}

macro_rules! decode_instructions {
    ($($group:ident $prefix:literal {$(
        $code:literal $name:ident $mnemonic:literal $(($($imm:ident: $ty:ty),+))? { $($row:tt)* }
    )*})*) => {
        $(
            /// Reads the rest of an instruction of a group whose opcode has been read.
            #[inline]
            fn $group<'a>(code: u32, offset: usize, expr: &'a mut Expr<'_>) -> Step<'a> {
                match code {
                    $(
                        $code => {
                            $($(let $imm = <$ty>::read(&mut expr.reader, &mut expr.scratch)?;)+)?
                            expr.depth = expr.depth.wrapping_add_signed(const { nesting(Opcode::$name) });
                            let instr = Instr::$name $({
                                $($imm: <$ty>::finish($imm, &expr.scratch)),+
                            })?;
                            Ok(Some((instr, offset)))
                        }
                    )*
                    _ => unlisted($prefix, code, offset, expr),
                }
            }
        )*

        /// Reads an instruction that is in no list of its group: its byte may be a prefix, otherwise it is illegal.
        #[inline(never)]
        fn unlisted<'a>(prefix: u8, code: u32, offset: usize, expr: &'a mut Expr<'_>) -> Step<'a> {
            if prefix != 0 {
                let kind = DecodeErrorKind::PrefixedOpcode { prefix, code };
                return Err(DecodeError { kind, offset });
            }
            $(
                if $prefix != 0 && code == $prefix {
                    let code = expr.reader.u32()?;
                    return $group(code, offset, expr);
                }
            )*
            let kind = DecodeErrorKind::Opcode(code as u8);
            Err(DecodeError { kind, offset })
        }
    };
}

for_each_instruction!(decode_instructions);

/// A sequence of instructions up to the `end` that closes it. The end is found by counting; validation checks that each `else`
/// has its `if`.
#[derive(Debug)]
struct Expr<'m> {
    reader: Reader<'m>,
    scratch: Scratch,
    /// Number of open blocks, the expression itself included.
    depth: usize,
}

impl<'m> Expr<'m> {
    fn new(reader: Reader<'m>) -> Self {
        Self {
            reader,
            scratch: Scratch::default(),
            depth: 1,
        }
    }

    /// Returns the next instruction. Must not be called once the depth is 0.
    #[inline]
    fn next(&mut self) -> Step<'_> {
        let offset = self.reader.offset();
        let code = self.reader.byte()?;
        one_byte(code.into(), offset, self)
    }
}

/// Reads a constant expression. Validation checks that it is constant.
pub(super) fn const_expr(reader: &mut Reader<'_>) -> Result<ConstExpr, DecodeError> {
    let mut expr = Expr::new(reader.clone());
    // Most expressions have one instruction.
    let mut instrs = Vec::with_capacity(1);
    while let Some((instr, offset)) = expr.next()? {
        let instr = instr.without_lists();
        if expr.depth == 0 {
            // `delegate` closes a block as well, but does not end an expression: validation must see it.
            if !matches!(instr, Instr::End) {
                instrs.push((instr, offset));
            }
            *reader = expr.reader;
            return Ok(ConstExpr {
                instrs: instrs.into(),
                end: offset,
            });
        }
        instrs.push((instr, offset));
    }
    unreachable!("an expression has an instruction or an error until its depth is 0")
}

/// A function body that is being read: the locals, then one instruction after the other.
#[derive(Debug)]
pub struct Body<'m> {
    locals: Vec<(u32, ValType)>,
    expr: Expr<'m>,
}

impl<'m> Body<'m> {
    /// Begins to read a body: reads its locals.
    ///
    /// # Errors
    ///
    /// If the locals are malformed or too many.
    pub fn new(bytes: &'m [u8], body: &FuncBody) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes, body.range.clone());
        let runs = reader.u32()?;
        let mut locals = Vec::with_capacity(reader.room(runs));
        let mut total = 0u32;
        for _ in 0..runs {
            let at = reader.clone();
            let count = reader.u32()?;
            total = match total.checked_add(count) {
                Some(total) if total <= limits::MAX_LOCALS => total,
                _ => return Err(at.error(DecodeErrorKind::TooManyLocals)),
            };
            locals.push((count, types::val_type(&mut reader)?));
        }
        Ok(Self {
            locals,
            expr: Expr::new(reader),
        })
    }

    /// Continues reading at the offset of one of the body's instructions. The result has no locals.
    pub fn from_offset(bytes: &'m [u8], body: &FuncBody, offset: usize) -> Self {
        let begin = offset.clamp(body.range.start, body.range.end);
        Self {
            locals: Vec::new(),
            expr: Expr::new(Reader::new(bytes, begin..body.range.end)),
        }
    }

    /// The locals without the parameters, as runs of equal types.
    pub fn locals(&self) -> &[(u32, ValType)] {
        &self.locals
    }

    /// Returns the next instruction and its offset; nothing after the last `end`.
    ///
    /// Inspect the result by reference where speed matters (`match &body.next()`): moving an instruction that has just
    /// been written takes longer than reading it.
    ///
    /// # Errors
    ///
    /// If an instruction is malformed, or the body ends before its last `end` or continues after it.
    #[allow(clippy::should_implement_trait)] // An iterator's items cannot borrow from it.
    pub fn next(&mut self) -> Result<Option<(Instr<'_>, usize)>, DecodeError> {
        if self.expr.depth == 0 {
            return self.finish();
        }
        self.expr.next()
    }

    #[cold]
    fn finish(&self) -> Step<'_> {
        match self.expr.reader.is_empty() {
            true => Ok(None),
            false => Err(self.expr.reader.error(DecodeErrorKind::EndExpected)),
        }
    }
}

/// Immediates that do not need the scratch buffer.
macro_rules! immediates {
    ($($ty:ty = |$reader:ident| $read:expr;)*) => {$(
        impl Immediate<'_> for $ty {
            type Read = Self;
            #[inline(always)]
            fn read($reader: &mut Reader<'_>, _: &mut Scratch) -> Result<Self, DecodeError> {
                $read
            }
            #[inline]
            fn finish(read: Self, _: &Scratch) -> Self {
                read
            }
        }
    )*};
}

immediates! {
    u8 = |reader| reader.byte();
    i32 = |reader| reader.s32();
    i64 = |reader| reader.s64();
    [u8; 16] = |reader| reader.array();
    TypeIdx = |reader| reader.u32().map(Self);
    FuncIdx = |reader| reader.u32().map(Self);
    TableIdx = |reader| reader.u32().map(Self);
    MemIdx = |reader| reader.u32().map(Self);
    GlobalIdx = |reader| reader.u32().map(Self);
    TagIdx = |reader| reader.u32().map(Self);
    ElemIdx = |reader| reader.u32().map(Self);
    DataIdx = |reader| reader.u32().map(Self);
    LocalIdx = |reader| reader.u32().map(Self);
    LabelIdx = |reader| reader.u32().map(Self);
    FieldIdx = |reader| reader.u32().map(Self);
    BlockType = |reader| types::block_type(reader);
    HeapType = |reader| types::heap_type(reader);
    MemArg = |reader| mem_arg(reader);
    CastArg = |reader| cast_arg(reader);
    ZeroByte = |reader| reader.zero().map(|()| Self);
    Count = |reader| reader.u32().map(Self);
    // The bits of floats.
    u32 = |reader| reader.array().map(Self::from_le_bytes);
    u64 = |reader| reader.array().map(Self::from_le_bytes);
}

/// A memory access: flags with the alignment's logarithm, perhaps a memory, an offset.
#[inline(always)]
fn mem_arg(reader: &mut Reader<'_>) -> Result<MemArg, DecodeError> {
    const HAS_MEM: u32 = 1 << 6;
    let at = reader.offset();
    let flags = reader.u32()?;
    let mem = match flags {
        0..HAS_MEM => MemIdx(0),
        HAS_MEM..0x80 => MemIdx(reader.u32()?),
        _ => {
            return Err(DecodeError {
                kind: DecodeErrorKind::MemOpFlags(flags),
                offset: at,
            });
        }
    };
    Ok(MemArg {
        align: flags % HAS_MEM,
        offset: reader.u64()?,
        mem,
    })
}

/// Two reference types and a label, with both nullabilities in a byte before them.
fn cast_arg(reader: &mut Reader<'_>) -> Result<CastArg, DecodeError> {
    let flags = reader.byte()?;
    if flags > 3 {
        return Err(reader.error_before(DecodeErrorKind::CastFlags(flags)));
    }
    let label = LabelIdx(reader.u32()?);
    let mut ref_type = |nullable| types::heap_type(reader).map(|heap| RefType { nullable, heap });
    Ok(CastArg {
        label,
        from: ref_type(flags & 1 != 0)?,
        to: ref_type(flags & 2 != 0)?,
    })
}

fn catch(reader: &mut Reader<'_>) -> Result<Catch, DecodeError> {
    let kind = reader.byte()?;
    if kind > 3 {
        return Err(reader.error_before(DecodeErrorKind::CatchKind(kind)));
    }
    let mut index = || reader.u32();
    Ok(match kind {
        0 => Catch::One {
            tag: TagIdx(index()?),
            label: LabelIdx(index()?),
        },
        1 => Catch::OneRef {
            tag: TagIdx(index()?),
            label: LabelIdx(index()?),
        },
        2 => Catch::All {
            label: LabelIdx(index()?),
        },
        _ => Catch::AllRef {
            label: LabelIdx(index()?),
        },
    })
}

/// Immediates that are lists, each with its part of the scratch buffer.
macro_rules! lists {
    ($($item:ty, $buffer:ident, $limit:expr, |$reader:ident| $read:expr;)*) => {$(
        impl<'a> Immediate<'a> for &'a [$item] {
            type Read = ();
            fn read($reader: &mut Reader<'_>, scratch: &mut Scratch) -> Result<(), DecodeError> {
                let count = $reader.count(Counted::Labels, 0, $limit)?;
                scratch.$buffer.clear();
                scratch.$buffer.reserve($reader.room(count));
                for _ in 0..count {
                    scratch.$buffer.push($read?);
                }
                Ok(())
            }
            fn finish((): (), scratch: &'a Scratch) -> Self {
                &scratch.$buffer
            }
        }
    )*};
}

lists! {
    LabelIdx, labels, limits::MAX_BR_TABLE_TARGETS, |reader| reader.u32().map(LabelIdx);
    ValType, types, u32::MAX, |reader| types::val_type(reader);
    Catch, catches, u32::MAX, |reader| catch(reader);
}
