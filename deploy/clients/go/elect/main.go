// A program that wants to lead, as many are written with Go's hashicorp/consul/api: elect HOST:PORT. It prints a
// line when it leads (with the number of its term, counted in the store) and when it does not any more.
package main

import (
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/hashicorp/consul/api"
)

func main() {
	client, err := api.NewClient(&api.Config{Address: os.Args[1]})
	if err != nil {
		panic(err)
	}
	for ; ; time.Sleep(200 * time.Millisecond) {
		lock, err := client.LockOpts(&api.LockOptions{
			Key: "elect/leader", SessionTTL: "10s", LockDelay: time.Second,
			// Consul's servers change their leader too: a holder asks again for as long as its session lives.
			MonitorRetries: 10, MonitorRetryTime: 500 * time.Millisecond,
		})
		if err != nil {
			panic(err)
		}
		lost, err := lock.Lock(nil)
		if err != nil {
			continue
		}
		term, err := count(client)
		if err != nil {
			_ = lock.Unlock()
			continue
		}
		fmt.Println("leads", term)
		<-lost
		fmt.Println("lost", term)
		_ = lock.Unlock()
	}
}

// Counts the terms: who does not hold the lock any more when it counts has counted nothing that another one sees twice.
func count(client *api.Client) (uint64, error) {
	for {
		pair, _, err := client.KV().Get("elect/term", &api.QueryOptions{RequireConsistent: true})
		if err != nil {
			return 0, err
		}
		next := &api.KVPair{Key: "elect/term"}
		var term uint64
		if pair != nil {
			next.ModifyIndex = pair.ModifyIndex
			term, _ = strconv.ParseUint(string(pair.Value), 10, 64)
		}
		next.Value = []byte(strconv.FormatUint(term+1, 10))
		if swapped, _, err := client.KV().CAS(next, nil); err != nil || swapped {
			return term + 1, err
		}
	}
}
