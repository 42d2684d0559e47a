#!/usr/bin/env bash
# Builds a small embedder in each profile that an embedder may have, and runs the workloads in it, and a million times each instruction
# on vectors and on 64-bit memories, with and without fuel: the host's stack must not overflow in any of them.
#
# tests/profiles.sh [PROFILE …]: only those; their names are the first words below.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

repository=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Output compiled for another run can be reused.
target=${CARGO_TARGET_DIR:-$repository/target}/profiles

mkdir "$work/src"
cp tests/profiles/embedder.rs "$work/src/main.rs"
cp Cargo.lock "$work/"
cat >"$work/Cargo.toml" <<TOML
[package]
name = "embedder"
version = "0.0.0"
edition = "2024"

[dependencies]
tickwasm = { path = "$repository", default-features = false }

[workspace]
TOML

# Adds a flag that the build script does not see, so that the library has to detect it.
cat >"$work/wrapper" <<'SH'
#!/usr/bin/env bash
case " $* " in
    *" --crate-name tickwasm "*) exec "$@" -C instrument-coverage ;;
    *" --crate-name embedder "*) exec "$@" -C instrument-coverage ;;
    *) exec "$@" ;;
esac
SH
chmod +x "$work/wrapper"

only=" $* "
failed=()

# profile NAME TIMES VARIABLE=VALUE …: builds and runs the embedder with these variables of cargo's.
profile() {
    local name=$1 times=$2 status=0
    shift 2
    if [[ $only != "  " && $only != *" $name "* ]]; then
        return
    fi
    printf '\n== %s\n' "$name"
    # Build scripts are built for coverage as well, and would leave files in the repository.
    if ! (cd "$work" && env LLVM_PROFILE_FILE=/dev/null CARGO_PROFILE_RELEASE_DEBUG=0 "$@" cargo build --quiet --release --target-dir "$target"); then
        failed+=("$name does not build")
        return
    fi
    LLVM_PROFILE_FILE=/dev/null "$target/release/embedder" "$repository" "$times" || status=$?
    case $name:$status in
        *:0) ;;
        # The library has detected that it cannot run code in this build.
        hidden-coverage:3) ;;
        *) failed+=("$name ends with $status") ;;
    esac
}

level=CARGO_PROFILE_RELEASE_OPT_LEVEL
# Without optimisation there is a loop, which cannot overflow the stack, and which is slow.
profile 0 1000 $level=0
profile 1 1000000 $level=1
profile 2 1000000 $level=2
profile 3 1000000 $level=3
profile s 1000000 $level=s
profile z 1000000 $level=z
profile debug-assertions 1000000 CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS=true
profile overflow-checks 1000000 CARGO_PROFILE_RELEASE_OVERFLOW_CHECKS=true
profile lto-abort 1000000 CARGO_PROFILE_RELEASE_LTO=fat CARGO_PROFILE_RELEASE_CODEGEN_UNITS=1 CARGO_PROFILE_RELEASE_PANIC=abort
# A loop again, with a counter in each branch.
profile coverage 20000 RUSTFLAGS=-Cinstrument-coverage
profile hidden-coverage 1000000 RUSTC_WRAPPER="$work/wrapper"

if ((${#failed[@]})); then
    printf '\n%s\n' "${failed[@]}"
    exit 1
fi
printf '\nall profiles passed\n'
