#!/usr/bin/env bash
# Checks in the assembly of optimised builds that no handler calls the next one where it should jump.
#
# Dispatch calls through a register; if the compiler made a jump of it, no such call is left in any handler. Handlers also continue
# with named handlers, which must be jumps as well. Every function in the modules of handlers counts as a handler, except for the
# functions that are listed as helpers: new ones are checked without being named here.
#
# tests/tail_calls.sh [LEVEL … | all]: levels of optimisation, by default 3 and s; each compiles the library once.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

case "$(rustc -vV | sed -n 's/^host: //p')" in
    x86_64-*) ;;
    *) echo "tail calls: this check reads x86-64 assembly only" && exit 0 ;;
esac

levels=("${@:-3}")
if (($# == 0)); then
    levels=(3 s)
elif [[ $* == all ]]; then
    levels=(1 2 3 s z)
fi

target=${CARGO_TARGET_DIR:-target}/assembly
for level in "${levels[@]}"; do
    # The existing output may be of another version, and cargo does not notice removed files, so make it forget the build as well.
    rm -f "$target"/release/deps/tickwasm-*.s
    cargo clean --quiet --release --package tickwasm --target-dir "$target"
    CARGO_PROFILE_RELEASE_OPT_LEVEL=$level cargo rustc --quiet --release --lib --no-default-features --target-dir "$target" -- \
        --emit asm -C debuginfo=0 -C codegen-units=16

    awk -v level="$level" '
        # The module and the name of a function below `exec::handlers`: `4simd7ternop17h…` becomes `simd::ternop`.
        function handler(symbol,    rest, path, length_of) {
            if (!match(symbol, /_ZN8tickwasm4exec8handlers/)) return ""
            rest = substr(symbol, RSTART + RLENGTH)
            path = ""
            while (match(rest, /^[0-9]+/)) {
                length_of = substr(rest, 1, RLENGTH) + 0
                rest = substr(rest, RLENGTH + 1)
                # The hash comes last.
                if (length_of == 17 && rest ~ /^h[0-9a-f]+E/) break
                path = path (path == "" ? "" : "::") substr(rest, 1, length_of)
                rest = substr(rest, length_of + 1)
            }
            # Functions that compute out of line and return: those of their own modules, methods of others, and a few more.
            if (path ~ /^compute::/ || path ~ /impl|closure/) return ""
            if (path in helpers) return ""
            return path
        }
        BEGIN {
            split("atomic::access atomic::done atomic::load atomic::notify atomic::store atomic::update atomic::wait " \
                "bulk::new_array bulk::operands bulk::parts bulk::run bulk::within " \
                "heap::array_bytes heap::copy_references heap::elements heap::fill heap::no_element heap::put heap::range heap::run heap::value " \
                "runtime::copied runtime::grow runtime::run simd::imported", names, " ")
            for (i in names) helpers[names[i]] = 1
        }
        # Statics are data.
        /^[^.\t #].*:$/ { name = handler($1); inside = name != "" && name !~ /::[A-Z_]+$/; handlers += inside; shapes[name] += inside }
        inside && /^\t(call|callq)\t\*/ && !/\(%rip\)/ { lost++; print "lost:", name, $0 }
        inside && /^\t(call|callq)\t/ && !/\t\*/ && handler($2) != "" { lost++; print "lost:", name, "calls", handler($2) }
        END {
            for (shape in shapes) kinds += shapes[shape] > 0
            printf "tail calls, level %s: %d handlers of %d shapes, %d lost\n", level, handlers, kinds, lost
            exit handlers < 5000 || kinds < 80 || lost > 0
        }
    ' "$target"/release/deps/tickwasm-*.s
done
