package interop

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/Scalingo/etcd-discovery/v8/service"
)

// full has something in every field, and what JSON writers escape in different ways.
func full() service.Host {
	return service.Host{
		Hostname: "public-domain.dev", Ports: service.Ports{"http": "80", "https": "443"},
		User: "user", Password: "a<b>&\"c\\\u2028é\t", Public: true,
		PrivateHostname: "node-1.internal.dev", PrivatePorts: service.Ports{"http": "8080", "https": "8443"},
		Critical: true, Shard: "shard-0",
	}
}

// plain is what most programs register: the rest is filled in.
func plain() service.Host {
	return service.Host{Hostname: "10.0.0.1", Ports: service.Ports{"http": "8080"}}
}

// nameless is public and leaves the private host name to the machine's.
func nameless() service.Host {
	return service.Host{Hostname: "public-domain.dev", Ports: service.Ports{"http": "80"}, Public: true}
}

// kinds are hosts to try each case with.
var kinds = map[string]func() service.Host{"full": full, "plain": plain, "nameless": nameless}

// eachAPI runs the test with the library speaking by each of the APIs. name is a service of the test's own.
func eachAPI(t *testing.T, test func(t *testing.T, d *driver, name string)) {
	for _, api := range strings.Fields(os.Getenv("UVDISCO_APIS")) {
		t.Run(api, func(t *testing.T) {
			test(t, newDriver(t, api), strings.NewReplacer("/", ".", "_", "-").Replace(t.Name()))
		})
	}
}

// eachKind runs the test with each kind of host, too.
func eachKind(t *testing.T, test func(t *testing.T, d *driver, name string, host service.Host)) {
	for kind, host := range kinds {
		t.Run(kind, func(t *testing.T) {
			eachAPI(t, func(t *testing.T, d *driver, name string) { test(t, d, name, host()) })
		})
	}
}

func TestGoRegistersAndTheLibraryLooksUp(t *testing.T) {
	eachKind(t, func(t *testing.T, d *driver, name string, host service.Host) {
		registration, _ := goRegisters(t, name, host)
		want, err := service.Get(t.Context(), name).All(t.Context())
		must(t, err)
		info, err := service.Get(t.Context(), name).Service(t.Context())
		must(t, err)

		got := d.get(name, "")
		same(t, "hosts", got.Hosts, []*service.Host(want))
		same(t, "UUID", got.Hosts[0].UUID, registration.UUID())
		same(t, "info", got.Service, info)
	})
}

func TestTheLibraryRegistersAndGoLooksUp(t *testing.T) {
	eachKind(t, func(t *testing.T, d *driver, name string, host service.Host) {
		want := d.register("ours", name, host)
		found := service.Get(t.Context(), name)
		must(t, found.Err())

		all, err := found.All(t.Context())
		must(t, err)
		same(t, "All", []*service.Host(all), []*service.Host{want})
		first, err := found.First(t.Context()).Host(t.Context())
		must(t, err)
		same(t, "First", first, want)
		one, err := found.One(t.Context()).Host(t.Context())
		must(t, err)
		same(t, "One", one, want)
		info, err := found.Service(t.Context())
		must(t, err)
		same(t, "Service", info, d.get(name, "").Service)
	})
}

// What both write for the same host differs in the random part of the UUID alone.
func TestBothWriteTheSameBytes(t *testing.T) {
	eachKind(t, func(t *testing.T, d *driver, name string, host service.Host) {
		registration, _ := goRegisters(t, name, host)
		infoOfGo := stored(t, "/services_infos/"+name)
		ours := d.register("ours", name, host)

		same(t, "info", stored(t, "/services_infos/"+name), infoOfGo)
		bytes := stored(t, "/services/"+name+"/"+ours.UUID)
		same(t, "host", strings.Replace(bytes, ours.UUID, registration.UUID(), 1),
			stored(t, "/services/"+name+"/"+registration.UUID()))
		if len(ours.UUID) != len(registration.UUID()) || ours.UUID[36:] != registration.UUID()[36:] {
			t.Errorf("%s is not like %s", ours.UUID, registration.UUID())
		}
		// And Go, reading and writing what the library wrote, changes nothing.
		var read service.Host
		must(t, json.Unmarshal([]byte(bytes), &read))
		same(t, "host read and written by Go", text(read), bytes)
	})
}

func TestURLs(t *testing.T) {
	for kind, host := range kinds {
		if kind == "full" { // the Go package does not encode the password, the library does
			host = func() service.Host {
				changed := full()
				changed.Password = "secret"
				return changed
			}
		}
		t.Run(kind, func(t *testing.T) {
			eachAPI(t, func(t *testing.T, d *driver, name string) { compareURLs(t, d, name, host()) })
		})
	}
}

func compareURLs(t *testing.T, d *driver, name string, host service.Host) {
	d.register("ours", name, host)
	got := d.get(name, "")
	found := service.Get(t.Context(), name)

	serviceURL, err := found.URL(t.Context(), "http", "/path")
	must(t, err)
	same(t, "URL", got.ServiceURL, []string{serviceURL})
	hostURL, err := found.First(t.Context()).URL(t.Context(), "http", "/path")
	must(t, err)
	same(t, "URL of the host", got.HostURLs[0][0], hostURL)
	privateURL, err := found.One(t.Context()).PrivateURL(t.Context(), "http", "/path")
	must(t, err)
	same(t, "private URL of the host", got.HostURLs[0][1], privateURL)
}

func TestShards(t *testing.T) {
	eachAPI(t, func(t *testing.T, d *driver, name string) {
		ours, theirs := plain(), plain()
		ours.Shard, theirs.Shard = "one", "two"
		goRegisters(t, name, theirs)
		want := d.register("ours", name, ours)

		hosts, err := service.GetForShard(t.Context(), name, "one").All(t.Context())
		must(t, err)
		same(t, "Go, shard one", []*service.Host(hosts), []*service.Host{want})
		hosts, err = service.GetForShard(t.Context(), name, "two").All(t.Context())
		must(t, err)
		same(t, "the library, shard two", d.get(name, "two").Hosts, []*service.Host(hosts))
		if _, err = service.GetForShard(t.Context(), name, "three").All(t.Context()); err == nil {
			t.Error("Go finds hosts of a shard that has none")
		}
		same(t, "the library, shard three", d.get(name, "three").Status, "DISCO_ENOSHARD")
	})
}

func TestTheLibrarySeesHostsOfGoComeAndGo(t *testing.T) {
	eachKind(t, func(t *testing.T, d *driver, name string, host service.Host) {
		d.subscribe("watch", name)
		registration, stop := goRegisters(t, name, host)
		want, err := service.Get(t.Context(), name).First(t.Context()).Host(t.Context())
		must(t, err)
		same(t, "UP", d.expect("watch", "UP").Host, want)
		same(t, "UUID", want.UUID, registration.UUID())
		stop()
		same(t, "DOWN", d.expect("watch", "DOWN").Host, want)
	})
}

func TestGoSeesHostsOfTheLibraryComeAndGo(t *testing.T) {
	eachKind(t, func(t *testing.T, d *driver, name string, host service.Host) {
		come, gone := followNew(t, name), followDown(t, name)
		want := d.register("ours", name, host)
		same(t, "SubscribeNew", come.next(), want)
		d.ask(command{Do: "unregister", ID: "ours"}, "CLOSED")
		same(t, "SubscribeDown", gone.next(), want.UUID)
	})
}

func TestTheLibrarySeesACrashOfGo(t *testing.T) {
	eachAPI(t, func(t *testing.T, d *driver, name string) {
		d.subscribe("watch", name)
		host := exec.Command(os.Args[0])
		host.Env = append(os.Environ(), "UVDISCO_ROLE=host", "UVDISCO_SERVICE="+name)
		output, err := host.StdoutPipe()
		must(t, err)
		must(t, host.Start())
		said, err := bufio.NewReader(output).ReadString('\n')
		_ = host.Process.Kill()
		_ = host.Wait()
		must(t, err)

		same(t, "UP", d.expect("watch", "UP").Host.UUID, strings.TrimSpace(said))
		same(t, "DOWN", d.expect("watch", "DOWN").Host.UUID, strings.TrimSpace(said))
	})
}

func TestGoSeesACrashOfTheLibrary(t *testing.T) {
	eachAPI(t, func(t *testing.T, d *driver, name string) {
		gone := followDown(t, name)
		want := d.register("ours", name, plain())
		d.crash()
		same(t, "SubscribeDown", gone.next(), want.UUID)
	})
}

func public(user string) service.Host {
	host := nameless()
	host.User, host.Password = user, "password of "+user
	return host
}

// All hosts of a public service have the credentials of the one that registered last, whoever that is.
func TestCredentialsReachTheOther(t *testing.T) {
	eachAPI(t, func(t *testing.T, d *driver, name string) {
		theirs, _ := goRegisters(t, name, public("first"))
		d.register("ours", name, public("second"))
		eventually(t, "Go's registration has the credentials of the library's", func() bool {
			got, err := theirs.Credentials()
			return err == nil && got == service.Credentials{User: "second", Password: "password of second"}
		})

		goRegisters(t, name, public("third"))
		got := d.expect("ours", "CREDENTIALS")
		same(t, "CREDENTIALS", [2]string{got.User, got.Password}, [2]string{"third", "password of third"})
		eventually(t, "all three hosts have them", func() bool {
			hosts, err := service.Get(t.Context(), name).All(t.Context())
			must(t, err)
			return len(hosts) == 3 && !slices.ContainsFunc(hosts, func(host *service.Host) bool {
				return host.User != "third" || host.Password != "password of third"
			})
		})
	})
}

// A fleet of both kinds of programs: each sees all, in the order in which they came.
func TestAFleetOfBoth(t *testing.T) {
	eachAPI(t, func(t *testing.T, d *driver, name string) {
		come := followNew(t, name)
		d.subscribe("watch", name)
		var want []string
		for _, id := range []string{"one", "two", "three"} {
			theirs, _ := goRegisters(t, name, plain())
			ours := d.register(id, name, plain())
			for _, uuid := range []string{theirs.UUID(), ours.UUID} {
				want = append(want, uuid)
				same(t, "SubscribeNew", come.next().UUID, uuid)
				same(t, "UP", d.expect("watch", "UP").Host.UUID, uuid)
			}
		}
		hosts, err := service.Get(t.Context(), name).All(t.Context())
		must(t, err)
		same(t, "Go's hosts", uuids(hosts), sorted(want))
		same(t, "the library's hosts", uuids(d.get(name, "").Hosts), sorted(want))
	})
}

// A fleet moves from v2 to v3 host by host: programs of the Go package, which know v2 alone, are replaced by ones of the
// library that speak both, and then those by ones that speak v3 alone. Every program sees every host at every step.
func TestMigration(t *testing.T) {
	const hosts = 3
	name := t.Name()
	watch := newDriver(t, "both")
	watch.subscribe("watch", name)
	fleet := make([]string, hosts) // the UUIDs
	stop := make([]func(), hosts)
	for i := range fleet {
		registration, unregister := goRegisters(t, name, plain())
		fleet[i], stop[i] = registration.UUID(), unregister
		same(t, "UP", watch.expect("watch", "UP").Host.UUID, fleet[i])
	}

	drivers := make([]*driver, hosts)
	replace := func(i int, api string) {
		old, leave := fleet[i], stop[i]
		d := newDriver(t, api)
		fleet[i] = d.register("host", name, plain()).UUID
		stop[i] = func() { d.ask(command{Do: "unregister", ID: "host"}, "CLOSED") }
		drivers[i] = d
		same(t, "UP", watch.expect("watch", "UP").Host.UUID, fleet[i])
		leave()
		same(t, "DOWN", watch.expect("watch", "DOWN").Host.UUID, old)
		for _, d := range append(drivers, watch) {
			if d != nil {
				same(t, "hosts", uuids(d.get(name, "").Hosts), sorted(fleet))
			}
		}
	}
	for i := range fleet {
		replace(i, "both")
		seen, err := service.Get(t.Context(), name).All(t.Context())
		must(t, err)
		same(t, "Go's hosts", uuids(seen), sorted(fleet))
	}
	for i := range fleet {
		replace(i, "v3")
	}
}

func sorted(list []string) []string {
	list = slices.Clone(list)
	slices.Sort(list)
	return list
}

func uuids(hosts []*service.Host) []string {
	var list []string
	for _, host := range hosts {
		list = append(list, host.UUID)
	}
	return sorted(list)
}
