package main

import (
	"context"
	"fmt"
	"time"

	"github.com/Scalingo/etcd-discovery/v8/service"
)

// timeToLive is the package's own, which cannot be chosen.
const timeToLive = 5

// heartbeat: registrations= hosts; when all are in etcd, seconds= of nothing but heartbeats are measured. One operation
// is one host kept alive for that long. The hosts are left to expire.
func heartbeat(given arguments) report {
	if ttl := given.number("ttl", timeToLive); ttl != timeToLive {
		decline("the Go package has hosts live for %d seconds, not %d", timeToLive, ttl)
	}
	name := given.text("service", "beat")
	count := given.number("registrations", 1)
	ctx := context.Background()
	begun := time.Now()
	registrations := make([]ready, 0, count)
	for number := range count {
		registrations = append(registrations, service.Register(ctx, name, service.Host{
			Hostname: fmt.Sprintf("node-%d.beat.internal.example", number),
			Ports:    service.Ports{"http": "8080", "https": "8443"},
			User:     "moi", Password: "lapin12345",
		}))
	}
	for _, registration := range registrations {
		if err := registration.WaitRegistration(ctx); err != nil {
			fail("registering: %v", err)
		}
		alive.Add(1)
	}
	took := time.Since(begun)
	begin := now()
	time.Sleep(time.Duration(given.number("seconds", 8)) * time.Second)
	said := begin.since(count)
	said["ready_us"] = took.Microseconds()
	checkRegistered(ctx, name, int(count))
	return said
}

type ready interface {
	WaitRegistration(ctx context.Context) error
}

// checkRegistered makes sure that the hosts have been kept alive: where the package has not managed that, what it has
// spent says nothing.
func checkRegistered(ctx context.Context, name string, wanted int) {
	hosts, err := service.Get(ctx, name).All(ctx)
	if err != nil {
		fail("the hosts in the end: %v", err)
	}
	if len(hosts) != wanted {
		decline("of %d hosts, the Go package has kept only %d alive", wanted, len(hosts))
	}
	alive.Add(1)
}
