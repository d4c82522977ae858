package service

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"

	etcd "go.etcd.io/etcd/client/v2"
)

// QueryOptions narrow down which hosts count.
type QueryOptions struct {
	Shard string
}

// ServiceResponse is what a lookup gives; its errors come when it is used.
type ServiceResponse interface {
	Err() error
	Service(ctx context.Context) (*Service, error)
	One(ctx context.Context) HostResponse
	First(ctx context.Context) HostResponse
	All(ctx context.Context) (Hosts, error)
	URL(ctx context.Context, scheme, path string) (string, error)
}

// HostResponse is one host of a lookup; its errors come when it is used.
type HostResponse interface {
	Err() error
	Host(ctx context.Context) (*Host, error)
	URL(ctx context.Context, scheme, path string) (string, error)
	PrivateURL(ctx context.Context, scheme, path string) (string, error)
}

// GetServiceResponse implements ServiceResponse.
type GetServiceResponse struct {
	service *Service
	options QueryOptions
	err     error
}

// GetHostResponse implements HostResponse.
type GetHostResponse struct {
	host *Host
	err  error
}

// Get looks a service up. One that is unknown is no error: it has a name, and nothing else.
func Get(ctx context.Context, name string) ServiceResponse {
	return GetForShard(ctx, name, "")
}

// GetForShard is Get where only the hosts of a shard count.
func GetForShard(ctx context.Context, name, shard string) ServiceResponse {
	found := &GetServiceResponse{service: &Service{Name: name}, options: QueryOptions{Shard: shard}}
	answer, err := KAPI().Get(ctx, infosPrefix+name, nil)
	switch {
	case err == nil:
		found.err = json.Unmarshal([]byte(answer.Node.Value), found.service)
	case !etcd.IsKeyNotFound(err):
		found.err = err
	}
	return found
}

// All are the hosts of the service.
func (service *Service) All(ctx context.Context, options QueryOptions) (Hosts, error) {
	answer, err := KAPI().Get(ctx, hostsPrefix+service.Name, &etcd.GetOptions{Recursive: true})
	if etcd.IsKeyNotFound(err) {
		return nil, errors.New("service not found")
	}
	if err != nil {
		return nil, err
	}
	var hosts Hosts
	for _, node := range answer.Node.Nodes {
		host := new(Host)
		if err := json.Unmarshal([]byte(node.Value), host); err != nil {
			return nil, err
		}
		if options.Shard == "" || options.Shard == host.Shard {
			hosts = append(hosts, host)
		}
	}
	if len(hosts) > 0 {
		return hosts, nil
	}
	if len(answer.Node.Nodes) > 0 {
		return nil, errors.New("no host found for this service on this shard")
	}
	return nil, errors.New("no host found for this service")
}

// First is the host that etcd lists first.
func (service *Service) First(ctx context.Context, options QueryOptions) (*Host, error) {
	hosts, err := service.All(ctx, options)
	if err != nil {
		return nil, err
	}
	return hosts[0], nil
}

// One is any host.
func (service *Service) One(ctx context.Context, options QueryOptions) (*Host, error) {
	hosts, err := service.All(ctx, options)
	if err != nil {
		return nil, err
	}
	return hosts[rand.IntN(len(hosts))], nil
}

// URL is that of a public service itself, unless a shard is asked for; else that of any host.
func (service *Service) URL(ctx context.Context, scheme, path string, options QueryOptions) (string, error) {
	if !service.Public || options.Shard != "" {
		host, err := service.One(ctx, options)
		if err != nil {
			return "", err
		}
		return host.URL(ctx, scheme, path)
	}
	port, found := service.Ports[scheme]
	if !found {
		return "", errors.New("unknown scheme")
	}
	return makeURL(scheme, port, service.Hostname, path, service.User, service.Password), nil
}

// Err says why the lookup failed.
func (found *GetServiceResponse) Err() error {
	return found.err
}

// Service is what is known of the service beside its hosts.
func (found *GetServiceResponse) Service(context.Context) (*Service, error) {
	if found.err != nil {
		return nil, found.err
	}
	return found.service, nil
}

// All are the hosts that were asked for.
func (found *GetServiceResponse) All(ctx context.Context) (Hosts, error) {
	if found.err != nil {
		return nil, found.err
	}
	return found.service.All(ctx, found.options)
}

func (found *GetServiceResponse) host(choose func() (*Host, error)) HostResponse {
	if found.err != nil {
		return &GetHostResponse{err: found.err}
	}
	host, err := choose()
	return &GetHostResponse{host: host, err: err}
}

// First is Service.First.
func (found *GetServiceResponse) First(ctx context.Context) HostResponse {
	return found.host(func() (*Host, error) { return found.service.First(ctx, found.options) })
}

// One is Service.One.
func (found *GetServiceResponse) One(ctx context.Context) HostResponse {
	return found.host(func() (*Host, error) { return found.service.One(ctx, found.options) })
}

// URL is Service.URL.
func (found *GetServiceResponse) URL(ctx context.Context, scheme, path string) (string, error) {
	if found.err != nil {
		return "", found.err
	}
	return found.service.URL(ctx, scheme, path, found.options)
}

// Err says why there is no host.
func (found *GetHostResponse) Err() error {
	return found.err
}

// Host is the host itself.
func (found *GetHostResponse) Host(context.Context) (*Host, error) {
	return found.host, found.err
}

// URL is Host.URL.
func (found *GetHostResponse) URL(ctx context.Context, scheme, path string) (string, error) {
	if found.err != nil {
		return "", found.err
	}
	return found.host.URL(ctx, scheme, path)
}

// PrivateURL is Host.PrivateURL.
func (found *GetHostResponse) PrivateURL(ctx context.Context, scheme, path string) (string, error) {
	if found.err != nil {
		return "", found.err
	}
	return found.host.PrivateURL(ctx, scheme, path)
}
