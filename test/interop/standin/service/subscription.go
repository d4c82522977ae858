package service

import (
	"context"
	"encoding/json"
	"errors"
	"path"

	etcd "go.etcd.io/etcd/client/v2"
)

// Subscribe watches everything under the hosts of a service, from now on.
func Subscribe(service string) etcd.Watcher {
	return KAPI().Watcher(hostsPrefix+service, &etcd.WatcherOptions{Recursive: true})
}

// SubscribeNew reports each host that comes, until the context or the watch ends.
func SubscribeNew(ctx context.Context, service string) (<-chan *Host, <-chan *etcd.Error) {
	return pump(ctx, service, func(event *etcd.Response) (*Host, bool) {
		if event.Action != "create" && (event.Action != "set" || event.PrevNode != nil) {
			return nil, false
		}
		host := new(Host)
		return host, json.Unmarshal([]byte(event.Node.Value), host) == nil
	})
}

// SubscribeDown reports the UUID of each host that goes, until the context or the watch ends.
func SubscribeDown(ctx context.Context, service string) (<-chan string, <-chan *etcd.Error) {
	return pump(ctx, service, func(event *etcd.Response) (string, bool) {
		return path.Base(event.Node.Key), event.Action == "delete" || event.Action == "expire"
	})
}

// pump sends what take makes of each event. The error that ends the watch comes last, if it is etcd's.
func pump[T any](ctx context.Context, service string, take func(*etcd.Response) (T, bool)) (<-chan T, <-chan *etcd.Error) {
	taken := make(chan T)
	failures := make(chan *etcd.Error, 1)
	watcher := Subscribe(service)
	go func() {
		defer close(failures)
		defer close(taken)
		for {
			event, err := watcher.Next(ctx)
			if err != nil {
				var failure etcd.Error
				if errors.As(err, &failure) {
					failures <- &failure
				}
				return
			}
			if item, wanted := take(event); wanted {
				taken <- item
			}
		}
	}()
	return taken, failures
}
