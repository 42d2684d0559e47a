//! Function bodies as bytes of the binary format, and the instructions to fill them with.

use tickwasm_oracle::{ValType, Value};

use ValType::{F32, F64, I32, I64, V128};

/// Numeric instructions: first and last opcode, operands, result.
pub const NUMERIC: &[(u8, u8, &[ValType], ValType)] = &[
    (0x45, 0x45, &[I32], I32),
    (0x46, 0x4F, &[I32, I32], I32),
    (0x50, 0x50, &[I64], I32),
    (0x51, 0x5A, &[I64, I64], I32),
    (0x5B, 0x60, &[F32, F32], I32),
    (0x61, 0x66, &[F64, F64], I32),
    (0x67, 0x69, &[I32], I32),
    (0x6A, 0x78, &[I32, I32], I32),
    (0x79, 0x7B, &[I64], I64),
    (0x7C, 0x8A, &[I64, I64], I64),
    (0x8B, 0x91, &[F32], F32),
    (0x92, 0x98, &[F32, F32], F32),
    (0x99, 0x9F, &[F64], F64),
    (0xA0, 0xA6, &[F64, F64], F64),
    (0xA7, 0xA7, &[I64], I32),
    (0xA8, 0xA9, &[F32], I32),
    (0xAA, 0xAB, &[F64], I32),
    (0xAC, 0xAD, &[I32], I64),
    (0xAE, 0xAF, &[F32], I64),
    (0xB0, 0xB1, &[F64], I64),
    (0xB2, 0xB3, &[I32], F32),
    (0xB4, 0xB5, &[I64], F32),
    (0xB6, 0xB6, &[F64], F32),
    (0xB7, 0xB8, &[I32], F64),
    (0xB9, 0xBA, &[I64], F64),
    (0xBB, 0xBB, &[F32], F64),
    (0xBC, 0xBC, &[F32], I32),
    (0xBD, 0xBD, &[F64], I64),
    (0xBE, 0xBE, &[I32], F32),
    (0xBF, 0xBF, &[I64], F64),
    (0xC0, 0xC1, &[I32], I32),
    (0xC2, 0xC4, &[I64], I64),
];

/// Vector instructions that touch no memory, by their number behind the prefix: first and last, operands, result. Shuffles and those
/// with the number of a lane are among them.
pub const VECTOR: &[(u32, u32, &[ValType], ValType)] = &[
    (0x0D, 0x0E, &[V128, V128], V128),
    (0x0F, 0x11, &[I32], V128),
    (0x12, 0x12, &[I64], V128),
    (0x13, 0x13, &[F32], V128),
    (0x14, 0x14, &[F64], V128),
    (0x15, 0x16, &[V128], I32),
    (0x17, 0x17, &[V128, I32], V128),
    (0x18, 0x19, &[V128], I32),
    (0x1A, 0x1A, &[V128, I32], V128),
    (0x1B, 0x1B, &[V128], I32),
    (0x1C, 0x1C, &[V128, I32], V128),
    (0x1D, 0x1D, &[V128], I64),
    (0x1E, 0x1E, &[V128, I64], V128),
    (0x1F, 0x1F, &[V128], F32),
    (0x20, 0x20, &[V128, F32], V128),
    (0x21, 0x21, &[V128], F64),
    (0x22, 0x22, &[V128, F64], V128),
    (0x23, 0x4C, &[V128, V128], V128),
    (0x4D, 0x4D, &[V128], V128),
    (0x4E, 0x51, &[V128, V128], V128),
    (0x52, 0x52, &[V128, V128, V128], V128),
    (0x53, 0x53, &[V128], I32),
    (0x5E, 0x62, &[V128], V128),
    (0x63, 0x64, &[V128], I32),
    (0x65, 0x66, &[V128, V128], V128),
    (0x67, 0x6A, &[V128], V128),
    (0x6B, 0x6D, &[V128, I32], V128),
    (0x6E, 0x73, &[V128, V128], V128),
    (0x74, 0x75, &[V128], V128),
    (0x76, 0x79, &[V128, V128], V128),
    (0x7A, 0x7A, &[V128], V128),
    (0x7B, 0x7B, &[V128, V128], V128),
    (0x7C, 0x81, &[V128], V128),
    (0x82, 0x82, &[V128, V128], V128),
    (0x83, 0x84, &[V128], I32),
    (0x85, 0x86, &[V128, V128], V128),
    (0x87, 0x8A, &[V128], V128),
    (0x8B, 0x8D, &[V128, I32], V128),
    (0x8E, 0x93, &[V128, V128], V128),
    (0x94, 0x94, &[V128], V128),
    (0x95, 0x99, &[V128, V128], V128),
    (0x9B, 0x9F, &[V128, V128], V128),
    (0xA0, 0xA1, &[V128], V128),
    (0xA3, 0xA4, &[V128], I32),
    (0xA7, 0xAA, &[V128], V128),
    (0xAB, 0xAD, &[V128, I32], V128),
    (0xAE, 0xAE, &[V128, V128], V128),
    (0xB1, 0xB1, &[V128, V128], V128),
    (0xB5, 0xBA, &[V128, V128], V128),
    (0xBC, 0xBF, &[V128, V128], V128),
    (0xC0, 0xC1, &[V128], V128),
    (0xC3, 0xC4, &[V128], I32),
    (0xC7, 0xCA, &[V128], V128),
    (0xCB, 0xCD, &[V128, I32], V128),
    (0xCE, 0xCE, &[V128, V128], V128),
    (0xD1, 0xD1, &[V128, V128], V128),
    (0xD5, 0xDF, &[V128, V128], V128),
    (0xE0, 0xE1, &[V128], V128),
    (0xE3, 0xE3, &[V128], V128),
    (0xE4, 0xEB, &[V128, V128], V128),
    (0xEC, 0xED, &[V128], V128),
    (0xEF, 0xEF, &[V128], V128),
    (0xF0, 0xF7, &[V128, V128], V128),
    (0xF8, 0xFF, &[V128], V128),
    (0x100, 0x100, &[V128, V128], V128),
    (0x101, 0x104, &[V128], V128),
    (0x105, 0x10C, &[V128, V128, V128], V128),
    (0x10D, 0x112, &[V128, V128], V128),
    (0x113, 0x113, &[V128, V128, V128], V128),
];

/// Loads of vectors by number: whole, in part, and of one lane, which takes the other lanes.
pub const VECTOR_LOADS: &[(u32, u32, &[ValType])] = &[
    (0x00, 0x0A, &[I32]),
    (0x54, 0x57, &[I32, V128]),
    (0x5C, 0x5D, &[I32]),
];

/// Stores of vectors: whole, and of one lane.
pub const VECTOR_STORES: [u32; 5] = [0x0B, 0x58, 0x59, 0x5A, 0x5B];

/// Saturating conversions, by their number behind the prefix.
pub const SATURATING: [(ValType, ValType); 8] = [
    (F32, I32),
    (F32, I32),
    (F64, I32),
    (F64, I32),
    (F32, I64),
    (F32, I64),
    (F64, I64),
    (F64, I64),
];

/// Loads by opcode from 0x28 on, stores by opcode from 0x36 on: the type of the value.
pub const LOADS: [ValType; 14] = [
    I32, I64, F32, F64, I32, I32, I32, I32, I64, I64, I64, I64, I64, I64,
];
pub const STORES: [ValType; 9] = [I32, I64, F32, F64, I32, I32, I64, I64, I64];

/// The byte of a number type.
pub fn code_of(ty: ValType) -> u8 {
    match ty {
        I32 => 0x7F,
        I64 => 0x7E,
        F32 => 0x7D,
        F64 => 0x7C,
        V128 => 0x7B,
        _ => unreachable!("only number types are generated"),
    }
}

/// A number type in the encoder's terms.
pub fn encoder_type(ty: ValType) -> wasm_encoder::ValType {
    match ty {
        I32 => wasm_encoder::ValType::I32,
        I64 => wasm_encoder::ValType::I64,
        F32 => wasm_encoder::ValType::F32,
        F64 => wasm_encoder::ValType::F64,
        V128 => wasm_encoder::ValType::V128,
        _ => unreachable!("only number types are generated"),
    }
}

/// A body under construction, as bytes of the binary format.
pub struct Body(pub Vec<u8>);

impl Body {
    pub fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    pub fn index(&mut self, opcode: u8, index: u32) {
        self.byte(opcode);
        self.leb(index);
    }

    fn leb(&mut self, mut index: u32) {
        while index >= 0x80 {
            self.byte(index as u8 | 0x80);
            index >>= 7;
        }
        self.byte(index as u8);
    }

    pub fn local_get(&mut self, local: u32) {
        self.index(0x20, local);
    }

    pub fn constant(&mut self, value: Value) {
        match value {
            Value::I32(bits) => self.integer(0x41, i64::from(bits as i32)),
            Value::I64(bits) => self.integer(0x42, bits as i64),
            Value::F32(bits) => {
                self.byte(0x43);
                self.0.extend(bits.to_le_bytes());
            }
            Value::F64(bits) => {
                self.byte(0x44);
                self.0.extend(bits.to_le_bytes());
            }
            Value::V128(bits) => {
                self.vector(0x0C);
                self.0.extend(bits.to_le_bytes());
            }
            Value::Ref(_) => unreachable!("references are not generated"),
        }
    }

    pub fn integer(&mut self, opcode: u8, mut value: i64) {
        self.byte(opcode);
        loop {
            let low = (value & 0x7F) as u8;
            value >>= 7;
            let done = (value == 0 && low & 0x40 == 0) || (value == -1 && low & 0x40 != 0);
            self.byte(if done { low } else { low | 0x80 });
            if done {
                return;
            }
        }
    }

    /// The prefix and the number of a vector instruction.
    pub fn vector(&mut self, number: u32) {
        self.index(0xFD, number);
    }

    /// Appends a vector instruction with its immediates; `any` determines the lanes.
    pub fn vector_op(&mut self, number: u32, offset: u32, any: u8) {
        self.vector_op_in(number, 0, offset, any);
    }

    /// The same, in one of several memories.
    pub fn vector_op_in(&mut self, number: u32, memory: u8, offset: u32, any: u8) {
        self.vector(number);
        if matches!(number, 0x00..=0x0B | 0x54..=0x5D) {
            // The alignment's bit 6 announces an index.
            match memory {
                0 => self.byte(0),
                _ => self.0.extend([0x40, memory]),
            }
            self.leb(offset);
        }
        // The number of lanes to choose from.
        let lanes = match number {
            0x0D => {
                return self
                    .0
                    .extend((0..16).map(|i| any.wrapping_mul(2 * i + 1) % 32));
            }
            0x15..=0x17 | 0x54 | 0x58 => 16,
            0x18..=0x1A | 0x55 | 0x59 => 8,
            0x1B | 0x1C | 0x1F | 0x20 | 0x56 | 0x5A => 4,
            0x1D | 0x1E | 0x21 | 0x22 | 0x57 | 0x5B => 2,
            _ => return,
        };
        self.byte(any % lanes);
    }

    pub fn memory(&mut self, opcode: u8, offset: u32) {
        self.byte(opcode);
        // The alignment hint, 1 byte; then the offset.
        self.index(0, offset);
    }
}
