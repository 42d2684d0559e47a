//! The ops of threaded code: one table, and the code derived from it.
//!
//! An op is a handler's address (two cells) followed by its operands in the order of its row; a cell is four bytes. Lowering builds an
//! [`Op`], `exec::select` finds the handler that suits its operand kinds, [`Op::write`] writes the rest, and the handler reads it
//! with `read!`, which is derived from the same row. The module `operand` has the types of operands. A row is
//!
//! ```text
//! /// its meaning, where `:=` stores and `acc` is the accumulator
//! Name { operand: Type, … } [facts] "text for people" => selection;
//! ```
//!
//! The facts are the fields of [`Facts`]. The selection lists the handlers: a handler, and behind the semicolon the operands that each of its
//! parameters depends on, in the words of `exec::select`. Lists of opcodes are in brackets, each with the handlers of its members.
//! [`for_each_op`] hands all rows to a macro: this file derives the enum and its methods, `exec::select` the choice of handlers,
//! `exec::handlers::operand` the readers.

mod each;
mod operand;

use core::fmt;

use crate::syntax::instr::{Class, Floats, Opcode};

pub use each::Next;
pub use operand::*;

use each::each_of;

/// Calls a macro with its arguments, followed by the rows of the table.
macro_rules! for_each_op {
    ($callback:ident $($args:tt)*) => {
        $callback! {
            $($args)*
            /// nothing; between two places that would otherwise be one
            Nop []
                "nop"
                => (handlers::nop;);

            // Numbers and vectors.
            /// `d := op x`: unary operators, tests, conversions
            Unop { op: Opcode, x: Src, d: Dst } [on_numbers]
                "{d} := {op} {x}"
                => [op;
                    UNOPS (numeric::unop; src x, dst d,)
                    TRAPPING_UNOPS (numeric::trapping_unop; src x, dst d,)
                    VECTOR_UNOPS (numeric::unop; vector x, vector_to d,)
                    SPLATS (numeric::unop; src x, vector_to d,)
                    VECTOR_TESTS (numeric::unop; vector x, dst d,)];
            /// `d := x op y`: binary operators, comparisons
            Binop { op: Opcode, x: Src, y: Src, d: Dst } [on_numbers, params = [x, y]]
                "{d} := {op} {x}, {y}"
                => [op;
                    COMMUTING_BINOPS (numeric::binop; commuting x y, dst d,)
                    ORDERED_BINOPS (numeric::binop; ordered x y, dst d,)
                    TRAPPING_BINOPS (numeric::trapping_binop; ordered x y, dst d,)
                    COMMUTING_VECTOR_BINOPS (numeric::binop; pairs x y [Acc Slot, Slot Slot], vector_to d,)
                    ORDERED_VECTOR_BINOPS (numeric::binop; pairs x y [Acc Slot, Slot Acc, Slot Slot], vector_to d,)
                    SHIFTS (simd::shift; pairs x y [Acc Slot, Acc Imm, Slot Slot, Slot Imm], stored d,)];
            /// `d := x + (y << k)`, all of 32 bits
            AddScaled { x: Src, y: Src, k: u32, d: Dst } []
                "{d} := {x} + ({y} << {k})"
                => (numeric::add_scaled; two x y, dst d,);
            /// `slots[at ..] := op slots[at ..]`: arithmetic on integers of two slots
            Wide { op: Opcode, at: SlotOffset } []
                "{op} at {at}"
                => [op; WIDE_OPS (numeric::wide;)];
            /// `d := x`, its NaNs made canonical; `x` is in the accumulator, where the op before left it
            Canonical { floats: Floats, x: Src, d: Dst } []
                "{d} := canonical {floats} {x}"
                => [floats;
                    SCALAR_FLOATS (simd::canonical; dst d,)
                    VECTOR_FLOATS (simd::canonical; vector_to d,)];
            /// `d := op x, y, z`, all of them vectors
            Ternop { op: Opcode, x: SlotOffset, y: SlotOffset, z: SlotOffset, d: Dst } []
                "{d} := {op} {x}, {y}, {z}"
                => [op; TERNOPS (simd::ternop; stored d,)];
            /// `d := op x`, the lane of a vector whose first byte is given
            ExtractLane { op: Opcode, x: SlotOffset, byte: u32, d: Dst } []
                "{d} := {op} {x}, byte {byte}"
                => [op; EXTRACTIONS (simd::extract_lane; dst d,)];
            /// `d := op x, y`, a vector with another value in a lane
            ReplaceLane { op: Opcode, x: Src, y: Src, lane: u32, d: Dst } []
                "{d} := {op} {x}, {y}, lane {lane}"
                => [op; REPLACEMENTS (simd::replace_lane; vector x, src y, stored d,)];
            /// `d := lanes of x and y`, those of `y` numbered from 16
            Shuffle { x: SlotOffset, y: SlotOffset, lanes: Bytes, d: Dst } []
                "{d} := i8x16.shuffle {x}, {y}, {lanes}"
                => (simd::shuffle_lanes; stored d,);
            /// `d := a vector`
            Constant { bytes: Bytes, d: Dst } []
                "{d} := {bytes}"
                => (simd::constant_vector; stored d,);

            // Memory.
            /// `d := memory[addr + offset]`, where the sum of address and offset does not wrap, here and in all that follow
            Load { op: Opcode, addr: Addr, offset: u32, d: Dst } [traps, on_numbers]
                "{d} := {op} {addr} + {offset}"
                => [op;
                    LOADS (memory::load; address addr, dst d,)
                    WHOLE_VECTOR_LOADS (memory::load; address addr, vector_to d,)
                    VECTOR_LOADS (memory::load; plain addr, vector_to d,)];
            /// `memory[addr + offset] := value`
            Store { op: Opcode, addr: Addr, value: Src, offset: u32 } [traps, params = [Src::Acc, value]]
                "{op} {addr} + {offset} := {value}"
                => [op;
                    STORES (memory::store; address addr, any value,)
                    VECTOR_STORES (memory::store; address addr, vector value,)];
            /// `d := memories[mem][x + offset]`, for memories other than the first
            LoadFrom { op: Opcode, x: SlotOffset, mem: u32, offset: u32, d: SlotOffset } [traps]
                "{d} := {op} {mem}: {x} + {offset}"
                => [op;
                    LOADS (memory::load_from;)
                    WHOLE_VECTOR_LOADS (memory::load_from;)
                    VECTOR_LOADS (memory::load_from;)];
            /// `memories[mem][x + offset] := value`, for memories other than the first
            StoreTo { op: Opcode, x: SlotOffset, value: SlotOffset, mem: u32, offset: u32 } [traps]
                "{op} {mem}: {x} + {offset} := {value}"
                => [op;
                    STORES (memory::store_to;)
                    VECTOR_STORES (memory::store_to;)];
            /// `d := memory[x + offset]`, for a first memory with 64-bit addresses
            Load64 { op: Opcode, x: Src, offset: u32, d: Dst } [traps]
                "{d} := {op} {x} + {offset}"
                => [op;
                    LOADS (memory64::load64; src x, dst d,)
                    WHOLE_VECTOR_LOADS (memory64::load64; src x, vector_to d,)];
            /// `memory[x + offset] := value`, for a first memory with 64-bit addresses
            Store64 { op: Opcode, x: Src, value: Src, offset: u32 } [traps, params = [Src::Acc, value]]
                "{op} {x} + {offset} := {value}"
                => [op;
                    STORES (memory64::store64; src x, any value,)
                    VECTOR_STORES (memory64::store64; src x, vector value,)];
            /// `d := memories[mem][x + offset]`, for any memory with 64-bit addresses
            LoadFrom64 { op: Opcode, x: SlotOffset, mem: u32, d: SlotOffset, offset: u64 } [traps]
                "{d} := {op} {mem}: {x} + {offset}"
                => [op;
                    LOADS (memory64::load_from64;)
                    WHOLE_VECTOR_LOADS (memory64::load_from64;)
                    VECTOR_LOADS (memory64::load_from64;)];
            /// `memories[mem][x + offset] := value`, for any memory with 64-bit addresses
            StoreTo64 { op: Opcode, x: SlotOffset, value: SlotOffset, mem: u32, offset: u64 } [traps]
                "{op} {mem}: {x} + {offset} := {value}"
                => [op;
                    STORES (memory64::store_to64;)
                    VECTOR_STORES (memory64::store_to64;)];
            /// `d := memories[mem][x + offset]`, for any memory that is shared
            LoadShared { op: Opcode, x: SlotOffset, d: SlotOffset, access: Access } [traps]
                "{d} := {op} shared {x} in {access}"
                => [op;
                    LOADS (atomic::load_shared;)
                    WHOLE_VECTOR_LOADS (atomic::load_shared;)
                    VECTOR_LOADS (atomic::load_shared;)];
            /// `memories[mem][x + offset] := value`, for any memory that is shared
            StoreShared { op: Opcode, x: SlotOffset, value: SlotOffset, access: Access } [traps]
                "{op} shared {x} in {access} := {value}"
                => [op;
                    STORES (atomic::store_shared;)
                    VECTOR_STORES (atomic::store_shared;)];
            /// an atomic access; address, operands and result lie from slot `at` on
            Atomic { op: Opcode, does: Atomic, at: SlotOffset, access: Access } [traps]
                "{op} at {at} in {access}"
                => (atomic::atomic;);
            /// `d := min(x, 2³² - 1)`: a 64-bit index as one of 32 bits
            Narrow { x: SlotOffset, d: SlotOffset } []
                "{d} := narrow {x}"
                => (memory64::narrow;);

            // Locals, slots and globals.
            /// `d := x`, a whole slot of any type; the accumulator does not change, unless it is the destination
            Copy { bank: Bank, x: Src, d: Dst } []
                "{d} := {x}"
                => {d:
                    Acc (variable::copy_to_acc; scalar bank, slot x,)
                    Slot (variable::copy; whole bank x,)
                    Pin (variable::copy_to_pin; scalar_from bank x,)};
            /// `slots[0 .. count] := 0`, at the beginning of a function, by a handler with this number built in
            ZeroLocals { count: Few } []
                "[0..] := 0 x {count}"
                => (variable::zero_locals; number count [1 2 3 4 5 6 7 8],);
            /// `slots[0 .. count] := 0`, at the beginning of a function
            ZeroManyLocals { count: u32 } []
                "[0..] := 0 x {count}"
                => (variable::zero_many_locals;);
            /// `pin := slot`, its home
            LoadPin { bank: Bank, home: SlotOffset } []
                "pin := {home}"
                => (variable::load_pin; scalar bank,);
            /// `slots[to ..] := slots[from ..]`, `count` of them, to lower addresses
            CopyRange { from: SlotOffset, to: SlotOffset, count: u32 } []
                "{to} := {from}, {count} slots"
                => (variable::copy_range;);
            /// `d := if c ≠ 0 { x } else { y }`, slots whole; the integer accumulator receives it too
            Select { c: Src, x: Src, y: Src, d: Dst } []
                "{d} := {c} ? {x} : {y}"
                => (variable::select; src c, pairs x y [
                    Slot Slot, Slot Pin, Slot Imm64, Pin Slot, Pin Pin, Pin Imm64, Imm64 Slot, Imm64 Pin, Imm64 Imm64
                ], dst d,);
            /// `d := if c ≠ 0 { x } else { y }`, vectors
            SelectVector { c: Src, x: SlotOffset, y: SlotOffset, d: Dst } []
                "{d} := {c} ? {x} : {y}"
                => (simd::select_vector; src c, stored d,);
            /// `d := globals[offset]`, among those that the module defines; `offset` counts bytes from the first
            GlobalGet { bank: Bank, offset: u32, d: Dst } []
                "{d} := global +{offset}"
                => (variable::global_get; to bank d,);
            /// `globals[offset] := x`
            GlobalSet { bank: Bank, x: Src, offset: u32 } []
                "global +{offset} := {x}"
                => (variable::global_set; whole bank x,);
            /// `d := imported global`, a vector; the accumulator does not receive it
            ImportedGet { global: u32, d: SlotOffset } []
                "{d} := import {global}"
                => (simd::imported_get;);
            /// `imported global := x`, a vector
            ImportedSet { global: u32, x: SlotOffset } []
                "import {global} := {x}"
                => (simd::imported_set;);

            // Branches.
            /// `goto target`
            Br [leaves, targets = 1]
                "goto"
                => (control::br; branches,);
            /// `if (op x) ≠ not { goto target }`, `op` a test for zero
            BrUnop { op: Opcode, not: bool, x: Src } [may_branch, targets = 1]
                "if {not}{op} {x} goto"
                => [(op, not); ZERO_TESTS (control::br_unop; src x, branches,)];
            /// `if (x op y) ≠ not { goto target }`, `op` a comparison, or `and` for a test of bits
            BrBinop { op: Opcode, not: bool, x: Src, y: Src } [may_branch, targets = 1, params = [x, y]]
                "if {not}{op} {x}, {y} goto"
                => [(op, not); CONDITIONS (control::br_binop; commuting x y, branches,)];
            /// `goto targets[min(x, count)]`, the targets in `count + 1` cells behind the op
            BrTable { x: Src, count: u32 } [leaves, targets = count + 1]
                "goto table[{x}] of {count}"
                => (control::br_table; src x, branches,);

            // Calls and returns.
            /// call of a function that the module defines, by its position among them; `delta` counts bytes from this frame's base to the callee's
            Call { defined: u32, delta: u32 } [leaves, comes_back]
                "call defined {defined}, frame +{delta} bytes"
                => (call::call; calls,);
            /// call of an imported function
            CallImport { func: u32, frame: CallFrame } [leaves, comes_back]
                "call import {func}, {frame}"
                => (call::call_import; calls,);
            /// call of the function at `tables[table][x]`, if its type, by its canonical id, is `ty`
            CallIndirect { x: Src, table: u32, ty: u32, frame: CallFrame } [leaves, comes_back]
                "call table {table} [{x}] type {ty}, {frame}"
                => (call::call_indirect; src x, first table, calls,);
            /// call of the function that `x` refers to
            CallRef { x: Src, frame: CallFrame } [leaves, comes_back]
                "call ref {x}, {frame}"
                => (call::call_ref; src x, calls,);
            /// call of a function that the module defines, in place of the current one
            ReturnCall { defined: u32, tail: TailFrame } [leaves]
                "tail call defined {defined}, {tail}"
                => (call::return_call; calls,);
            /// call of an imported function in place of the current one
            ReturnCallImport { func: u32, tail: TailFrame } [leaves]
                "tail call import {func}, {tail}"
                => (call::return_call_import;);
            /// call of the function at `tables[table][x]` in place of the current one
            ReturnCallIndirect { x: Src, table: u32, ty: u32, tail: TailFrame } [leaves]
                "tail call table {table} [{x}] type {ty}, {tail}"
                => (call::return_call_indirect; src x,);
            /// call of the function that `x` refers to, in place of the current one
            ReturnCallRef { x: Src, tail: TailFrame } [leaves]
                "tail call ref {x}, {tail}"
                => (call::return_call_ref; src x,);
            /// return without results
            Return0 [leaves]
                "return"
                => (control::return_0; calls,);
            /// `slots[to] := x`; return, the result also in the accumulator
            Return1 { bank: Bank, x: Src, to: SlotOffset } [leaves]
                "return {to} := {x}"
                => (control::return_1; from bank x, calls,);
            /// `slots[to ..] := slots[from ..]`, `count` of them; return
            ReturnMany { from: SlotOffset, to: SlotOffset, count: u32 } [leaves]
                "return {to} := {from}, {count} slots"
                => (control::return_many; calls,);
            /// throw an exception of the tag, with the `count` slots from `from` on as payload; `cost` comes on top of that of the search for a clause
            Throw { cost: u32, tag: u32, from: SlotOffset, count: u32 } [leaves, charges = Some(cost)]
                "throw tag {tag} with {from}, {count} slots"
                => (exception::throw;);
            /// throw the exception that the slot refers to, for a cost as above
            ThrowRef { cost: u32, x: SlotOffset } [leaves, charges = Some(cost)]
                "throw {x}"
                => (exception::throw_ref;);
            /// trap
            Unreachable [traps, leaves]
                "unreachable"
                => (control::unreachable_op;);

            // References and objects.
            /// trap if `x` is null
            NonNull { x: Src } [traps]
                "trap if {x} is null"
                => (reference::non_null; src x,);
            /// `d := x.data[offset]`, a field; `op` is the memory access of the same form
            StructGet { op: Opcode, x: Src, offset: u32, d: Dst } [traps]
                "{d} := {op} field of {x} + {offset}"
                => [op; FIELD_LOADS (heap::struct_get; src x, dst d,)];
            /// `x.data[offset] := value`, a field; `op` is the memory access of the same form
            StructSet { op: Opcode, x: Src, value: Src, offset: u32 } [traps, params = [Src::Acc, value]]
                "{op} field of {x} + {offset} := {value}"
                => [op; FIELD_STORES (heap::struct_set; src x, any value,)];
            /// `d := x[i]`, an element; `op` is the memory access of the same form
            ArrayGet { op: Opcode, x: SlotOffset, i: Src, d: Dst } [traps]
                "{d} := {op} element of {x} at {i}"
                => [op; FIELD_LOADS (heap::array_get; any i, dst d,)];
            /// `x[i] := value`, an element; `op` is the memory access of the same form
            ArraySet { op: Opcode, x: SlotOffset, i: SlotOffset, value: Src } [traps, params = [Src::Acc, value]]
                "{op} element of {x} at {i} := {value}"
                => [op; FIELD_STORES (heap::array_set; any value,)];
            /// `d := length of x`
            ArrayLen { x: Src, d: Dst } [traps]
                "{d} := length of {x}"
                => (heap::array_len; src x, dst d,);
            /// `d := whether x passes the cast`
            RefTest { x: Src, target: CastTarget, d: Dst } []
                "{d} := {x} is {target}"
                => (heap::ref_test; src x, dst d,);
            /// trap unless `x` passes the cast
            RefCast { x: Src, target: CastTarget } [traps]
                "trap unless {x} is {target}"
                => (heap::ref_cast; src x,);

            // Ops of the runtime. Operands and results lie in consecutive slots, the first of them `at`.
            /// an instruction on memories, tables, globals or functions, by their indices `a` and `b`
            Runtime { op: Opcode, a: u32, b: u32, at: SlotOffset } [traps]
                "{op} {a} {b} at {at}"
                => [call runtime::handler(op)];
            /// an instruction on objects, with the numbers `a` and `b` that `exec::handlers::heap` says
            Object { op: Opcode, a: u32, b: u32, at: SlotOffset } [traps]
                "{op} {a} {b} at {at}"
                => [call heap::handler(op)];
            /// one of either kind that charges `cost` and for its work, which grows with an operand; only in metered code
            Bulk { op: Opcode, cost: u32, a: u32, b: u32, at: SlotOffset } [traps, charges = Some(cost)]
                "{op} {a} {b} at {at}, charge {cost} and for its work"
                => [call bulk::handler(op, form)];

            // Fuel, in exact code only.
            /// `fuel := fuel - cost`, or stop
            Charge { cost: u32 } []
                "charge {cost}"
                => (fuel::charge; exact,);
            /// continue in the code that charges on branches, if there is fuel for that
            Rejoin []
                "rejoin"
                => (fuel::rejoin; exact,);
        }
    };
}
pub(crate) use for_each_op;

/// Facts about an op beside its operands.
#[derive(Clone, Copy, Debug)]
struct Facts {
    /// It may trap with any opcode; an op without this fact may trap if its opcode may.
    traps: bool,
    /// Control may continue elsewhere than at the next op; conditional branches do not count.
    leaves: bool,
    /// It is a conditional branch.
    may_branch: bool,
    /// It calls a function that returns behind it.
    comes_back: bool,
    /// Its first operand may come from an accumulator as well as from a slot, if its opcode is one on numbers.
    on_numbers: bool,
    /// Number of targets that follow the operands.
    targets: u32,
    /// The base cost in its first cell, if it charges by itself.
    charges: Option<u32>,
    /// The operands that have the types of the opcode's parameters and may be in the code; all others count as in the accumulator.
    params: [Src; 2],
}

impl Facts {
    /// The facts that a row does not mention.
    const NONE: Self = Self {
        traps: false,
        leaves: false,
        may_branch: false,
        comes_back: false,
        on_numbers: false,
        targets: 0,
        charges: None,
        params: [Src::Acc; 2],
    };
}

/// The value that a row gives to a fact: true, if it gives none.
macro_rules! given {
    () => {
        true
    };
    ($value:expr) => {
        $value
    };
}

/// Derives the enum and its methods.
macro_rules! derive_ops {
    ($(
        $(#[$doc:meta])*
        $name:ident $({ $($field:ident: $ty:ident),* })? [$($fact:ident $(= $value:expr)?),*]
        $text:literal => $selection:tt;
    )*) => {
        /// An op.
        #[derive(Clone, Copy, PartialEq, Debug)]
        pub enum Op {$(
            $(#[$doc])*
            $name $({ $($field: $ty),* })?,
        )*}

        impl Op {
            /// Writes the operands in the order in which `read!` reads them. A branch's targets come last and are written by the builder,
            /// each with its charge.
            pub fn write(&self, out: &mut impl Cells) {
                match *self {$(
                    Self::$name $({ $($field),* })? => { $($($field.write(out);)*)? }
                )*}
            }

            #[allow(unused_variables, reason = "most facts depend on no operand")]
            fn facts(&self) -> Facts {
                match *self {$(
                    Self::$name $({ $($field),* })? => Facts {
                        $($fact: given!($($value)?),)*
                        ..Facts::NONE
                    },
                )*}
            }

            /// The opcode, if several instructions share the op.
            pub fn opcode(&self) -> Option<Opcode> {
                match *self {$(
                    Self::$name $({ $($field),* })? => None $($(.or($field.opcode()))*)?,
                )*}
            }

            /// The first operand that is a [`Src`].
            fn src(&mut self) -> Option<&mut Src> {
                match self {$(
                    Self::$name $({ $($field),* })? => None $($(.or_else(|| $field.src()))*)?,
                )*}
            }

            /// The destination.
            fn dst(&mut self) -> Option<&mut Dst> {
                match self {$(
                    Self::$name $({ $($field),* })? => None $($(.or_else(|| $field.dst()))*)?,
                )*}
            }

            /// Shows every op to a visitor, with every combination of kinds of operands unless the visitor skips the rest of an op. Most of them
            /// do not exist, which the visitor must find out.
            pub fn each(mut visit: impl FnMut(&Self) -> Next) {
                let enough = core::cell::Cell::new(false);
                $(
                    enough.set(false);
                    each_of!(visit, enough, Op::$name $({$($field),*})?; $($($field: $ty,)*)?);
                )*
            }
        }

        /// One line of a listing of lowered code; slots are numbered in units of eight bytes from the frame's base.
        impl fmt::Display for Op {
            #[allow(unused_variables, reason = "the text need not mention all operands")]
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match *self {$(
                    Self::$name $({ $($field),* })? => {
                        $($(let $field = Shown($field);)*)?
                        write!(f, $text)
                    }
                )*}
            }
        }
    };
}

for_each_op!(derive_ops);

impl Op {
    /// Number of targets that follow the operands.
    pub fn targets(&self) -> u32 {
        self.facts().targets
    }

    /// Whether control may continue elsewhere than at the next op; conditional branches do not count.
    pub fn leaves(&self) -> bool {
        self.facts().leaves
    }

    /// Whether it is a conditional branch.
    pub fn may_branch(&self) -> bool {
        self.facts().may_branch
    }

    /// Whether the op calls a function that returns behind it.
    pub fn comes_back(&self) -> bool {
        self.facts().comes_back
    }

    /// The base cost in its first cell, if it charges by itself.
    pub fn charges(&self) -> Option<u32> {
        self.facts().charges
    }

    /// Whether it may trap, so that it must be executed even if its result is unused.
    pub fn may_trap(&self) -> bool {
        self.facts().traps || self.opcode().is_some_and(Opcode::traps)
    }

    /// The operands that have the types of the opcode's parameters and may be in the code; all others count as in the accumulator.
    pub fn params(&self) -> [Src; 2] {
        self.facts().params
    }

    /// The first operand of an op on numbers that may come from an accumulator as well as from a slot.
    pub fn first_src(&mut self) -> Option<&mut Src> {
        let class = self.opcode()?.class();
        let on_numbers = self.facts().on_numbers && !matches!(class, Class::Vplain | Class::Vload);
        self.src().filter(|_| on_numbers)
    }

    /// Sets the destination of an op that has one.
    pub fn set_dst(&mut self, to: Dst) {
        match self.dst() {
            Some(d) => *d = to,
            None => unreachable!("lowering: {self} has no destination"),
        }
    }

    /// The branch on the opposite condition.
    #[must_use]
    pub fn inverted(mut self) -> Self {
        if let Self::BrUnop { not, .. } | Self::BrBinop { not, .. } = &mut self {
            *not = !*not;
        }
        self
    }
}
