# Short names for what CONTRIBUTING.md describes. Nothing needs them: `bash tests/all.sh` is all that CI runs.

# Lists these.
default:
    @just --list

# All that CI runs.
all:
    bash tests/all.sh

# Tests in the loop back end.
debug *ARGS:
    cargo test {{ARGS}}

# Tests in the tail-calling back end.
release *ARGS:
    cargo test --release {{ARGS}}

# The official scripts whose names contain FILTER.
spec FILTER="":
    cargo test --test spec -- {{FILTER}}

# Formats, and says what clippy thinks.
lint:
    cargo fmt --all
    cargo clippy --workspace --all-targets --all-features -- -D warnings

# The documentation, as it will be published.
doc:
    cargo doc --no-deps --all-features --open

# Speed: see benches/README.md.
bench *ARGS:
    cargo bench {{ARGS}}
