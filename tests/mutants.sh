#!/usr/bin/env bash
# Mutation testing: makes small changes to the code, one at a time, and checks whether a test notices. It covers the stages whose faults
# would let an invalid module run or compute a wrong number, with a sample of all mutants.
#   tests/mutants.sh                  # 420 mutants, some hours of processor time
#   tests/mutants.sh SEED COUNT       # another sample
#   tests/mutants.sh SEED COUNT -l    # only lists it
# The results are in mutants.out: missed.txt has the mutants that no test notices.
# It needs cargo-mutants and Python: cargo install cargo-mutants
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

seed=${1:-20261128}
count=${2:-420}
shift $(($# < 2 ? $# : 2))

files=(
    'src/decode/**' 'src/validate/**' 'src/exec/numerics/**' src/runtime/registry.rs
    src/syntax/cost.rs src/lower/fuel.rs src/code/meter.rs src/exec/meter.rs src/exec/handlers/fuel.rs
)
listed=(-p tickwasm)
for file in "${files[@]}"; do
    listed+=(-f "$file")
done

# One pattern for each mutant of the sample: its whole name. Deletions of fields, which are few, are added by cargo-mutants in any case.
mapfile -t patterns < <(cargo mutants "${listed[@]}" --list | python3 -c '
import random, re, sys
names = sorted(sys.stdin.read().splitlines())
for name in random.Random(int(sys.argv[1])).sample(names, min(int(sys.argv[2]), len(names))):
    print("--re=^" + re.sub(r"([][(){}.*+?^$|&~#\\-])", r"\\\1", name) + "$")
' "$seed" "$count")

case ${1:-} in
    -l) exec cargo mutants "${listed[@]}" "${patterns[@]}" --list ;;
esac

# The tests that mutants are run against: unit tests, the public API, and the official suite.
export CARGO_INCREMENTAL=1 CARGO_PROFILE_DEV_DEBUG=0
cargo mutants "${listed[@]}" "${patterns[@]}" --jobs 1 --minimum-test-timeout 300 \
    --test-package tickwasm --test-package tickwasm-harness -- --lib --test it --test spec
