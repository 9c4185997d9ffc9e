#!/usr/bin/env bash
# Two services talk through two real Envoys over mutual TLS; an intention cuts them off and lets them back;
# a second instance joins. Every step is checked. Then all stays up until Ctrl-C; --once ends instead, with
# exit code 0 when every step held. Nothing is left behind in either case.
#
#   web ──> Envoy of web ══ mutual TLS ══> Envoy of api ──> api        both Envoys <── xDS ── weft agent
#
# WEFT_BIN and WEFT_ENVOY name the binaries; `make demo` sets them.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
weft=${WEFT_BIN:-weft}
envoy=${WEFT_ENVOY:-envoy}
once=false
[ "${1:-}" = --once ] && once=true

work=$(mktemp -d "${TMPDIR:-/tmp}/weft-demo.XXXXXX")
pids=()
passed=false
color() { if [ -t 1 ]; then printf '\033[%sm%s\033[0m\n' "$1" "$2"; else echo "$2"; fi; }
step() { echo; color '1;36' "== $*"; }
show() { color 2 "\$ ${*/#$weft/weft}" && "$@"; }
held() { color 32 "   ok: $*"; }

cleanup() {
    trap - EXIT INT TERM
    for pid in "${pids[@]}"; do kill -TERM "$pid" 2>/dev/null || true; done
    for pid in "${pids[@]}"; do
        # A process that does not listen gets no more than five seconds.
        timeout 5 tail --pid="$pid" -f /dev/null || kill -KILL "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    rm -rf "$work"
    $passed || exit 1
    exit 0
}
trap cleanup EXIT
trap 'exit 130' INT TERM

fail() {
    color 31 "   FAILED: $*" >&2
    for log in "$work"/*.log; do
        printf -- '--- %s\n' "$(basename "$log")" >&2
        tail -n 15 "$log" >&2
    done
    exit 1
}

# Starts a process in the background: start NAME COMMAND…
start() {
    local name=$1
    shift
    "$@" >"$work/$name.log" 2>&1 &
    pids+=($!)
}

# Waits until a command succeeds: eventually SECONDS WHAT COMMAND…
eventually() {
    local deadline=$((SECONDS + $1)) what=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $deadline ] || fail "$what"
        sleep 0.05
    done
}

# Ports that nobody listens on, below the range that the kernel gives to outgoing connections.
free_ports() {
    python3 - "$1" <<'PY'
import random, socket, sys
free, port = [], random.randrange(20000, 30000)
while len(free) < int(sys.argv[1]):
    port += 1
    with socket.socket() as s:
        if s.connect_ex(("127.0.0.1", port)) != 0:
            free.append(port)
print(*free)
PY
}

ask() { curl -sS --max-time 5 "http://127.0.0.1:$web_port/"; }
answers() { [[ $(ask) == *"$1"* ]]; }
call() { color 2 "\$ curl http://127.0.0.1:$web_port/" && ask; }

read -r http grpc dns server web_port web_public web_admin api_local \
    api1_port api1_public api1_admin api2_port api2_public api2_admin < <(free_ports 14)
export WEFT_HTTP_ADDR=127.0.0.1:$http WEFT_GRPC_ADDR=127.0.0.1:$grpc

sidecar() { # SERVICE_ID ADMIN_PORT
    start "envoy-$1" "$weft" connect envoy --sidecar-for "$1" --admin-bind "127.0.0.1:$2" --envoy-binary "$envoy" \
        -- --concurrency 1 --log-level warn
}

api_file() { # ID PORT PUBLIC_PORT
    cat >"$work/$1.hcl" <<HCL
service {
  name = "api"
  id   = "$1"
  port = $2
  check {
    ttl    = "24h"
    status = "passing"
  }
  connect {
    sidecar_service {
      port = $3
    }
  }
}
HCL
}

cat >"$work/web.hcl" <<HCL
service {
  name = "web"
  port = $web_port
  connect {
    sidecar_service {
      port = $web_public
      proxy {
        upstreams = [{
          destination_name = "api"
          local_bind_port  = $api_local
        }]
      }
    }
  }
}
HCL
cat >"$work/protocol.hcl" <<HCL
kind     = "service-defaults"
name     = "api"
protocol = "http"
HCL
api_file api-1 "$api1_port" "$api1_public"
api_file api-2 "$api2_port" "$api2_public"

step "one agent: registry, certificate authority, intentions, xDS"
color 2 "\$ weft agent --dev"
start agent "$weft" agent --dev --http-port "$http" --grpc-port "$grpc" --dns-port "$dns" --server-port "$server"
eventually 20 "the agent does not answer" curl -sSf "http://$WEFT_HTTP_ADDR/v1/agent/self"
held "it answers on http://$WEFT_HTTP_ADDR"

step "two services, and a sidecar for each"
start web python3 "$here/web.py" "$web_port" "$api_local"
start api-1 python3 "$here/api.py" api-1 "$api1_port"
show "$weft" config write "$work/protocol.hcl" || fail "the config entry was refused"
cat "$work/web.hcl"
show "$weft" services register "$work/web.hcl" "$work/api-1.hcl" || fail "the services were refused"
color 2 "\$ weft connect envoy --sidecar-for web   (and one for api-1)"
sidecar web "$web_admin"
sidecar api-1 "$api1_admin"
eventually 30 "no call passes" answers "hello from api-1"
call
held "web reaches api through two Envoys"

step "who is api? a handshake with its sidecar"
identity=$(python3 "$here/identity.py" "$http" "$api1_public") || fail "no handshake"
echo "$identity"
[[ $identity =~ ^TLSv1\.3\ spiffe://[0-9a-f-]+\.consul/ns/default/dc/dc1/svc/api$ ]] || fail "not the identity of api"
held "TLS 1.3, and the SPIFFE id of the service"
if curl -sS --max-time 5 --insecure "https://127.0.0.1:$api1_public/" >"$work/stranger.log" 2>&1; then
    fail "a caller without a certificate got an answer"
fi
held "a caller without a certificate gets nothing"

step "an intention: web may not call api"
show "$weft" intention create --deny web api || fail "the intention was refused"
eventually 2 "the call still passes" answers "403 RBAC: access denied"
call
held "refused by api's Envoy"

step "and now it may"
show "$weft" intention create --allow --replace web api || fail "the intention was refused"
eventually 2 "the call is still refused" answers "hello from api-1"
call
held "let through again"

step "a second instance of api joins"
start api-2 python3 "$here/api.py" api-2 "$api2_port"
show "$weft" services register "$work/api-2.hcl" || fail "the service was refused"
sidecar api-2 "$api2_admin"
eventually 20 "the second instance gets no call" answers "hello from api-2"
eventually 5 "the first instance gets no call any more" answers "hello from api-1"
for _ in 1 2 3 4; do ask; done
held "both take calls"

passed=true
step "every step held"
$once && exit 0
cat <<TEXT

All of it stays up until Ctrl-C. To try, in another terminal:

  export WEFT_HTTP_ADDR=$WEFT_HTTP_ADDR
  export PATH=$(dirname "$weft"):\$PATH

  curl http://127.0.0.1:$web_port/                     web, which asks api
  curl http://127.0.0.1:$api_local/anything            api, the way web sees it
  weft catalog services                                what is registered
  weft intention create --deny --replace web api       cut web off
  weft intention check web api                         may it?
  weft services deregister --id api-2                  take an instance out
  weft proxies                                         what each proxy has taken

  agent    http://$WEFT_HTTP_ADDR/v1/agent/services
  Envoys   http://127.0.0.1:$web_admin (web)  http://127.0.0.1:$api1_admin (api-1)  http://127.0.0.1:$api2_admin (api-2)
TEXT
trap 'exit 0' INT TERM
wait "${pids[0]}" || true
passed=false
fail "the agent ended by itself"
