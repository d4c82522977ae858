// go-bench measures the Go package github.com/Scalingo/etcd-discovery/v8, used as its users use it. It speaks v2 alone.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"syscall"
)

const module = "github.com/Scalingo/etcd-discovery/v8"

var cases = map[string]func(arguments) report{
	"heartbeat": heartbeat,
	"latency":   latency,
	"lookup":    lookup,
	"watch":     watch,
}

func main() {
	if len(os.Args) < 2 {
		fail("usage: %s CASE [key=value ...]", os.Args[0])
	}
	name := os.Args[1]
	if name == "about" {
		say(report{"about": about()})
		return
	}
	measured, found := cases[name]
	if !found {
		decline("the case %s is not done by this program", name)
	}
	given := readArguments(os.Args[2:])
	if given.text("api", "v2") != "v2" {
		decline("the Go package has no v3")
	}
	settle(given)
	startGuard(given, onSilence(name))
	say(measured(given))
}

// onSilence is how the program ends when nothing comes any more. The package may not get very many hosts into etcd, or
// not keep them there: that is then declined, if etcd has taken any.
func onSilence(name string) func(format string, values ...any) {
	return func(format string, values ...any) {
		if name == "heartbeat" && alive.Load() > 0 {
			decline(format, values...)
		}
		fail(format, values...)
	}
}

// standIn says whether the package is not the real one.
func standIn() bool {
	for _, dependency := range dependencies() {
		if dependency.Path == module {
			return dependency.Replace != nil
		}
	}
	return false
}

func dependencies() []*debug.Module {
	information, ok := debug.ReadBuildInfo()
	if !ok {
		fail("the program does not know what it is built of")
	}
	return information.Deps
}

func about() string {
	text := runtime.Version()
	for _, dependency := range dependencies() {
		switch {
		case dependency.Path == module && dependency.Replace != nil:
			text += ", a stand-in for " + module
		case dependency.Path == module, dependency.Path == "go.etcd.io/etcd/client/v2":
			text += ", " + dependency.Path + " " + dependency.Version
		}
	}
	return text
}

// settle puts into the environment what the package reads there. It may read when it is loaded, so this process begins
// anew with it.
func settle(given arguments) {
	endpoint := given.text("url", "")
	if os.Getenv("ETCD_HOSTS") == endpoint {
		return
	}
	wanted := map[string]string{"ETCD_HOSTS": endpoint, "HOSTNAME": "node.internal.example"}
	for key, name := range map[string]string{"ca": "ETCD_CACERT", "cert": "ETCD_TLS_CERT", "key": "ETCD_TLS_KEY"} {
		if file, found := given[key]; found {
			if standIn() {
				decline("the stand-in for the Go package has no TLS")
			}
			wanted[name] = file
		}
	}
	for name, value := range wanted {
		if err := os.Setenv(name, value); err != nil {
			fail("the environment: %v", err)
		}
	}
	program, err := os.Executable()
	if err == nil {
		err = syscall.Exec(program, os.Args, os.Environ())
	}
	fail("beginning anew: %v", err)
}

func say(said report) {
	line, err := json.Marshal(said)
	if err == nil {
		_, err = fmt.Println(string(line))
	}
	if err != nil {
		fail("stdout cannot be written: %v", err)
	}
}

func fail(format string, values ...any) {
	leave(1, format, values...)
}

// decline is for what this program does not do.
func decline(format string, values ...any) {
	leave(77, format, values...)
}

func leave(status int, format string, values ...any) {
	fmt.Fprintf(os.Stderr, "go-bench: "+format+"\n", values...)
	os.Exit(status)
}
