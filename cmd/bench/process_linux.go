package main

import (
	"time"

	"golang.org/x/sys/unix"
)

// processorTime is what a process has used so far, in all its threads, those that ended included.
func processorTime(pid int) (time.Duration, error) {
	const scheduled = 2                 // CPUCLOCK_SCHED of the kernel
	clock := int32(^pid)<<3 | scheduled //nolint:gosec // a process id
	var at unix.Timespec
	err := unix.ClockGettime(clock, &at)
	return time.Duration(at.Nano()), err
}
