"""Shakes hands with a sidecar as `web`, with web's own certificate from the agent, and prints what the
sidecar proves: the TLS version and its SPIFFE id. usage: identity.py AGENT_PORT SIDECAR_PORT"""

import json
import pathlib
import socket
import ssl
import sys
import tempfile
import urllib.request


def agent(path):
    with urllib.request.urlopen(f"http://127.0.0.1:{sys.argv[1]}{path}", timeout=5) as answer:
        return json.load(answer)


leaf = agent("/v1/agent/connect/ca/leaf/web")
roots = "".join(root["RootCert"] for root in agent("/v1/agent/connect/ca/roots")["Roots"])
context = ssl.create_default_context(cadata=roots)
# The name is the SPIFFE id, which is printed here for a person to compare; there is no DNS name.
context.check_hostname = False
with tempfile.TemporaryDirectory() as folder:
    chain = pathlib.Path(folder, "web.pem")
    chain.write_text(leaf["CertPEM"] + leaf["PrivateKeyPEM"])
    context.load_cert_chain(chain)
with socket.create_connection(("127.0.0.1", int(sys.argv[2])), timeout=5) as tcp:
    with context.wrap_socket(tcp) as tls:
        names = tls.getpeercert()["subjectAltName"]
        print(tls.version(), *(value for kind, value in names if kind == "URI"))
