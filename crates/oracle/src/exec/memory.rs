//! Memories and data segments.

use super::Thread;
use crate::instr::{Memory, Place};
use crate::value::{Trap, Value};
use crate::{MemAddr, Oracle, PAGE};

/// Number of bytes of bulk work that cost one.
const BYTES_PER_FUEL: u64 = 64;

impl Oracle {
    fn mem_addr(&self, thread: &Thread, memory: u32) -> MemAddr {
        self.instances[thread.instance()].mems[memory as usize]
    }

    fn bytes(&mut self, thread: &Thread, memory: u32) -> &mut Vec<u8> {
        let addr = self.mem_addr(thread, memory);
        &mut self.mems[addr.0].bytes
    }

    /// The operands of an instruction on `count` bytes are, from the top: the count, and the start of each range.
    pub(super) fn memory_work(&self, thread: &Thread, instr: &Memory) -> u64 {
        let memory = |memory| &*self.mems[self.mem_addr(thread, memory).0].bytes;
        let fits = |bytes: &[u8], at: usize| {
            range(bytes, thread.peek_index(at), 0, thread.peek_index(0)).is_ok()
        };
        let is_done = match *instr {
            Memory::Grow(index) => {
                let pages = thread.peek_index(0);
                let grown = self.grown_pages(self.mem_addr(thread, index), pages);
                return if grown.is_some() { pages } else { 0 };
            }
            // The value lies in between.
            Memory::Fill(index) => fits(memory(index), 2),
            Memory::Copy { dst, src } => fits(memory(src), 1) && fits(memory(dst), 2),
            Memory::Init {
                data,
                memory: index,
            } => {
                let segment = &self.instances[thread.instance()].datas[data as usize];
                fits(segment, 1) && fits(memory(index), 2)
            }
            _ => return 0,
        };
        match is_done {
            true => thread.peek_index(0) / BYTES_PER_FUEL,
            false => 0,
        }
    }

    pub(super) fn execute_memory(
        &mut self,
        thread: &mut Thread,
        instr: &Memory,
    ) -> Result<(), Trap> {
        match *instr {
            Memory::Load {
                ty,
                bytes,
                signed,
                place,
            } => {
                let raw = self.load(thread, place, bytes)? as u64;
                let value = widened(ty.width(), raw, 8 * bytes, signed);
                thread.push(Value::from_bits(ty, value));
            }
            Memory::Store { ty, bytes, place } => {
                let value = thread.pop();
                assert_eq!(value.ty(), ty, "validated: the type of a stored value");
                let bits = match value {
                    Value::V128(bits) => bits,
                    number => number.bits().into(),
                };
                self.store(thread, place, bytes, bits)?;
            }
            Memory::LoadExtend {
                lanes,
                signed,
                place,
            } => {
                let raw = self.load(thread, place, 8)?;
                let half = lanes.width / 2;
                let lane = |i: u32| ((raw >> (i * half)) % (1 << half)) as u64;
                let wide = (0..64 / half).map(|i| widened(lanes.width, lane(i), half, signed));
                thread.push(Value::V128(lanes.vector(wide)));
            }
            Memory::LoadSplat { lanes, place } => {
                let raw = self.load(thread, place, lanes.width / 8)? as u64;
                let all = (0..128 / lanes.width).map(|_| raw);
                thread.push(Value::V128(lanes.vector(all)));
            }
            Memory::LoadZero { bytes, place } => {
                let raw = self.load(thread, place, bytes)?;
                thread.push(Value::V128(raw));
            }
            Memory::LoadLane { lanes, lane, place } => {
                let mut all = lanes.of(pop_vector(thread));
                all[usize::from(lane)] = self.load(thread, place, lanes.width / 8)? as u64;
                thread.push(Value::V128(lanes.vector(all)));
            }
            Memory::StoreLane { lanes, lane, place } => {
                let all = lanes.of(pop_vector(thread));
                let bits = all[usize::from(lane)].into();
                self.store(thread, place, lanes.width / 8, bits)?;
            }
            Memory::Size(memory) => {
                let memory = &self.mems[self.mem_addr(thread, memory).0];
                let pages = (memory.bytes.len() / PAGE) as u64;
                thread.push(size_value(memory.is64, Some(pages)));
            }
            Memory::Grow(memory) => {
                let pages = thread.pop_index();
                let addr = self.mem_addr(thread, memory);
                let new = self.grown_pages(addr, pages);
                let memory = &mut self.mems[addr.0];
                let old = (memory.bytes.len() / PAGE) as u64;
                if let Some(new) = new {
                    memory.bytes.resize(new as usize * PAGE, 0);
                }
                thread.push(size_value(memory.is64, new.map(|_| old)));
            }
            Memory::Fill(memory) => {
                let count = thread.pop_index();
                let value = thread.pop_i32() as u8;
                let at = thread.pop_index();
                let bytes = self.bytes(thread, memory);
                let range = range(bytes, at, 0, count)?;
                bytes[range].fill(value);
            }
            Memory::Copy { dst, src } => {
                let count = thread.pop_index();
                let from = thread.pop_index();
                let to = thread.pop_index();
                let source = self.bytes(thread, src);
                // The copy makes overlap irrelevant.
                let moved = source[range(source, from, 0, count)?].to_vec();
                let bytes = self.bytes(thread, dst);
                let range = range(bytes, to, 0, count)?;
                bytes[range].copy_from_slice(&moved);
            }
            Memory::Init { data, memory } => {
                let count = thread.pop_index();
                let from = thread.pop_index();
                let to = thread.pop_index();
                let moved = self.data(thread, data, from, count)?.to_vec();
                let bytes = self.bytes(thread, memory);
                let range = range(bytes, to, 0, count)?;
                bytes[range].copy_from_slice(&moved);
            }
            Memory::DataDrop(data) => {
                self.instances[thread.instance()].datas[data as usize].clear();
            }
        }
        Ok(())
    }

    /// `count` bytes of a data segment, if all of them exist.
    pub(super) fn data(
        &self,
        thread: &Thread,
        data: u32,
        from: u64,
        count: u64,
    ) -> Result<&[u8], Trap> {
        let segment = &self.instances[thread.instance()].datas[data as usize];
        Ok(&segment[range(segment, from, 0, count)?])
    }

    /// The bytes at an address from the stack, the first one lowest.
    fn load(&mut self, thread: &mut Thread, place: Place, count: u32) -> Result<u128, Trap> {
        let at = thread.pop_index();
        let bytes = self.bytes(thread, place.memory);
        let range = range(bytes, at, place.offset, count.into())?;
        let parts = (0..).zip(&bytes[range]);
        Ok(parts.map(|(i, &byte)| u128::from(byte) << (8 * i)).sum())
    }

    /// Stores the lowest bytes at an address from the stack.
    fn store(
        &mut self,
        thread: &mut Thread,
        place: Place,
        count: u32,
        bits: u128,
    ) -> Result<(), Trap> {
        let at = thread.pop_index();
        let bytes = self.bytes(thread, place.memory);
        let range = range(bytes, at, place.offset, count.into())?;
        for (i, byte) in (0..).zip(&mut bytes[range]) {
            *byte = (bits >> (8 * i)) as u8;
        }
        Ok(())
    }

    /// The new size in pages, if the memory can grow by `pages`.
    fn grown_pages(&self, addr: MemAddr, pages: u64) -> Option<u64> {
        let memory = &self.mems[addr.0];
        let old = (memory.bytes.len() / PAGE) as u64;
        let addressable = if memory.is64 { 1 << 48 } else { 1 << 16 };
        let most = memory.max.unwrap_or(addressable).min(self.limits.pages);
        old.checked_add(pages).filter(|new| *new <= most)
    }
}

fn pop_vector(thread: &mut Thread) -> u128 {
    match thread.pop() {
        Value::V128(bits) => bits,
        other => unreachable!("validated: a vector, not {other:?}"),
    }
}

/// A size as a value of an address type; -1 for none.
pub(super) fn size_value(is64: bool, size: Option<u64>) -> Value {
    match is64 {
        true => Value::I64(size.unwrap_or(u64::MAX)),
        false => Value::I32(size.map_or(u32::MAX, |size| size as u32)),
    }
}

/// The range of `count` bytes from `at + offset` on, if all of them exist.
fn range(bytes: &[u8], at: u64, offset: u64, count: u64) -> Result<std::ops::Range<usize>, Trap> {
    // In 128 bits no sum of these overflows.
    let start = u128::from(at) + u128::from(offset);
    let end = start + u128::from(count);
    if end > bytes.len() as u128 {
        return Err(Trap::OutOfBoundsMemoryAccess);
    }
    Ok(start as usize..end as usize)
}

/// The low `width` bits as a number of `to` bits.
fn widened(to: u32, value: u64, width: u32, signed: bool) -> u64 {
    let negative = signed && value >> (width - 1) == 1;
    if !negative {
        return value;
    }
    // All bits above the loaded ones are set, up to the type's own width.
    let above = (width..to).map(|position| 1u64 << position);
    value + above.sum::<u64>()
}
