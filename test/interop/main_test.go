// Package interop has programs that use the Go package and programs that use this library share one registry.
//
// run.sh says where etcd ($UVDISCO_ETCD) and the library's program ($UVDISCO_DRIVER) are, and by which APIs the latter
// speaks ($UVDISCO_APIS).
package interop

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/Scalingo/etcd-discovery/v8/service"
)

// patience is how long anything may take that etcd does not make wait on purpose.
const patience = 30 * time.Second

const machine = "machine.example"

// The Go package looks at the environment when it is loaded. So the process that go test starts runs etcd, and then the
// tests in a second process, which knows etcd from its environment; a third one is the host that crashes.
func TestMain(m *testing.M) {
	switch os.Getenv("UVDISCO_ROLE") {
	case "tests":
		os.Exit(m.Run())
	case "host":
		stayRegistered(os.Getenv("UVDISCO_SERVICE"))
	default:
		os.Exit(runWithEtcd())
	}
}

func runWithEtcd() int {
	runtime.LockOSThread() // those started from here die with the thread that started them
	directory, err := os.MkdirTemp("", "uvdisco-interop-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(directory)
	etcd, endpoint, err := startEtcd(directory)
	if err != nil {
		fmt.Println(err)
		return 1
	}
	defer func() {
		_ = etcd.Process.Kill()
		_ = etcd.Wait()
	}()
	tests := exec.Command(os.Args[0], os.Args[1:]...)
	tests.Env = append(os.Environ(), "UVDISCO_ROLE=tests", "ETCD_HOSTS="+endpoint, "HOSTNAME="+machine)
	tests.Stdout, tests.Stderr = os.Stdout, os.Stderr
	dieWithParent(tests)
	if err := tests.Run(); err != nil {
		return 1
	}
	return 0
}

func dieWithParent(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}

// freePort may be taken by another process before etcd gets there; startEtcd then tries another one.
func freePort() string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

func startEtcd(directory string) (etcd *exec.Cmd, endpoint string, err error) {
	for range 5 {
		data, _ := os.MkdirTemp(directory, "data-")
		log, _ := os.Create(data + ".log")
		endpoint = "http://" + freePort()
		peer := "http://" + freePort()
		etcd = exec.Command(os.Getenv("UVDISCO_ETCD"), "--data-dir="+data, "--enable-v2=true",
			"--listen-client-urls="+endpoint, "--advertise-client-urls="+endpoint, "--listen-peer-urls="+peer,
			"--initial-advertise-peer-urls="+peer, "--initial-cluster=default="+peer)
		etcd.Stdout, etcd.Stderr = log, log
		dieWithParent(etcd)
		if err = etcd.Start(); err != nil {
			return nil, "", err
		}
		if answersInTime(endpoint) {
			return etcd, endpoint, nil
		}
		_ = etcd.Process.Kill()
		_ = etcd.Wait()
		said, _ := os.ReadFile(log.Name())
		err = fmt.Errorf("etcd did not start:\n%s", said)
	}
	return nil, "", err
}

func answersInTime(endpoint string) bool {
	deadline := time.Now().Add(patience)
	for time.Now().Before(deadline) {
		answer, err := http.Get(endpoint + "/health")
		if err == nil {
			_ = answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return true
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
	return false
}

// stayRegistered is a host until it is killed. It says its UUID when it is registered.
func stayRegistered(name string) {
	registration := service.Register(context.Background(), name, service.Host{
		Hostname: "doomed.example", Ports: service.Ports{"http": "80"},
	})
	if err := registration.WaitRegistration(context.Background()); err != nil {
		panic(err)
	}
	fmt.Println(registration.UUID())
	select {}
}
