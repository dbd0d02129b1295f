package main

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"cpagateway/gateway/store/postgres/postgrestest"
)

// answersIn is by when a gateway whose database is away has said so: less than the caller
// of a crisis read is given.
const answersIn = 45 * time.Second

// One of two gateways is cut from the database, by a network that drops what it is given and
// tells nobody, while both are asked without a pause. It releases nothing and says so in time;
// the other goes on, and what is withdrawn through it meanwhile holds in both from the moment
// at which the network is whole again, when nobody has to be started again. Nothing that was
// answered is missing from the log.
func TestAGatewayIsCutFromTheDatabase(t *testing.T) {
	server, lines := postgrestest.StartApart(t)
	address, extract := server.Database(t), plans(t)
	back := withdrawn(t, extract)
	whole, cut := &process{served: onPostgres(t, lines[0].Through(address))}, &process{served: onPostgres(t, lines[1].Through(address))}
	bringIn := func(file string) {
		t.Helper()
		cli("import", "--config", whole.config, "--source", "paris", file).must(t, exitDone)
	}
	bringIn(extract)
	cut.join(whole.served)
	over := make(chan struct{})
	var asking sync.WaitGroup
	for _, p := range []*process{whole, cut} {
		p.openIssuer()
		p.begin()
		defer p.kill()
		token := p.token("gp")
		for range 3 {
			asking.Go(func() { p.keepAsking(over, token) })
		}
		p.answers(1) // and has it in memory
	}
	rest := sync.OnceFunc(func() { close(over); asking.Wait() })
	defer rest()
	token, crisis := cut.token("gp"), cut.token("ooh")

	cut.troubled.Store(true)
	whole.troubled.Store(true) // held up, where the other was just writing
	lines[1].Cut(t)
	var meanwhile sync.WaitGroup
	for range 4 {
		meanwhile.Go(func() { cut.saysThatItIsCut(token); cut.saysThatItIsCut(crisis) })
	}
	cut.await("/readyz", http.StatusServiceUnavailable)
	bringIn(back)
	whole.troubled.Store(false)
	whole.answers(0)
	bringIn(extract)
	whole.answers(1)
	if p := cli("import", "--config", cut.config, "--source", "paris", extract); p.code != exitFailed {
		t.Errorf("an import through what is cut: exit %d %s%s", p.code, p.out, p.errs)
	}
	meanwhile.Wait()
	before := cut.answered.Load()
	bringIn(back)
	whole.answers(0)
	cut.saysThatItIsCut(crisis)
	if n := cut.answered.Load() - before; n > 0 {
		t.Errorf("a gateway that is cut has answered %d requests", n)
	}

	lines[1].Mend(t)
	cut.await("/readyz", http.StatusOK)
	soon(t, "an answer that is recorded", func() bool { return cut.ask(token).status == http.StatusOK })
	cut.answers(0)
	cut.troubled.Store(false)
	bringIn(extract)
	cut.answers(1)
	whole.answers(1)
	rest()
	for _, p := range []*process{whole, cut} {
		p.kill()
	}
	cli("audit", "verify", "--config", whole.config).must(t, exitDone)
	entries := entriesOf(t, whole.config)
	heldFromCommitToCommit(t, entries, 2)
	whole.onRecord(entries)
	cut.onRecord(entries)
}

// saysThatItIsCut makes sure that a request is answered in time, with nothing.
func (p *process) saysThatItIsCut(token string) {
	p.t.Helper()
	since := time.Now()
	a := p.ask(token)
	if took := time.Since(since); a.status != http.StatusServiceUnavailable || strings.Contains(a.body, "CarePlan") || took > answersIn {
		p.t.Errorf("a gateway that is cut answers %d %.300s after %s", a.status, a.body, took)
	}
}
