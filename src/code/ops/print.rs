//! Ops as text, for people who read lowered code.

use core::fmt;

use super::*;

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
            Self::Object {
                call,
                a,
                b,
                at,
                charge,
            } => {
                write!(f, "{call:?} {a} {b} at [{}]", slot(at))?;
                charged(f, charge)
            }
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
            Self::Runtime {
                call,
                a,
                b,
                at,
                charge,
            } => {
                write!(f, "{call:?} {a} {b} at [{}]", slot(at))?;
                charged(f, charge)
            }
            Self::Charge { cost } => write!(f, "charge {cost}"),
            Self::Rejoin => f.write_str("rejoin"),
        }
    }
}

/// Says that an op charges by itself.
fn charged(f: &mut fmt::Formatter<'_>, charge: Option<u32>) -> fmt::Result {
    match charge {
        Some(cost) => write!(f, ", charge {cost} and for its work"),
        None => Ok(()),
    }
}
