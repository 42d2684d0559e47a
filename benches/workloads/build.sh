#!/usr/bin/env bash
# Compiles every workload beside this script. Needs clang 16 and lld 16 with wasm32, and wat2wasm (wabt).
# Another compiler gives other code: rebuild all of them at once, and run check.mjs afterwards.
set -euo pipefail
cd "$(dirname "$0")"
clang=${CLANG:-clang-16}
ld=${WASM_LD:-wasm-ld-16}
object=$(mktemp)
trap 'rm -f "$object"' EXIT

# Linking is a step of its own because clang runs wasm-opt, where there is one, when it links.
for source in *.c simd/*.c; do
    vectors=()
    [[ $source == simd/* ]] && vectors=(-msimd128)
    "$clang" --target=wasm32 -O3 -std=gnu17 -Wall -Wextra -Werror -I. \
        -mbulk-memory -msign-ext -mnontrapping-fptoint "${vectors[@]}" -c -o "$object" "$source"
    "$ld" --no-entry --export=run --strip-all -o "${source%.c}.wasm" "$object"
    chmod 644 "${source%.c}.wasm"
done
for source in *.wat; do
    wat2wasm -o "${source%.wat}.wasm" "$source"
done
