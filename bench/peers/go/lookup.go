package main

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/Scalingo/etcd-discovery/v8/service"
)

// lookup: concurrency= goroutines look a service up, each again and again, warm= times in all, and when all of these have
// ended, count= times.
func lookup(given arguments) report {
	name := given.text("service", "")
	hosts := int(given.number("hosts", 0))
	callers := given.number("concurrency", 1)
	warm := given.number("warm", callers)
	count := given.number("count", 1000)
	if callers < 1 || warm < 1 || count < 1 {
		fail("concurrency=, warm= and count= are at least 1")
	}
	lookUpAll(name, hosts, callers, warm)
	begin := now()
	lookUpAll(name, hosts, callers, count)
	return begin.since(count)
}

func lookUpAll(name string, hosts int, callers, count int64) {
	var begun atomic.Int64
	var group sync.WaitGroup
	for range callers {
		group.Go(func() {
			for begun.Add(1) <= count {
				lookUp(name, hosts)
				alive.Add(1)
			}
		})
	}
	group.Wait()
}

func lookUp(name string, wanted int) {
	ctx := context.Background()
	found := service.Get(ctx, name)
	known, err := found.Service(ctx)
	if err != nil {
		fail("the service: %v", err)
	}
	hosts, err := found.All(ctx)
	if err != nil {
		fail("the hosts: %v", err)
	}
	if known.Name != name || len(hosts) != wanted {
		fail("%d hosts of %s instead of %d of %s", len(hosts), known.Name, wanted, name)
	}
	for _, host := range hosts {
		checkHost(name, host)
	}
}

func checkHost(name string, host *service.Host) {
	if host.Name != name || host.Hostname == "" || host.UUID == "" || len(host.Ports) == 0 || len(host.PrivatePorts) == 0 {
		fail("a host is not whole: %+v", *host)
	}
}
