package main

import (
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// usage is the most memory that a process ever had, in MB, and what it wrote to the disk, in kB.
func usage(ended *os.ProcessState) (resident, written float64) {
	if used, ok := ended.SysUsage().(*syscall.Rusage); ok {
		return megabytes(float64(used.Maxrss)), float64(used.Oublock) * 512 / 1000
	}
	return 0, 0
}

// processorTime is what a process has used so far, in all its threads, those that ended included.
func processorTime(pid int) (time.Duration, error) {
	const scheduled = 2                 // CPUCLOCK_SCHED of the kernel
	clock := int32(^pid)<<3 | scheduled //nolint:gosec // a process id
	var at unix.Timespec
	err := unix.ClockGettime(clock, &at)
	return time.Duration(at.Nano()), err
}
