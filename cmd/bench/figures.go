package main

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// figure is one line of the table: a series, or two of them in the same run.
type figure struct {
	id, what    string
	of, against string // series
	how         how
	bound       bound
	bar         float64
	limit       string // what forbids the bar, where it is missed
}

// how a figure comes of its series.
type how int

const (
	median     how = iota // over that of the baseline, where there is one
	difference            // what a series takes beyond its baseline
	farthest              // of all series whose names begin so
)

// bound says how a figure is held to its bar.
type bound int

const (
	printed bound = iota // to none
	atMost
	atLeast
)

// value is the figure as a run has it.
func (f figure) value(r *results) float64 {
	switch {
	case f.how == farthest:
		return r.farthest(f.of)
	case f.how == difference:
		return r.median(f.of) - r.median(f.against)
	case f.against == "":
		return r.median(f.of)
	}
	return r.median(f.of) / r.median(f.against)
}

// farthest is, of series that would be 0.5 by chance, the mean that is farthest from it,
// told as above 0.5.
func (r *results) farthest(prefix string) float64 {
	most := math.NaN()
	for _, name := range r.names {
		if strings.HasPrefix(name, prefix) {
			if away := math.Abs(mean(r.kept[name].values)-0.5) + 0.5; !(away <= most) {
				most = away
			}
		}
	}
	return most
}

// figures is every line of the table, in its order.
var figures = []figure{
	{id: "P1", what: "crisis plan by NHS number, 64 connections", of: "P1/gateway/64", against: "P1/static/64", bound: atMost, bar: 3, limit: limitRecord},
	{what: "the same, 8 connections", of: "P1/gateway/8", against: "P1/static/8"},
	{what: "the same, a fresh token for each request", of: "P1/fresh/64", against: "P1/static/64"},
	{what: "the same, each person once after a start", of: "P1/cold/64", against: "P1/cold-static/64"},
	{what: "requests a second, 64 connections", of: "P1/gateway-rate/64", against: "P1/static-rate/64"},
	{id: "P2", what: "crisis plan on PostgreSQL and Redis; one indexed SELECT, 64 connections", of: "P2/gateway/64", against: "P2/select/64", bound: atLeast, bar: 0.5, limit: limitCommit},
	{what: "the same, 8 connections", of: "P2/gateway/8", against: "P2/select/8"},
	{id: "P3a", what: "consent, from memory", of: "P3a/warm/64", against: "P3a/bare/64", bound: atMost, bar: 1.3},
	{what: "consent, with nothing in memory", of: "P3a/cold/64", against: "P3a/bare/64", bound: atMost, bar: 1.3, limit: limitCold},
	{id: "P3b", what: "the durable record, 1 connection", of: "P1/gateway/1", against: "P3b/unrecorded/1", how: difference},
	{what: "the durable record, 8 connections", of: "P1/gateway/8", against: "P3b/unrecorded/8", how: difference},
	{what: "the durable record, 64 connections", of: "P1/gateway/64", against: "P3a/warm/64", how: difference},
	{id: "P4", what: "p50 at 8 connections; two fsyncs + 1 ms", of: "P4/p50", against: "P4/two-fsyncs-and-1ms", bound: atMost, bar: 1, limit: limitDisk},
	{what: "p99 at 8 connections; p50", of: "P4/p99", against: "P4/p50", bound: atMost, bar: 5, limit: limitShared},
	{id: "P5", what: "p50, the same people in a store ten times as large", of: "P5/large-p50", against: "P5/small-p50", bound: atMost, bar: 1.5, limit: limitShared},
	{what: "p99, the same people in a store ten times as large", of: "P5/large-p99", against: "P5/small-p99", bound: atMost, bar: 2, limit: limitShared},
	{what: "p50, evenly over all, each once after a start", of: "P5/large-cold-p50", against: "P5/small-cold-p50", bound: atMost, bar: 1.5, limit: limitShared},
	{what: "p99, evenly over all, each once after a start", of: "P5/large-cold-p99", against: "P5/small-cold-p99", bound: atMost, bar: 2, limit: limitShared},
	{id: "P6", what: "consent.Decide", of: "P6/decide", bound: atMost, bar: 1000},
	{what: "consent.Decide, allocations", of: "P6/allocations", bound: atMost, bar: 0},
	{id: "P7a", what: "MHSDS rows to FHIR by maps, with keyed ids; encoding/csv", of: "P7a/map", against: "P7/csv", bound: atLeast, bar: 0.25, limit: limitBytes},
	{id: "P7b", what: "MHSDS rows read, judged, joined and mapped; encoding/csv", of: "P7b/all", against: "P7/csv", bound: atLeast, bar: 0.1, limit: limitRows},
	{what: "of each row: reading it", of: "P7/stage/read"},
	{what: "of each row: its rules, and what belongs together", of: "P7/stage/join"},
	{what: "of each row: maps, ids and bytes", of: "P7/stage/map"},
	{id: "P8", what: "import, end to end; bare batched inserts", of: "P8/import", against: "P8/bare", bound: atLeast, bar: 0.4, limit: limitImport},
	{what: "import of everybody; of a part of them", of: "P8/everybody", against: "P8/import"},
	{id: "P9", what: "checking a plan against its profile; encoding/json", of: "P9/check", against: "P9/json", bound: atMost, bar: 5},
	{id: "P11", what: "p99 from a change to its notification, 1,000 subscriptions", of: "P11/p99", bound: atMost, bar: 250, limit: limitTelling},
	{what: "the same, p50", of: "P11/p50"},
	{what: "notifications that did not come", of: "P11/lost", bound: atMost, bar: 0},
	{what: "notifications after a withdrawal", of: "P11/withdrawn", bound: atMost, bar: 0},
	{id: "P12", what: "memory of serve, 64 connections", of: "P12/resident", bound: atMost, bar: 150},
	{what: "the same, after many different people were asked for", of: "P12/many-resident", bound: atMost, bar: 150},
	{id: "P13", what: "start to first answer", of: "P13/start", bound: atMost, bar: 1000},
	{id: "P14", what: "two gateways on one PostgreSQL; one", of: "P14/two", against: "P14/one"},
	{what: "updates that two gateways lost", of: "P14/lost", bound: atMost, bar: 0},
	{what: "questions that two gateways decided differently", of: "P14/differ", bound: atMost, bar: 0},
	{id: "P15", what: "p95 at 8 connections during an import; alone", of: "P15/during", against: "P15/alone", bound: atMost, bar: 3, limit: limitCores},
	{what: "reads that failed during an import", of: "P15/failed", bound: atMost, bar: 0},
	{id: "P16", what: "telling hidden people apart by time, cold: AUC", of: "P16/cold/", how: farthest, bound: atMost, bar: 0.53, limit: limitTime},
	{what: "telling hidden people apart by time, warm: AUC", of: "P16/warm/", how: farthest, bound: atMost, bar: 0.53, limit: limitTime},
	{id: "P17", what: "database, a person; their stored JSON", of: "P17/database", against: "P17/json", bound: atMost, bar: 3, limit: limitIndex},
	{what: "database, a person; their source documents", of: "P17/database", against: "P17/source"},
	{id: "P18", what: "p50 of an edit of a plan by PUT; a bare UPDATE, committed", of: "P18/put", against: "P18/update"},
	{what: "the same, processor time", of: "P18/put-processor", against: "P18/update-processor"},
}

// What forbids a bar, said where it is missed.
const (
	limitRecord  = "each answer waits for its own entry in the audit log: a transaction, its B-trees and its share of an fsync, in SQLite compiled to Go"
	limitCommit  = "each answer waits for its entry in the audit log to be durable, one commit after the other for all gateways; the SELECT writes nothing, and both share the processors with the database and the client"
	limitCold    = "a person who is not in memory is read from six tables and each resource is parsed, where the baseline takes one row's bytes as they are"
	limitDisk    = "client and server share the machine, and a group waits for its turn on the processors as well as for the disk"
	limitImport  = "each of a person's resources is found by an id that nobody can guess, on a page of its own, and who reads meanwhile waits for milliseconds"
	limitBytes   = "a row becomes some hundred bytes of FHIR with two to four keyed ids, each a digest; encoding/csv makes nothing of it"
	limitRows    = "a row is held to some ten rules, laid beside the rows of its person, and mapped; the last takes half of the time"
	limitCores   = "the import is a process of its own, which competes for the same processors and for the lock on the database"
	limitTelling = "each notification is decided again and recorded durably before it leaves, and client and server share the machine"
	limitUnknown = "no limit is known; it is a defect"
	limitShared  = "latency is what other work on the machine leaves, the client's included: it swings more than the bar from round to round"
	limitTime    = "what is hidden takes nearly the same steps, not the same instructions"
	limitIndex   = "every version carries what it is found by, apart for each custodian and item"
)

// reached is whether a figure meets its bar.
func (f figure) reached(v float64) string {
	switch {
	case f.bound == printed || math.IsNaN(v):
		return ""
	case f.bound == atMost && v <= f.bar, f.bound == atLeast && v >= f.bar:
		return "met"
	}
	return notMet
}

const notMet = "not met"

// table is the results in lines for people, beside those of another run where there is one.
func table(r, last *results) string {
	lines := [][]string{{"", "figure", "baseline", "measured", "result", "bar", "", "last run"}, nil}
	missed := ""
	for _, f := range slices.Concat(figures, besideFigures(r)) {
		v := f.value(r)
		before := ""
		if last != nil {
			if v := f.value(last); !math.IsNaN(v) {
				before = f.result(r, v)
			}
		}
		lines = append(lines, []string{f.id, f.what, r.amount(f.against), r.amount(f.of), f.result(r, v), f.barText(r), f.reached(v), before})
		if f.reached(v) == notMet {
			missed += fmt.Sprintf("* %s: %s.\n", f.what, cmp.Or(f.limit, limitUnknown))
		}
	}
	if missed != "" {
		missed = "\nWhat forbids the bars that are not met:\n\n" + missed
	}
	return align(lines) + stageTable(r) + missed
}

// result is a figure's value in its own form.
func (f figure) result(r *results, v float64) string {
	switch {
	case math.IsNaN(v):
		return "-"
	case f.how == farthest:
		return fmt.Sprintf("%.3f", v)
	case f.against == "" || f.how == difference:
		return amount(v, r.unit(f.of))
	}
	return fmt.Sprintf("%.2f times", v)
}

func (f figure) barText(r *results) string {
	words := map[bound]string{atMost: "at most ", atLeast: "at least "}[f.bound]
	if words == "" {
		return ""
	}
	return words + strings.TrimSuffix(f.result(r, f.bar), " times")
}

// amount is the median of a series with its unit.
func (r *results) amount(name string) string { return amount(r.median(name), r.unit(name)) }

// amount is a measurement with its unit, in three digits.
func amount(v float64, unit string) string {
	if math.IsNaN(v) {
		return ""
	}
	digits := 0
	for limit := 100.0; digits < 2 && math.Abs(v) < limit && v != math.Trunc(v); limit /= 10 {
		digits++
	}
	unit = strings.TrimPrefix(strings.TrimSuffix(unit, "/op"), "cpu-")
	return strings.TrimSpace(fmt.Sprintf("%.*f %s", digits, v, strings.ReplaceAll(unit, "us", "µs")))
}

// align writes Markdown that is a table for the eye as well; the line without cells is the rule.
func align(lines [][]string) string {
	widths := make([]int, len(lines[0]))
	for _, cells := range lines {
		for i, c := range cells {
			widths[i] = max(widths[i], utf8.RuneCountInString(c))
		}
	}
	var out strings.Builder
	for _, cells := range lines {
		for i, width := range widths {
			cell := strings.Repeat("-", width)
			if cells != nil {
				cell = cells[i] + strings.Repeat(" ", width-utf8.RuneCountInString(cells[i]))
			}
			out.WriteString("| " + cell + " ")
		}
		out.WriteString("|\n")
	}
	return out.String()
}
