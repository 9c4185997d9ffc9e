#!/usr/bin/env bash
# Lets unchanged clients of Consul work: run.sh [HOST PORT]. Without an address an agent is started, and ended, here.
# QUICK=1 leaves out traefik, which takes long to build. Ends at the first error.
# Takes python3, node with npm, and go; the clients come from their registries, at these versions. What go has built
# stays in $WEFT_CACHE.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
source "$here/../../scripts/env.sh"
export PYTHONDONTWRITEBYTECODE=1
weft="$CARGO_TARGET_DIR/debug/weft"
work=$(mktemp -d)
agent=
end() {
    [ -z "$agent" ] || kill "$agent" 2>/dev/null || true
    rm -rf "$work"
}
trap end EXIT

host=${1:-127.0.0.1} port=${2:-18500}
if [ $# -eq 0 ]; then
    "$weft" agent --dev --http-port "$port" --grpc-port 18502 --dns-port 18600 \
        --server-port 18300 >"$work/agent.log" 2>&1 &
    agent=$!
    tries=0
    until python3 -c "import socket; socket.create_connection(('$host', $port), 1)" 2>/dev/null; do
        tries=$((tries + 1))
        [ "$tries" -lt 60 ] || { cat "$work/agent.log"; exit 1; }
        sleep 0.5
    done
fi

go=$("$here/../../scripts/go.sh")
export GOPATH="$WEFT_CACHE/go" GOCACHE="$WEFT_CACHE/go-build" GOFLAGS=-modcacherw GOTOOLCHAIN=local
# A program of a folder here.
build() { (cd "$here/$1" && "$go" build -o "$work/$2" "${3:-.}"); }
folder() { mkdir "$work/$1.d" && echo "$work/$1.d"; }

python3 -m venv "$work/python"
"$work/python/bin/pip" install --quiet 'py-consul==1.8.0'
"$work/python/bin/python" "$here/check.py" "$host" "$port"

mkdir "$work/node"
cp "$here/check.js" "$work/node/"
(cd "$work/node" && npm install --silent --no-save 'consul@2.0.1' && node check.js "$host" "$port")

build go api
"$work/api" "$host:$port"

build prometheus discovery
"$work/discovery" "$host:$port"

GOBIN="$work" "$go" install github.com/hashicorp/consul-template@v0.41.1
python3 "$here/template.py" "$host:$port" "$work/consul-template" "$(folder template)"

build go elect ./elect
python3 "$here/elect.py" "$weft" "$work/elect" "$(folder elect)"

if [ -z "${QUICK:-}" ]; then
    build traefik traefik
    "$work/traefik" "$host:$port"
fi

"$work/python/bin/pip" install --quiet 'schemathesis==4.32.5'
# What is left out ends the agent or its data, or does not end by itself.
(cd "$work" && PYTHONPATH="$here" SCHEMATHESIS_HOOKS=hooks "$work/python/bin/schemathesis" run \
    "http://$host:$port/v1/openapi.json" --checks says_why,status_code_conformance,response_schema_conformance \
    --max-examples 10 --seed 1 --phases fuzzing --mode all --request-timeout 5 --suppress-health-check all \
    --exclude-path-regex '/agent/(leave|monitor|metrics/stream|force-leave)|/snapshot|/operator/raft|/event/fire' \
    --continue-on-failure --no-shrink --no-color --generation-database none >"$work/schemathesis.log" 2>&1) ||
    { cat "$work/schemathesis.log"; exit 1; }
echo "schemathesis: all as it should be"
if [ -n "$agent" ] && { ! kill -0 "$agent" || grep panicked "$work/agent.log"; }; then exit 1; fi
