"""Records what a real Consul with access control answers to the steps of steps.json: record.py CONSUL_BINARY

Each answer replaces the step's `consul`; `weft` and `why`, where weft answers something else on purpose, are left alone. `take` keeps a
field of the answer under a name; later steps hold the name in braces, and may bear it as their `token`.
"""
import http.client, json, os, re, subprocess, sys, tempfile, time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = "11111111-1111-1111-1111-111111111111"
PORTS = dict(http=28500, server=28501, serf_lan=28502, serf_wan=28503, dns=28504, grpc=28505)
PATTERNS = [(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", "<time>"),
            (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "<uuid>")]


def masked(value, key=None):
    if isinstance(value, dict):
        return {name: masked(below, name) for name, below in value.items()}
    if isinstance(value, list):
        return [masked(item) for item in value]
    if key in ("CreateIndex", "ModifyIndex") and value:
        return "<number>"
    if key == "Hash":
        return "<string>"
    if isinstance(value, str):
        for pattern, marker in PATTERNS:
            value = re.sub(pattern, marker, value)
    return value


def call(step, known):
    text = json.dumps(step["request"])
    for name, value in known.items():
        text = text.replace("{" + name + "}", value)
    request = json.loads(text)
    body = request.get("text") or ("json" in request and json.dumps(request["json"])) or None
    headers = {"X-Consul-Token": known.get(request["token"], request["token"])} if "token" in request else {}
    connection = http.client.HTTPConnection("127.0.0.1", PORTS["http"], timeout=30)
    connection.request(request["method"], request["path"], body, headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    for name, field in step.get("take", {}).items():
        known[name] = found[field]
    step["consul"] = {"status": answer.status, **({"text": masked(text.strip())} if found is None else {"json": masked(found)})}
    time.sleep(0.05)


def main(binary):
    file = os.path.join(HERE, "steps.json")
    steps, known = json.load(open(file)), {"root": ROOT}
    with tempfile.NamedTemporaryFile("w", suffix=".hcl") as config:
        config.write('acl { enabled = true default_policy = "deny" tokens { master = "%s" } }' % ROOT)
        config.flush()
        flags = [f"-{name.replace('_', '-')}-port={port}" for name, port in PORTS.items()]
        agent = subprocess.Popen([binary, "agent", "-dev", "-node=n1", f"-config-file={config.name}", *flags], stdout=subprocess.DEVNULL)
        try:
            time.sleep(8)
            for step in steps:
                call(step, known)
        finally:
            agent.terminate()
            agent.wait()
    with open(file, "w") as out:
        out.write("[\n" + ",\n".join(json.dumps(step, ensure_ascii=False, separators=(",", ":")) for step in steps) + "\n]\n")
    print(len(steps))


main(sys.argv[1])
