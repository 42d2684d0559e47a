//! The ops of threaded code, and how each lies in memory.
//!
//! An op is a handler's address (two cells) followed by its operands in the order in which the handler reads them; a cell is four
//! bytes. Lowering builds an [`Op`], `exec::select` finds the handler that suits its operand kinds, [`Op::operands`] writes the
//! rest. The comment on each op is its meaning, where `:=` stores and `acc` is the accumulator.

use core::fmt;

use super::layout::Target;
use crate::syntax::instr::Opcode;

/// Where a slot is: bytes from the frame's base, negative for parameters.
pub type SlotOffset = i32;

/// The most locals that are set to zero by a handler that knows their number.
pub const MAX_INLINE_ZEROS: u32 = 8;

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

impl Atomic {
    /// All of them, each at its number.
    pub const ALL: [Self; 12] = [
        Self::Load,
        Self::Store,
        Self::Add,
        Self::Sub,
        Self::And,
        Self::Or,
        Self::Xor,
        Self::Xchg,
        Self::Cmpxchg,
        Self::Wait,
        Self::Notify,
        Self::Fence,
    ];
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
    },
    /// `fuel := fuel - cost`, or stop; only in exact code
    Charge {
        /// How much.
        cost: u32,
    },
    /// go on in the code that charges on branches, if there is fuel for that; only in exact code
    Rejoin,
    /// `fuel := fuel - cost - (slot >> shift)`, or stop, or go on in exact code
    ChargeBulk {
        /// How much at least: the builder adds what lies ahead where that is charged in advance.
        cost: u32,
        /// The slot that holds a count.
        x: SlotOffset,
        /// Whether the count has 64 bits, not 32.
        wide: bool,
        /// Base-2 logarithm of how many cost one.
        shift: u32,
    },
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

/// Receives the operand cells of an op.
pub trait Cells {
    /// A cell.
    fn cell(&mut self, cell: u32);

    /// Two cells that are read as one, at a multiple of eight bytes.
    fn wide(&mut self, value: u64);

    /// Four cells, the lowest byte of each first.
    fn bytes(&mut self, bytes: [u8; 16]) {
        let (cells, _) = bytes.as_chunks();
        for cell in cells {
            self.cell(u32::from_le_bytes(*cell));
        }
    }
}

impl Src {
    fn write(self, out: &mut impl Cells) {
        match self {
            Self::Acc | Self::Pin => {}
            Self::Slot(offset) => out.cell(offset as u32),
            Self::Imm32(value) => out.cell(value),
            Self::Imm64(value) => out.wide(value),
        }
    }
}

impl Dst {
    fn write(self, out: &mut impl Cells) {
        match self {
            Self::Acc => {}
            Self::Slot(offset) | Self::Pin(offset) => out.cell(offset as u32),
        }
    }
}

impl Addr {
    fn write(self, out: &mut impl Cells) {
        match self {
            Self::Plain(x) => x.write(out),
            Self::Sum(x, y) | Self::Scaled(x, y) => {
                x.write(out);
                y.write(out);
            }
        }
    }
}

impl CallFrame {
    fn write(self, out: &mut impl Cells) {
        out.cell(self.delta);
        out.cell(self.params);
        out.cell(self.slots);
    }
}

impl TailFrame {
    fn write(self, out: &mut impl Cells) {
        out.cell(self.from as u32);
        out.cell(self.to as u32);
        out.cell(self.params);
        out.cell(self.slots);
    }
}

fn write_target(target: Target, nullable: bool, out: &mut impl Cells) {
    let (code, id) = target.cells();
    out.cell(code << 1 | u32::from(nullable));
    out.cell(id);
}

impl Op {
    /// Writes the operands in the order in which the handler reads them. A branch's targets come last and are written by the
    /// builder, each with what it charges.
    pub fn operands(&self, out: &mut impl Cells) {
        match *self {
            Self::Unop { x, d, .. } | Self::Copy { x, d, .. } => {
                x.write(out);
                d.write(out);
            }
            Self::Binop { x, y, d, .. } => {
                x.write(out);
                y.write(out);
                d.write(out);
            }
            Self::Load {
                addr, offset, d, ..
            } => {
                addr.write(out);
                out.cell(offset);
                d.write(out);
            }
            Self::Store {
                addr,
                value,
                offset,
                ..
            } => {
                addr.write(out);
                value.write(out);
                out.cell(offset);
            }
            Self::ZeroLocals { count } => {
                if count > MAX_INLINE_ZEROS {
                    out.cell(count);
                }
            }
            Self::LoadPin { home, .. } => out.cell(home as u32),
            Self::AddScaled { x, y, k, d } => {
                x.write(out);
                y.write(out);
                out.cell(k);
                d.write(out);
            }
            Self::LoadFrom {
                x, mem, offset, d, ..
            } => {
                out.cell(x as u32);
                out.cell(mem);
                out.cell(offset);
                out.cell(d as u32);
            }
            Self::StoreTo {
                x,
                value,
                mem,
                offset,
                ..
            } => {
                out.cell(x as u32);
                out.cell(value as u32);
                out.cell(mem);
                out.cell(offset);
            }
            Self::Load64 { x, offset, d, .. } => {
                x.write(out);
                out.cell(offset);
                d.write(out);
            }
            Self::Store64 {
                x, value, offset, ..
            } => {
                x.write(out);
                value.write(out);
                out.cell(offset);
            }
            Self::LoadFrom64 {
                x, mem, offset, d, ..
            } => {
                out.cell(x as u32);
                out.cell(mem);
                out.cell(d as u32);
                out.wide(offset);
            }
            Self::StoreTo64 {
                x,
                value,
                mem,
                offset,
                ..
            } => {
                out.cell(x as u32);
                out.cell(value as u32);
                out.cell(mem);
                out.wide(offset);
            }
            Self::LoadShared { x, access, d, .. } => {
                out.cell(x as u32);
                out.cell(d as u32);
                access.write(out);
            }
            Self::StoreShared {
                x, value, access, ..
            } => {
                out.cell(x as u32);
                out.cell(value as u32);
                access.write(out);
            }
            Self::Atomic {
                does, at, access, ..
            } => {
                out.cell(does as u32);
                out.cell(at as u32);
                access.write(out);
            }
            Self::Wide { at, .. } => out.cell(at as u32),
            Self::Narrow { x, d } => {
                out.cell(x as u32);
                out.cell(d as u32);
            }
            Self::CopyRange { from, to, count } | Self::ReturnMany { from, to, count } => {
                out.cell(from as u32);
                out.cell(to as u32);
                out.cell(count);
            }
            Self::Select { x, y, c, d } => {
                c.write(out);
                x.write(out);
                y.write(out);
                d.write(out);
            }
            Self::GlobalGet { offset, d, .. } => {
                out.cell(offset);
                d.write(out);
            }
            Self::GlobalSet { x, offset, .. } => {
                x.write(out);
                out.cell(offset);
            }
            Self::Ternop { x, y, z, d, .. } => {
                out.cell(x as u32);
                out.cell(y as u32);
                out.cell(z as u32);
                d.write(out);
            }
            Self::Canonical { x, d, .. } => {
                x.write(out);
                d.write(out);
            }
            Self::ExtractLane { x, byte, d, .. } => {
                out.cell(x as u32);
                out.cell(byte);
                d.write(out);
            }
            Self::ReplaceLane { x, y, lane, d, .. } => {
                x.write(out);
                y.write(out);
                out.cell(lane);
                d.write(out);
            }
            Self::Shuffle { x, y, lanes, d } => {
                out.cell(x as u32);
                out.cell(y as u32);
                out.bytes(lanes);
                d.write(out);
            }
            Self::Constant { bytes, d } => {
                out.bytes(bytes);
                d.write(out);
            }
            Self::SelectVector { x, y, c, d } => {
                c.write(out);
                out.cell(x as u32);
                out.cell(y as u32);
                d.write(out);
            }
            Self::ImportedGet { global, d: at } | Self::ImportedSet { global, x: at } => {
                out.cell(global);
                out.cell(at as u32);
            }
            Self::Br | Self::Return0 | Self::Unreachable | Self::Nop | Self::Rejoin => {}
            Self::BrUnop { x, .. } => x.write(out),
            Self::BrBinop { x, y, .. } => {
                x.write(out);
                y.write(out);
            }
            Self::BrTable { x, count } => {
                x.write(out);
                out.cell(count);
            }
            Self::Call { defined, delta } => {
                out.cell(defined);
                out.cell(delta);
            }
            Self::CallImport { func, frame } => {
                out.cell(func);
                frame.write(out);
            }
            Self::CallIndirect {
                x,
                table,
                ty,
                frame,
            } => {
                x.write(out);
                out.cell(table);
                out.cell(ty);
                frame.write(out);
            }
            Self::ReturnCall { defined, tail } => {
                out.cell(defined);
                tail.write(out);
            }
            Self::ReturnCallImport { func, tail } => {
                out.cell(func);
                tail.write(out);
            }
            Self::ReturnCallIndirect { x, table, ty, tail } => {
                x.write(out);
                out.cell(table);
                out.cell(ty);
                tail.write(out);
            }
            Self::CallRef { x, frame } => {
                x.write(out);
                frame.write(out);
            }
            Self::ReturnCallRef { x, tail } => {
                x.write(out);
                tail.write(out);
            }
            Self::NonNull { x } => x.write(out),
            Self::StructGet { x, offset, d, .. } => {
                x.write(out);
                out.cell(offset);
                d.write(out);
            }
            Self::StructSet {
                x, value, offset, ..
            } => {
                x.write(out);
                value.write(out);
                out.cell(offset);
            }
            Self::ArrayGet { x, i, d, .. } => {
                out.cell(x as u32);
                i.write(out);
                d.write(out);
            }
            Self::ArraySet { x, i, value, .. } => {
                out.cell(x as u32);
                out.cell(i as u32);
                value.write(out);
            }
            Self::ArrayLen { x, d } => {
                x.write(out);
                d.write(out);
            }
            Self::RefTest {
                target,
                nullable,
                x,
                d,
            } => {
                x.write(out);
                write_target(target, nullable, out);
                d.write(out);
            }
            Self::RefCast {
                target,
                nullable,
                x,
            } => {
                x.write(out);
                write_target(target, nullable, out);
            }
            Self::Object { a, b, at, .. } => {
                out.cell(a);
                out.cell(b);
                out.cell(at as u32);
            }
            Self::Return1 { x, to, .. } => {
                x.write(out);
                out.cell(to as u32);
            }
            Self::Runtime { a, b, at, .. } => {
                out.cell(a);
                out.cell(b);
                out.cell(at as u32);
            }
            Self::Throw {
                cost,
                tag,
                from,
                count,
            } => {
                out.cell(cost);
                out.cell(tag);
                out.cell(from as u32);
                out.cell(count);
            }
            Self::ThrowRef { cost, x } => {
                out.cell(cost);
                out.cell(x as u32);
            }
            Self::Charge { cost } => out.cell(cost),
            Self::ChargeBulk { cost, x, shift, .. } => {
                out.cell(cost);
                out.cell(x as u32);
                out.cell(shift);
            }
        }
    }

    /// How many targets follow the operands.
    pub fn targets(&self) -> u32 {
        match self {
            Self::Br | Self::BrUnop { .. } | Self::BrBinop { .. } => 1,
            Self::BrTable { count, .. } => count + 1,
            _ => 0,
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

impl fmt::Display for Src {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Acc => f.write_str("acc"),
            Self::Pin => f.write_str("pin"),
            Self::Slot(offset) => write!(f, "[{}]", offset / 8),
            Self::Imm32(value) => write!(f, "{}", *value as i32),
            Self::Imm64(value) => write!(f, "{}", *value as i64),
        }
    }
}

impl fmt::Display for Dst {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Acc => f.write_str("acc"),
            Self::Slot(offset) => write!(f, "[{}]", offset / 8),
            Self::Pin(offset) => write!(f, "pin[{}]", offset / 8),
        }
    }
}

impl fmt::Display for Addr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(x) => x.fmt(f),
            Self::Sum(x, y) => write!(f, "{x} + {y}"),
            Self::Scaled(x, y) => write!(f, "{x} + ({y} << k)"),
        }
    }
}

/// One line for people who read lowered code; slots are numbered in units of eight bytes from the frame's base.
impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slot = |offset: SlotOffset| offset / 8;
        match *self {
            Self::Unop { op, x, d } => write!(f, "{d} := {} {x}", op.mnemonic()),
            Self::Binop { op, x, y, d } => write!(f, "{d} := {} {x}, {y}", op.mnemonic()),
            Self::Load {
                op,
                addr,
                offset,
                d,
            } => write!(f, "{d} := {} {addr} + {offset}", op.mnemonic()),
            Self::Store {
                op,
                addr,
                value,
                offset,
            } => write!(f, "{} {addr} + {offset} := {value}", op.mnemonic()),
            Self::LoadFrom {
                op,
                x,
                mem,
                offset,
                d,
            } => {
                write!(
                    f,
                    "[{}] := {} {mem}: [{}] + {offset}",
                    slot(d),
                    op.mnemonic(),
                    slot(x)
                )
            }
            Self::StoreTo {
                op,
                x,
                value,
                mem,
                offset,
            } => {
                write!(
                    f,
                    "{} {mem}: [{}] + {offset} := [{}]",
                    op.mnemonic(),
                    slot(x),
                    slot(value)
                )
            }
            Self::Load64 { op, x, offset, d } => {
                write!(f, "{d} := {} {x} + {offset}", op.mnemonic())
            }
            Self::Store64 {
                op,
                x,
                value,
                offset,
            } => write!(f, "{} {x} + {offset} := {value}", op.mnemonic()),
            Self::LoadFrom64 {
                op,
                x,
                mem,
                offset,
                d,
            } => {
                let (d, x, op) = (slot(d), slot(x), op.mnemonic());
                write!(f, "[{d}] := {op} {mem}: [{x}] + {offset}")
            }
            Self::StoreTo64 {
                op,
                x,
                value,
                mem,
                offset,
            } => {
                let (x, value, op) = (slot(x), slot(value), op.mnemonic());
                write!(f, "{op} {mem}: [{x}] + {offset} := [{value}]")
            }
            Self::LoadShared { op, x, access, d } => {
                let (d, x, op) = (slot(d), slot(x), op.mnemonic());
                let Access { mem, offset, .. } = access;
                write!(f, "[{d}] := {op} shared {mem}: [{x}] + {offset}")
            }
            Self::StoreShared {
                op,
                x,
                value,
                access,
            } => {
                let (x, value, op) = (slot(x), slot(value), op.mnemonic());
                let Access { mem, offset, .. } = access;
                write!(f, "{op} shared {mem}: [{x}] + {offset} := [{value}]")
            }
            Self::Atomic { op, at, access, .. } => {
                let Access { mem, offset, .. } = access;
                write!(f, "{} {mem}: + {offset} at [{}]", op.mnemonic(), slot(at))
            }
            Self::Wide { op, at } => write!(f, "{} at [{}]", op.mnemonic(), slot(at)),
            Self::Narrow { x, d } => write!(f, "[{}] := narrow [{}]", slot(d), slot(x)),
            Self::Copy { x, d, .. } => write!(f, "{d} := {x}"),
            Self::ZeroLocals { count } => write!(f, "[0..] := 0 x {count}"),
            Self::LoadPin { home, .. } => write!(f, "pin := [{}]", slot(home)),
            Self::AddScaled { x, y, k, d } => write!(f, "{d} := {x} + ({y} << {k})"),
            Self::CopyRange { from, to, count } => {
                write!(f, "[{}..] := [{}..] x {count}", slot(to), slot(from))
            }
            Self::Select { x, y, c, d } => write!(f, "{d} := {c} ? {x} : {y}"),
            Self::GlobalGet { offset, d, .. } => write!(f, "{d} := global +{offset}"),
            Self::GlobalSet { x, offset, .. } => write!(f, "global +{offset} := {x}"),
            Self::Nop => f.write_str("nop"),
            Self::Ternop { op, x, y, z, d } => {
                let (x, y, z) = (slot(x), slot(y), slot(z));
                write!(f, "{d} := {} [{x}], [{y}], [{z}]", op.mnemonic())
            }
            Self::Canonical { floats, x, d } => write!(f, "{d} := canonical {floats:?} {x}"),
            Self::ExtractLane { op, x, byte, d } => {
                write!(f, "{d} := {} [{}], byte {byte}", op.mnemonic(), slot(x))
            }
            Self::ReplaceLane { op, x, y, lane, d } => {
                write!(f, "{d} := {} {x}, {y}, lane {lane}", op.mnemonic())
            }
            Self::Shuffle { x, y, lanes, d } => {
                write!(
                    f,
                    "{d} := i8x16.shuffle [{}], [{}], {lanes:?}",
                    slot(x),
                    slot(y)
                )
            }
            Self::Constant { bytes, d } => {
                write!(f, "{d} := {:#034x}", u128::from_le_bytes(bytes))
            }
            Self::SelectVector { x, y, c, d } => {
                write!(f, "{d} := {c} ? [{}] : [{}]", slot(x), slot(y))
            }
            Self::ImportedGet { global, d } => write!(f, "[{}] := import {global}", slot(d)),
            Self::ImportedSet { global, x } => write!(f, "import {global} := [{}]", slot(x)),
            Self::Br => f.write_str("goto"),
            Self::BrUnop { op, not, x } => write!(
                f,
                "if {}{} {x} goto",
                if not { "not " } else { "" },
                op.mnemonic()
            ),
            Self::BrBinop { op, not, x, y } => {
                write!(
                    f,
                    "if {}{} {x}, {y} goto",
                    if not { "not " } else { "" },
                    op.mnemonic()
                )
            }
            Self::BrTable { x, count } => write!(f, "goto table[{x}] of {count}"),
            Self::Call { defined, delta } => {
                write!(f, "call defined {defined}, frame +{}", delta / 8)
            }
            Self::CallImport { func, frame } => {
                write!(f, "call import {func}, frame +{}", frame.delta / 8)
            }
            Self::CallIndirect {
                x,
                table,
                ty,
                frame,
            } => {
                write!(
                    f,
                    "call table {table} [{x}] type {ty}, frame +{}",
                    frame.delta / 8
                )
            }
            Self::ReturnCall { defined, .. } => write!(f, "tail call defined {defined}"),
            Self::ReturnCallImport { func, .. } => write!(f, "tail call import {func}"),
            Self::ReturnCallIndirect { x, table, ty, .. } => {
                write!(f, "tail call table {table} [{x}] type {ty}")
            }
            Self::CallRef { x, frame } => write!(f, "call ref {x}, frame +{}", frame.delta / 8),
            Self::ReturnCallRef { x, .. } => write!(f, "tail call ref {x}"),
            Self::NonNull { x } => write!(f, "trap if {x} is null"),
            Self::StructGet { op, x, offset, d } => {
                write!(f, "{d} := {} field of {x} + {offset}", op.mnemonic())
            }
            Self::StructSet {
                op,
                x,
                value,
                offset,
            } => write!(f, "{} field of {x} + {offset} := {value}", op.mnemonic()),
            Self::ArrayGet { op, x, i, d } => {
                write!(
                    f,
                    "{d} := {} element of [{}] at {i}",
                    op.mnemonic(),
                    slot(x)
                )
            }
            Self::ArraySet { op, x, i, value } => write!(
                f,
                "{} element of [{}] at [{}] := {value}",
                op.mnemonic(),
                slot(x),
                slot(i)
            ),
            Self::ArrayLen { x, d } => write!(f, "{d} := length of {x}"),
            Self::RefTest {
                target,
                nullable,
                x,
                d,
            } => write!(f, "{d} := {x} is {target:?}, null {nullable}"),
            Self::RefCast {
                target,
                nullable,
                x,
            } => write!(f, "trap unless {x} is {target:?}, null {nullable}"),
            Self::Object { call, a, b, at } => write!(f, "{call:?} {a} {b} at [{}]", slot(at)),
            Self::Return0 => f.write_str("return"),
            Self::Return1 { x, to, .. } => write!(f, "return [{}] := {x}", slot(to)),
            Self::ReturnMany { from, to, count } => {
                write!(f, "return [{}..] := [{}..] x {count}", slot(to), slot(from))
            }
            Self::Throw {
                tag, from, count, ..
            } => {
                write!(f, "throw tag {tag} with [{}..] x {count}", slot(from))
            }
            Self::ThrowRef { x, .. } => write!(f, "throw [{}]", slot(x)),
            Self::Unreachable => f.write_str("unreachable"),
            Self::Runtime { call, a, b, at } => write!(f, "{call:?} {a} {b} at [{}]", slot(at)),
            Self::Charge { cost } => write!(f, "charge {cost}"),
            Self::Rejoin => f.write_str("rejoin"),
            Self::ChargeBulk { cost, x, shift, .. } => {
                write!(f, "charge {cost} + ([{}] >> {shift})", slot(x))
            }
        }
    }
}
