package main

import (
	"math"
	"runtime/debug"
	"testing"
)

// What is kept, what the collector holds to and what SQLite needs beside it fit into the budget.
func TestTheCollectorFollowsTheBudget(t *testing.T) {
	for budget, want := range map[int]int64{0: 32_000_000, 64: 32_000_000, 150: 86_000_000, 600: 536_000_000} {
		if got := memoryLimit(budget); got != want {
			t.Errorf("a budget of %d MB: a limit of %d, want %d", budget, got, want)
		}
		if reads := int64(memoryForReads(budget)); reads*2 > memoryLimit(budget) {
			t.Errorf("a budget of %d MB: %d bytes for what was read leave the collector no room", budget, reads)
		}
	}
	percent, limit := debug.SetGCPercent(-1), debug.SetMemoryLimit(math.MaxInt64)
	defer func() { debug.SetGCPercent(percent); debug.SetMemoryLimit(limit) }()
	t.Setenv("GOGC", "")
	t.Setenv("GOMEMLIMIT", "")
	limitMemory(defaultMemory)
	if limit, percent := debug.SetMemoryLimit(-1), debug.SetGCPercent(100); limit != 86_000_000 || percent != heapGrowth {
		t.Errorf("a limit of %d and %d percent", limit, percent)
	}
	t.Setenv("GOGC", "50")
	t.Setenv("GOMEMLIMIT", "1GiB")
	debug.SetMemoryLimit(1 << 30)
	limitMemory(defaultMemory)
	if limit, percent := debug.SetMemoryLimit(-1), debug.SetGCPercent(100); limit != 1<<30 || percent != 100 {
		t.Errorf("over the environment: a limit of %d and %d percent", limit, percent)
	}
}

// TestTheMemoryOfAnImportHasABound, unless somebody has chosen one.
func TestTheMemoryOfAnImportHasABound(t *testing.T) {
	limit := func() int64 {
		defer boundMemory()()
		return debug.SetMemoryLimit(-1)
	}
	before := debug.SetMemoryLimit(math.MaxInt64)
	defer debug.SetMemoryLimit(before)
	if bound := limit(); bound != importMemory {
		t.Errorf("an import is held to %d bytes", bound)
	}
	debug.SetMemoryLimit(1 << 30)
	if chosen := limit(); chosen != 1<<30 {
		t.Errorf("the limit of the environment became %d", chosen)
	}
}
