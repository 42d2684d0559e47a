#!/usr/bin/env bash
# Checks in the assembly of optimised builds that no handler calls the next one where it should jump.
#
# Dispatch calls through a register; where the compiler made a jump of it, no such call is left in any handler. Handlers also go on
# with named handlers, which must be jumps as well. Whatever stands in the modules of handlers is taken for a handler, except for the
# functions that are listed as helpers: what is new is checked without being named here.
#
# tests/tail_calls.sh [LEVEL … | all]: levels of optimisation, 3 and s where nothing is said; each compiles the library once.
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
    # What is there may be of another version, and cargo does not miss what has been removed: so it is made to forget the build as well.
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
            # What computes out of line and returns: functions of their own modules, methods of others, and a few more.
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
