// Package service stands in for the Go package of this import path where its module cannot be downloaded. It has the
// part of the exported API that the programs beside it use, the same keys and JSON, and speaks to etcd through the same
// client library. Endpoints come from ETCD_HOSTS or ETCD_HOST; there is no TLS.
package service

import (
	"cmp"
	"os"
	"strings"
	"sync"
	"time"

	etcd "go.etcd.io/etcd/client/v2"
)

const (
	timeToLive  = 5 * time.Second
	heartbeat   = 4 * time.Second
	retryPause  = time.Second
	infosPrefix = "/services_infos/"
	hostsPrefix = "/services/"
)

// Client is the connection to etcd that the environment asks for, made at the first call.
var Client = sync.OnceValue(func() etcd.Client {
	hosts := cmp.Or(os.Getenv("ETCD_HOSTS"), os.Getenv("ETCD_HOST"), "http://localhost:2379")
	client, err := etcd.New(etcd.Config{Endpoints: strings.Split(hosts, ",")})
	if err != nil {
		panic(err)
	}
	return client
})

// KAPI is the raw keys API.
func KAPI() etcd.KeysAPI {
	return etcd.NewKeysAPI(Client())
}

func thisMachine() string {
	if name := os.Getenv("HOSTNAME"); name != "" {
		return name
	}
	name, _ := os.Hostname()
	return name
}
