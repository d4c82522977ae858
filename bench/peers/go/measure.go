package main

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"
)

// report is what is said of a case, as one line of JSON.
type report map[string]any

// moment is the processor time that the process has taken until a time.
type moment struct {
	user, system time.Duration
	at           time.Time
}

func now() moment {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		fail("getrusage: %v", err)
	}
	return moment{time.Duration(usage.Utime.Nano()), time.Duration(usage.Stime.Nano()), time.Now()}
}

// since reports so many operations, which have been done since the moment.
func (begin moment) since(operations int64) report {
	end := now()
	user := end.user - begin.user
	return report{
		"operations": operations,
		"cpu_us":     (user + end.system - begin.system).Microseconds(),
		"user_us":    user.Microseconds(),
		"wall_us":    end.at.Sub(begin.at).Microseconds(),
		"peak_kb":    peakKB(),
	}
}

// The ru_maxrss of getrusage has in it what the process was before it became this program.
func peakKB() int64 {
	text, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(text)) {
		var peak int64
		if _, err := fmt.Sscanf(line, "VmHWM: %d", &peak); err == nil {
			return peak
		}
	}
	return 0
}
