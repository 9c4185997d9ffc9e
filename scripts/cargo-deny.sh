#!/usr/bin/env bash
# Prints the path of cargo-deny; builds it once into the cache when it is not there. Its own release
# profile asks for fat LTO, which is minutes of compiling for a tool that runs one second: turned off.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/env.sh

version=0.20.2
tool=$WEFT_CACHE/bin/cargo-deny

if [ "$("$tool" --version 2>/dev/null)" != "cargo-deny $version" ]; then
    echo "building cargo-deny $version into $tool (once; about two minutes on two cores)" >&2
    build=$(mktemp -d "$WEFT_CACHE/cargo-deny.XXXXXX")
    trap 'rm -rf "$build"' EXIT
    CARGO_TARGET_DIR=$build/target CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
        CARGO_PROFILE_RELEASE_OPT_LEVEL=1 \
        cargo install cargo-deny --version "$version" --locked --quiet --root "$build" >&2
    mkdir -p "$WEFT_CACHE/bin"
    mv "$build/bin/cargo-deny" "$tool"
fi
echo "$tool"
