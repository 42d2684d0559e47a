#!/usr/bin/env bash
# Runs the official suite and the integration tests under AddressSanitizer, which finds leaks and accesses outside of allocations.
#   tests/sanitize.sh            # some ten minutes
#   tests/sanitize.sh FILTER     # tests whose names contain that
# It needs a nightly toolchain. The loop is the back end, because the sanitizer keeps calls from becoming jumps.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

target=$(rustc +nightly -vV | sed -n 's/^host: //p')
# A folder of its own, since the flags differ from those of ordinary builds. With a target named, they do not apply to build scripts.
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target}/sanitize
export RUSTFLAGS=-Zsanitizer=address
# Optimised a little, so that it ends soon; checks of arithmetic and of our own assertions remain.
export CARGO_PROFILE_DEV_OPT_LEVEL=1
cargo +nightly test --target "$target" --test spec --test it -- "$@"
printf '\nAddressSanitizer: no error\n'
