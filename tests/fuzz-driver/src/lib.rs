//! What tickwasm's fuzz targets do, as a library.
//!
//! A *body* takes bytes, makes of them what it needs, and panics when something is not as it should be. The targets in `fuzz/` hand
//! a body what libFuzzer comes up with; `tests/seeded.rs` hands it a bounded number of inputs that seeds determine, so that a stable
//! toolchain runs the same checks within `cargo test`. What each body proves stands in `fuzz/README.md`.
//!
//! Not here: other engines. [`differential`] compares tickwasm with whatever implements [`Peer`](differential::Peer); the engines
//! themselves stand in `fuzz/`, since they take long to build.
//!
//! Read next: [`modules`] for where modules come from.

#![allow(
    clippy::clone_on_copy,
    reason = "references are cloned as values of any kind are"
)]

pub mod api;
pub mod differential;
pub mod execute;
pub mod fuel;
pub mod load;
pub mod modules;
pub mod suspend;

/// A body that needs nothing but bytes.
pub type Body = fn(&[u8]);

/// The bodies by the names of their targets, with how many bytes a seeded input of theirs has.
pub const BODIES: &[(&str, Body, usize)] = &[
    ("decode", load::decode, 2_000),
    ("validate", load::validate, 2_000),
    ("text", load::text, 2_000),
    ("execute", execute::execute, MODULE),
    ("differential", differential::with_itself, MODULE),
    ("fuel", fuel::fuel, MODULE),
    ("suspend", suspend::suspend, MODULE),
    ("api", api::api, 2_000),
];

/// As many bytes as a generated module takes at most, or nearly so.
const MODULE: usize = 8_000;

/// An input for a body that generates modules: a shorter one goes on with the noise that its first bytes stand for, since libFuzzer's
/// inputs are short for a long time, and the generator makes next to nothing of those.
fn lengthened(data: &[u8]) -> Vec<u8> {
    let mut whole = data.to_vec();
    if let Some((head, _)) = data.split_first_chunk().filter(|_| data.len() < MODULE) {
        whole.extend(noise(u64::from_le_bytes(*head), MODULE - data.len()));
    }
    whole
}

/// The bytes that a seed stands for (splitmix64).
pub fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed;
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bytes.extend((z ^ (z >> 31)).to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}
