package main

import (
	"os"
	"runtime/debug"
)

// A memory budget is what serve may take of the machine, in MB. What is kept of what was
// read and the collector's settings follow from it.
const (
	defaultMemory = 150
	leastMemory   = 64
	megabyte      = 1_000_000
	// besideHeap is what stands beside Go's memory, whatever the budget: the pages of nine
	// connections to SQLite, which the collector does not see, and the program itself.
	besideHeap = 64
	// heapGrowth is how far, in percent of what is live, the heap grows before it is
	// collected, until the limit is near (docs/running.md).
	heapGrowth = 200
)

// memoryForReads is how many bytes are kept in memory of what was read.
func memoryForReads(budget int) uint64 { return uint64(max(budget, leastMemory)) * megabyte / 5 } //nolint:gosec // positive

// memoryLimit is above which number of bytes the collector works harder.
// A small budget is shared by halves.
func memoryLimit(budget int) int64 {
	budget = max(budget, leastMemory)
	return int64(max(budget-besideHeap, budget/2)) * megabyte
}

// limitMemory sets the collector by a budget, but for what the environment sets.
func limitMemory(budget int) {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit(budget))
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(heapGrowth)
	}
}
