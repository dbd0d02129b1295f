package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime/pprof"
	"strings"

	"github.com/google/pprof/profile"

	"cpagateway/gateway/audit"
	"cpagateway/gateway/benchdata"
	"cpagateway/gateway/store"
	"cpagateway/gateway/store/relational"
)

// stage is a part of the gateway's work, told by the functions that do it.
type stage struct {
	name, what string
	functions  []string // what their names begin with
}

// stages are looked through in this order for each function of a stack, from the innermost
// outwards: time is that of the first function that belongs to any. The last two are the
// runtime's own, which serves the others as well.
var stages = []stage{
	{"database", "the record: SQLite, and the driver's share", []string{"modernc.org/", "database/sql", "cpagateway/gateway/store"}},
	{"audit", "the record: making entries, hashing and signing them", []string{"cpagateway/gateway/audit"}},
	{"token", "who asks: the token, its signature where it is new", []string{"cpagateway/gateway/identity", "github.com/go-jose", "github.com/coreos/go-oidc"}},
	{"hot", "rates, and tokens used before", []string{"cpagateway/gateway/hot"}},
	{"cache", "memory: finding what is kept, proving it fresh", []string{"cpagateway/gateway/cache", "cpagateway/gateway/records", "github.com/maypok86/otter"}},
	{"disclosure", "the copies: projection by the allow-list", []string{"cpagateway/consent/disclosure"}},
	{"decision", "deciding", []string{"cpagateway/consent"}},
	{"telling", "telling operators: log line, counters, durations", []string{"log/slog", "go.opentelemetry.io/"}},
	{"road", "the road: putting the answer together, its headers", []string{"cpagateway/gateway/road", "cpagateway/profiles"}},
	{"parsing", "reading what is asked", []string{"cpagateway/gateway"}},
	{"http", "HTTP, Gin and the network", []string{"net/http", "github.com/gin-gonic/gin", "net.", "bufio.", "internal/poll"}},
	{"collector", "the garbage collector", []string{"runtime.gc", "runtime.bgsweep", "runtime.bgscavenge"}},
	{"runtime", "the scheduler, and the rest", []string{""}},
}

// stageOf is whose time a sample is.
func stageOf(sample *profile.Sample) string {
	for _, known := range [][]stage{stages[:len(stages)-2], stages[len(stages)-2:]} {
		for _, at := range sample.Location {
			for _, line := range at.Line {
				for _, s := range known {
					for _, begins := range s.functions {
						if begins != "" && strings.HasPrefix(line.Function.Name, begins) {
							return s.name
						}
					}
				}
			}
		}
	}
	return stages[len(stages)-1].name
}

// spent is the processor time of each stage, in µs.
func spent(p *profile.Profile) map[string]float64 {
	took := map[string]float64{}
	for _, sample := range p.Sample {
		took[stageOf(sample)] += float64(sample.Value[len(sample.Value)-1]) / 1000
	}
	return took
}

const stageSeries = "stages/"

// whereTimeGoes profiles warm crisis reads at 64 connections.
func (b *bench) whereTimeGoes(s *site) error {
	file := filepath.Join(b.folder, "profile")
	people := benchdata.Having(benchdata.Shares, s.people, askedEvenly)
	return b.each(func(int) error {
		gateway, err := b.play(roleProfiled, s.data, b.tokens.addr, fmt.Sprint(memory), file)
		if err != nil {
			return err
		}
		if err := b.warmUp(people, gateway); err != nil {
			return err
		}
		if _, err := gateway.send(call{method: http.MethodPost, path: profileBegins}); err != nil {
			return err
		}
		r, err := gateway.steady(mostConnections, b.requests, crisisReads(people))
		if err != nil {
			return err
		}
		if _, err := gateway.send(call{method: http.MethodPost, path: profileEnds}); err != nil {
			return err
		}
		return b.addStages(file, len(r.took))
	})
}

func (b *bench) addStages(file string, requests int) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	p, err := profile.Parse(f)
	if err != nil {
		return err
	}
	took := spent(p)
	for _, s := range stages {
		b.add(stageSeries+s.name, cpuUnit, took[s.name]/float64(requests))
	}
	return nil
}

const (
	profileBegins = "/profile/begin"
	profileEnds   = "/profile/end"
)

// profiled is the gateway, which profiles itself from one request to another.
func profiled(folder, issuer, memory, file string) (http.Handler, error) {
	gateway, err := assembled(folder, issuer, memory, func(kept *relational.Store) audit.Updater[store.Tx] { return kept })
	if err != nil {
		return nil, err
	}
	var to *os.File
	all := http.NewServeMux()
	all.Handle("/", gateway)
	all.HandleFunc("POST "+profileBegins, func(w http.ResponseWriter, _ *http.Request) {
		var err error
		if to, err = os.Create(file); err == nil {
			err = pprof.StartCPUProfile(to)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	all.HandleFunc("POST "+profileEnds, func(w http.ResponseWriter, _ *http.Request) {
		pprof.StopCPUProfile()
		if err := to.Close(); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	return all, nil
}

// stageTable is where each microsecond of a warm crisis read goes; empty where a run did
// not look.
func stageTable(r *results) string {
	total := 0.0
	for _, s := range stages {
		total += r.median(stageSeries + s.name)
	}
	if !(total > 0) {
		return ""
	}
	lines := [][]string{{"stage of a crisis read from memory, 64 connections", "processor time", "share"}, nil}
	for _, s := range stages {
		took := r.median(stageSeries + s.name)
		lines = append(lines, []string{s.what, amount(took, cpuUnit), fmt.Sprintf("%.0f %%", 100*took/total)})
	}
	lines = append(lines, []string{"together", amount(total, cpuUnit), "100 %"})
	return "\nWhere each microsecond goes:\n\n" + align(lines)
}
