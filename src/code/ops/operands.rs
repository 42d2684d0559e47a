//! How the operands of ops lie in memory: in the order in which handlers read them.

use super::*;

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
            Self::Object {
                a, b, at, charge, ..
            }
            | Self::Runtime {
                a, b, at, charge, ..
            } => {
                if let Some(cost) = charge {
                    out.cell(cost);
                }
                out.cell(a);
                out.cell(b);
                out.cell(at as u32);
            }
            Self::Return1 { x, to, .. } => {
                x.write(out);
                out.cell(to as u32);
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
        }
    }
}
