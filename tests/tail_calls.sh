#!/usr/bin/env bash
# Checks in the release build's assembly that no handler calls the next one where it should jump.
#
# Dispatch calls through a register; where the compiler made a jump of it, no such call is left in any handler. Handlers also go on
# with named handlers for cold work, which must be jumps as well.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

case "$(rustc -vV | sed -n 's/^host: //p')" in
    x86_64-*) ;;
    *) echo "tail calls: this check reads x86-64 assembly only" && exit 0 ;;
esac

target=${CARGO_TARGET_DIR:-target}/assembly
# What is there may be of another version, and cargo does not miss what has been removed: so it is made to forget the build as well.
rm -f "$target"/release/deps/tickwasm-*.s
cargo clean --quiet --release --package tickwasm --target-dir "$target"
cargo rustc --release --lib --no-default-features --target-dir "$target" -- --emit asm -C debuginfo=0 -C codegen-units=16

awk '
    /^[^.\t #].*:$/ { name = $1; inside = 0 }
    /^_ZN8tickwasm4exec8handlers(7numeric|6memory|8memory64|6atomic(6atomic|11load_shared|12store_shared)|8variable|4simd(9canonical|13canonical_nan|6ternop|5shift|12extract_lane|12replace_lane|13shuffle_lanes|15constant_vector|13select_vector|12imported_get|12imported_set)|7control|4call|4fuel|7runtime7runtime|4heap(10struct_[gs]et|9array_[gs]et|9array_len|8ref_test|8ref_cast|6object)|9reference8non_null|7stopped|4exit|3nop)/ { inside = 1; handlers++ }
    /^_ZN8tickwasm4exec8handlers4call(4STUB|4EXIT|10CROSS_BACK)/ { inside = 0; handlers-- }
    inside && /^\t(call|callq)\t\*/ && !/\(%rip\)/ { lost++; print "lost:", name, $0 }
    inside && /^\t(call|callq)\t.*8handlers.*(7stopped|10call_noted|4exit|5short|11short_ahead|12arrive_short|13throw_failure)17h/ { lost++; print "lost:", name, $0 }
    END {
        printf "tail calls: %d handlers, %d lost\n", handlers, lost
        exit handlers < 1000 || lost > 0
    }
' "$target"/release/deps/tickwasm-*.s
