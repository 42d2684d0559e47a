//! Function bodies as bytes of the binary format, and which instructions there are to fill them with.

use tickwasm_oracle::{ValType, Value};

use ValType::{F32, F64, I32, I64};

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
        _ => unreachable!("only number types are generated"),
    }
}

/// A body under construction, as bytes of the binary format.
pub struct Body(pub Vec<u8>);

impl Body {
    pub fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    pub fn index(&mut self, opcode: u8, mut index: u32) {
        self.byte(opcode);
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
            other => unreachable!("{other:?} is not generated"),
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

    pub fn memory(&mut self, opcode: u8, offset: u32) {
        self.byte(opcode);
        // The alignment hint, 1 byte; then the offset.
        self.index(0, offset);
    }
}
