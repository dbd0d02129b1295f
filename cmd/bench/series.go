package main

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
)

// results is everything that one run measured: series of one value a round, in the order
// of first measuring, and what is said of the machine and the data.
type results struct {
	about [][2]string
	names []string
	kept  map[string]*series
}

// series is what was measured of one thing.
type series struct {
	unit   string
	values []float64
}

func (r *results) say(key, value string) { r.about = append(r.about, [2]string{key, value}) }

func (r *results) add(name, unit string, values ...float64) {
	if r.kept == nil {
		r.kept = map[string]*series{}
	}
	s := r.kept[name]
	if s == nil {
		s = &series{unit: unit}
		r.kept[name], r.names = s, append(r.names, name)
	}
	s.values = append(s.values, values...)
}

// median is that of a series, NaN where it was not measured.
func (r *results) median(name string) float64 {
	if s := r.kept[name]; s != nil {
		return quantile(s.values, 0.5)
	}
	return math.NaN()
}

func (r *results) unit(name string) string {
	if s := r.kept[name]; s != nil {
		return s.unit
	}
	return ""
}

// quantile is the value below which a share of the values lies.
func quantile(values []float64, share float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	at := share * float64(len(sorted)-1)
	low := int(at)
	high := min(low+1, len(sorted)-1)
	return sorted[low] + (at-float64(low))*(sorted[high]-sorted[low])
}

func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

const benchmarkPrefix = "Benchmark"

// write writes the format that benchstat reads: a line for each value.
func (r *results) write(to io.Writer) error {
	w := bufio.NewWriter(to)
	for _, line := range r.about {
		fmt.Fprintf(w, "%s: %s\n", line[0], line[1])
	}
	fmt.Fprintln(w)
	for _, name := range r.names {
		s := r.kept[name]
		for _, v := range s.values {
			fmt.Fprintf(w, "%s%s 1 %s %s\n", benchmarkPrefix, name, strconv.FormatFloat(v, 'g', -1, 64), s.unit)
		}
	}
	return w.Flush()
}

// readResults reads what write wrote.
func readResults(from io.Reader) (*results, error) {
	r := &results{}
	lines := bufio.NewScanner(from)
	for lines.Scan() {
		line := lines.Text()
		name, measured := strings.CutPrefix(line, benchmarkPrefix)
		if !measured {
			if key, value, ok := strings.Cut(line, ": "); ok {
				r.say(key, value)
			}
			continue
		}
		fields := strings.Fields(name)
		if len(fields) != 4 {
			return nil, fmt.Errorf("reading measurements: %q is not one", line)
		}
		value, err := strconv.ParseFloat(fields[2], 64)
		if err != nil {
			return nil, fmt.Errorf("reading measurements: %q: %w", line, err)
		}
		r.add(fields[0], fields[3], value)
	}
	return r, lines.Err()
}
