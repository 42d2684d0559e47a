//! The ops of threaded code. How each lies in memory is in `operands`, how it is shown to people in `print`.
//!
//! An op is a handler's address (two cells) followed by its operands in the order in which the handler reads them; a cell is four
//! bytes. Lowering builds an [`Op`], `exec::select` finds the handler that suits its operand kinds, [`Op::operands`] writes the
//! rest. The comment on each op is its meaning, where `:=` stores and `acc` is the accumulator.

mod each;
mod operands;
mod print;

use super::layout::Target;
use crate::syntax::instr::{Class, Opcode};

pub use each::Next;
pub use operands::Cells;

use each::{each_of, listed, ops};

/// Where a slot is: bytes from the frame's base, negative for parameters.
pub type SlotOffset = i32;

/// The most locals that are set to zero by a handler that knows their number.
pub const MAX_INLINE_ZEROS: u32 = 8;

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

/// Where an op finds an operand.
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

/// Where an op leaves its result. Whatever it is, the accumulator of the result's bank receives it too, unless the op says so.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Dst {
    /// In the accumulator only.
    Acc,
    /// In a slot.
    Slot(SlotOffset),
    /// In the pinned local of its bank, and in the slot that is the local's home.
    Pin(SlotOffset),
}

/// How an op computes an address in a 32-bit memory; all sums wrap at 32 bits.
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
/// What an op of the kind `Runtime` asks the runtime to do. Operands and results lie in consecutive slots.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Runtime {
    /// `memory.size a`
    MemorySize,
    /// `memory.grow a`
    MemoryGrow,
    /// `memory.fill a`
    MemoryFill,
    /// `memory.copy a b`
    MemoryCopy,
    /// `memory.init a`, segment `b`
    MemoryInit,
    /// `data.drop a`
    DataDrop,
    /// `table.get a`
    TableGet,
    /// `table.set a`
    TableSet,
    /// `table.size a`
    TableSize,
    /// `table.grow a`
    TableGrow,
    /// `table.fill a`
    TableFill,
    /// `table.copy a b`
    TableCopy,
    /// `table.init a`, segment `b`
    TableInit,
    /// `elem.drop a`
    ElemDrop,
    /// `ref.func a`
    RefFunc,
    /// `global.get a`, for an imported global
    GlobalGet,
    /// `global.set a`, for an imported global
    GlobalSet,
}
}

listed! {
/// What an atomic op does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Atomic {
    /// Reads.
    Load,
    /// Writes.
    Store,
    /// Adds, and yields what was there, as those that follow do.
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
    /// Exchanges what is as expected.
    Cmpxchg,
    /// `memory.atomic.wait32` and its like.
    Wait,
    /// `memory.atomic.notify`
    Notify,
    /// `atomic.fence`
    Fence,
}
}

/// Where an access to a memory goes that may be shared, or is atomic.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Access {
    /// The memory.
    pub mem: u32,
    /// Whether its addresses have 64 bits.
    pub wide: bool,
    /// Base-2 logarithm of how many bytes are accessed.
    pub width: u32,
    /// Added to the address, without wrapping.
    pub offset: u64,
}

impl Access {
    fn write(self, out: &mut impl Cells) {
        out.cell(self.mem);
        out.cell(u32::from(self.wide) | self.width << 1);
        out.wide(self.offset);
    }
}

listed! {
/// Floats, alone or in vectors.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Floats {
    /// `f32`
    F32,
    /// `f64`
    F64,
    /// `f32x4`
    F32x4,
    /// `f64x2`
    F64x2,
}
}

listed! {
/// What an op of the kind `Object` does with the heap. Operands and results lie in consecutive slots.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Object {
    /// `struct.new a`, a type's canonical id
    StructNew,
    /// `struct.new_default a`
    StructNewDefault,
    /// `struct.get`, the field's first byte `a`, stored as `b`
    StructGet,
    /// `struct.set`, the field's first byte `a`, stored as `b`
    StructSet,
    /// `array.new a`
    ArrayNew,
    /// `array.new_default a`
    ArrayNewDefault,
    /// `array.new_fixed a`, of `b` elements
    ArrayNewFixed,
    /// `array.new_data a`, segment `b`
    ArrayNewData,
    /// `array.new_elem a`, segment `b`
    ArrayNewElem,
    /// `array.get`, stored as `b`
    ArrayGet,
    /// `array.set`, stored as `b`
    ArraySet,
    /// `array.fill`, stored as `b`
    ArrayFill,
    /// `array.copy`, stored as `b`
    ArrayCopy,
    /// `array.init_data`, stored as `a`, segment `b`
    ArrayInitData,
    /// `array.init_elem`, segment `b`
    ArrayInitElem,
}
}

ops! {
/// An op.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Op {
    /// nothing; between two places that would otherwise be one
    Nop,
    /// `d := op x`: unary operators, tests, conversions
    Unop {
        /// Which.
        op: Opcode,
        /// The operand.
        x: Src,
        /// The result.
        d: Dst,
    },
    /// `d := x op y`: binary operators, comparisons
    Binop {
        /// Which.
        op: Opcode,
        /// The first operand.
        x: Src,
        /// The second operand.
        y: Src,
        /// The result.
        d: Dst,
    },
    /// `d := memory[addr + offset]`
    Load {
        /// Which.
        op: Opcode,
        /// The address.
        addr: Addr,
        /// Added to it, without wrapping.
        offset: u32,
        /// The result.
        d: Dst,
    },
    /// `memory[addr + offset] := value`
    Store {
        /// Which.
        op: Opcode,
        /// The address.
        addr: Addr,
        /// The value.
        value: Src,
        /// Added to the address, without wrapping.
        offset: u32,
    },
    /// `d := memories[mem][x + offset]`, for memories other than the first
    LoadFrom {
        /// Which.
        op: Opcode,
        /// The address.
        x: SlotOffset,
        /// The memory.
        mem: u32,
        /// Added to the address, without wrapping.
        offset: u32,
        /// The result.
        d: SlotOffset,
    },
    /// `memories[mem][x + offset] := value`, for memories other than the first
    StoreTo {
        /// Which.
        op: Opcode,
        /// The address.
        x: SlotOffset,
        /// The value.
        value: SlotOffset,
        /// The memory.
        mem: u32,
        /// Added to the address, without wrapping.
        offset: u32,
    },
    /// `d := memory[x + offset]`, for a first memory with 64-bit addresses
    Load64 {
        /// Which.
        op: Opcode,
        /// The address.
        x: Src,
        /// Added to it, without wrapping.
        offset: u32,
        /// The result.
        d: Dst,
    },
    /// `memory[x + offset] := value`, for a first memory with 64-bit addresses
    Store64 {
        /// Which.
        op: Opcode,
        /// The address.
        x: Src,
        /// The value.
        value: Src,
        /// Added to the address, without wrapping.
        offset: u32,
    },
    /// `d := memories[mem][x + offset]`, for any memory with 64-bit addresses
    LoadFrom64 {
        /// Which.
        op: Opcode,
        /// The address.
        x: SlotOffset,
        /// The memory.
        mem: u32,
        /// Added to the address, without wrapping.
        offset: u64,
        /// The result.
        d: SlotOffset,
    },
    /// `memories[mem][x + offset] := value`, for any memory with 64-bit addresses
    StoreTo64 {
        /// Which.
        op: Opcode,
        /// The address.
        x: SlotOffset,
        /// The value.
        value: SlotOffset,
        /// The memory.
        mem: u32,
        /// Added to the address, without wrapping.
        offset: u64,
    },
    /// `d := memories[mem][x + offset]`, for any memory that is shared
    LoadShared {
        /// Which.
        op: Opcode,
        /// The address.
        x: SlotOffset,
        /// Where.
        access: Access,
        /// The result.
        d: SlotOffset,
    },
    /// `memories[mem][x + offset] := value`, for any memory that is shared
    StoreShared {
        /// Which.
        op: Opcode,
        /// The address.
        x: SlotOffset,
        /// The value.
        value: SlotOffset,
        /// Where.
        access: Access,
    },
    /// an atomic access; address, operands and result lie from slot `at` on
    Atomic {
        /// Which.
        op: Opcode,
        /// What it does.
        does: Atomic,
        /// The address, and the result.
        at: SlotOffset,
        /// Where.
        access: Access,
    },
    /// `slots[at ..] := op slots[at ..]`: arithmetic on integers of two slots
    Wide {
        /// Which.
        op: Opcode,
        /// The first operand, and the first result.
        at: SlotOffset,
    },
    /// `d := min(x, 2³² - 1)`: a 64-bit index as one of 32 bits
    Narrow {
        /// The index.
        x: SlotOffset,
        /// The result.
        d: SlotOffset,
    },
    /// `d := x`; the accumulator stays as it is, unless it is the destination
    Copy {
        /// The bank; a slot is copied whole whatever it holds.
        bank: Bank,
        /// From where.
        x: Src,
        /// To where.
        d: Dst,
    },
    /// `slots[0 .. count] := 0`, at the beginning of a function; a few by a handler of their own, which reads no operand
    ZeroLocals {
        /// How many.
        count: u32,
    },
    /// `pin := slot`, its home
    LoadPin {
        /// The bank.
        bank: Bank,
        /// The home.
        home: SlotOffset,
    },
    /// `d := x + (y << k)`, all of 32 bits
    AddScaled {
        /// The first summand.
        x: Src,
        /// What is shifted.
        y: Src,
        /// By how many bits.
        k: u32,
        /// The result.
        d: Dst,
    },
    /// `slots[to ..] := slots[from ..]`, `count` of them, to lower addresses
    CopyRange {
        /// The first source.
        from: SlotOffset,
        /// The first destination.
        to: SlotOffset,
        /// How many.
        count: u32,
    },
    /// `d := if c ≠ 0 { x } else { y }`, slots whole; the integer accumulator receives it too
    Select {
        /// Chosen when the condition holds.
        x: Src,
        /// Chosen otherwise.
        y: Src,
        /// The condition.
        c: Src,
        /// The result.
        d: Dst,
    },
    /// `d := globals[offset]`, among those that the module defines
    GlobalGet {
        /// The bank.
        bank: Bank,
        /// Bytes from the first defined global.
        offset: u32,
        /// The result.
        d: Dst,
    },
    /// `globals[offset] := x`
    GlobalSet {
        /// The bank.
        bank: Bank,
        /// The value.
        x: Src,
        /// Bytes from the first defined global.
        offset: u32,
    },
    /// `d := op x, y, z`, all of them vectors
    Ternop {
        /// Which.
        op: Opcode,
        /// The first operand.
        x: SlotOffset,
        /// The second operand.
        y: SlotOffset,
        /// The third operand.
        z: SlotOffset,
        /// The result.
        d: Dst,
    },
    /// `d := x`, its NaNs made canonical
    Canonical {
        /// What `x` is.
        floats: Floats,
        /// The operand: in the accumulator, where the op before left it.
        x: Src,
        /// The result.
        d: Dst,
    },
    /// `d := op x`, a lane of a vector
    ExtractLane {
        /// Which.
        op: Opcode,
        /// The vector.
        x: SlotOffset,
        /// The lane's first byte.
        byte: u32,
        /// The result.
        d: Dst,
    },
    /// `d := op x, y`, a vector with another value in a lane
    ReplaceLane {
        /// Which.
        op: Opcode,
        /// The vector.
        x: Src,
        /// The value.
        y: Src,
        /// The lane.
        lane: u32,
        /// The result.
        d: Dst,
    },
    /// `d := lanes of x and y`
    Shuffle {
        /// The vector whose lanes are numbered from 0.
        x: SlotOffset,
        /// The vector whose lanes are numbered from 16.
        y: SlotOffset,
        /// The number of each lane of the result.
        lanes: [u8; 16],
        /// The result.
        d: Dst,
    },
    /// `d := a vector`
    Constant {
        /// Its bytes.
        bytes: [u8; 16],
        /// The result.
        d: Dst,
    },
    /// `d := if c ≠ 0 { x } else { y }`, vectors
    SelectVector {
        /// Chosen when the condition holds.
        x: SlotOffset,
        /// Chosen otherwise.
        y: SlotOffset,
        /// The condition.
        c: Src,
        /// The result.
        d: Dst,
    },
    /// `d := imported global`, a vector
    ImportedGet {
        /// Its index.
        global: u32,
        /// The result. The accumulator does not receive it.
        d: SlotOffset,
    },
    /// `imported global := x`, a vector
    ImportedSet {
        /// Its index.
        global: u32,
        /// The value.
        x: SlotOffset,
    },
    /// `goto target`
    Br,
    /// `if (op x) ≠ not { goto target }`, `op` a test for zero
    BrUnop {
        /// Which.
        op: Opcode,
        /// Whether the branch is taken when the test fails.
        not: bool,
        /// The operand.
        x: Src,
    },
    /// `if (x op y) ≠ not { goto target }`, `op` a comparison, or `and` for a test of bits
    BrBinop {
        /// Which.
        op: Opcode,
        /// Whether the branch is taken when the comparison fails.
        not: bool,
        /// The first operand.
        x: Src,
        /// The second operand.
        y: Src,
    },
    /// `goto targets[min(x, count)]`, the targets in `count + 1` cells behind the op
    BrTable {
        /// The operand.
        x: Src,
        /// How many targets besides the default.
        count: u32,
    },
    /// call of a function that the module defines
    Call {
        /// Its position among them.
        defined: u32,
        /// Bytes from this frame's base to that of the callee.
        delta: u32,
    },
    /// call of an imported function
    CallImport {
        /// Its index.
        func: u32,
        /// Where and what the arguments are.
        frame: CallFrame,
    },
    /// call of the function at `tables[table][x]`, if its type is `ty`
    CallIndirect {
        /// The operand.
        x: Src,
        /// The table.
        table: u32,
        /// The canonical id of the type.
        ty: u32,
        /// Where and what the arguments are.
        frame: CallFrame,
    },
    /// call of a function that the module defines, in place of the current one
    ReturnCall {
        /// Its position among them.
        defined: u32,
        /// The arguments.
        tail: TailFrame,
    },
    /// call of an imported function in place of the current one
    ReturnCallImport {
        /// Its index.
        func: u32,
        /// The arguments.
        tail: TailFrame,
    },
    /// call of the function at `tables[table][x]` in place of the current one
    ReturnCallIndirect {
        /// The operand.
        x: Src,
        /// The table.
        table: u32,
        /// The canonical id of the type.
        ty: u32,
        /// The arguments.
        tail: TailFrame,
    },
    /// call of the function that `x` refers to
    CallRef {
        /// The operand.
        x: Src,
        /// Where and what the arguments are.
        frame: CallFrame,
    },
    /// call of the function that `x` refers to, in place of the current one
    ReturnCallRef {
        /// The operand.
        x: Src,
        /// The arguments.
        tail: TailFrame,
    },
    /// trap if `x` is null
    NonNull {
        /// The operand.
        x: Src,
    },
    /// `d := x.data[offset]`, a field; `op` says how, as for memory
    StructGet {
        /// Which load.
        op: Opcode,
        /// The structure.
        x: Src,
        /// The field's first byte.
        offset: u32,
        /// The result.
        d: Dst,
    },
    /// `x.data[offset] := value`, a field; `op` says how, as for memory
    StructSet {
        /// Which store.
        op: Opcode,
        /// The structure.
        x: Src,
        /// The value.
        value: Src,
        /// The field's first byte.
        offset: u32,
    },
    /// `d := x[i]`, an element; `op` says how, as for memory
    ArrayGet {
        /// Which load.
        op: Opcode,
        /// The array.
        x: SlotOffset,
        /// The index.
        i: Src,
        /// The result.
        d: Dst,
    },
    /// `x[i] := value`, an element; `op` says how, as for memory
    ArraySet {
        /// Which store.
        op: Opcode,
        /// The array.
        x: SlotOffset,
        /// The index.
        i: SlotOffset,
        /// The value.
        value: Src,
    },
    /// `d := length of x`
    ArrayLen {
        /// The array.
        x: Src,
        /// The result.
        d: Dst,
    },
    /// `d := whether x is what a cast asks for`
    RefTest {
        /// What it asks for.
        target: Target,
        /// Whether it is content with null.
        nullable: bool,
        /// The reference.
        x: Src,
        /// The result.
        d: Dst,
    },
    /// trap unless `x` is what a cast asks for
    RefCast {
        /// What it asks for.
        target: Target,
        /// Whether it is content with null.
        nullable: bool,
        /// The reference.
        x: Src,
    },
    /// what `call` says, its operands and results from slot `at` on
    Object {
        /// What to do.
        call: Object,
        /// The first number it needs.
        a: u32,
        /// The second one.
        b: u32,
        /// The first operand, and the result.
        at: SlotOffset,
        /// The cost that it charges by itself, besides that of its work; the builder adds what lies ahead where that is charged in advance.
        charge: Option<u32>,
    },
    /// return without results
    Return0,
    /// `slots[to] := x`; return, the result also in the accumulator
    Return1 {
        /// The bank.
        bank: Bank,
        /// The result.
        x: Src,
        /// Where the caller expects it.
        to: SlotOffset,
    },
    /// `slots[to ..] := slots[from ..]`, `count` of them; return
    ReturnMany {
        /// The first result.
        from: SlotOffset,
        /// Where the caller expects it.
        to: SlotOffset,
        /// How many.
        count: u32,
    },
    /// throw an exception of the tag, with the `count` slots from `from` on as payload
    Throw {
        /// What it costs, besides what the search for a clause does.
        cost: u32,
        /// The index of the tag.
        tag: u32,
        /// The first slot of the payload.
        from: SlotOffset,
        /// How many.
        count: u32,
    },
    /// throw the exception that the slot refers to
    ThrowRef {
        /// What it costs, besides what the search for a clause does.
        cost: u32,
        /// The slot.
        x: SlotOffset,
    },
    /// trap
    Unreachable,
    /// what `call` says, its operands and results from slot `at` on
    Runtime {
        /// What to do.
        call: Runtime,
        /// The first index.
        a: u32,
        /// The second index.
        b: u32,
        /// The first operand, and the result.
        at: SlotOffset,
        /// As for `Object`.
        charge: Option<u32>,
    },
    /// `fuel := fuel - cost`, or stop; only in exact code
    Charge {
        /// How much.
        cost: u32,
    },
    /// go on in the code that charges on branches, if there is fuel for that; only in exact code
    Rejoin,
}
}

/// How a call that may leave the instance finds its arguments.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CallFrame {
    /// Bytes from this frame's base to that of the callee.
    pub delta: u32,
    /// Slots of the arguments.
    pub params: u32,
    /// Slots of the arguments or of the results, whichever are more.
    pub slots: u32,
}

/// How a call in place of the current one finds its arguments.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TailFrame {
    /// The first argument.
    pub from: SlotOffset,
    /// Where the arguments are to be: where those of the current function are.
    pub to: SlotOffset,
    /// Slots of the arguments.
    pub params: u32,
    /// Slots of the arguments or of the results, whichever are more.
    pub slots: u32,
}

impl Op {
    /// How many targets follow the operands.
    pub fn targets(&self) -> u32 {
        match self {
            Self::Br | Self::BrUnop { .. } | Self::BrBinop { .. } => 1,
            Self::BrTable { count, .. } => count + 1,
            _ => 0,
        }
    }

    /// The first operand of an op on numbers that may come from an accumulator as well as from a slot.
    pub fn first_src(&mut self) -> Option<&mut Src> {
        match self {
            Self::Unop { op, x, .. } | Self::Binop { op, x, .. } if op.class() != Class::Vplain => {
                Some(x)
            }
            Self::Load {
                op,
                addr: Addr::Plain(x),
                ..
            } if op.class() == Class::Load => Some(x),
            _ => None,
        }
    }

    /// Whether control may go elsewhere than to the next op; branches on a condition aside.
    pub fn leaves(&self) -> bool {
        matches!(
            self,
            Self::Br
                | Self::BrTable { .. }
                | Self::Call { .. }
                | Self::CallImport { .. }
                | Self::CallIndirect { .. }
                | Self::ReturnCall { .. }
                | Self::ReturnCallImport { .. }
                | Self::ReturnCallIndirect { .. }
                | Self::CallRef { .. }
                | Self::ReturnCallRef { .. }
                | Self::Return0
                | Self::Return1 { .. }
                | Self::ReturnMany { .. }
                | Self::Throw { .. }
                | Self::ThrowRef { .. }
                | Self::Unreachable
        )
    }

    /// Whether the op calls something that returns behind it.
    pub fn comes_back(&self) -> bool {
        matches!(
            self,
            Self::Call { .. }
                | Self::CallImport { .. }
                | Self::CallIndirect { .. }
                | Self::CallRef { .. }
        )
    }

    /// The branch on the opposite condition.
    #[must_use]
    pub fn inverted(self) -> Self {
        match self {
            Self::BrUnop { op, not, x } => Self::BrUnop { op, not: !not, x },
            Self::BrBinop { op, not, x, y } => Self::BrBinop {
                op,
                not: !not,
                x,
                y,
            },
            other => other,
        }
    }
}
