//! The common part of the benches: the workloads, and a `Criterion` that does not take all day over them.
#![allow(dead_code, reason = "each bench takes a part of it")]

use std::fs;
use std::path::Path;
use std::time::Duration;

use criterion::Criterion;

/// A module of `workloads/`, with the argument and result of `expected-small.txt`.
pub(crate) struct Workload {
    pub(crate) name: String,
    pub(crate) wasm: Vec<u8>,
    pub(crate) argument: i32,
    pub(crate) expected: i32,
}

/// All workloads, in the order of the list.
pub(crate) fn workloads() -> Vec<Workload> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/workloads");
    let list =
        fs::read_to_string(folder.join("expected-small.txt")).expect("the list of workloads");
    let read = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [file, argument, expected] = words[..] else {
            panic!("not a module, an argument and a result: {line}");
        };
        Workload {
            name: file.trim_end_matches(".wasm").to_owned(),
            wasm: fs::read(folder.join(file)).expect("a module of the list"),
            argument: argument.parse().expect("an argument"),
            expected: expected.parse().expect("a result"),
        }
    };
    list.lines().map(read).collect()
}

/// Criterion with short measurements, which the command line can lengthen again.
pub(crate) fn criterion() -> Criterion {
    Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_millis(1500))
        .sample_size(30)
        .configure_from_args()
}
