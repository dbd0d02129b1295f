package intake

import (
	"cpagateway/gateway/quarantine"
	"cpagateway/gateway/store"
	"cpagateway/mapping"
)

// A record that was set aside comes right where its source sends it anew and it is taken:
// then its faults leave the list, in the transaction that stores it. Which record it is says
// the source's own name of it. What has none, and what refuses or takes back sharing, stays
// until somebody has looked; so does a record that changes nothing when it is taken, which
// may be an older extract that is brought in again. Whatever left the list so and is set
// aside again stands on it again.

// await finds out which records of the source are set aside.
func (r *run) await() error {
	return r.Store.View(r.ctx, func(now store.Snapshot) (err error) {
		r.waiting, err = now.Waiting(r.source.Name)
		return err
	})
}

// of names the record that a fault is of. This run takes no fault of it off the list any more:
// the record comes more than once in the extract, and once it is wrong.
func (r *run) of(name string, f quarantine.Fault) quarantine.Fault {
	if name != "" {
		f.Record = r.ids.resource("record", name)
		delete(r.waiting, f.Record)
	}
	return f
}

// cameRight takes the faults of a record that was taken off the list, where something of it
// was stored.
func (r *run) cameRight(tx store.Tx, pieces []pending, part *account) error {
	if len(r.waiting) == 0 || !part.own {
		return nil
	}
	record := r.ids.resource("record", mapping.NameOf(madeOf(pieces)))
	faults := r.waiting[record]
	if len(faults) == 0 {
		return nil
	}
	delete(r.waiting, record)
	part.sum.CameRight, part.counts.CameRight = len(faults), len(faults)
	return tx.CameRight(r.Clock(), faults)
}
