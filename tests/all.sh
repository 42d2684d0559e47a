#!/usr/bin/env bash
# Everything a change has to pass: the tests in both dispatch back ends, then formatting, lints and documentation.
# The build script chooses the back end: a debug build has the loop, a release build the tail calls.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

step() {
    printf '\n== %s\n' "$*"
    "$@"
}

step cargo fmt --all --check
step cargo test --workspace --features anyhow
step cargo test --workspace --features anyhow --release
step cargo test -p tickwasm --no-default-features --lib
for example in examples/*.rs; do
    step cargo run -p tickwasm --example "$(basename "$example" .rs)"
done
step bash tests/tail_calls.sh
step bash tests/profiles.sh
step cargo clippy --workspace --all-targets --all-features -- -D warnings
RUSTDOCFLAGS="-D warnings" step cargo doc --no-deps --all-features
printf '\nall passed\n'
