package interop

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/Scalingo/etcd-discovery/v8/service"
)

// command is a line for the library's program; driver/driver.c has the list.
type command struct {
	Do      string        `json:"do"`
	ID      string        `json:"id"`
	Service string        `json:"service,omitempty"`
	Shard   string        `json:"shard,omitempty"`
	Host    *service.Host `json:"host,omitempty"`
}

// event is a line of the library's program.
type event struct {
	ID         string           `json:"id"`
	Event      string           `json:"event"`
	Status     string           `json:"status"`
	UUID       string           `json:"uuid"`
	User       string           `json:"user"`
	Password   string           `json:"password"`
	Host       *service.Host    `json:"host"`
	Service    *service.Service `json:"service"`
	Hosts      []*service.Host  `json:"hosts"`
	HostURLs   [][2]string      `json:"host_urls"`
	ServiceURL []string         `json:"service_url"`
}

// driver is the library's program, running.
type driver struct {
	t       *testing.T
	process *exec.Cmd
	input   io.WriteCloser
	events  chan event
	unseen  []event
}

// newDriver starts it, speaking by the API; it is shut down at the end of the test, and must end well.
func newDriver(t *testing.T, api string) *driver {
	t.Helper()
	d := &driver{t: t, process: exec.Command(os.Getenv("UVDISCO_DRIVER")), events: make(chan event, 1024)}
	d.process.Env = append(os.Environ(), "UVDISCO_API="+api)
	d.process.Stderr = os.Stderr
	input, err := d.process.StdinPipe()
	must(t, err)
	output, err := d.process.StdoutPipe()
	must(t, err)
	d.input = input
	must(t, d.process.Start())
	go d.read(output)
	t.Cleanup(d.end)
	return d
}

func (d *driver) read(output io.Reader) {
	defer close(d.events)
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		var seen event
		if err := json.Unmarshal(lines.Bytes(), &seen); err != nil {
			d.t.Errorf("the driver said %q: %v", lines.Text(), err)
			return
		}
		d.events <- seen
	}
}

// crash ends it without a word to etcd.
func (d *driver) crash() {
	must(d.t, d.process.Process.Kill())
	_ = d.process.Wait()
	d.process = nil
}

func (d *driver) end() {
	if d.process == nil {
		return
	}
	_ = d.input.Close()
	ended := time.AfterFunc(patience, func() { _ = d.process.Process.Kill() })
	defer ended.Stop()
	for range d.events {
	}
	if err := d.process.Wait(); err != nil {
		d.t.Errorf("the driver ended: %v", err)
	}
}

func (d *driver) say(what command) {
	d.t.Helper()
	line, err := json.Marshal(what)
	must(d.t, err)
	_, err = d.input.Write(append(line, '\n'))
	must(d.t, err)
}

// expect takes the next event of that id and name out of those that came; others stay.
func (d *driver) expect(id, name string) event {
	d.t.Helper()
	wanted := func(seen event) bool { return seen.ID == id && seen.Event == name }
	if i := slices.IndexFunc(d.unseen, wanted); i >= 0 {
		seen := d.unseen[i]
		d.unseen = slices.Delete(d.unseen, i, i+1)
		return seen
	}
	timeout := time.After(patience)
	for {
		select {
		case seen, open := <-d.events:
			if !open {
				d.t.Fatalf("the driver has ended; no %s of %s", name, id)
			}
			if wanted(seen) {
				return seen
			}
			d.unseen = append(d.unseen, seen)
		case <-timeout:
			d.t.Fatalf("no %s of %s, but %+v", name, id, d.unseen)
		}
	}
}

// ask says something and gives the answer.
func (d *driver) ask(what command, answer string) event {
	d.t.Helper()
	d.say(what)
	return d.expect(what.ID, answer)
}

// register gives the host as the library has registered it.
func (d *driver) register(id, name string, host service.Host) *service.Host {
	d.t.Helper()
	d.ask(command{Do: "register", ID: id, Service: name, Host: &host}, "READY")
	return d.ask(command{Do: "host", ID: id}, "HOST").Host
}

func (d *driver) subscribe(id, name string) {
	d.t.Helper()
	d.ask(command{Do: "subscribe", ID: id, Service: name}, "SYNCED")
}

func (d *driver) get(name, shard string) event {
	d.t.Helper()
	return d.ask(command{Do: "get", ID: "get", Service: name, Shard: shard}, "GOT")
}
