"""What consul-template, unchanged, writes and writes anew: template.py ADDRESS CONSUL-TEMPLATE FOLDER."""
import os
import sys

from tools import Program, request, until

TEMPLATE = """\
{{ range service "ct-web" }}web {{ .Name }} {{ .Address }}:{{ .Port }} {{ .Tags | join "," }}
{{ end }}{{ range service "ct-web|any" }}any {{ .ID }} {{ .Status }}
{{ end }}{{ range services }}{{ if eq .Name "ct-web" }}listed {{ .Name }}
{{ end }}{{ end }}key {{ key "ct/one" }}
or {{ keyOrDefault "ct/none" "default" }}
{{ range ls "ct/dir" }}ls {{ .Key }}={{ .Value }}
{{ end }}{{ range tree "ct/dir" }}tree {{ .Key }}={{ .Value }}
{{ end }}nodes {{ len nodes }}
{{ range caRoots }}root {{ .Active }}
{{ end }}{{ with caLeaf "ct-web" }}leaf {{ .Service }}{{ end }}
"""


def main(address, binary, folder):
    source, target = os.path.join(folder, "in.tpl"), os.path.join(folder, "out.txt")
    with open(source, "w") as file:
        file.write(TEMPLATE)

    def put(key, value):
        request(address, "PUT", f"/v1/kv/ct/{key}", value.encode())

    def register(port):
        request(address, "PUT", "/v1/agent/service/register", {
            "ID": "ct-1", "Name": "ct-web", "Address": "10.0.0.1", "Port": port, "Tags": ["a", "b"],
            "Check": {"TTL": "10m", "Status": "passing"}})

    def lines():
        with open(target) as file:
            return file.read().splitlines()

    def has(*wanted):
        return lambda: all(line in lines() for line in wanted)

    for key, value in [("one", "first"), ("dir/a", "1"), ("dir/b/c", "2")]:
        put(key, value)
    register(80)
    with Program(os.path.join(folder, "template.log"), binary, f"-consul-addr={address}", f"-template={source}:{target}"):
        until("written", has("web ct-web 10.0.0.1:80 a,b", "any ct-1 passing", "listed ct-web", "key first", "or default",
                             "ls a=1", "tree a=1", "tree b/c=2", "root true", "leaf ct-web"))
        put("one", "second")
        put("none", "there")
        register(81)
        until("written anew", has("key second", "or there", "web ct-web 10.0.0.1:81 a,b"))
        request(address, "PUT", "/v1/agent/check/fail/service:ct-1")
        until("unhealthy", lambda: has("any ct-1 critical")() and not any(line.startswith("web ") for line in lines()))
        request(address, "PUT", "/v1/agent/service/deregister/ct-1")
        until("gone", lambda: not any(line.startswith(("any ", "listed ")) for line in lines()))
        request(address, "DELETE", "/v1/kv/ct/?recurse")
    print("consul-template: all as it should be")


main(*sys.argv[1:])
