//! The bodies of tickwasm's fuzz targets, as a library.
//!
//! A *body* takes bytes, builds its input from them, and panics when a check fails. The targets in `fuzz/` pass the inputs of
//! libFuzzer to a body; `tests/seeded.rs` passes it a bounded number of inputs that seeds determine, so that a stable
//! toolchain runs the same checks within `cargo test`. The table in `fuzz/README.md` lists the property that each body checks.
//!
//! Other engines are not here: [`differential`] compares tickwasm with any implementation of [`Peer`](differential::Peer); the
//! engines themselves are in `fuzz/`, since they take long to build.
//!
//! Read next: [`modules`], the source of modules.

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

/// A body that takes bytes.
pub type Body = fn(&[u8]);

/// The bodies by the names of their targets, each with the number of bytes of a seeded input.
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

/// The approximate maximum of bytes that a generated module takes.
const MODULE: usize = 8_000;

/// An input for a body that generates modules: a short one is extended with noise that its first bytes determine, since libFuzzer's
/// inputs are short for a long time, and the generator makes almost nothing of those.
fn lengthened(data: &[u8]) -> Vec<u8> {
    let mut whole = data.to_vec();
    if let Some((head, _)) = data.split_first_chunk().filter(|_| data.len() < MODULE) {
        whole.extend(noise(u64::from_le_bytes(*head), MODULE - data.len()));
    }
    whole
}

/// The bytes that a seed determines (splitmix64).
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
