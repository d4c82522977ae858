package main

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/Scalingo/etcd-discovery/v8/service"
)

// lookup: concurrency= goroutines look a service up, each again and again, warm= and then count= times in all.
func lookup(given arguments) report {
	name := given.text("service", "")
	hosts := int(given.number("hosts", 0))
	callers := given.number("concurrency", 1)
	warm := given.number("warm", callers)
	count := given.number("count", 1000)
	if callers < 1 || warm < 1 || count < 1 {
		fail("concurrency=, warm= and count= are at least 1")
	}
	var begun, ended atomic.Int64
	begin := make(chan moment, 1)
	var said report
	var group sync.WaitGroup
	for range callers {
		group.Go(func() {
			for begun.Add(1) <= warm+count {
				lookUp(name, hosts)
				switch ended.Add(1) {
				case warm:
					begin <- now()
				case warm + count:
					said = (<-begin).since(count)
				}
				alive.Add(1)
			}
		})
	}
	group.Wait()
	return said
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
