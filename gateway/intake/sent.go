package intake

import (
	"cpagateway/gateway/store"
	"cpagateway/mapping"
)

const ruleWentBack = "SOURCE-WENT-BACK"

// sending is what a source sends of one thing, to be kept with the record that came in it.
type sending struct{ id, at string }

// newest refuses what is older than what its source has sent of the same thing: a system
// that was put back to a backup, or an extract brought in a second time, would undo what
// has become of it since.
func (r *run) newest(now store.Snapshot, s mapping.Sending) (sending, *refusal, error) {
	if s.At == "" || s == r.settledSending {
		return sending{}, nil, nil
	}
	made := sending{r.ids.resource("sending", s.Of), s.At}
	before, err := now.Sent(made.id)
	switch {
	case err != nil || before == made.at:
		return sending{}, nil, err
	case before > made.at:
		return sending{}, &refusal{ruleWentBack, "the source has sent of it before what it says to be newer: bring in its newest extract, or discard this one"}, nil
	}
	return made, nil, nil
}

// keep keeps it, where it is news.
func (s sending) keep(tx store.Tx) error {
	if s.id == "" {
		return nil
	}
	return tx.KeepSent(s.id, s.at)
}
