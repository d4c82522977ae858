package service

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	etcd "go.etcd.io/etcd/client/v2"
)

// Registration is a host that is kept in etcd until its context ends.
type Registration struct {
	uuid  string
	first chan struct{} // closed when the host is in etcd for the first time

	mutex       sync.Mutex
	credentials *Credentials
}

// job is what the goroutine of a registration works on.
type job struct {
	ctx          context.Context
	registration *Registration
	host         Host
	info         Service
}

// Register puts a host into etcd and keeps it there until the context ends, which takes it out.
func Register(ctx context.Context, service string, host Host) *Registration {
	if host.PrivateHostname == "" && !host.Public {
		host.PrivateHostname = host.Hostname
	}
	if host.PrivateHostname == "" {
		host.PrivateHostname = thisMachine()
	}
	if len(host.PrivatePorts) == 0 {
		host.PrivatePorts = host.Ports
	}
	host.Name = service
	host.UUID = randomUUID() + "-" + host.PrivateHostname

	work := &job{ctx: ctx, host: host, info: Service{Name: service, Critical: host.Critical, Public: host.Public}}
	if host.Public {
		work.info.Hostname, work.info.Ports = host.Hostname, host.Ports
		work.info.User, work.info.Password = host.User, host.Password
	}
	work.registration = &Registration{uuid: host.UUID, first: make(chan struct{})}
	go work.run()
	return work.registration
}

func randomUUID() string {
	var bytes [16]byte
	_, _ = rand.Read(bytes[:])
	bytes[6] = bytes[6]&0x0f | 0x40
	bytes[8] = bytes[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", bytes[:4], bytes[4:6], bytes[6:8], bytes[8:10], bytes[10:])
}

// UUID of the host.
func (registration *Registration) UUID() string {
	return registration.uuid
}

// Ready says whether the host has been in etcd.
func (registration *Registration) Ready() bool {
	_, err := registration.Credentials()
	return err == nil
}

// WaitRegistration waits until the host is in etcd, or the context ends.
func (registration *Registration) WaitRegistration(ctx context.Context) error {
	select {
	case <-registration.first:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Credentials of the service.
func (registration *Registration) Credentials() (Credentials, error) {
	registration.mutex.Lock()
	defer registration.mutex.Unlock()
	if registration.credentials == nil {
		return Credentials{}, errors.New("not ready")
	}
	return *registration.credentials, nil
}

func (registration *Registration) learn(credentials Credentials) {
	registration.mutex.Lock()
	defer registration.mutex.Unlock()
	if registration.credentials == nil {
		close(registration.first)
	}
	registration.credentials = &credentials
}

func (work *job) run() {
	index, ok := work.put(infosPrefix+work.info.Name, work.info, 0)
	if !ok {
		return
	}
	changes := make(chan Credentials)
	if work.host.Public {
		go work.follow(index, changes)
	}
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	key := hostsPrefix + work.host.Name + "/" + work.host.UUID
	for {
		if _, ok := work.put(key, work.host, timeToLive); ok {
			work.registration.learn(Credentials{work.info.User, work.info.Password})
		}
		select {
		case <-work.ctx.Done():
			_, _ = KAPI().Delete(context.Background(), key, nil)
			return
		case changed := <-changes:
			work.host.User, work.host.Password = changed.User, changed.Password
			work.info.User, work.info.Password = changed.User, changed.Password
		case <-beat.C:
		}
	}
}

// put writes until it works, and gives the index at which it did; not ok: the context has ended.
func (work *job) put(key string, content any, ttl time.Duration) (index uint64, ok bool) {
	value, err := json.Marshal(content)
	if err != nil {
		return 0, false
	}
	for work.ctx.Err() == nil {
		answer, err := KAPI().Set(work.ctx, key, string(value), &etcd.SetOptions{TTL: ttl})
		if err == nil {
			return answer.Node.ModifiedIndex, true
		}
		work.pause()
	}
	return 0, false
}

func (work *job) pause() {
	select {
	case <-work.ctx.Done():
	case <-time.After(retryPause):
	}
}

// follow reports the credentials of each change of the service's info after the index.
func (work *job) follow(index uint64, changes chan<- Credentials) {
	for work.ctx.Err() == nil {
		watcher := KAPI().Watcher(infosPrefix+work.info.Name, &etcd.WatcherOptions{AfterIndex: index})
		answer, err := watcher.Next(work.ctx)
		if err != nil {
			index = 0
			work.pause()
			continue
		}
		index = answer.Node.ModifiedIndex
		var info Service
		if json.Unmarshal([]byte(answer.Node.Value), &info) != nil {
			continue
		}
		select {
		case changes <- Credentials{info.User, info.Password}:
		case <-work.ctx.Done():
		}
	}
}
