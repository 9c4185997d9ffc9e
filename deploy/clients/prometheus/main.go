// What Prometheus' own discovery (consul_sd_configs), unchanged, finds at an agent: main HOST:PORT. As a package,
// because Debian builds its Prometheus without it.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/hashicorp/consul/api"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/discovery"
	"github.com/prometheus/prometheus/discovery/consul"
	"github.com/prometheus/prometheus/discovery/targetgroup"
	"go.yaml.in/yaml/v2"
)

const config = `
server: "%s"
services: [prom-web]
refresh_interval: 1s
`

func fail(what string, found any) {
	fmt.Fprintf(os.Stderr, "Prometheus: %s: %v\n", what, found)
	os.Exit(1)
}

func must(what string, err error) {
	if err != nil {
		fail(what, err)
	}
}

// The targets' labels as they come, until they fit.
func until(what string, found <-chan map[string][]*targetgroup.Group, fits func([]model.LabelSet) bool) {
	deadline := time.After(30 * time.Second)
	var targets []model.LabelSet
	for {
		select {
		case groups := <-found:
			targets = nil
			for _, group := range groups["weft"] {
				for _, target := range group.Targets {
					targets = append(targets, group.Labels.Merge(target))
				}
			}
			if fits(targets) {
				return
			}
		case <-deadline:
			fail(what, targets)
		}
	}
}

func one(wanted model.LabelSet) func([]model.LabelSet) bool {
	return func(targets []model.LabelSet) bool {
		if len(targets) != 1 {
			return false
		}
		for name, value := range wanted {
			if targets[0][name] != value {
				return false
			}
		}
		return true
	}
}

func main() {
	client, err := api.NewClient(&api.Config{Address: os.Args[1]})
	must("client", err)
	register := func(port int, tags ...string) {
		must("register", client.Agent().ServiceRegister(&api.AgentServiceRegistration{
			ID: "prom-web-1", Name: "prom-web", Address: "10.0.0.1", Port: port, Tags: tags,
			Meta: map[string]string{"team": "ops"}, Check: &api.AgentServiceCheck{TTL: "10m", Status: api.HealthPassing},
		}))
	}
	sd := consul.DefaultSDConfig
	must("configuration", yaml.Unmarshal([]byte(fmt.Sprintf(config, os.Args[1])), &sd))
	registry := prometheus.NewRegistry()
	metrics, err := discovery.CreateAndRegisterSDMetrics(registry)
	must("metrics", err)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	manager := discovery.NewManager(ctx, slog.Default(), registry, metrics, discovery.Updatert(100*time.Millisecond))
	must("configuration", manager.ApplyConfig(map[string]discovery.Configs{"weft": {&sd}}))
	go func() { must("run", manager.Run()) }()

	register(80, "a", "b")
	found := manager.SyncCh()
	until("found", found, one(model.LabelSet{
		"__address__": "10.0.0.1:80", "__meta_consul_service": "prom-web", "__meta_consul_service_id": "prom-web-1",
		"__meta_consul_tags": ",a,b,", "__meta_consul_health": "passing", "__meta_consul_dc": "dc1",
		"__meta_consul_service_metadata_team": "ops",
	}))
	must("fail", client.Agent().UpdateTTL("service:prom-web-1", "", api.HealthCritical))
	until("its health", found, one(model.LabelSet{"__meta_consul_health": "critical"}))
	register(81, "c")
	until("changed", found, one(model.LabelSet{"__address__": "10.0.0.1:81", "__meta_consul_tags": ",c,"}))
	must("deregister", client.Agent().ServiceDeregister("prom-web-1"))
	until("gone", found, func(targets []model.LabelSet) bool { return len(targets) == 0 })
	fmt.Println("Prometheus' discovery: all as it should be")
}
