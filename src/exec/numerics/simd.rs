//! Vectors. <https://webassembly.github.io/spec/core/exec/numerics.html#vector-operations>

/// A vector: its bytes, those of lane 0 first, each lane with its lowest byte first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct V128(pub [u8; 16]);

impl V128 {
    /// The vector without a bit set.
    pub const ZERO: Self = Self([0; 16]);

    /// The vector that two slots hold.
    #[inline(always)]
    pub fn from_slots(slots: [u64; 2]) -> Self {
        let mut bytes = [0; 16];
        let (low, high) = bytes.split_at_mut(8);
        low.copy_from_slice(&slots[0].to_le_bytes());
        high.copy_from_slice(&slots[1].to_le_bytes());
        Self(bytes)
    }

    /// The vector as two slots.
    #[inline(always)]
    pub fn to_slots(self) -> [u64; 2] {
        let bits = u128::from_le_bytes(self.0);
        [bits as u64, (bits >> 64) as u64]
    }
}
