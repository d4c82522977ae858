package main

import (
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

type arguments map[string]string

func readArguments(words []string) arguments {
	given := arguments{}
	for _, word := range words {
		key, value, found := strings.Cut(word, "=")
		if !found {
			fail("%s is not key=value", word)
		}
		given[key] = value
	}
	return given
}

// text is that of a key; without a fallback it has to be there.
func (given arguments) text(key, fallback string) string {
	value, found := given[key]
	if !found {
		value = fallback
	}
	if value == "" {
		fail("%s= is missing", key)
	}
	return value
}

func (given arguments) number(key string, fallback int64) int64 {
	value, found := given[key]
	if !found {
		return fallback
	}
	number, err := strconv.ParseInt(value, 10, 64)
	if err != nil || number < 0 {
		fail("%s=%s is no number", key, value)
	}
	return number
}

// alive is counted up whenever etcd has answered.
var alive atomic.Int64

// startGuard ends the program, by fail or decline, when nothing comes for timeout= seconds.
func startGuard(given arguments, end func(format string, values ...any)) {
	patience := given.number("timeout", 20) + given.number("seconds", 0)
	go func() {
		seen, silent := int64(-1), int64(0)
		for range time.Tick(time.Second) {
			silent++
			if now := alive.Load(); now != seen {
				seen, silent = now, 0
			}
			if silent >= patience {
				end("nothing has come for %d seconds", patience)
			}
		}
	}()
}
