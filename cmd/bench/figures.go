package main

import (
	"cmp"
	"fmt"
	"math"
	"strings"
	"unicode/utf8"
)

// figure is one line of the table: a series, or two of them in the same run.
type figure struct {
	id, what    string
	of, against string // series; of is a prefix for farthest
	come        func(r *results, f figure) float64
	bound       bound
	bar         float64
	limit       string // what forbids the bar, where it is missed
	form        form
}

// form is how a figure with a baseline is written.
type form int

const (
	asRatio form = iota
	inUnit       // of its series
)

// bound says how a figure is held to its bar.
type bound int

const (
	printed bound = iota // to none
	atMost
	atLeast
)

// ratio is the median of a series over that of its baseline.
func ratio(r *results, f figure) float64 { return r.median(f.of) / r.median(f.against) }

// value is the median of a series.
func value(r *results, f figure) float64 { return r.median(f.of) }

// difference is what a series takes beyond its baseline.
func difference(r *results, f figure) float64 { return r.median(f.of) - r.median(f.against) }

// farthest is, of series that would be 0.5 by chance, the mean that is farthest from it,
// told as above 0.5.
func farthest(r *results, f figure) float64 {
	most := math.NaN()
	for _, name := range r.names {
		if strings.HasPrefix(name, f.of) {
			if away := math.Abs(mean(r.kept[name].values)-0.5) + 0.5; !(away <= most) {
				most = away
			}
		}
	}
	return most
}

// figures is every line of the table, in its order.
var figures = []figure{
	{id: "P1", what: "crisis plan by NHS number, 64 connections", of: "P1/gateway/64", against: "P1/static/64", come: ratio, bound: atMost, bar: 3, limit: limitRecord},
	{id: "", what: "the same, 8 connections", of: "P1/gateway/8", against: "P1/static/8", come: ratio},
	{id: "", what: "the same, a fresh token for each request", of: "P1/fresh/64", against: "P1/static/64", come: ratio},
	{id: "", what: "the same, each person once after a start", of: "P1/cold/64", against: "P1/cold-static/64", come: ratio},
	{id: "", what: "requests a second, 64 connections", of: "P1/gateway-rate/64", against: "P1/static-rate/64", come: ratio},
	{id: "P2", what: "crisis plan on PostgreSQL and Redis; one indexed SELECT, 64 connections", of: "P2/gateway/64", against: "P2/select/64", come: ratio, bound: atLeast, bar: 0.5, limit: limitCommit},
	{id: "", what: "the same, 8 connections", of: "P2/gateway/8", against: "P2/select/8", come: ratio},
	{id: "P3a", what: "consent, from memory", of: "P3a/warm/64", against: "P3a/bare/64", come: ratio, bound: atMost, bar: 1.3},
	{id: "", what: "consent, with nothing in memory", of: "P3a/cold/64", against: "P3a/bare/64", come: ratio, bound: atMost, bar: 1.3, limit: limitCold},
	{id: "P3b", what: "the durable record, 1 connection", of: "P1/gateway/1", against: "P3b/unrecorded/1", come: difference, form: inUnit},
	{id: "", what: "the durable record, 8 connections", of: "P1/gateway/8", against: "P3b/unrecorded/8", come: difference, form: inUnit},
	{id: "", what: "the durable record, 64 connections", of: "P1/gateway/64", against: "P3a/warm/64", come: difference, form: inUnit},
	{id: "P4", what: "p50 at 8 connections; two fsyncs + 1 ms", of: "P4/p50", against: "P4/two-fsyncs-and-1ms", come: ratio, bound: atMost, bar: 1, limit: limitDisk},
	{id: "", what: "p99 at 8 connections; p50", of: "P4/p99", against: "P4/p50", come: ratio, bound: atMost, bar: 5, limit: limitShared},
	{id: "P5", what: "p50, the same people in a store ten times as large", of: "P5/large-p50", against: "P5/small-p50", come: ratio, bound: atMost, bar: 1.5, limit: limitShared},
	{id: "", what: "p99, the same people in a store ten times as large", of: "P5/large-p99", against: "P5/small-p99", come: ratio, bound: atMost, bar: 2, limit: limitShared},
	{id: "", what: "p50, evenly over all, each once after a start", of: "P5/large-cold-p50", against: "P5/small-cold-p50", come: ratio, bound: atMost, bar: 1.5, limit: limitShared},
	{id: "", what: "p99, evenly over all, each once after a start", of: "P5/large-cold-p99", against: "P5/small-cold-p99", come: ratio, bound: atMost, bar: 2, limit: limitShared},
	{id: "P6", what: "consent.Decide", of: "P6/decide", come: value, bound: atMost, bar: 1000},
	{id: "", what: "consent.Decide, allocations", of: "P6/allocations", come: value, bound: atMost, bar: 0},
	{id: "P7a", what: "MHSDS rows to FHIR by maps, with keyed ids; encoding/csv", of: "P7a/map", against: "P7/csv", come: ratio, bound: atLeast, bar: 0.25, limit: limitBytes},
	{id: "P7b", what: "MHSDS rows read, judged, joined and mapped; encoding/csv", of: "P7b/all", against: "P7/csv", come: ratio, bound: atLeast, bar: 0.1, limit: limitRows},
	{id: "", what: "of each row: reading it", of: "P7/stage/read", come: value},
	{id: "", what: "of each row: its rules, and what belongs together", of: "P7/stage/join", come: value},
	{id: "", what: "of each row: maps, ids and bytes", of: "P7/stage/map", come: value},
	{id: "P8", what: "import, end to end; bare batched inserts", of: "P8/import", against: "P8/bare", come: ratio, bound: atLeast, bar: 0.4, limit: limitImport},
	{id: "", what: "import of everybody; of a part of them", of: "P8/everybody", against: "P8/import", come: ratio},
	{id: "P9", what: "checking a plan against its profile; encoding/json", of: "P9/check", against: "P9/json", come: ratio, bound: atMost, bar: 5},
	{id: "P11", what: "p99 from a change to its notification, 1,000 subscriptions", of: "P11/p99", come: value, bound: atMost, bar: 250, limit: limitTelling},
	{id: "", what: "the same, p50", of: "P11/p50", come: value},
	{id: "", what: "notifications that did not come", of: "P11/lost", come: value, bound: atMost, bar: 0},
	{id: "", what: "notifications after a withdrawal", of: "P11/withdrawn", come: value, bound: atMost, bar: 0},
	{id: "P12", what: "memory of serve, 64 connections", of: "P12/resident", come: value, bound: atMost, bar: 150},
	{id: "P13", what: "start to first answer", of: "P13/start", come: value, bound: atMost, bar: 1000},
	{id: "P14", what: "two gateways on one PostgreSQL; one", of: "P14/two", against: "P14/one", come: ratio},
	{id: "", what: "updates that two gateways lost", of: "P14/lost", come: value, bound: atMost, bar: 0},
	{id: "", what: "questions that two gateways decided differently", of: "P14/differ", come: value, bound: atMost, bar: 0},
	{id: "P15", what: "p95 at 8 connections during an import; alone", of: "P15/during", against: "P15/alone", come: ratio, bound: atMost, bar: 3, limit: limitCores},
	{id: "", what: "reads that failed during an import", of: "P15/failed", come: value, bound: atMost, bar: 0},
	{id: "P16", what: "telling hidden people apart by time, cold: AUC", of: "P16/cold/", come: farthest, bound: atMost, bar: 0.53, limit: limitTime},
	{id: "", what: "telling hidden people apart by time, warm: AUC", of: "P16/warm/", come: farthest, bound: atMost, bar: 0.53, limit: limitTime},
	{id: "P17", what: "database, a person; their stored JSON", of: "P17/database", against: "P17/json", come: ratio, bound: atMost, bar: 3, limit: limitIndex},
	{id: "", what: "database, a person; their source documents", of: "P17/database", against: "P17/source", come: ratio},
	{id: "P18", what: "p50 of an edit of a plan by PUT; a bare UPDATE, committed", of: "P18/put", against: "P18/update", come: ratio},
	{id: "", what: "the same, processor time", of: "P18/put-processor", against: "P18/update-processor", come: ratio},
}

// What forbids a bar, said where it is missed.
const (
	limitRecord  = "each answer waits for its own entry in the audit log: a transaction, its B-trees and its share of an fsync, in SQLite compiled to Go"
	limitCommit  = "each answer waits for its entry in the audit log to be durable, one commit after the other for all gateways; the SELECT writes nothing, and both share the processors with the database and the client"
	limitCold    = "a person who is not in memory is read from six tables and each resource is parsed, where the baseline takes one row's bytes as they are"
	limitDisk    = "client and server share the machine, and a group waits for its turn on the processors as well as for the disk"
	limitImport  = "reading the plan, checking it and working out what it is found by takes as long as the inserts"
	limitBytes   = "a row becomes some hundred bytes of FHIR with two to four keyed ids, each a digest; encoding/csv makes nothing of it"
	limitRows    = "a row is held to some ten rules, laid beside the rows of its person, and mapped; the last takes half of the time"
	limitCores   = "the import is a process of its own, which competes for the same processors and for the lock on the database"
	limitTelling = "each notification is decided again and recorded durably before it leaves, and client and server share the machine"
	limitUnknown = "no limit is known; it is a defect"
	limitShared  = "latency is what other work on the machine leaves, the client's included: it swings more than the bar from round to round"
	limitTime    = "what is hidden takes nearly the same steps, not the same instructions"
	limitIndex   = "every version carries what it is found by, apart for each custodian and item"
)

// line is a figure as a run has it.
type line struct{ cells []string }

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
	lines := []line{{[]string{"", "figure", "baseline", "measured", "result", "bar", "", "last run"}}, {}}
	missed := ""
	for _, f := range figures {
		v := f.come(r, f)
		before := ""
		if last != nil {
			if v := f.come(last, f); !math.IsNaN(v) {
				before = f.result(r, v)
			}
		}
		lines = append(lines, line{[]string{f.id, f.what, amount(r.median(f.against), r.unit(f.against)), amount(r.median(f.of), r.unit(f.of)), f.result(r, v), f.barText(r), f.reached(v), before}})
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
	case f.against == "" && strings.HasSuffix(f.of, "/"):
		return fmt.Sprintf("%.3f", v)
	case f.against == "" || f.form == inUnit:
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
func align(lines []line) string {
	widths := make([]int, len(lines[0].cells))
	for _, l := range lines {
		for i, c := range l.cells {
			widths[i] = max(widths[i], utf8.RuneCountInString(c))
		}
	}
	var out strings.Builder
	for _, l := range lines {
		for i, width := range widths {
			cell := strings.Repeat("-", width)
			if l.cells != nil {
				cell = l.cells[i] + strings.Repeat(" ", width-utf8.RuneCountInString(l.cells[i]))
			}
			out.WriteString("| " + cell + " ")
		}
		out.WriteString("|\n")
	}
	return out.String()
}
