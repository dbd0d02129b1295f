package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"sync/atomic"

	"cpagateway/gateway"
	"cpagateway/gateway/benchdata"
	"cpagateway/profiles"
)

const (
	writers = 4  // at once, of one plan
	writes  = 25 // by each of them
	decided = 200
)

// shared measures gateways on PostgreSQL and Redis: one against one indexed SELECT (P2), two
// against one (P14). Without these servers on the machine it is left out, and says so.
func (b *bench) shared(from *site) error {
	d, err := b.openDatabases()
	if errors.Is(err, errNoServers) {
		b.tell("  left out: %v", err)
		return nil
	}
	if err != nil {
		return err
	}
	one, err := b.onPostgres(from, d)
	if err != nil {
		return err
	}
	other := *one // which shares the folder, as two on one machine do
	other.config = filepath.Join(one.folder, "other.yaml")
	gateway, err := b.serve(one)
	if err != nil {
		return err
	}
	people := benchdata.Having(benchdata.Shares, one.people, askedEvenly)
	if err := b.within(func() error { return b.againstSelect(gateway, d, people) }); err != nil {
		return err
	}
	twin, err := b.serve(&other)
	if err != nil {
		return err
	}
	return errors.Join(b.againstOne(gateway, twin, people), b.sameDecisions(gateway, twin, one.people), b.lostUpdates(gateway, twin))
}

// onPostgres copies a site to PostgreSQL.
func (b *bench) onPostgres(from *site, d *databases) (*site, error) {
	b.tell("  copying %d people to PostgreSQL", from.people)
	s, err := b.newSite("shared", from.people)
	if err != nil {
		return nil, err
	}
	s.postgres, s.redis = d.postgres, d.redis
	if err := b.configure(s, "127.0.0.1:1", "127.0.0.1:2"); err != nil {
		return nil, err
	}
	return s, b.execute(b.options.gateway, "store", "copy", from.data, s.config)
}

// againstSelect is P2: the crisis read against the SELECT of one row by its key, each behind
// HTTP, by the same driver, pool and connections.
func (b *bench) againstSelect(gateway *server, d *databases, people []int) error {
	bare, err := b.play(roleSelect, d.postgres)
	if err == nil {
		err = b.warmUp(people, gateway, bare)
	}
	if err != nil {
		return err
	}
	return b.each(func(int) error {
		for _, connections := range []int{64, 8} {
			for name, s := range map[string]*server{"P2/select": bare, "P2/gateway": gateway} {
				r, err := s.steady(connections, b.requests, crisisReads(people))
				if err != nil {
					return err
				}
				b.add(fmt.Sprintf("%s/%d", name, connections), "requests/s", r.rate())
			}
		}
		return nil
	})
}

// againstOne is how many requests two gateways answer, of which each gets half, against one.
func (b *bench) againstOne(one, other *server, people []int) error {
	if err := b.warmUp(people, other); err != nil {
		return err
	}
	return b.each(func(int) error {
		alone, err := one.steady(mostConnections, b.requests, crisisReads(people))
		if err != nil {
			return err
		}
		var halves [2]run
		err = atOnce(2, 2, func(i int) (err error) {
			halves[i], err = []*server{one, other}[i].steady(mostConnections/2, max(b.requests/2, 1), crisisReads(people))
			return err
		})
		slower := max(halves[0].elapsed, halves[1].elapsed)
		b.add("P14/one", "requests/s", alone.rate())
		b.add("P14/two", "requests/s", float64(len(halves[0].took)+len(halves[1].took))/slower.Seconds())
		return err
	})
}

var versionID = regexp.MustCompile(`"versionId":\s*"([^"]+)"`)

// sameDecisions asks both gateways the same about people of every wish, and counts the
// questions to which they gave other versions.
func (b *bench) sameDecisions(one, other *server, people int) error {
	differ, released := 0, 0
	for n := range min(people, decided) {
		for _, by := range []caller{crisisTeam, socialCare, treatingTeam} {
			var found [2][]string
			for i, s := range []*server{one, other} {
				a, err := s.send(plans(by, n).call)
				if err != nil {
					return err
				}
				for _, m := range versionID.FindAllSubmatch(a.body, -1) {
					found[i] = append(found[i], string(m[1]))
				}
			}
			if released += len(found[0]); !slices.Equal(found[0], found[1]) {
				differ++
			}
		}
	}
	if released == 0 {
		return errors.New("nobody was given anything: no decisions were compared")
	}
	b.add("P14/differ", "questions", float64(differ))
	return nil
}

// lostUpdates has several write the same plan through both gateways, each on what it has
// read, and counts what was acknowledged and is not there.
func (b *bench) lostUpdates(one, other *server) error {
	path, err := one.planOf(0)
	if err != nil {
		return err
	}
	var acknowledged atomic.Int64
	err = atOnce(writers, writers, func(writer int) error {
		s := []*server{one, other}[writer%2]
		for n := range min(writes, b.requests) {
			if err := s.addActivity(path, fmt.Sprintf("%s %d %d", written, writer, n)); err != nil {
				return err
			}
			acknowledged.Add(1)
		}
		return nil
	})
	if err != nil {
		return err
	}
	a, err := other.get(coordinator, path)
	b.add("P14/lost", "updates", float64(int(acknowledged.Load())-bytes.Count(a.body, []byte(`"`+written))))
	return err
}

const written = "written by the bench"

// planOf is the path of somebody's care and treatment plan.
func (s *server) planOf(number int) (string, error) {
	a, err := s.send(plans(coordinator, number, profiles.CodeMentalHealthPlan).call)
	if err != nil {
		return "", err
	}
	var found struct {
		Entry []struct{ Resource struct{ ID string } }
	}
	if err := json.Unmarshal(a.body, &found); err != nil {
		return "", err
	}
	if len(found.Entry) == 0 {
		return "", errors.New("the treating team finds no plan")
	}
	return "/CarePlan/" + found.Entry[0].Resource.ID, nil
}

// addActivity adds one to a plan as it was read, and reads it again where somebody else was
// quicker.
func (s *server) addActivity(path, words string) error {
	patch, err := json.Marshal([]any{map[string]any{"op": "add", "path": "/activity/-", "value": map[string]any{
		"extension": []any{map[string]any{"url": profiles.ExtPlanPart, "valueCode": profiles.CodePartArea}, map[string]any{"url": profiles.ExtArea, "valueCode": "accommodation"}},
		"detail":    map[string]any{"status": "scheduled", "description": words},
	}}})
	if err != nil {
		return err
	}
	for {
		a, err := s.get(coordinator, path)
		if err == nil {
			a, err = s.send(call{by: coordinator, method: http.MethodPatch, path: gateway.Prefix + path, body: patch, contentType: "application/json-patch+json", match: a.tag})
		}
		if err == nil || !slices.Contains(overtaken, a.status) {
			return err
		}
	}
}

// overtaken are the answers to whoever comes again: somebody else has changed the plan since
// it was read, or goes on changing it while it is read.
var overtaken = []int{http.StatusPreconditionFailed, http.StatusServiceUnavailable}
