package memory

import (
	"slices"
	"time"

	"cpagateway/consent"
	"cpagateway/gateway/records"
	"cpagateway/gateway/search"
)

// Put keeps an accepted change. It implements records.Tx.
func (t *tx) Put(at time.Time, a consent.Accepted, must records.Precondition) (records.Result, error) {
	if err := t.ctx.Err(); err != nil {
		return records.Result{}, err
	}
	k := key{a.Type(), a.ID()}
	var before records.Version
	if r := t.resource(k); r != nil {
		before = r.current().Version
	}
	holder := t.persons[a.Person()]
	next, result, err := records.Next(before, holder.custodian, a, must, at)
	if err != nil || !result.Stored {
		return result, err
	}
	t.seq++
	entries := search.Index(a.Resource(), t.zone)
	added := version{Version: next, seq: t.seq, entries: entries, spans: records.Spans(next.Type, entries)}
	if next.Type == "Patient" {
		added.identifiers = records.Identifiers(a.Resource())
	}
	t.keep(k, added)
	if next.Person != "" {
		holder.custodian = next.Custodian
		t.persons[next.Person] = holder
		if added.fact() {
			t.moveEpochs(next.Person, t.standings[next.Person].Apart)
		}
	}
	return result, nil
}

// copied is a version that its receiver may change.
func copied(v records.Version) records.Version {
	v.Body = slices.Clone(v.Body)
	return v
}
