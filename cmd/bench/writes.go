package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"cpagateway/gateway"
	"cpagateway/gateway/benchdata"
	"cpagateway/gateway/store/relational"
	"cpagateway/gateway/store/sqlite"
	"cpagateway/profiles"
)

// edited is a plan that is written again and again, as it was answered last.
type edited struct {
	path, tag string
	body      map[string]any
}

// edits measures an edit of a plan by PUT against a bare UPDATE of a row of the same size,
// committed, in a store of the same settings on the same disk: P18.
func (b *bench) edits() error {
	s, err := b.fill("edited", max(b.people/10, leastPeople))
	if err != nil {
		return err
	}
	gateway, err := b.serve(s)
	if err != nil {
		return err
	}
	var all []*edited
	for _, number := range benchdata.Having(benchdata.Shares, s.people, mostEdited) {
		one, err := gateway.toEdit(number)
		if err != nil {
			return err
		}
		all = append(all, one)
	}
	bare, err := sqlite.Open(b.ctx, filepath.Join(s.folder, "bare"))
	if err != nil {
		return err
	}
	b.atEnd(bare.Close)
	return errors.Join(b.fillBare(bare, all), b.each(func(n int) error { return b.roundOfEdits(gateway, bare, all, n) }))
}

const (
	mostEdited  = 100 // plans
	perEdit     = 10  // reads of another part for each edit of this one
	leastEdited = 10
)

// toEdit is somebody's care and treatment plan.
func (s *server) toEdit(number int) (*edited, error) {
	path, err := s.planOf(number)
	if err != nil {
		return nil, err
	}
	one := &edited{path: path}
	return one, one.read(s)
}

// read reads what is edited next.
func (e *edited) read(s *server) error {
	a, err := s.get(coordinator, e.path)
	if err != nil {
		return err
	}
	return e.takes(a)
}

// takes keeps what was answered: what is edited next.
func (e *edited) takes(a answer) error {
	e.tag, e.body = a.tag, nil
	return json.Unmarshal(a.body, &e.body)
}

// put writes the plan as an edit has it.
func (e *edited) put(s *server, body []byte) (answer, error) {
	return s.send(call{by: coordinator, method: http.MethodPut, path: gateway.Prefix + e.path, body: body, contentType: fhirJSON, match: e.tag})
}

const fhirJSON = "application/fhir+json"

// says changes what the first activity about where somebody lives says.
func (e *edited) says(words string) ([]byte, error) {
	activities, _ := e.body["activity"].([]any)
	at := slices.IndexFunc(activities, func(one any) bool {
		return strings.Contains(fmt.Sprint(one), profiles.ExtArea+" valueCode:accommodation")
	})
	if at < 0 {
		return nil, errors.New("a plan has no activity about where somebody lives")
	}
	activities[at].(map[string]any)["detail"].(map[string]any)["description"] = words
	return json.Marshal(e.body)
}

// fillBare makes a table of the plans and nothing else.
func (b *bench) fillBare(bare *relational.Store, all []*edited) error {
	return bare.LendWriter(b.ctx, func(lent relational.Connection) error {
		if _, err := lent.ExecContext(b.ctx, "CREATE TABLE plans (id INTEGER PRIMARY KEY, body BLOB NOT NULL)"); err != nil {
			return err
		}
		for i, one := range all {
			body, err := json.Marshal(one.body)
			if err != nil {
				return err
			}
			if _, err := lent.ExecContext(b.ctx, "INSERT INTO plans VALUES (?, ?)", i, body); err != nil {
				return err
			}
		}
		return nil
	})
}

func (b *bench) roundOfEdits(gateway *server, bare *relational.Store, all []*edited, round int) error {
	number := max(b.requests/perEdit, leastEdited)
	bodies := make([][]byte, number)
	took, used, err := timed(number, func() (time.Duration, error) { return processorTime(os.Getpid()) }, func(i int) error {
		body := bodies[i]
		return bare.LendWriter(b.ctx, func(lent relational.Connection) error {
			_, err := lent.ExecContext(b.ctx, "UPDATE plans SET body = ? WHERE id = ?", body, i%len(all))
			return err
		})
	}, func(i int) (err error) {
		bodies[i], err = all[i%len(all)].says(fmt.Sprint(written, " bare ", round, i))
		return err
	})
	if err != nil {
		return err
	}
	b.add("P18/update", "ms", quantile(took, 0.5))
	b.add("P18/update-processor", cpuUnit, used)
	var last answer
	took, used, err = timed(number, gateway.used, func(i int) (err error) {
		last, err = all[i%len(all)].put(gateway, bodies[i])
		return err
	}, func(i int) (err error) {
		if i > 0 {
			err = all[(i-1)%len(all)].takes(last)
		}
		if err == nil {
			bodies[i], err = all[i%len(all)].says(fmt.Sprint(written, " ", round, i))
		}
		return err
	})
	if err != nil {
		return err
	}
	b.add("P18/put", "ms", quantile(took, 0.5))
	b.add("P18/put-processor", cpuUnit, used)
	return all[(number-1)%len(all)].takes(last)
}

// timed does something so many times, one after the other: how long each takes, in ms, and
// the processor time of one, in µs. What is done before each is not timed.
func timed(number int, processor func() (time.Duration, error), do, before func(i int) error) (took []float64, used float64, err error) {
	var spent time.Duration
	for i := range number {
		if err := before(i); err != nil {
			return nil, 0, err
		}
		first, err := processor()
		if err != nil {
			return nil, 0, err
		}
		began := time.Now()
		if err := do(i); err != nil {
			return nil, 0, err
		}
		took = append(took, milliseconds(time.Since(began)))
		last, err := processor()
		if err != nil {
			return nil, 0, err
		}
		spent += last - first
	}
	return took, float64(spent.Nanoseconds()) / 1000 / float64(number), nil
}
