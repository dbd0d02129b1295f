package recordstest

import (
	"context"
	"errors"
	"fmt"
	"testing"
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

// View reads something from one moment of a store, which must succeed.
func View[S, V any](t testing.TB, of interface {
	View(ctx context.Context, read func(S) error) error
}, read func(S) (V, error)) (found V) {
	t.Helper()
	err := of.View(context.WithoutCancel(t.Context()), func(now S) (err error) {
		found, err = read(now)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
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

// CustodianOf is records.Snapshot's.
func (s Store) CustodianOf(ctx context.Context, typ, id string) (profiles.OrgCode, error) {
	return once(ctx, s, func(s records.Snapshot) (profiles.OrgCode, error) { return s.CustodianOf(typ, id) })
}

// Holdings is records.Snapshot's.
func (s Store) Holdings(ctx context.Context, person profiles.PersonID) (records.Holdings, error) {
	return once(ctx, s, func(s records.Snapshot) (records.Holdings, error) {
		h, err := s.Holdings(person)
		if err != nil {
			return h, err
		}
		generation, err := s.Generation(person)
		if err == nil && generation != h.Generation {
			err = fmt.Errorf("the holdings are of generation %d, which is %d", h.Generation, generation)
		}
		return h, err
	})
}

// Read is records.Snapshot's, inside one decision.
func (s Store) Read(ctx context.Context, d consent.Decision, typ, id string) (records.Visible, error) {
	return once(ctx, s, func(s records.Snapshot) (records.Visible, error) { return s.Read(scopes(d, typ), id) })
}

// ReadVersion is records.Snapshot's, inside one decision.
func (s Store) ReadVersion(ctx context.Context, d consent.Decision, typ, id string, number uint64) (records.Visible, error) {
	return once(ctx, s, func(s records.Snapshot) (records.Visible, error) {
		return s.ReadVersion(scopes(d, typ), id, number)
	})
}

// Find is records.Snapshot's, inside one decision.
func (s Store) Find(ctx context.Context, d consent.Decision, typ string, q records.Query) (records.Page, error) {
	return s.FindIn(ctx, scopes(d, typ), q)
}

// FindIn is records.Snapshot's Find.
func (s Store) FindIn(ctx context.Context, scopes []records.Scope, q records.Query) (records.Page, error) {
	return once(ctx, s, func(s records.Snapshot) (records.Page, error) { return s.Find(scopes, q) })
}

func scopes(d consent.Decision, typ string) []records.Scope {
	return records.ScopesOf([]consent.Decision{d}, typ)
}

// Targets is records.Snapshot's.
func (s Store) Targets(ctx context.Context, custodian profiles.OrgCode, refs []string) (map[string]disclosure.Target, error) {
	return once(ctx, s, func(s records.Snapshot) (map[string]disclosure.Target, error) { return s.Targets(custodian, refs) })
}

// Result is what became of one change of a batch.
type Result struct {
	records.Result
	Err error // a refusal
}

// Puts are changes of which every other was read ahead.
func Puts(batch ...consent.Accepted) []records.Put {
	puts := make([]records.Put, len(batch))
	for i, a := range batch {
		if puts[i].Accepted = a; i%2 == 0 && !a.Removal() {
			puts[i].Ahead = records.ReadAhead(a.Custodian(), a.Resource())
		}
	}
	return puts
}

// Put keeps a batch in one update; what is Refused is told in the results, and what is
// between is put together.
func (s Store) Put(ctx context.Context, at time.Time, batch ...consent.Accepted) (results []Result, err error) {
	err = s.update(ctx, func(tx records.Tx) error {
		results = nil
		changes := Puts(batch...)
		for len(results) < len(batch) {
			rest := changes[len(results):]
			put, err := tx.PutAll(at, rest)
			refused := records.Refused(err)
			if refused { // and nothing was put
				rest = rest[:len(put)]
				put, err = tx.PutAll(at, rest)
			}
			if err != nil || len(put) != len(rest) {
				return errors.Join(err, fmt.Errorf("%d results of %d", len(put), len(rest)))
			}
			for _, result := range put {
				results = append(results, Result{result, nil})
			}
			if refused {
				_, err := tx.Put(at, batch[len(results)], records.Precondition{})
				if !records.Refused(err) {
					return fmt.Errorf("refused among others, and not by itself: %w", err)
				}
				results = append(results, Result{Err: err})
			}
		}
		return nil
	})
	return results, err
}
