package recordstest

import (
	"context"
	"fmt"
	"time"

	"cpagateway/consent"
	"cpagateway/consent/disclosure"
	"cpagateway/gateway/records"
	"cpagateway/profiles"
)

// Keeper is a store as far as it keeps records.
type Keeper[S records.Snapshot, T records.Tx] interface {
	View(ctx context.Context, read func(S) error) error
	Update(ctx context.Context, change func(T) error) error
}

// Store asks a store one thing at a time: each call is a view or an update of
// its own.
type Store struct {
	view   func(context.Context, func(records.Snapshot) error) error
	update func(context.Context, func(records.Tx) error) error
}

// Of is a store as the suite asks it.
func Of[S records.Snapshot, T records.Tx](k Keeper[S, T]) Store {
	return Store{
		view: func(ctx context.Context, read func(records.Snapshot) error) error {
			return k.View(ctx, func(s S) error { return read(s) })
		},
		update: func(ctx context.Context, change func(records.Tx) error) error {
			return k.Update(ctx, func(t T) error { return change(t) })
		},
	}
}

// View is the store's.
func (s Store) View(ctx context.Context, read func(records.Snapshot) error) error {
	return s.view(ctx, read)
}

// Update is the store's.
func (s Store) Update(ctx context.Context, change func(records.Tx) error) error {
	return s.update(ctx, change)
}

func once[T any](ctx context.Context, s Store, ask func(records.Snapshot) (T, error)) (answer T, err error) {
	err = s.view(ctx, func(s records.Snapshot) (err error) {
		answer, err = ask(s)
		return err
	})
	return answer, err
}

// Person is records.Snapshot's.
func (s Store) Person(ctx context.Context, system, value string) (profiles.PersonID, error) {
	return once(ctx, s, func(s records.Snapshot) (profiles.PersonID, error) { return s.Person(system, value) })
}

// PersonOf is records.Snapshot's.
func (s Store) PersonOf(ctx context.Context, typ, id string) (profiles.PersonID, error) {
	return once(ctx, s, func(s records.Snapshot) (profiles.PersonID, error) { return s.PersonOf(typ, id) })
}

// Dossier is records.Snapshot's. It fails where the epoch by itself is another.
func (s Store) Dossier(ctx context.Context, person profiles.PersonID) (records.Dossier, error) {
	return once(ctx, s, func(s records.Snapshot) (records.Dossier, error) {
		dossier, err := s.Dossier(person)
		if err != nil {
			return dossier, err
		}
		epoch, err := s.Epoch(person)
		if err == nil && epoch != dossier.Epoch {
			err = fmt.Errorf("the dossier is of epoch %d, the person of %d", dossier.Epoch, epoch)
		}
		return dossier, err
	})
}

// Read is records.Snapshot's.
func (s Store) Read(ctx context.Context, d consent.Decision, typ, id string) (records.Visible, error) {
	return once(ctx, s, func(s records.Snapshot) (records.Visible, error) { return s.Read(d, typ, id) })
}

// ReadVersion is records.Snapshot's.
func (s Store) ReadVersion(ctx context.Context, d consent.Decision, typ, id string, number uint64) (records.Visible, error) {
	return once(ctx, s, func(s records.Snapshot) (records.Visible, error) { return s.ReadVersion(d, typ, id, number) })
}

// Find is records.Snapshot's.
func (s Store) Find(ctx context.Context, d consent.Decision, q records.Query) (records.Page, error) {
	return once(ctx, s, func(s records.Snapshot) (records.Page, error) { return s.Find(d, q) })
}

// Targets is records.Snapshot's.
func (s Store) Targets(ctx context.Context, refs []string) (map[string]disclosure.Target, error) {
	return once(ctx, s, func(s records.Snapshot) (map[string]disclosure.Target, error) { return s.Targets(refs) })
}

// Result is what became of one change of a batch.
type Result struct {
	records.Result
	Err error // a refusal
}

// Put keeps a batch in one update; what is Refused is told in the results.
func (s Store) Put(ctx context.Context, at time.Time, batch ...consent.Accepted) (results []Result, err error) {
	err = s.update(ctx, func(tx records.Tx) error {
		results = nil
		for _, a := range batch {
			result, err := tx.Put(at, a, records.Precondition{})
			if err != nil && !records.Refused(err) {
				return err
			}
			results = append(results, Result{result, err})
		}
		return nil
	})
	return results, err
}
