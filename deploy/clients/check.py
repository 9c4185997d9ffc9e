"""What py-consul, unchanged, does with an agent: check.py HOST PORT."""
import sys
import threading
import time

import consul


def check(what, found, wanted=True):
    if found != wanted:
        sys.exit(f"py-consul: {what}: {found!r} and not {wanted!r}")


def keys(c):
    check("put", c.kv.put("py/a", "one", flags=7))
    index, entry = c.kv.get("py/a")
    check("get", (entry["Value"], entry["Flags"]), (b"one", 7))
    check("missing key", c.kv.get("py/none")[1], None)
    check("cas", c.kv.put("py/a", "two", cas=entry["ModifyIndex"]))
    check("stale cas", c.kv.put("py/a", "three", cas=entry["ModifyIndex"]), False)
    c.kv.put("py/b/c", "x")
    check("recurse", [e["Key"] for e in c.kv.get("py/", recurse=True)[1]], ["py/a", "py/b/c"])
    check("keys", c.kv.get("py/", keys=True, separator="/")[1], ["py/a", "py/b/"])
    threading.Timer(0.3, lambda: c.kv.put("py/a", "four")).start()
    index, _ = c.kv.get("py/a")
    begun = time.monotonic()
    _, entry = c.kv.get("py/a", index=index, wait="10s")
    check("woken", (entry["Value"], time.monotonic() - begun < 5), (b"four", True))
    result = c.txn.put([{"KV": {"Verb": "set", "Key": "py/t", "Value": "dA=="}}, {"KV": {"Verb": "get", "Key": "py/a"}}])
    check("txn", result["Errors"], None)
    check("delete tree", c.kv.delete("py/", recurse=True))
    check("nothing left", c.kv.get("py/", recurse=True)[1], None)


def services(c):
    check("register", c.agent.service.register("py-web", service_id="py-web-1", port=80, tags=["a", "b"],
                                               check=consul.Check.ttl("30s")))
    check("listed", "py-web-1" in c.agent.services())
    check("pass", c.agent.check.ttl_pass("service:py-web-1", "fine"))
    _, nodes = c.health.service("py-web", passing=True, tag="a")
    check("healthy", [n["Service"]["ID"] for n in nodes], ["py-web-1"])
    check("warn", c.agent.check.ttl_warn("service:py-web-1"))
    check("not passing", c.health.service("py-web", passing=True)[1], [])
    check("catalog", [n["ServiceTags"] for n in c.catalog.service("py-web")[1]], [["a", "b"]])
    check("services", c.catalog.services()[1].get("py-web"), ["a", "b"])
    check("state", "service:py-web-1" in [k["CheckID"] for k in c.health.state("warning")[1]])
    check("maintenance", c.agent.service.maintenance("py-web-1", "true", "why"))
    check("in maintenance", len(c.health.checks("py-web")[1]), 2)
    check("deregister", c.agent.service.deregister("py-web-1"))
    check("external", c.catalog.register("py-ext", "10.0.0.9", service={"Service": "py-db", "Port": 5432}))
    check("node", "py-db" in c.catalog.node("py-ext")[1]["Services"])
    check("external gone", c.catalog.deregister("py-ext"))


def locks(c):
    session = c.session.create(name="py", ttl=10, lock_delay=0)
    check("lock", c.kv.put("py-lock", "me", acquire=session))
    check("second lock", c.kv.put("py-lock", "other", acquire=c.session.create(lock_delay=0)), False)
    check("renew", c.session.renew(session)["ID"], session)
    check("release", c.kv.put("py-lock", "", release=session))
    check("destroy", c.session.destroy(session))
    c.kv.delete("py-lock")
    for other in c.session.list()[1]:
        c.session.destroy(other["ID"])


def rest(c):
    check("leader", ":" in c.status.leader())
    check("peers", len(c.status.peers()) > 0)
    check("self", "Config" in c.agent.self())
    check("members", len(c.agent.members()) > 0)
    query = c.query.create("py-web", name="py-q")["ID"]
    check("query", c.query.execute("py-q")["Service"], "py-web")
    check("explained", c.query.explain("py-q")["Query"]["Name"], "py-q")
    c.query.delete(query)
    event = c.event.fire("py-event", "body")
    check("event", event["ID"] in [e["ID"] for e in c.event.list("py-event")[1]])
    check("coordinates", isinstance(c.coordinate.nodes()[1], list))
    check("datacenters", len(c.catalog.datacenters()) > 0)
    check("raft", len(c.operator.raft_config()["Servers"]) > 0)


def main(host, port):
    client = consul.Consul(host=host, port=int(port))
    for area in (keys, services, locks, rest):
        area(client)
    print("py-consul: all as it should be")


main(*sys.argv[1:])
