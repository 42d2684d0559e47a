//! Digests of bytes: one that is the same everywhere and forever, and a quick one for finding cached modules.
//!
//! Neither proves that two contents are equal; code that relies on it compares them.

/// FNV-1a of 64 bits.
///
/// [`Module::hash`](crate::Module::hash) promises this function, so it cannot be changed.
pub(crate) fn fnv64(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01B3)
    })
}

/// FNV-1a of 128 bits, for names of files.
pub(crate) fn fnv128(bytes: &[u8]) -> u128 {
    bytes
        .iter()
        .fold(0x6C62_272E_07BB_0142_62B8_2175_6295_C58D, |hash, byte| {
            (hash ^ u128::from(*byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013B)
        })
}

/// A hash of some bytes that depends on a seed, several bytes a cycle.
///
/// Four lanes take eight bytes each in turn, and each folds a 128-bit product, so that every bit reaches every other.
pub(crate) fn quick(seed: u64, bytes: &[u8]) -> u64 {
    const ODD: [u64; 4] = [
        0x9E37_79B9_7F4A_7C15,
        0xD6E8_FEB8_6659_FD93,
        0xC2B2_AE3D_27D4_EB4F,
        0xA076_1D64_78BD_642F,
    ];
    fn fold(a: u64, b: u64) -> u64 {
        let product = u128::from(a) * u128::from(b);
        product as u64 ^ (product >> 64) as u64
    }
    let mut lanes = [seed, !seed, seed.rotate_left(16), seed.rotate_left(48)];
    let mut step = |block: &[u8; 32]| {
        let (words, _) = block.as_chunks();
        for ((lane, odd), word) in lanes.iter_mut().zip(ODD).zip(words) {
            let word = u64::from_le_bytes(*word);
            // The sum keeps a lane alive whose product became zero.
            *lane = fold(*lane ^ word, odd ^ seed).wrapping_add(odd);
        }
    };
    let (blocks, rest) = bytes.as_chunks();
    blocks.iter().for_each(&mut step);
    let mut last = [0; 32];
    last[..rest.len()].copy_from_slice(rest);
    step(&last);
    let [a, b, c, d] = lanes;
    let pairs = fold(a ^ ODD[2], b ^ ODD[3]) ^ fold(c ^ ODD[0], d ^ ODD[1]).rotate_left(29);
    fold(pairs ^ bytes.len() as u64, ODD[0] ^ seed.rotate_left(17))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fnv_is_the_published_function() {
        assert_eq!(fnv64(b""), 0xCBF2_9CE4_8422_2325);
        assert_eq!(fnv64(b"a"), 0xAF63_DC4C_8601_EC8C);
        assert_eq!(fnv64(b"foobar"), 0x8594_4171_F739_67E8);
        assert_eq!(fnv128(b"a"), 0xD228_CB69_6F1A_8CAF_7891_2B70_4E4A_8964);
    }

    #[test]
    fn quick_tells_lengths_places_and_seeds_apart() {
        let mut seen = std::collections::HashSet::new();
        for seed in [0, 1, u64::MAX] {
            for len in 0..200 {
                assert!(seen.insert(quick(seed, &vec![0; len])), "{seed} {len}");
                for at in 0..len {
                    let mut bytes = vec![0; len];
                    bytes[at] = 1;
                    assert!(seen.insert(quick(seed, &bytes)), "{seed} {len} {at}");
                }
            }
        }
    }
}
