//! The operands of ops, by their types: how each is written and shown, and which of its values handlers depend on.

use core::fmt::{self, Display, Formatter};

use super::each::listed;
use crate::code::layout::Target;
use crate::syntax::instr::{Floats, Opcode};

/// The type of an operand.
pub trait Operand: Copy + 'static {
    /// The values that a handler may depend on, or one placeholder.
    const EACH: &'static [Self];
    /// Whether the value is a kind of operand, which [`Next::Other`](super::Next::Other) skips.
    const IS_KIND: bool = false;

    /// Writes its cells. An operand that the choice of a handler determines has none.
    fn write(self, _: &mut impl Cells) {}

    /// Writes its text in a listing.
    fn show(self, f: &mut Formatter<'_>) -> fmt::Result;

    /// The opcode, if it is one.
    fn opcode(self) -> Option<Opcode> {
        None
    }

    /// The place that it is read from, if it is one; of an address, only if that is a single place.
    fn src(&mut self) -> Option<&mut Src> {
        None
    }

    /// The destination, if it is one.
    fn dst(&mut self) -> Option<&mut Dst> {
        None
    }
}

/// An operand as shown in a listing.
pub struct Shown<T>(pub T);

impl<T: Operand> Display for Shown<T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.show(f)
    }
}

/// Receives the operand cells of an op.
pub trait Cells {
    /// Receives a cell.
    fn cell(&mut self, cell: u32);

    /// Receives two cells that are read as one, at a multiple of eight bytes.
    fn wide(&mut self, value: u64);
}

/// The place of a slot: bytes from the frame's base, negative for parameters.
pub type SlotOffset = i32;

/// 16 bytes in the code: a vector, or the lanes that a shuffle selects.
pub type Bytes = [u8; 16];

/// A small number that is part of the handler.
pub type Few = u8;

/// The maximal number of locals that are set to zero by a handler that has their number built in.
pub const MAX_INLINE_ZEROS: Few = 8;

listed! {
/// The register class of a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Bank {
    /// Integers and references.
    Int,
    /// 32-bit floats.
    F32,
    /// 64-bit floats.
    F64,
    /// Vectors. They have no pin, and their ops always write to memory.
    V128,
}
}

/// The place from which an op reads an operand.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Src {
    /// In the accumulator of its bank.
    Acc,
    /// In the pinned local of its bank.
    Pin,
    /// In a slot.
    Slot(SlotOffset),
    /// In the op: a 32-bit number.
    Imm32(u32),
    /// In the op: a 64-bit number or a reference.
    Imm64(u64),
}

/// The place where an op writes its result. The accumulator of the result's bank receives it too, unless the op says otherwise.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Dst {
    /// In the accumulator only.
    Acc,
    /// In a slot.
    Slot(SlotOffset),
    /// In the pinned local of its bank, and in the slot that is the local's home.
    Pin(SlotOffset),
}

/// The address that an op computes in a 32-bit memory; all sums wrap at 32 bits.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Addr {
    /// `x`
    Plain(Src),
    /// `x + y`
    Sum(Src, Src),
    /// `x + (y << k)` where `1 << k` is the width of the access.
    Scaled(Src, Src),
}

listed! {
/// The operation of an atomic op.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Atomic {
    /// Reads.
    Load,
    /// Writes.
    Store,
    /// Adds, and yields the old value, as the following ones do.
    Add,
    /// Subtracts.
    Sub,
    /// Clears bits.
    And,
    /// Sets bits.
    Or,
    /// Inverts bits.
    Xor,
    /// Exchanges.
    Xchg,
    /// Exchanges if the old value is the expected one.
    Cmpxchg,
    /// `memory.atomic.wait32` and its like.
    Wait,
    /// `memory.atomic.notify`
    Notify,
    /// `atomic.fence`
    Fence,
}
}

/// The parameters of an access to a memory that may be shared, or of an atomic one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Access {
    /// The memory.
    pub mem: u32,
    /// Whether its addresses have 64 bits.
    pub wide: bool,
    /// Base-2 logarithm of the number of bytes accessed.
    pub width: u32,
    /// The offset added to the address, without wrapping.
    pub offset: u64,
}

/// The frame of a call that may leave the instance.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CallFrame {
    /// Bytes from this frame's base to that of the callee.
    pub delta: u32,
    /// Slots of the arguments.
    pub params: u32,
    /// Slots of the arguments or of the results, whichever are more.
    pub slots: u32,
}

/// The frame of a call that replaces the current one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TailFrame {
    /// The first argument.
    pub from: SlotOffset,
    /// The place to move the arguments to: that of the current function's arguments.
    pub to: SlotOffset,
    /// Slots of the arguments.
    pub params: u32,
    /// Slots of the arguments or of the results, whichever are more.
    pub slots: u32,
}

/// The condition that a cast sets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CastTarget {
    /// The condition for references that are not null.
    pub target: Target,
    /// Whether null passes.
    pub nullable: bool,
}

impl CastTarget {
    /// The target with these cells.
    pub const fn of_cells(code: u32, id: u32) -> Self {
        Self {
            target: Target::of_cells(code >> 1, id),
            nullable: code & 1 != 0,
        }
    }
}

const SRC: [Src; 5] = [
    Src::Slot(0),
    Src::Acc,
    Src::Pin,
    Src::Imm32(1),
    Src::Imm64(1),
];

/// The kinds of addresses: of one operand, or of two.
const ADDR: [Addr; 55] = {
    let mut each = [Addr::Plain(SRC[0]); 55];
    let mut i = 0;
    while i < 5 {
        each[i] = Addr::Plain(SRC[i]);
        let mut j = 0;
        while j < 5 {
            each[5 + 5 * i + j] = Addr::Sum(SRC[i], SRC[j]);
            each[30 + 5 * i + j] = Addr::Scaled(SRC[i], SRC[j]);
            j += 1;
        }
        i += 1;
    }
    each
};

impl Operand for Src {
    const EACH: &'static [Self] = &SRC;
    const IS_KIND: bool = true;

    fn write(self, out: &mut impl Cells) {
        match self {
            Self::Acc | Self::Pin => {}
            Self::Slot(offset) => offset.write(out),
            Self::Imm32(value) => out.cell(value),
            Self::Imm64(value) => out.wide(value),
        }
    }

    fn show(self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Acc => f.write_str("acc"),
            Self::Pin => f.write_str("pin"),
            Self::Slot(offset) => offset.show(f),
            Self::Imm32(value) => write!(f, "{}", value as i32),
            Self::Imm64(value) => write!(f, "{}", value as i64),
        }
    }

    fn src(&mut self) -> Option<&mut Src> {
        Some(self)
    }
}

impl Operand for Dst {
    const EACH: &'static [Self] = &[Self::Slot(0), Self::Acc, Self::Pin(0)];
    const IS_KIND: bool = true;

    fn write(self, out: &mut impl Cells) {
        match self {
            Self::Acc => {}
            Self::Slot(offset) | Self::Pin(offset) => offset.write(out),
        }
    }

    fn show(self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Acc => f.write_str("acc"),
            Self::Slot(offset) => offset.show(f),
            Self::Pin(offset) => write!(f, "pin{}", Shown(offset)),
        }
    }

    fn dst(&mut self) -> Option<&mut Dst> {
        Some(self)
    }
}

impl Operand for Addr {
    const EACH: &'static [Self] = &ADDR;
    const IS_KIND: bool = true;

    fn write(self, out: &mut impl Cells) {
        match self {
            Self::Plain(x) => x.write(out),
            Self::Sum(x, y) | Self::Scaled(x, y) => {
                x.write(out);
                y.write(out);
            }
        }
    }

    fn show(self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(x) => x.show(f),
            Self::Sum(x, y) => write!(f, "{} + {}", Shown(x), Shown(y)),
            Self::Scaled(x, y) => write!(f, "{} + ({} << k)", Shown(x), Shown(y)),
        }
    }

    fn src(&mut self) -> Option<&mut Src> {
        match self {
            Self::Plain(x) => Some(x),
            Self::Sum(..) | Self::Scaled(..) => None,
        }
    }
}

impl Operand for Opcode {
    const EACH: &'static [Self] = Self::ALL;

    fn show(self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.mnemonic())
    }

    fn opcode(self) -> Option<Opcode> {
        Some(self)
    }
}

/// Operands that affect the handler only.
macro_rules! of_the_handler {
    ($($ty:ty = $each:expr, |$value:ident| $text:literal $(, $arg:expr)*;)*) => {$(
        impl Operand for $ty {
            const EACH: &'static [Self] = $each;

            fn show(self, f: &mut Formatter<'_>) -> fmt::Result {
                let $value = self;
                write!(f, $text $(, $arg)*)
            }
        }
    )*};
}

of_the_handler! {
    Bank = Bank::ALL, |bank| "{bank:?}";
    Floats = &Floats::ALL, |floats| "{floats:?}";
    bool = &[false, true], |not| "{}", if not { "not " } else { "" };
    Few = &[1, 2, 3, 4, 5, 6, 7, MAX_INLINE_ZEROS], |count| "{count}";
}

/// Operands that handlers only read: their values do not affect the choice of one.
macro_rules! of_the_code {
    ($($ty:ty = $any:expr, |$value:ident, $out:ident| $write:expr, $text:literal $(, $arg:expr)*;)*) => {$(
        impl Operand for $ty {
            const EACH: &'static [Self] = &[$any];

            fn write(self, $out: &mut impl Cells) {
                let $value = self;
                $write
            }

            fn show(self, f: &mut Formatter<'_>) -> fmt::Result {
                let $value = self;
                write!(f, $text $(, $arg)*)
            }
        }
    )*};
}

of_the_code! {
    u32 = 0, |value, out| out.cell(value), "{value}";
    u64 = 0, |value, out| out.wide(value), "{value}";
    SlotOffset = 0, |offset, out| out.cell(offset as u32), "[{}]", offset / 8;
    // The lowest byte of each cell comes first.
    Bytes = [0; 16], |bytes, out| {
        let (cells, _) = bytes.as_chunks();
        for cell in cells {
            out.cell(u32::from_le_bytes(*cell));
        }
    }, "{bytes:?}";
    Atomic = Self::Load, |does, out| out.cell(does as u32), "{does:?}";
    Access = Self { mem: 0, wide: false, width: 2, offset: 0 }, |access, out| {
        out.cell(access.mem);
        out.cell(u32::from(access.wide) | access.width << 1);
        out.wide(access.offset);
    }, "memory {} + {}", access.mem, access.offset;
    CallFrame = Self { delta: 0, params: 0, slots: 0 }, |frame, out| {
        out.cell(frame.delta);
        out.cell(frame.params);
        out.cell(frame.slots);
    }, "frame +{} bytes", frame.delta;
    TailFrame = Self { from: 0, to: 0, params: 0, slots: 0 }, |tail, out| {
        tail.from.write(out);
        tail.to.write(out);
        out.cell(tail.params);
        out.cell(tail.slots);
    }, "{} slots from {}", tail.params, Shown(tail.from);
    CastTarget = Self { target: Target::Top, nullable: false }, |cast, out| {
        let (code, id) = cast.target.cells();
        out.cell(code << 1 | u32::from(cast.nullable));
        out.cell(id);
    }, "{:?}{}", cast.target, if cast.nullable { " or null" } else { "" };
}
