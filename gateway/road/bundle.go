package road

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"cpagateway/consent/disclosure"
	"cpagateway/gateway/audit"
	"cpagateway/gateway/store"
	"cpagateway/gateway/texts"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// answered is what came of one entry of a bundle. What it holds about a person comes out
// of a Recorded, as in every answer.
type answered struct {
	*exchange
	reply
	released []disclosure.Disclosure
	recorded bool
}

// batch takes each entry down the road by itself, in the order in which they stand.
func (r *Road) batch(ctx context.Context, t *exchange) (audit.Recorded, reply) {
	var first audit.Recorded
	var done []answered
	for _, ask := range t.ask.Entries {
		one := t.of(ask)
		recorded, p := r.spendAndStep(ctx, one)
		if !first.OK() {
			first = recorded
		}
		t.waits = t.waits || one.waits // or the rest would tell how long this one took
		done = append(done, answered{one, p, recorded.Released(), recorded.OK()})
	}
	t.outcome = outcomeReleased
	return first, reply{status: http.StatusOK, parts: done}
}

// spendAll takes each entry of a transaction off the client's rate. What is refused took
// what there was: so it says when all of it will have come again, the bundle itself with it.
func (r *Road) spendAll(ctx context.Context, t *exchange) error {
	rate, all := r.Identity.Rate(t.caller.Client), len(t.ask.Entries)+1
	if all > rate.Burst { // which there never is at once
		return Refuse(http.StatusBadRequest, "too-costly", texts.BadBundle, rate.Burst-1)
	}
	for range t.ask.Entries {
		var slow *throttled
		err := r.spend(ctx, t)
		if errors.As(err, &slow) {
			slow.after = time.Duration(float64(all) / rate.PerSecond * float64(time.Second))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *Road) spendAndStep(ctx context.Context, t *exchange) (audit.Recorded, reply) {
	if err := r.spend(ctx, t); err != nil {
		return r.refuse(ctx, t, err)
	}
	return r.step(ctx, t)
}

// of is a request of its own for one entry.
func (t *exchange) of(ask Ask) *exchange {
	one := *t
	one.ask, one.id = ask, newRequestID(t.at)
	return &one
}

// failedEntry undoes a transaction, whose entries are all done or none.
type failedEntry struct {
	number int
	fault  *Fault
}

func (f *failedEntry) Error() string { return "an entry of the transaction failed" }

// transaction makes every change of a bundle in one transaction, or none of them: first
// what is taken away, then what is new, then what is changed, then what is read.
func (r *Road) transaction(ctx context.Context, t *exchange) (audit.Recorded, reply, error) {
	done, order, carry := make([]answered, len(t.ask.Entries)), t.ask.order(), make([]int, len(t.ask.Entries))
	if err := r.spendAll(ctx, t); err != nil {
		return audit.Recorded{}, reply{}, err
	}
	var written []audit.Written
	since := r.Clock()
	recorded, err := r.Audit.Write(ctx, func(tx store.Tx) ([]audit.Written, error) {
		written = nil
		changes := make([]*change, len(done))
		names, targets := newNames(t.ask.Entries), map[string]bool{}
		for _, i := range order {
			ask, fault := names.resolved(t.ask.Entries[i])
			if fault != nil {
				return nil, &failedEntry{i, fault}
			}
			var err error
			if changes[i], err = r.changing(tx, t.of(ask)); err != nil {
				return nil, err
			}
			p, err := changes[i].do()
			target := ask.Type + "/" + changes[i].read.id
			switch {
			case err != nil:
				return nil, err
			case p.fault != nil:
				return nil, &failedEntry{i, p.fault}
			case ask.changes() && targets[target]:
				return nil, &failedEntry{i, faultTwice}
			case ask.Write.Name != "" && (ask.Interaction == Create || ask.Write.Condition != nil):
				names[ask.Write.Name] = target
			}
			targets[target] = targets[target] || ask.changes()
			done[i] = answered{exchange: changes[i].exchange, reply: p}
		}
		for _, i := range order { // as everything is when all is done
			w, err := changes[i].written(&done[i].reply)
			if err != nil {
				return nil, err
			}
			done[i].told(done[i].reply)
			written, carry[i] = append(append(written, w), changes[i].raised...), len(w.Released)
		}
		return written, nil
	})
	r.waited(ctx, since)
	var failed *failedEntry
	if errors.As(err, &failed) {
		t.waits = true
		return audit.Recorded{}, reply{}, failed.fault.OfEntry(fmt.Sprintf("Bundle.entry[%d]", failed.number))
	}
	if err != nil {
		return audit.Recorded{}, reply{}, err
	}
	r.meters.written(ctx, written)
	released := recorded.Released()
	for _, i := range order {
		done[i].recorded, done[i].released = recorded.OK(), released[:carry[i]]
		released = released[carry[i]:]
	}
	t.outcome = outcomeReleased
	return recorded, reply{status: http.StatusOK, parts: done}, nil
}

// order is the order of a transaction (R4, http.html#trules). What is created only where
// it is not there yet comes before what else is created, which may refer to it: what is
// updated by a condition too.
func (a Ask) order() []int {
	turn := func(ask Ask) int {
		if ask.Write.Condition != nil {
			return 1
		}
		return map[Interaction]int{Delete: 0, Create: 2, Update: 3, Patch: 3, Read: 4}[ask.Interaction]
	}
	order := make([]int, len(a.Entries))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return turn(a.Entries[i]) - turn(a.Entries[j]) })
	return order
}

// names are what the entries of a transaction call what they create, and the ids that
// it is given. What may be there already has a name only when it was looked for.
type names map[string]string // "urn:uuid:..." -> "Type/id"

func newNames(entries []Ask) names {
	n := names{}
	for i, ask := range entries {
		if ask.Interaction == Create {
			entries[i].ID = newResourceID()
			if ask.Write.Name != "" && ask.Write.Condition == nil {
				n[ask.Write.Name] = ask.Type + "/" + entries[i].ID
			}
		}
	}
	return n
}

// resolved is an entry whose references lead to what the others create: to what may stand
// there, which a name does not say.
func (n names) resolved(ask Ask) (Ask, *Fault) {
	if ask.Write.Resource.Kind() != fhir.Object {
		return ask, nil
	}
	var edits []fhir.Edit
	for ref := range fhir.References(ask.Write.Resource) {
		target, known := n[ref.Text()]
		if known {
			edits = append(edits, fhir.Edit{At: ref, With: fhir.AppendString(nil, target)})
		} else if strings.HasPrefix(ref.Text(), "urn:") {
			return ask, faultBadBundle
		}
	}
	if len(edits) == 0 {
		return ask, nil
	}
	body, err := fhir.Splice(ask.Write.Resource, edits...)
	if err == nil {
		ask.Write.Resource, err = fhir.ParseResource(body)
	}
	if err != nil {
		return ask, faultBadBundle
	}
	return ask, Invalid(profiles.Check(ask.Write.Resource))
}

// bundle writes what came of each entry, in the order in which they were sent.
func (r *Road) bundle(t *exchange, p reply) []byte {
	w := fhir.NewWriter(make([]byte, 0, 4096))
	bundleOf(w, string(t.ask.Interaction)+"-response", func() {
		w.Name("entry").Array(func() {
			for _, a := range p.parts {
				r.entryOf(w, a)
			}
		})
	})
	return w.Bytes()
}

func (r *Road) entryOf(w *fhir.Writer, a answered) {
	p := a.reply
	if !a.recorded && p.fault != faultBusy {
		p = reply{status: http.StatusInternalServerError, fault: Broken}
	}
	body := r.body(new([]byte), a.exchange, a.released, p)
	w.Object(func() {
		if len(body) > 0 && p.fault == nil && a.ask.Write.Return != Outcome {
			w.Name("resource").Raw(body)
		}
		w.Name("response").Object(func() {
			w.Member("status", fmt.Sprint(p.status, " ", http.StatusText(p.status)))
			if p.written != "" {
				w.Member("location", r.Base+"/"+p.written)
			}
			if len(a.released) > 0 && a.ask.one() && !a.released[0].Part() {
				w.Member("etag", `W/"`+a.released[0].VersionID()+`"`)
			}
			if p.fault != nil {
				w.Name("outcome").Raw(body)
			}
		})
	})
}
