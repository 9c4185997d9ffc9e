#!/usr/bin/env bash
# Installs what a fresh Debian machine lacks for building weft: a C++ compiler and libclang (RocksDB's
# bindings), python3-venv (Envoy), e2fsprogs and mount (the disks of `make jepsen`), curl and git, and Rust
# through rustup, because Debian's rustc is older than the one in rust-toolchain.toml; and the packages that it is
# given. Prints nothing when nothing is missing.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/env.sh

packages=(build-essential ca-certificates curl e2fsprogs git libclang-dev mount pkg-config python3-venv "$@")

missing_packages() {
    for package in "${packages[@]}"; do
        dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null | grep -q '^install ok installed$' || echo "$package"
    done
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

install_packages() {
    command -v dpkg-query >/dev/null || {
        echo "not a Debian system: if the build fails, look for the like of ${packages[*]}" >&2
        return 0
    }
    local missing
    mapfile -t missing < <(missing_packages)
    [ ${#missing[@]} -gt 0 ] || return 0
    echo "installing ${missing[*]}" >&2
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
}

install_rust() {
    if ! command -v cargo >/dev/null; then
        echo "installing Rust through rustup" >&2
        curl --proto '=https' --tlsv1.2 -sSf https://static.rust-lang.org/rustup/rustup-init.sh |
            sh -s -- -y --no-modify-path --profile minimal --default-toolchain none
    fi
    # rustup reads rust-toolchain.toml; without rustup the compiler must simply be new enough.
    rustc --version >/dev/null 2>&1 || rustup toolchain install
}

install_packages
install_rust
scripts/rocksdb-prebuild.sh "$ROCKSDB_LIB_DIR"
