package main

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"cpagateway/gateway/benchdata"
)

const (
	askedEvenly = 1000 // people who are asked for again and again
	fsyncs      = 40   // of one sample
	mostFresh   = 1000 // fresh tokens of one round
	strangers   = 128  // unknown people asked for to warm up: nothing is kept of them
)

// servers run side by side and are measured by turns.
type servers struct {
	static, gateway, bare, warm, cold *server
}

func (b *bench) open(s *site) (all servers, end func() error, err error) {
	var opened []*server
	end = func() (err error) {
		for _, o := range opened {
			err = errors.Join(err, o.stop())
		}
		return err
	}
	keep := func(to **server) func(*server, error) error {
		return func(started *server, err error) error {
			if err == nil {
				*to, opened = started, append(opened, started)
			}
			return err
		}
	}
	err = keep(&all.gateway)(b.serve(s))
	if err == nil {
		err = keep(&all.static)(b.staticOf(all.gateway))
	}
	if err == nil {
		err = keep(&all.bare)(b.play(roleBare, s.data))
	}
	if err == nil {
		err = keep(&all.warm)(b.unrecorded(s, memory))
	}
	if err == nil {
		err = keep(&all.cold)(b.unrecorded(s, 0))
	}
	if err != nil {
		err = errors.Join(err, end())
	}
	return all, end, err
}

// staticOf starts a server that answers what the gateway answered.
func (b *bench) staticOf(gateway *server) (*server, error) {
	first, err := b.firstQuestion()
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(b.ctx, http.MethodPost, gateway.base+search, strings.NewReader(first.form))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Authorization", "Bearer "+first.token)
	response, err := gateway.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(b.folder, "answer.json")
	if err := os.WriteFile(file, body, 0o600); err != nil {
		return nil, err
	}
	return b.play(roleStatic, file)
}

// crisisReads asks for the crisis plans of people in turn.
func (b *bench) crisisReads(people []int) (func(i int) question, error) {
	token, err := b.tokens.of(crisisTeam)
	return func(i int) question { return crisisPlan(token, people[i%len(people)]) }, err
}

// reads measures the crisis read against a static answer, and what of it is consent and
// what the record: P1, P3a, P3b, P4, P12.
func (b *bench) reads(s *site) error {
	all, end, err := b.open(s)
	if err != nil {
		return err
	}
	err = b.readsOf(all, benchdata.Having(benchdata.Shares, s.people, askedEvenly))
	return errors.Join(err, end())
}

func (b *bench) readsOf(all servers, people []int) error {
	ask, err := b.crisisReads(people)
	if err != nil {
		return err
	}
	for _, s := range []*server{all.static, all.gateway, all.bare, all.warm, all.cold} {
		if _, err := s.steady(mostConnections, max(b.requests/2, len(people)), ask); err != nil {
			return err
		}
	}
	return b.each(func(int) error {
		ask, err := b.crisisReads(people)
		if err != nil {
			return err
		}
		return errors.Join(b.roundAt(64, b.requests, ask, all), b.roundAt(8, b.requests, ask, all), b.roundAt(1, max(b.requests/4, 1), ask, all), b.freshTokens(all.gateway, people))
	})
}

// roundAt measures every server by turns from so many connections.
func (b *bench) roundAt(connections, requests int, ask func(int) question, all servers) error {
	named := func(name string) string { return fmt.Sprintf("%s/%d", name, connections) }
	static, err := all.static.steady(connections, requests, ask)
	if err != nil {
		return err
	}
	before, err := b.fsync()
	if err != nil {
		return err
	}
	gateway, err := all.gateway.steady(connections, requests, ask)
	if err != nil {
		return err
	}
	b.add(named("P1/static"), cpuUnit, static.perRequest())
	b.add(named("P1/gateway"), cpuUnit, gateway.perRequest())
	b.add(named("P1/static-rate"), "requests/s", static.rate())
	b.add(named("P1/gateway-rate"), "requests/s", gateway.rate())
	switch connections {
	case 8:
		if err := b.latencies(gateway, before); err != nil {
			return err
		}
		fallthrough
	case 1:
		return b.addUse(named("P3b/unrecorded"), all.warm, connections, requests, ask)
	}
	resident, err := all.gateway.mostResident()
	b.add("P12/resident", "MB", resident)
	return errors.Join(err, b.addUse(named("P3a/bare"), all.bare, connections, requests, ask),
		b.addUse(named("P3a/warm"), all.warm, connections, requests, ask), b.addUse(named("P3a/cold"), all.cold, connections, requests, ask))
}

const cpuUnit = "cpu-us/op"

// addUse measures the processor time of a server.
func (b *bench) addUse(name string, s *server, connections, requests int, ask func(int) question) error {
	r, err := s.steady(connections, requests, ask)
	if err == nil {
		b.add(name, cpuUnit, r.perRequest())
	}
	return err
}

// latencies keeps how long answers took beside how long the disk takes.
func (b *bench) latencies(r run, before float64) error {
	after, err := b.fsync()
	sync := (before + after) / 2
	b.add("P4/fsync", "ms", sync)
	b.add("P4/two-fsyncs-and-1ms", "ms", 2*sync+1)
	b.add("P4/p50", "ms", quantile(r.took, 0.5))
	b.add("P4/p99", "ms", quantile(r.took, 0.99))
	return err
}

// fsync is how long the disk of the data takes to keep 4 kB, in ms.
func (b *bench) fsync() (float64, error) {
	f, err := os.Create(filepath.Join(b.folder, "fsync"))
	if err != nil {
		return 0, err
	}
	defer f.Close()
	page, took := make([]byte, 4096), make([]float64, fsyncs)
	for i := range took {
		began := time.Now()
		if _, err := f.Write(page); err != nil {
			return 0, err
		}
		if err := f.Sync(); err != nil {
			return 0, err
		}
		took[i] = milliseconds(time.Since(began))
	}
	return quantile(took, 0.5), nil
}

// freshTokens measures requests whose token was never seen before.
func (b *bench) freshTokens(gateway *server, people []int) error {
	texts := make([]string, min(b.requests, mostFresh))
	for i := range texts {
		var err error
		if texts[i], err = b.tokens.fresh(crisisTeam); err != nil {
			return err
		}
	}
	return b.addUse("P1/fresh/64", gateway, 64, len(texts), func(i int) question { return crisisPlan(texts[i], people[i%len(people)]) })
}

// cold measures a gateway that has just started, and asks it for each person once.
func (b *bench) cold(s *site) error {
	people := benchdata.Having(benchdata.Shares, s.people, askedEvenly)
	return b.each(func(n int) (err error) {
		gateway, err := b.started(s)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, gateway.stop()) }()
		static, err := b.staticOf(gateway)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, static.stop()) }()
		ask, err := b.crisisReads(b.shuffled(people, n))
		if err != nil {
			return err
		}
		return errors.Join(b.addUse("P1/cold/64", gateway, 64, len(people), ask), b.addUse("P1/cold-static/64", static, 64, len(people), ask))
	})
}

// started is a gateway that has answered about strangers, and so holds nobody in memory
// but the first person.
func (b *bench) started(s *site) (*server, error) {
	gateway, err := b.serve(s)
	if err != nil {
		return nil, err
	}
	token, err := b.tokens.of(crisisTeam)
	if err == nil {
		_, err = gateway.steady(mostConnections, strangers, func(i int) question { return crisisPlan(token, unknown(i)).ofNobody() })
	}
	if err != nil {
		return nil, errors.Join(err, gateway.stop())
	}
	return gateway, nil
}

// unknown is the number of somebody whom no store has.
func unknown(i int) int { return 5_000_000 + i }

// shuffled is another order in each round.
func (b *bench) shuffled(people []int, round int) []int {
	mixed := append([]int(nil), people...)
	random := rand.New(rand.NewPCG(b.seed, uint64(round))) //nolint:gosec // the same order from the same seed
	random.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
	return mixed
}

// growth asks for the same people in two stores of which one is ten times as large, and
// evenly over each: P5.
func (b *bench) growth(large, small *site) error {
	same := benchdata.Having(benchdata.Shares, small.people, askedEvenly)
	return b.each(func(n int) error {
		for _, s := range []struct {
			name string
			*site
		}{{"small", small}, {"large", large}} {
			everybody := b.shuffled(benchdata.Having(benchdata.Shares, s.people, s.people), n)
			if err := b.grown(s.name, s.site, same, everybody[:len(same)]); err != nil {
				return err
			}
		}
		return nil
	})
}

func (b *bench) grown(name string, s *site, same, sample []int) (err error) {
	gateway, err := b.started(s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, gateway.stop()) }()
	ask, err := b.crisisReads(sample)
	if err != nil {
		return err
	}
	once, err := gateway.steady(8, len(sample), ask)
	if err != nil {
		return err
	}
	if ask, err = b.crisisReads(same); err != nil {
		return err
	}
	if _, err := gateway.steady(8, len(same), ask); err != nil {
		return err
	}
	again, err := gateway.steady(8, b.requests, ask)
	for suffix, r := range map[string]run{"": again, "-cold": once} {
		b.add("P5/"+name+suffix+"-p50", "ms", quantile(r.took, 0.5))
		b.add("P5/"+name+suffix+"-p99", "ms", quantile(r.took, 0.99))
	}
	return err
}
