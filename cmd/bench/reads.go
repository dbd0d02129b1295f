package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
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
	gateway, static, bare, warm, cold *server
}

func (b *bench) open(s *site) (all servers, err error) {
	if all.gateway, err = b.serve(s); err == nil {
		all.static, err = b.staticOf(all.gateway)
	}
	if err == nil {
		all.bare, err = b.play(roleBare, s.data)
	}
	if err == nil {
		all.warm, err = b.unrecorded(s, memory)
	}
	if err == nil {
		all.cold, err = b.unrecorded(s, 0)
	}
	return all, err
}

// staticOf starts a server that answers what the gateway answers about the first person.
func (b *bench) staticOf(gateway *server) (*server, error) {
	a, err := gateway.send(crisisPlan(crisisTeam, 0).call)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(b.folder, "answer.json")
	if err := os.WriteFile(file, a.body, 0o600); err != nil {
		return nil, err
	}
	return b.play(roleStatic, file)
}

// reads measures the crisis read against a static answer, and what of it is consent and
// what the record: P1, P3a, P3b, P4, P12.
func (b *bench) reads(s *site) error {
	all, err := b.open(s)
	if err != nil {
		return err
	}
	people := benchdata.Having(benchdata.Shares, s.people, askedEvenly)
	if err := b.warmUp(people, all.static, all.gateway, all.bare, all.warm, all.cold); err != nil {
		return err
	}
	ask := crisisReads(people)
	return b.each(func(int) error {
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
	asks := make([]question, min(b.requests, mostFresh))
	for i := range asks {
		token, err := b.tokens.fresh(crisisTeam)
		if err != nil {
			return err
		}
		asks[i] = crisisPlan(crisisTeam, people[i%len(people)])
		asks[i].token = token
	}
	return b.addUse("P1/fresh/64", gateway, 64, len(asks), func(i int) question { return asks[i] })
}

// cold measures a gateway that has just started, and asks it for each person once.
func (b *bench) cold(s *site) error {
	people := benchdata.Having(benchdata.Shares, s.people, askedEvenly)
	return b.each(func(n int) error {
		gateway, err := b.started(s)
		if err != nil {
			return err
		}
		static, err := b.staticOf(gateway)
		if err != nil {
			return err
		}
		ask := crisisReads(b.shuffled(people, n))
		return errors.Join(b.addUse("P1/cold/64", gateway, 64, len(people), ask), b.addUse("P1/cold-static/64", static, 64, len(people), ask))
	})
}

// many asks for everybody who shares, and for strangers until so many different people were
// asked for: what is kept of them is bounded.
func (b *bench) many(s *site) error {
	gateway, err := b.serve(s)
	if err != nil {
		return err
	}
	people := benchdata.Having(benchdata.Shares, s.people, b.asked)
	_, err = gateway.steady(mostConnections, b.asked, func(i int) question {
		if i < len(people) {
			return crisisPlan(crisisTeam, people[i])
		}
		return crisisPlan(crisisTeam, unknown(i)).ofNobody()
	})
	if err != nil {
		return err
	}
	resident, err := gateway.mostResident()
	b.add("P12/many-resident", "MB", resident)
	return err
}

// started is a gateway that has answered about strangers, and so holds nobody in memory
// but the first person.
func (b *bench) started(s *site) (*server, error) {
	gateway, err := b.serve(s)
	if err == nil {
		_, err = gateway.steady(mostConnections, strangers, func(i int) question { return crisisPlan(crisisTeam, unknown(i)).ofNobody() })
	}
	return gateway, err
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
			if err := b.within(func() error { return b.grown(s.name, s.site, same, everybody[:len(same)]) }); err != nil {
				return err
			}
		}
		return nil
	})
}

func (b *bench) grown(name string, s *site, same, sample []int) error {
	gateway, err := b.started(s)
	if err != nil {
		return err
	}
	once, err := gateway.steady(8, len(sample), crisisReads(sample))
	if err != nil {
		return err
	}
	if _, err := gateway.steady(8, len(same), crisisReads(same)); err != nil {
		return err
	}
	again, err := gateway.steady(8, b.requests, crisisReads(same))
	for suffix, r := range map[string]run{"": again, "-cold": once} {
		b.add("P5/"+name+suffix+"-p50", "ms", quantile(r.took, 0.5))
		b.add("P5/"+name+suffix+"-p99", "ms", quantile(r.took, 0.99))
	}
	return err
}
