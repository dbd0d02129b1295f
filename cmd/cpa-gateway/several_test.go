package main

import (
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cpagateway/gateway/audit"
	"cpagateway/gateway/hot/hottest"
	"cpagateway/gateway/store"
	"cpagateway/gateway/store/postgres/postgrestest"
)

var withdrawals = flag.Int("withdrawals", 12, "rounds of TestWithdrawalsHoldInSeveralGateways")

// process is one gateway in a process of its own, and what was asked of it.
type process struct {
	*served
	running  *exec.Cmd
	answered atomic.Int64
	troubled atomic.Bool // something was taken from it: requests may fail
	given    sync.Map    // the id of each request that was answered
}

func (p *process) begin() {
	p.t.Helper()
	p.running = exec.Command(os.Args[0], "serve", "--config", p.config) // the program, by TestMain
	p.running.Env = append(os.Environ(), "CPA_GATEWAY_MAIN=1")
	p.running.Stderr = p.logs
	if err := p.running.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.await("/readyz", http.StatusOK)
}

func (p *process) kill() {
	_ = p.running.Process.Kill()
	_ = p.running.Wait()
}

// keepAsking asks until the end, as a busy practice does.
func (p *process) keepAsking(over <-chan struct{}, token string) {
	for {
		select {
		case <-over:
			return
		case <-time.After(15 * time.Millisecond):
		}
		troubled := p.troubled.Load()
		request, err := http.NewRequest(http.MethodPost, "http://"+p.addr+"/fhir/R4/CarePlan/_search", strings.NewReader(crisisForm))
		if err != nil {
			p.t.Error(err)
			return
		}
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		request.Header.Set("Authorization", "Bearer "+token)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			if !troubled && !p.troubled.Load() {
				p.t.Errorf("not answered: %v", err)
			}
			continue
		}
		_, _ = io.Copy(io.Discard, response.Body)
		response.Body.Close()
		switch {
		case response.StatusCode == http.StatusOK:
			p.answered.Add(1)
			p.given.Store(response.Header.Get("X-Request-Id"), true)
		case response.StatusCode != http.StatusTooManyRequests && !troubled && !p.troubled.Load():
			p.t.Errorf("answered %d, and nothing was taken from it", response.StatusCode)
		}
	}
}

// answers makes sure that the practice is given so many plans.
func (p *process) answers(want int) {
	p.t.Helper()
	a := p.ask(p.token("gp"))
	for a.status == http.StatusTooManyRequests {
		time.Sleep(100 * time.Millisecond)
		a = p.ask(p.token("gp"))
	}
	if a.status != http.StatusOK || len(a.matches(p.t)) != want {
		p.t.Errorf("%s answers %d %.300s, want %d plans", p.addr, a.status, a.body, want)
	}
}

// onRecord makes sure that everything that was answered is in the log.
func (p *process) onRecord(entries []audit.Entry) {
	p.t.Helper()
	kept := map[any]bool{}
	for _, e := range entries {
		kept[e.RequestID] = true
	}
	p.given.Range(func(id, _ any) bool {
		if !kept[id] {
			p.t.Errorf("request %s was answered, and is not in the log", id)
		}
		return true
	})
}

// Two and four gateways on one PostgreSQL and Redis are asked without a pause while a wish is
// given and taken back by imports, one of them is killed, Redis goes, and the database restarts.
// What is taken back is not shared from its commit on, by the order of the audit log; whoever
// asks after an import has ended gets the new answer from each; and the log is whole.
func TestWithdrawalsHoldInSeveralGateways(t *testing.T) {
	for _, gateways := range []int{2, 4} {
		t.Run(fmt.Sprint(gateways), func(t *testing.T) { withdrawalsHold(t, gateways) })
	}
}

func withdrawalsHold(t *testing.T, gateways int) {
	server, redis := postgrestest.Start(t), hottest.StartServer(t)
	address, extract := server.Database(t), plans(t)
	back := withdrawn(t, extract)
	var all []*process
	for range gateways {
		all = append(all, &process{served: onPostgres(t, address)})
	}
	bringIn := func(file string) {
		t.Helper()
		cli("import", "--config", all[0].config, "--source", "paris", file).must(t, exitDone)
	}
	bringIn(extract)
	over := make(chan struct{})
	var asking sync.WaitGroup
	for i, p := range all {
		if i > 0 {
			p.join(all[0].served)
		}
		p.config = p.change("dutyLine", fmt.Sprintf("hot: {redis: %q}\ndutyLine", redis.Address))
		p.openIssuer()
		p.begin()
		defer func() { p.kill() }()
		token := p.token("gp")
		for range 2 {
			asking.Go(func() { p.keepAsking(over, token) })
		}
	}
	agree := func(want int) {
		t.Helper()
		for _, p := range all {
			p.answers(want)
		}
	}
	for round := range *withdrawals {
		bringIn(back)
		agree(0)
		bringIn(extract)
		agree(1)
		switch round {
		case *withdrawals / 4:
			all[1].troubled.Store(true)
			all[1].kill()
			all[1].begin()
			all[1].troubled.Store(false)
		case *withdrawals / 2:
			redis.Kill()
		case 3 * *withdrawals / 4:
			for _, p := range all {
				p.troubled.Store(true)
			}
			server.Kill()
			server.Start(t)
			for _, p := range all {
				p.await("/readyz", http.StatusOK)
				p.troubled.Store(false)
			}
		}
	}
	close(over)
	asking.Wait()
	for i, p := range all {
		if p.answered.Load() < int64(2**withdrawals) {
			t.Errorf("gateway %d has answered %d times only: the test looked at nothing", i, p.answered.Load())
		}
		p.kill()
	}
	cli("audit", "verify", "--config", all[0].config).must(t, exitDone)
	entries := entriesOf(t, all[0].config)
	heldFromCommitToCommit(t, entries, *withdrawals)
	for _, p := range all {
		p.onRecord(entries)
	}
}

// Gateways whose clocks are minutes apart write to one log, which verifies, and a withdrawal
// holds in each at once: nothing that is decided or proven fresh goes by a gateway's clock.
func TestClocksApartByMinutes(t *testing.T) {
	address, extract := postgrestest.Start(t).Database(t), plans(t)
	var all []*served
	for _, off := range []time.Duration{0, 2 * time.Minute, -30 * time.Second} { // further behind, a fresh token is of the future
		s := onPostgres(t, address)
		s.clock = func() time.Time { return time.Now().Add(off) }
		if len(all) == 0 {
			cli("import", "--config", s.config, "--source", "paris", extract).must(t, exitDone)
		} else {
			s.join(all[0])
		}
		s.openIssuer()
		s.start()
		s.await("/readyz", http.StatusOK)
		all = append(all, s)
	}
	for range 3 {
		for want, file := range []string{withdrawn(t, extract), extract} {
			cli("import", "--config", all[0].config, "--source", "paris", file).must(t, exitDone)
			for i, s := range all {
				if a := s.ask(s.token("gp")); a.status != http.StatusOK || len(a.matches(t)) != want {
					t.Errorf("gateway %d answers %d %.200s, want %d plans", i, a.status, a.body, want)
				}
			}
		}
	}
	for _, s := range all {
		s.stop()
		<-s.ended
	}
	cli("audit", "verify", "--config", all[0].config).must(t, exitDone)
}

// entriesOf are all entries of a log by time, which is the order of their commits where all
// clocks are one.
func entriesOf(t *testing.T, file string) (entries []audit.Entry) {
	t.Helper()
	s := keeperOf(t, &served{config: file}).site
	err := s.store.View(t.Context(), func(now store.Snapshot) error {
		slots, err := now.Slots()
		for _, slot := range slots {
			if err != nil {
				return err
			}
			var rows []audit.Row
			if rows, err = now.Chain(slot.Number, 1, 1<<20); err != nil {
				return err
			}
			read, more := audit.Entries(rows)
			entries, err = append(entries, read...), more
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.SortStableFunc(entries, func(a, b audit.Entry) int { return a.Time.Compare(b.Time) })
	return entries
}

// heldFromCommitToCommit makes sure that nothing was released between a withdrawal and the next
// grant. The first import of all is a grant; from there on they take turns. Of each the log has
// two entries: the batch that changed something, and the account of the whole.
func heldFromCommitToCommit(t *testing.T, entries []audit.Entry, rounds int) {
	t.Helper()
	written, released, withheld := 0, 0, 0
	for _, e := range entries {
		imports := (written + 1) / 2
		switch {
		case e.Kind == audit.KindImport && e.Counts.Stored > 0:
			written++
		case e.Kind != audit.KindDecision:
		case len(e.Released) == 0:
			withheld++
		case imports%2 == 0:
			t.Errorf("%s was given something after withdrawal %d", e.RequestID, imports/2)
		default:
			released++
		}
	}
	if written != 2*(2*rounds+1) || released < rounds || withheld < rounds {
		t.Errorf("%d entries of imports, %d answers released and %d withheld: the test looked at something else", written, released, withheld)
	}
}
