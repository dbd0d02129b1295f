package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"

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
func (b *bench) shared(from *site) (err error) {
	d, err := b.openDatabases()
	if errors.Is(err, errNoServers) {
		b.tell("  left out: %v", err)
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.close()) }()
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
	defer func() { err = errors.Join(err, gateway.stop()) }()
	bare, err := b.play(roleSelect, d.postgres)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, bare.stop()) }()
	people := benchdata.Having(benchdata.Shares, one.people, askedEvenly)
	if err := b.againstSelect(gateway, bare, people); err != nil {
		return err
	}
	twin, err := b.serve(&other)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, twin.stop()) }()
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
func (b *bench) againstSelect(gateway, bare *server, people []int) error {
	ask, err := b.crisisReads(people)
	if err != nil {
		return err
	}
	for _, s := range []*server{gateway, bare} {
		if _, err := s.steady(mostConnections, max(b.requests/2, len(people)), ask); err != nil {
			return err
		}
	}
	return b.each(func(int) error {
		ask, err := b.crisisReads(people)
		if err != nil {
			return err
		}
		for _, connections := range []int{64, 8} {
			for name, s := range map[string]*server{"P2/select": bare, "P2/gateway": gateway} {
				r, err := s.steady(connections, b.requests, ask)
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
	ask, err := b.crisisReads(people)
	if err != nil {
		return err
	}
	if _, err := other.steady(mostConnections, max(b.requests/2, len(people)), ask); err != nil {
		return err
	}
	return b.each(func(int) error {
		ask, err := b.crisisReads(people)
		if err != nil {
			return err
		}
		alone, err := one.steady(mostConnections, b.requests, ask)
		if err != nil {
			return err
		}
		var rates [2]run
		var both errgroup
		for i, s := range []*server{one, other} {
			both.run(func() (err error) {
				rates[i], err = s.steady(mostConnections/2, max(b.requests/2, 1), ask)
				return err
			})
		}
		err = both.wait()
		slower := max(rates[0].elapsed, rates[1].elapsed)
		b.add("P14/one", "requests/s", alone.rate())
		b.add("P14/two", "requests/s", float64(len(rates[0].took)+len(rates[1].took))/slower.Seconds())
		return err
	})
}

var versionID = regexp.MustCompile(`"versionId":\s*"([^"]+)"`)

// sameDecisions asks both gateways the same about people of every wish, and counts the
// questions to which they gave other versions.
func (b *bench) sameDecisions(one, other *server, people int) error {
	differ, released := 0, 0
	for n := range min(people, decided) {
		for _, caller := range []string{crisisTeam, socialCare, treatingTeam} {
			token, err := b.tokens.of(caller)
			if err != nil {
				return err
			}
			var found [2][]string
			for i, s := range []*server{one, other} {
				_, body, err := s.exchange(http.MethodPost, search, token, anyPlan(token, n).form, "application/x-www-form-urlencoded", "")
				if err != nil {
					return err
				}
				for _, m := range versionID.FindAllStringSubmatch(body, -1) {
					found[i] = append(found[i], m[1])
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
	token, err := b.tokens.writing(treatingTeam)
	if err != nil {
		return err
	}
	path, err := one.planOf(token, 0)
	if err != nil {
		return err
	}
	var acknowledged atomic.Int64
	var all errgroup
	for writer := range writers {
		s := []*server{one, other}[writer%2]
		all.run(func() error {
			for n := range min(writes, b.requests) {
				if err := s.addActivity(path, token, fmt.Sprintf("%s %d %d", written, writer, n)); err != nil {
					return err
				}
				acknowledged.Add(1)
			}
			return nil
		})
	}
	if err := all.wait(); err != nil {
		return err
	}
	_, body, err := other.exchange(http.MethodGet, path, token, "", "", "")
	b.add("P14/lost", "updates", float64(int(acknowledged.Load())-strings.Count(body, `"`+written)))
	return err
}

const written = "written by the bench"

// planOf is the path of somebody's care and treatment plan.
func (s *server) planOf(token string, number int) (string, error) {
	_, body, err := s.exchange(http.MethodPost, search, token, anyPlan(token, number).form+"&category="+profiles.CodeMentalHealthPlan, "application/x-www-form-urlencoded", "")
	if err != nil {
		return "", err
	}
	var found struct {
		Entry []struct{ Resource struct{ ID string } }
	}
	if err := json.Unmarshal([]byte(body), &found); err != nil {
		return "", err
	}
	if len(found.Entry) == 0 {
		return "", errors.New("the treating team finds no plan")
	}
	return "/CarePlan/" + found.Entry[0].Resource.ID, nil
}

// addActivity adds one to a plan as it was read, and reads it again where somebody else was
// quicker.
func (s *server) addActivity(path, token, words string) error {
	patch, err := json.Marshal([]any{map[string]any{"op": "add", "path": "/activity/-", "value": map[string]any{
		"extension": []any{map[string]any{"url": profiles.ExtPlanPart, "valueCode": profiles.CodePartArea}, map[string]any{"url": profiles.ExtArea, "valueCode": "accommodation"}},
		"detail":    map[string]any{"status": "scheduled", "description": words},
	}}})
	if err != nil {
		return err
	}
	for {
		response, body, err := s.exchange(http.MethodGet, path, token, "", "", "")
		if err == nil {
			response, body, err = s.exchange(http.MethodPatch, path, token, string(patch), "application/json-patch+json", response.Header.Get("ETag"))
		}
		if err == nil {
			return nil
		}
		if response == nil || !slices.Contains(overtaken, response.StatusCode) {
			return fmt.Errorf("%w: %.300s", err, body)
		}
	}
}

// overtaken are the answers to whoever comes again: somebody else has changed the plan since
// it was read, or goes on changing it while it is read.
var overtaken = []int{http.StatusPreconditionFailed, http.StatusServiceUnavailable}

// exchange sends a request and reads its answer; a status other than 200 and 201 is an error.
func (s *server) exchange(method, path, token, body, contentType, match string) (*http.Response, string, error) {
	request, err := http.NewRequest(method, s.base+path, strings.NewReader(body))
	if err != nil {
		return nil, "", err
	}
	for name, value := range map[string]string{"Authorization": "Bearer " + token, "Content-Type": contentType, "If-Match": match} {
		if value != "" {
			request.Header.Set(name, value)
		}
	}
	response, err := s.client.Do(request)
	if err != nil {
		return nil, "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK && response.StatusCode != http.StatusCreated {
		err = fmt.Errorf("%s %s: %s", method, path, response.Status)
	}
	return response, string(text), err
}
