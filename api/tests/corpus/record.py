"""Records what a real Consul answers to the requests of the corpus.

    record.py CONSUL_BINARY FILE...

Each file is a list of steps that run in order against a fresh `consul agent -dev`. A step's `request` is sent as it
is written there; the answer replaces its `consul`. What differs from run to run is replaced by a marker that says of
what type it was. `weft` and `why`, where weft deliberately answers something else, are left alone. Steps without
`consul` in files of our own endpoints (`weft_*.json`) are not recorded. `capture` keeps the answer's ID under a name, `index`
the ModifyIndex of its first row; later requests hold the name in braces.
"""
import http.client, json, os, re, subprocess, sys, time

PORTS = dict(http=28500, server=28501, serf_lan=28502, serf_wan=28503, dns=28504, grpc=28505)
HEADERS = ["allow", "content-security-policy", "content-type", "content-encoding", "location", "vary", "x-cache", "x-consul-contenthash", "x-consul-effective-consistency",
           "x-consul-index", "x-consul-knownleader", "x-consul-lastcontact", "x-consul-reason"]
VOLATILE = {"CreateIndex", "ModifyIndex", "PrimaryModifyIndex", "SerialNumber", "NodeID"}
PATTERNS = [
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "<time>"),
    (r"-----BEGIN [^-]+-----[\s\S]*?-----END [^-]+-----\n?", "<pem>"),
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "<uuid>"),
    (r"([0-9a-f]{2}:){19,}[0-9a-f]{2}", "<id>"),
]


def start(binary):
    flags = [f"-{name.replace('_', '-')}-port={port}" for name, port in PORTS.items()]
    agent = subprocess.Popen([binary, "agent", "-dev", "-node=n1", *flags], stdout=subprocess.DEVNULL)
    for _ in range(100):
        time.sleep(0.1)
        try:
            if b"n1" in call("GET", "/v1/catalog/nodes")[2]:
                time.sleep(1.5)
                return agent
        except OSError:
            pass
    sys.exit("consul did not start")


def call(method, path, body=None, headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", PORTS["http"], timeout=30)
    connection.putrequest(method, path, skip_accept_encoding=True)
    for name, value in (headers or {}).items():
        connection.putheader(name, value)
    if body is not None:
        connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body)
    answer = connection.getresponse()
    return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()


def masked(value, known, key=None):
    if isinstance(value, dict):
        return {k: masked(v, known, k) for k, v in value.items()}
    if isinstance(value, list):
        return [masked(v, known) for v in value]
    if key in VOLATILE and value:
        return "<number>" if isinstance(value, int) else "<string>"
    if isinstance(value, str):
        for name, secret in known.items():
            value = value.replace(secret, "{" + name + "}")
        if key == "Hash" or key == "ContentHash":
            return "<string>"
        for pattern, marker in PATTERNS:
            value = re.sub(pattern, marker, value)
    return value


def shown(status, headers, body, known):
    kept = {name: headers[name] for name in HEADERS if name in headers}
    for name in ("x-consul-index", "x-consul-contenthash"):
        if name in kept:
            kept[name] = "<number>" if name.endswith("index") else "<string>"
    answer = {"status": status, "headers": kept}
    if headers.get("content-encoding"):
        return answer
    text = body.decode("utf-8", "replace")
    if headers.get("content-type", "").startswith("application/json"):
        answer["json"] = masked(json.loads(text), known)
    else:
        answer["text"] = masked(text, known)
    return answer


def run(step, known, indexes):
    request = json.loads(fill(json.dumps(step["request"]), {**known, **indexes}))
    body = request.get("text")
    if "times" in request:
        body *= request["times"]
    if "json" in request:
        body = json.dumps(request["json"])
    status, headers, answer = call(request["method"], request["path"], body and body.encode(), request.get("headers"))
    if "capture" in step:
        known[step["capture"]] = json.loads(answer)["ID"]
    if "index" in step:
        indexes[step["index"]] = str(json.loads(answer)[0]["ModifyIndex"])
    step["consul"] = shown(status, headers, answer, known)
    if request["method"] not in ("GET", "HEAD", "OPTIONS"):
        time.sleep(0.15)


def fill(text, known):
    for name, value in known.items():
        text = text.replace("{" + name + "}", value)
    return text


def main(binary, files):
    for file in files:
        steps, known, indexes = json.load(open(file)), {}, {}
        agent = start(binary)
        try:
            for step in steps:
                run(step, known, indexes)
        finally:
            agent.terminate()
            agent.wait()
        with open(file, "w") as out:
            lines = (json.dumps(step, ensure_ascii=False, separators=(",", ":")) for step in steps)
            out.write("[\n" + ",\n".join(lines) + "\n]\n")
        print(file, len(steps))


main(sys.argv[1], sys.argv[2:])
