// What traefik's provider for Consul's catalog, unchanged, makes of an agent: main HOST:PORT.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/hashicorp/consul/api"
	"github.com/traefik/traefik/v3/pkg/config/dynamic"
	"github.com/traefik/traefik/v3/pkg/provider/consulcatalog"
	"github.com/traefik/traefik/v3/pkg/safe"
)

func fail(what string, found any) {
	fmt.Fprintf(os.Stderr, "traefik: %s: %v\n", what, found)
	os.Exit(1)
}

func must(what string, err error) {
	if err != nil {
		fail(what, err)
	}
}

// The configurations that come, until one fits.
func until(what string, configs <-chan dynamic.Message, fits func(*dynamic.HTTPConfiguration) bool) {
	deadline := time.After(30 * time.Second)
	var last any
	for {
		select {
		case message := <-configs:
			last = message.Configuration.HTTP
			if fits(message.Configuration.HTTP) {
				return
			}
		case <-deadline:
			fail(what, fmt.Sprintf("at last %+v", last))
		}
	}
}

func servers(http *dynamic.HTTPConfiguration) []string {
	var urls []string
	if service := http.Services["shop"]; service != nil && service.LoadBalancer != nil {
		for _, server := range service.LoadBalancer.Servers {
			urls = append(urls, server.URL)
		}
	}
	return urls
}

func main() {
	client, err := api.NewClient(&api.Config{Address: os.Args[1]})
	must("client", err)
	register := func(port int, rule string) {
		must("register", client.Agent().ServiceRegister(&api.AgentServiceRegistration{
			ID: "shop-1", Name: "shop", Address: "10.0.0.1", Port: port,
			Tags:  []string{"traefik.enable=true", "traefik.http.routers.shop.rule=" + rule},
			Check: &api.AgentServiceCheck{TTL: "10m", Status: api.HealthPassing},
		}))
	}
	register(80, "Host(`a.example`)")
	must("another", client.Agent().ServiceRegister(&api.AgentServiceRegistration{ID: "hidden-1", Name: "hidden", Port: 1}))

	var builder consulcatalog.ProviderBuilder
	builder.SetDefaults()
	builder.Endpoint.Address, builder.Watch, builder.ExposedByDefault = os.Args[1], true, false
	configs, pool := make(chan dynamic.Message, 10), safe.NewPool(context.Background())
	for _, provider := range builder.BuildProviders() {
		must("init", provider.Init())
		must("provide", provider.Provide(configs, pool))
	}
	until("found", configs, func(http *dynamic.HTTPConfiguration) bool {
		router, urls := http.Routers["shop"], servers(http)
		return router != nil && router.Rule == "Host(`a.example`)" && len(urls) == 1 && urls[0] == "http://10.0.0.1:80" &&
			http.Routers["hidden"] == nil
	})
	register(81, "Host(`b.example`)")
	until("changed", configs, func(http *dynamic.HTTPConfiguration) bool {
		urls := servers(http)
		return len(urls) == 1 && urls[0] == "http://10.0.0.1:81" && http.Routers["shop"].Rule == "Host(`b.example`)"
	})
	must("fail", client.Agent().UpdateTTL("service:shop-1", "", api.HealthCritical))
	until("unhealthy", configs, func(http *dynamic.HTTPConfiguration) bool { return len(servers(http)) == 0 })
	must("pass", client.Agent().UpdateTTL("service:shop-1", "", api.HealthPassing))
	until("healthy again", configs, func(http *dynamic.HTTPConfiguration) bool { return len(servers(http)) == 1 })
	must("deregister", client.Agent().ServiceDeregister("shop-1"))
	until("gone", configs, func(http *dynamic.HTTPConfiguration) bool { return len(http.Routers) == 0 })
	must("deregister", client.Agent().ServiceDeregister("hidden-1"))
	pool.Stop()
	fmt.Println("traefik's provider: all as it should be")
}
