#!/usr/bin/env bash
# Runs the official suite, the regressions, the integration tests and the comparison with the naive interpreter, in slices of fuel too, on
# another processor, which QEMU emulates:
#   tests/cross.sh aarch64|riscv64|s390x|i686
# It needs a linker and a C library for the processor (Debian: gcc-aarch64-linux-gnu or its like), Rust's library for it (rustup target
# add aarch64-unknown-linux-gnu or its like), and QEMU's user mode (Debian: qemu-user), except for i686, which x86-64 runs by itself.
# The first two have the tail-calling back end; s390x stores the highest byte of a number first, and i686 has addresses of 32 bits.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

root=/usr/${1-}-linux-gnu
case ${1-} in
aarch64) target=aarch64-unknown-linux-gnu run="qemu-aarch64 -L $root" ;;
riscv64) target=riscv64gc-unknown-linux-gnu run="qemu-riscv64 -L $root" ;;
s390x) target=s390x-unknown-linux-gnu run="qemu-s390x -L $root" ;;
i686) target=i686-unknown-linux-gnu run="$root/lib/ld-linux.so.2 --library-path $root/lib" ;;
*)
    echo "usage: tests/cross.sh aarch64|riscv64|s390x|i686" >&2
    exit 2
    ;;
esac

variable=CARGO_TARGET_$(tr 'a-z-' 'A-Z_' <<<"$target")
export "${variable}_LINKER=$1-linux-gnu-gcc"
export "${variable}_RUNNER=$run"
# Optimised, for the back end that is used there; overflow checks stay on.
export CARGO_PROFILE_RELEASE_OVERFLOW_CHECKS=true
cargo test --release --target "$target" --test spec --test regressions --test it
cargo test --release -p tickwasm-oracle --target "$target" --test differential
