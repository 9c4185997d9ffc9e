// What Go's hashicorp/consul/api, unchanged, does with an agent: main HOST:PORT.
package main

import (
	"fmt"
	"os"
	"reflect"
	"slices"
	"time"

	"github.com/hashicorp/consul/api"
	"github.com/hashicorp/consul/api/watch"
)

func fail(what string, found any) {
	fmt.Fprintf(os.Stderr, "consul/api: %s: %v\n", what, found)
	os.Exit(1)
}

func must(what string, err error) {
	if err != nil {
		fail(what, err)
	}
}

func check(what string, found, wanted any) {
	if !reflect.DeepEqual(found, wanted) {
		fail(what, fmt.Sprintf("%v and not %v", found, wanted))
	}
}

func keys(c *api.Client) {
	kv := c.KV()
	_, err := kv.Put(&api.KVPair{Key: "go/a", Value: []byte("one"), Flags: 7}, nil)
	must("put", err)
	pair, meta, err := kv.Get("go/a", nil)
	must("get", err)
	check("value", string(pair.Value), "one")
	if meta.LastIndex == 0 || !meta.KnownLeader {
		fail("meta", meta)
	}
	pair.Value = []byte("two")
	swapped, _, err := kv.CAS(pair, nil)
	must("cas", err)
	check("cas", swapped, true)
	swapped, _, err = kv.CAS(pair, nil)
	must("stale cas", err)
	check("stale cas", swapped, false)
	none, _, err := kv.Get("go/none", &api.QueryOptions{RequireConsistent: true})
	must("missing key", err)
	check("missing key", none == nil, true)
	ok, answer, _, err := kv.Txn(api.KVTxnOps{{Verb: api.KVSet, Key: "go/t", Value: []byte("t")}, {Verb: api.KVGet, Key: "go/a"}}, nil)
	must("txn", err)
	check("txn", ok && len(answer.Results) == 2, true)
	ok, answer, _, err = kv.Txn(api.KVTxnOps{{Verb: api.KVGet, Key: "go/none"}}, nil)
	must("refused txn", err)
	check("refused txn", !ok && len(answer.Errors) == 1, true)
	names, _, err := kv.Keys("go/", "/", nil)
	must("keys", err)
	check("keys", names, []string{"go/a", "go/t"})
	_, err = kv.DeleteTree("go/", nil)
	must("delete tree", err)
}

func locks(c *api.Client) {
	lock, err := c.LockOpts(&api.LockOptions{Key: "go-lock", SessionTTL: "10s"})
	must("lock", err)
	lost, err := lock.Lock(nil)
	must("lock", err)
	other, err := c.LockOpts(&api.LockOptions{Key: "go-lock", LockTryOnce: true, LockWaitTime: 500 * time.Millisecond})
	must("second lock", err)
	held, err := other.Lock(nil)
	must("second lock", err)
	check("second lock", held == nil, true)
	select {
	case <-lost:
		fail("lock", "was lost")
	default:
	}
	must("unlock", lock.Unlock())
	must("destroy", lock.Destroy())
	semaphore, err := c.SemaphorePrefix("go-semaphore", 2)
	must("semaphore", err)
	_, err = semaphore.Acquire(nil)
	must("acquire", err)
	must("release", semaphore.Release())
	must("destroy semaphore", semaphore.Destroy())
}

func services(c *api.Client) {
	agent := c.Agent()
	must("register", agent.ServiceRegister(&api.AgentServiceRegistration{
		ID: "go-web-1", Name: "go-web", Port: 80, Tags: []string{"a"}, Meta: map[string]string{"v": "1"},
		Check:   &api.AgentServiceCheck{TTL: "30s"},
		Connect: &api.AgentServiceConnect{SidecarService: &api.AgentServiceRegistration{Port: 21999}},
	}))
	must("pass", agent.UpdateTTL("service:go-web-1", "fine", "pass"))
	entries, meta, err := c.Health().Service("go-web", "a", true, &api.QueryOptions{Filter: `Service.Meta.v == "1"`})
	must("health", err)
	check("healthy", len(entries), 1)
	begun := time.Now()
	_, next, err := c.Health().Service("go-web", "", true, &api.QueryOptions{WaitIndex: meta.LastIndex, WaitTime: time.Second})
	must("blocking", err)
	check("blocked", time.Since(begun) >= time.Second && next.LastIndex == meta.LastIndex, true)
	proxy, _, err := agent.Service("go-web-1-sidecar-proxy", nil)
	must("sidecar", err)
	check("sidecar", proxy.Proxy.DestinationServiceName, "go-web")
	all, err := agent.ServicesWithFilter(`Service == "go-web"`)
	must("filter", err)
	check("filter", len(all), 1)
	leaf, _, err := agent.ConnectCALeaf("go-web", nil)
	must("leaf", err)
	check("leaf", leaf.Service, "go-web")
	roots, _, err := agent.ConnectCARoots(nil)
	must("roots", err)
	check("roots", len(roots.Roots) > 0, true)
	must("maintenance", agent.EnableServiceMaintenance("go-web-1", "why"))
	status, _, err := agent.AgentHealthServiceByID("go-web-1")
	must("agent health", err)
	// The client knows no worse word.
	check("agent health", status, api.HealthCritical)
	must("deregister", agent.ServiceDeregister("go-web-1"))
	_, err = c.Catalog().Register(&api.CatalogRegistration{Node: "go-ext", Address: "10.0.0.9", Service: &api.AgentService{Service: "go-db", Port: 5432}}, nil)
	must("catalog register", err)
	node, _, err := c.Catalog().Node("go-ext", nil)
	must("catalog node", err)
	check("catalog node", len(node.Services), 1)
	_, err = c.Catalog().Deregister(&api.CatalogDeregistration{Node: "go-ext"}, nil)
	must("catalog deregister", err)
}

func entries(c *api.Client) {
	// In an order in which each finds what it names; what is split and routed has to speak HTTP.
	entries := []api.ConfigEntry{
		&api.ProxyConfigEntry{Kind: api.ProxyDefaults, Name: api.ProxyConfigGlobal, Config: map[string]any{"protocol": "http"}},
		&api.ServiceConfigEntry{Kind: api.ServiceDefaults, Name: "go-web", Protocol: "http"},
		&api.ServiceResolverConfigEntry{Kind: api.ServiceResolver, Name: "go-web", DefaultSubset: "v1", Subsets: map[string]api.ServiceResolverSubset{"v1": {Filter: "Service.Meta.v == 1"}}, ConnectTimeout: 5 * time.Second},
		&api.ServiceSplitterConfigEntry{Kind: api.ServiceSplitter, Name: "go-web", Splits: []api.ServiceSplit{{Weight: 90, ServiceSubset: "v1"}, {Weight: 10, Service: "go-other"}}},
		&api.ServiceRouterConfigEntry{Kind: api.ServiceRouter, Name: "go-web", Routes: []api.ServiceRoute{{Match: &api.ServiceRouteMatch{HTTP: &api.ServiceRouteHTTPMatch{PathPrefix: "/x"}}, Destination: &api.ServiceRouteDestination{Service: "go-other", RequestTimeout: 3 * time.Second}}}},
		&api.ServiceIntentionsConfigEntry{Kind: api.ServiceIntentions, Name: "go-web", Sources: []*api.SourceIntention{{Name: "go-api", Action: api.IntentionActionAllow}}},
		&api.IngressGatewayConfigEntry{Kind: api.IngressGateway, Name: "go-in", Listeners: []api.IngressListener{{Port: 8080, Protocol: "http", Services: []api.IngressService{{Name: "go-web"}}}}},
		&api.TerminatingGatewayConfigEntry{Kind: api.TerminatingGateway, Name: "go-out", Services: []api.LinkedService{{Name: "go-legacy"}}},
		&api.MeshConfigEntry{TransparentProxy: api.TransparentProxyMeshConfig{MeshDestinationsOnly: true}},
	}
	for _, entry := range entries {
		kind, name := entry.GetKind(), entry.GetName()
		_, _, err := c.ConfigEntries().Set(entry, nil)
		must("write "+kind, err)
		_, _, err = c.ConfigEntries().Get(kind, name, nil)
		must("read "+kind, err)
		list, _, err := c.ConfigEntries().List(kind, nil)
		must("list "+kind, err)
		check("list "+kind, len(list), 1)
	}
	slices.Reverse(entries)
	for _, entry := range entries {
		_, err := c.ConfigEntries().Delete(entry.GetKind(), entry.GetName(), nil)
		must("delete "+entry.GetKind(), err)
	}
	_, err := c.Connect().IntentionUpsert(&api.Intention{SourceName: "go-a", DestinationName: "go-b", Action: api.IntentionActionDeny}, nil)
	must("intention", err)
	allowed, _, err := c.Connect().IntentionCheck(&api.IntentionCheck{Source: "go-a", Destination: "go-b"}, nil)
	must("intention check", err)
	check("intention check", allowed, false)
	_, err = c.Connect().IntentionDeleteExact("go-a", "go-b", nil)
	must("intention delete", err)
}

func rest(c *api.Client) {
	_, err := c.Status().Leader()
	must("leader", err)
	_, err = c.Agent().Self()
	must("self", err)
	_, err = c.Agent().Members(false)
	must("members", err)
	_, err = c.Agent().Host()
	must("host", err)
	id, _, err := c.PreparedQuery().Create(&api.PreparedQueryDefinition{Name: "go-q", Service: api.ServiceQuery{Service: "go-web", OnlyPassing: true, Tags: []string{"a", "!b"}}, DNS: api.QueryDNSOptions{TTL: "5s"}}, nil)
	must("query", err)
	found, _, err := c.PreparedQuery().Execute("go-q", nil)
	must("execute", err)
	check("execute", found.Service, "go-web")
	_, err = c.PreparedQuery().Delete(id, nil)
	must("query delete", err)
	event, _, err := c.Event().Fire(&api.UserEvent{Name: "go-event", Payload: []byte("x")}, nil)
	must("event", err)
	events, meta, err := c.Event().List("go-event", nil)
	must("events", err)
	check("events", events[len(events)-1].ID, event)
	check("event index", c.Event().IDToIndex(event), meta.LastIndex)
	_, err = c.Coordinate().Datacenters()
	must("coordinates", err)
	_, _, err = c.Coordinate().Nodes(nil)
	must("coordinates", err)
	_, err = c.Operator().RaftGetConfiguration(nil)
	must("raft", err)
	_, err = c.Operator().AutopilotServerHealth(nil)
	must("autopilot", err)
	_, _, err = c.Catalog().GatewayServices("go-in", nil)
	must("gateway services", err)
}

func watches(c *api.Client, address string) {
	seen := make(chan struct{}, 1)
	plan, err := watch.Parse(map[string]any{"type": "key", "key": "go-watched"})
	must("watch", err)
	plan.Handler = func(_ uint64, value any) {
		if pair, ok := value.(*api.KVPair); ok && pair != nil {
			select {
			case seen <- struct{}{}:
			default:
			}
		}
	}
	go plan.Run(address)
	time.Sleep(200 * time.Millisecond)
	_, err = c.KV().Put(&api.KVPair{Key: "go-watched", Value: []byte("x")}, nil)
	must("watched put", err)
	select {
	case <-seen:
	case <-time.After(10 * time.Second):
		fail("watch", "saw nothing")
	}
	plan.Stop()
	c.KV().Delete("go-watched", nil)
}

func main() {
	address := os.Args[1]
	client, err := api.NewClient(&api.Config{Address: address})
	must("client", err)
	for _, area := range []func(*api.Client){keys, locks, services, entries, rest} {
		area(client)
	}
	watches(client, address)
	fmt.Println("consul/api: all as it should be")
}
