#!/usr/bin/env bash
# Prints a Go new enough for the clients in deploy/clients: the one on PATH, or one that Debian's (older) Go
# fetches as a module, checked against Go's checksum database, kept in $WEFT_CACHE.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/env.sh
needed=1.26 wanted=v0.0.1-go1.26.7.linux-amd64
cache="$WEFT_CACHE/go"

if found=$(command -v go); then
    version=$(go version | sed -E 's/.* go([0-9]+\.[0-9]+).*/\1/')
    [ "$(printf '%s\n' "$needed" "$version" | sort -V | head -1)" != "$needed" ] || { echo "$found"; exit 0; }
fi
home="$cache/pkg/mod/golang.org/toolchain@$wanted"
if [ ! -x "$home/bin/go" ]; then
    mkdir -p "$cache"
    (cd "$cache" && GOPATH="$cache" GOFLAGS=-modcacherw go mod download "golang.org/toolchain@$wanted") >&2
    # Modules have no modes.
    chmod -R u+x "$home/bin" "$home/pkg/tool"
fi
echo "$home/bin/go"
