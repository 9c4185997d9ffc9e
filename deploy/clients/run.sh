#!/bin/sh
# Lets unchanged clients of Consul work: run.sh [HOST PORT]. Without an address an agent is started, and ended, here.
# Takes python3, node with npm, and go; the clients come from their registries.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
agent=
end() {
    [ -z "$agent" ] || kill "$agent" 2>/dev/null || true
    # Go writes its modules without the right to remove them.
    chmod -R u+w "$work" && rm -rf "$work"
}
trap end EXIT

host=${1:-127.0.0.1} port=${2:-18500}
if [ $# -eq 0 ]; then
    . "$here/../../scripts/env.sh"
    "$CARGO_TARGET_DIR/debug/weft" agent --dev --http-port "$port" --grpc-port 18502 --dns-port 18600 \
        --server-port 18300 >"$work/agent.log" 2>&1 &
    agent=$!
    tries=0
    until python3 -c "import socket; socket.create_connection(('$host', $port), 1)" 2>/dev/null; do
        tries=$((tries + 1))
        [ "$tries" -lt 60 ] || { cat "$work/agent.log"; exit 1; }
        sleep 0.5
    done
fi

python3 -m venv "$work/python"
"$work/python/bin/pip" install --quiet 'py-consul==1.8.0'
"$work/python/bin/python" "$here/check.py" "$host" "$port"

mkdir "$work/node"
cp "$here/check.js" "$work/node/"
(cd "$work/node" && npm install --silent --no-save 'consul@2.0.1' && node check.js "$host" "$port")

mkdir "$work/go"
cp "$here/go/go.mod" "$here/go/go.sum" "$here/go/main.go" "$work/go/"
(cd "$work/go" && GOPATH="$work/gopath" GOCACHE="$work/gocache" go run . "$host:$port")
