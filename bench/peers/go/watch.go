package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/Scalingo/etcd-discovery/v8/service"
)

// watch: a subscriber is told of events= changes of hosts. The first counts as the warm-up.
func watch(given arguments) report {
	name := given.text("service", "")
	events := given.number("events", 0)
	if events < 2 {
		fail("events= is at least 2")
	}
	next := subscribe(name)
	checkHost(name, next())
	begin := now()
	for range events - 1 {
		checkHost(name, next())
	}
	return begin.since(events - 1)
}

// subscribe gives what waits for the next host that is written.
func subscribe(name string) (next func() *service.Host) {
	watcher := service.Subscribe(name)
	return func() *service.Host {
		event, err := watcher.Next(context.Background())
		if err != nil {
			fail("the watch: %v", err)
		}
		alive.Add(1)
		host := new(service.Host)
		if err := json.Unmarshal([]byte(event.Node.Value), host); err != nil {
			fail("an event has no host: %v", err)
		}
		return host
	}
}

// latency: a host is written, and a subscriber is told; count= times in turn: the time from sending the write to the
// subscriber's having the host.
func latency(given arguments) report {
	name := given.text("service", "latency")
	count := given.number("count", 1000)
	if count < 1 {
		fail("count= is at least 1")
	}
	told := make(chan string)
	go func() {
		next := subscribe(name)
		for {
			told <- next().Hostname
		}
	}()
	untilWatched(name, told)
	times := make([]time.Duration, 0, count)
	begin := now()
	for number := range count {
		sent := time.Now()
		written := make(chan struct{})
		go func() {
			writeHost(name, hostname(number))
			close(written)
		}()
		for <-told != hostname(number) {
		}
		times = append(times, time.Since(sent))
		<-written
	}
	said := begin.since(count)
	slices.Sort(times)
	said["median_us"] = float64(times[count/2].Nanoseconds()) / 1000
	said["p99_us"] = float64(times[count*99/100].Nanoseconds()) / 1000
	return said
}

// untilWatched writes until the subscriber is told something: nothing says when it begins to be.
func untilWatched(name string, told <-chan string) {
	for {
		writeHost(name, "warm.example")
		select {
		case <-told:
			return
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func hostname(number int64) string {
	return fmt.Sprintf("node-%d.example", number)
}

func writeHost(name, hostname string) {
	value, err := json.Marshal(service.Host{
		Hostname: hostname, Name: name, Ports: service.Ports{"http": "80"}, UUID: "one",
	})
	if err == nil {
		_, err = service.KAPI().Set(context.Background(), "/services/"+name+"/one", string(value), nil)
	}
	if err != nil {
		fail("writing: %v", err)
	}
}
