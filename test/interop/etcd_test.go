package interop

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/Scalingo/etcd-discovery/v8/service"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func same(t *testing.T, what string, one, other any) {
	t.Helper()
	if !reflect.DeepEqual(one, other) {
		t.Errorf("%s: %s is not %s", what, text(one), text(other))
	}
}

func text(value any) string {
	encoded, _ := json.Marshal(value)
	return string(encoded)
}

func keyURL(key string) string {
	return os.Getenv("ETCD_HOSTS") + "/v2/keys" + key
}

// stored is the value of a key, as etcd has it.
func stored(t *testing.T, key string) string {
	t.Helper()
	answer, err := http.Get(keyURL(key))
	must(t, err)
	defer answer.Body.Close()
	var found struct {
		Node struct {
			Value string `json:"value"`
		} `json:"node"`
	}
	must(t, json.NewDecoder(answer.Body).Decode(&found))
	return found.Node.Value
}

func write(t *testing.T, method, key, value string) {
	t.Helper()
	form := strings.NewReader(url.Values{"value": {value}}.Encode())
	request, err := http.NewRequest(method, keyURL(key), form)
	must(t, err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := http.DefaultClient.Do(request)
	must(t, err)
	_ = answer.Body.Close()
}

const marker = "marker"

// events are what one of the Go package's subscriptions reports.
type events[T any] struct {
	t    *testing.T
	come <-chan T
	uuid func(T) string
}

// follow gives it when it is known to follow. A subscription of the Go package does not say when it does: hosts come and
// go until one is seen.
func follow[T any](t *testing.T, name string, come <-chan T, uuid func(T) string) *events[T] {
	t.Helper()
	key := "/services/" + name + "/" + marker
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		write(t, http.MethodPut, key, `{"name":"marker","service_name":"`+name+`","ports":null,"uuid":"marker"}`)
		write(t, http.MethodDelete, key, "")
		select {
		case <-come:
			return &events[T]{t, come, uuid}
		case <-time.After(50 * time.Millisecond):
		}
	}
	t.Fatal("the subscription does not follow")
	return nil
}

// next is what comes next, markers aside.
func (e *events[T]) next() T {
	e.t.Helper()
	timeout := time.After(patience)
	for {
		select {
		case item, open := <-e.come:
			if !open {
				e.t.Fatal("the subscription has ended")
			}
			if e.uuid(item) != marker {
				return item
			}
		case <-timeout:
			e.t.Fatal("nothing comes")
		}
	}
}

func followNew(t *testing.T, name string) *events[*service.Host] {
	t.Helper()
	come, _ := service.SubscribeNew(t.Context(), name)
	return follow(t, name, come, func(host *service.Host) string { return host.UUID })
}

func followDown(t *testing.T, name string) *events[string] {
	t.Helper()
	come, _ := service.SubscribeDown(t.Context(), name)
	return follow(t, name, come, func(uuid string) string { return uuid })
}

// goRegisters registers by the Go package, and waits until that is done; stop takes the host out.
func goRegisters(t *testing.T, name string, host service.Host) (registration *service.Registration, stop func()) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	t.Cleanup(stop)
	registration = service.Register(ctx, name, host)
	within, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	must(t, registration.WaitRegistration(within))
	return registration, stop
}

// eventually asks until it is so.
func eventually(t *testing.T, what string, isSo func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if isSo() {
			return
		}
	}
	t.Fatal("never: ", what)
}
