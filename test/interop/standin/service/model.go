package service

import (
	"context"
	"errors"
	"strings"
)

// Ports has the port of each scheme.
type Ports map[string]string

// Host is what stands under /services/<service>/<uuid>.
type Host struct {
	Hostname        string `json:"name"`
	Name            string `json:"service_name"`
	Ports           Ports  `json:"ports"`
	User            string `json:"user,omitempty"`
	Password        string `json:"password,omitempty"`
	Public          bool   `json:"public,omitempty"`
	PrivateHostname string `json:"private_hostname,omitempty"`
	PrivatePorts    Ports  `json:"private_ports,omitempty"`
	Critical        bool   `json:"critical,omitempty"`
	Shard           string `json:"shard,omitempty"`
	UUID            string `json:"uuid,omitempty"`
}

// Hosts are the hosts of a service.
type Hosts []*Host

// Service is what stands under /services_infos/<service>.
type Service struct {
	Name     string `json:"name"`
	Critical bool   `json:"critical"`
	Hostname string `json:"hostname,omitempty"`
	User     string `json:"user,omitempty"`
	Password string `json:"password,omitempty"`
	Ports    Ports  `json:"ports,omitempty"`
	Public   bool   `json:"public,omitempty"`
}

// Credentials are the user and the password of a service.
type Credentials struct {
	User     string
	Password string
}

// String names the hosts: each by its private host name, or else its host name.
func (hosts Hosts) String() string {
	var text strings.Builder
	for i, host := range hosts {
		if i > 0 {
			text.WriteString(", ")
		}
		if host.PrivateHostname == "" {
			text.WriteString(host.Hostname)
		} else {
			text.WriteString(host.PrivateHostname)
		}
	}
	return text.String()
}

// pick gives the scheme and its port; no scheme asked for means http, or else https.
func (ports Ports) pick(scheme string) (string, string, error) {
	wanted := []string{scheme}
	if scheme == "" {
		wanted = []string{"http", "https"}
	}
	for _, name := range wanted {
		if port, found := ports[name]; found {
			return name, port, nil
		}
	}
	return "", "", errors.New("unknown scheme")
}

func makeURL(scheme, port, hostname, path, user, password string) string {
	url := scheme + "://"
	if user != "" {
		url += user + ":" + password + "@"
	}
	return url + hostname + ":" + port + path
}

// URL is where the host can be reached by everybody.
func (host *Host) URL(_ context.Context, scheme, path string) (string, error) {
	scheme, port, err := host.Ports.pick(scheme)
	if err != nil {
		return "", err
	}
	return makeURL(scheme, port, host.Hostname, path, host.User, host.Password), nil
}

// PrivateURL is where the host can be reached inside the private network.
func (host *Host) PrivateURL(ctx context.Context, scheme, path string) (string, error) {
	if host.PrivateHostname == "" {
		return host.URL(ctx, scheme, path)
	}
	scheme, port, err := host.PrivatePorts.pick(scheme)
	if err != nil {
		return "", err
	}
	return makeURL(scheme, port, host.PrivateHostname, path, host.User, host.Password), nil
}
