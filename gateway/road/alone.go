package road

import (
	"context"

	"cpagateway/gateway/audit"
	"cpagateway/gateway/store"
)

// alone takes the steps of attempt inside the transaction that records them, where
// nothing changes: it is for a person whom others change faster than can be decided
// outside. Everybody who writes waits meanwhile, so it is the last that is tried.
func (r *Road) alone(ctx context.Context, t *exchange) (audit.Recorded, reply, error) {
	var p reply
	var answered audit.Written
	since := r.Clock()
	recorded, err := r.Audit.Write(ctx, func(tx store.Tx) ([]audit.Written, error) {
		register, err := r.Register.Of(tx)
		if err != nil {
			return nil, err
		}
		s, err := r.find(tx, t)
		if err != nil {
			return nil, err
		}
		persons, err := s.persons()
		if err != nil {
			return nil, err
		}
		q := t.question(s, persons, r.request(t, register))
		found, err := r.page(tx, q)
		if err != nil {
			return nil, err
		}
		if p, answered.Released, err = r.reply(t, s, q, found); err != nil {
			return nil, err
		}
		answered.Event, answered.Decisions = t.event(p.status), q.decisions()
		return []audit.Written{answered}, nil
	})
	r.waited(ctx, since)
	if err != nil {
		return audit.Recorded{}, reply{}, err
	}
	r.decided(ctx, t, answered.Decisions, answered.Released)
	return recorded, p, nil
}
