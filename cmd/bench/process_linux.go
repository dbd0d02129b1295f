package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
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

// familyTime is what a process has used so far with all that it started, those that ended
// included: in whole ticks, so for long stretches only.
func familyTime(pid int) (total time.Duration, err error) {
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid)) // which is well formed
	for _, thread := range threads {
		children, _ := os.ReadFile(thread) // of a thread that has ended there is nothing
		for child := range strings.FieldsSeq(string(children)) {
			pid, _ := strconv.Atoi(child)
			used, _ := familyTime(pid) // what has ended meanwhile counts in its parent's time, which is read after it
			total += used
		}
	}
	const utime, cstime, tick = 11, 14, 10 * time.Millisecond // the first and last of four (proc(5)), counted from the state
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:])) // a name may hold spaces
	for _, field := range fields[utime : cstime+1] {
		ticks, failed := strconv.Atoi(field)
		total, err = total+time.Duration(ticks)*tick, errors.Join(err, failed)
	}
	return total, err
}
