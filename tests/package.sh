#!/usr/bin/env bash
# Packages the crates that are published, in the order in which they have to be: each one depends on those before it. Builds each from its
# package, as a user will, and uploads nothing.
#
# tests/package.sh --no-verify: without the builds.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

cargo publish --dry-run "$@" -p tickwasm -p tickwasm-harness -p tickwasm-cli
