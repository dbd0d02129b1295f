//go:build !linux

package main

import (
	"errors"
	"os"
	"time"
)

// usage is known on Linux alone.
func usage(*os.ProcessState) (resident, written float64) { return 0, 0 }

// processorTime is known on Linux alone.
func processorTime(int) (time.Duration, error) {
	return 0, errors.New("the processor time of another process is read on Linux only")
}

// familyTime is known on Linux alone.
func familyTime(pid int) (time.Duration, error) { return processorTime(pid) }
