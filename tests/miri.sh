#!/usr/bin/env bash
# Runs the loop back end under Miri, with both of its aliasing models: each handler once, then guests that reach the rest of the
# unsafe code.
#   tests/miri.sh            # all of it, some hours of processor time
#   tests/miri.sh FILTER     # tests whose names contain that
# It needs a nightly toolchain with Miri: rustup component add miri rust-src --toolchain nightly
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# A folder of its own, since the flags differ from those of ordinary builds.
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target}/miri
for model in "" -Zmiri-tree-borrows; do
    # Use the host's clocks and threads.
    export MIRIFLAGS="-Zmiri-disable-isolation $model"
    printf '\n== Miri, %s\n' "${model:-stacked borrows}"
    cargo +nightly miri test -p tickwasm-miri -- "$@"
    cargo +nightly miri test -p tickwasm --lib -- exec::check runtime::stack runtime::parked runtime::mem_inst "$@"
done
printf '\nMiri: no error\n'
