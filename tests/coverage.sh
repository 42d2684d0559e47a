#!/usr/bin/env bash
# Prints which share of the lines of decoding and validation the unit tests, the integration tests and the official suite run.
#   tests/coverage.sh                 # a line for each file
#   tests/coverage.sh --show          # the sources, with how often each line ran
# It needs LLVM's tools of the compiler's version: rustup component add llvm-tools
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

tools=$(dirname "$(find "$(rustc --print sysroot)" -name llvm-profdata -print -quit)")
out=$(realpath -m "${CARGO_TARGET_DIR:-target}")/coverage
rm -rf "$out"
mkdir -p "$out"

# Only our crates are counted, so that dependencies are those of ordinary builds.
printf '#!/bin/sh\nexec "$@" -Cinstrument-coverage\n' > "$out/rustc"
chmod +x "$out/rustc"
export RUSTC_WORKSPACE_WRAPPER=$out/rustc
export LLVM_PROFILE_FILE=$out/%m-%p.profraw

run=(cargo test -p tickwasm -p tickwasm-harness --lib --test it --test spec)
mapfile -t objects < <("${run[@]}" --no-run 2>&1 | tee /dev/stderr | sed -n 's/.*Executable .*(\(.*\))$/-object=\1/p')
"${run[@]}"

"$tools/llvm-profdata" merge -sparse "$out"/*.profraw -o "$out/all.profdata"
if [[ ${1:-} == --show ]]; then
    "$tools/llvm-cov" show "${objects[@]}" -instr-profile="$out/all.profdata" -sources src/decode src/validate
else
    "$tools/llvm-cov" report "${objects[@]}" -instr-profile="$out/all.profdata" -sources src/decode src/validate
fi
