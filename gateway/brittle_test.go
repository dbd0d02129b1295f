package gateway_test

import (
	"context"
	"sync"

	"cpagateway/consent/disclosure"
	"cpagateway/gateway/records"
	"cpagateway/gateway/store"
	"cpagateway/profiles"
)

// brittleStore lets a test break a read of the store, or do something before it.
type brittleStore struct {
	store.Viewer
	before  func(ctx context.Context, method string) error
	instead func(body []byte) []byte // what is read in the place of a body
}

func (b *brittleStore) View(ctx context.Context, read func(store.Snapshot) error) error {
	return b.Viewer.View(ctx, func(now store.Snapshot) error { return read(&brittleSnapshot{now, b}) })
}

func (b *brittleSnapshot) step(method string) error {
	if b.before == nil {
		return nil
	}
	return b.before(b.Context(), method)
}

type brittleSnapshot struct {
	store.Snapshot
	*brittleStore
}

func (b *brittleSnapshot) Person(system, value string) (profiles.PersonID, error) {
	if err := b.step("Person"); err != nil {
		return "", err
	}
	return b.Snapshot.Person(system, value)
}

func (b *brittleSnapshot) PersonOf(typ, id string) (profiles.PersonID, error) {
	if err := b.step("PersonOf"); err != nil {
		return "", err
	}
	return b.Snapshot.PersonOf(typ, id)
}

func (b *brittleSnapshot) Holdings(person profiles.PersonID) (records.Holdings, error) {
	if err := b.step("Holdings"); err != nil {
		return records.Holdings{}, err
	}
	return b.Snapshot.Holdings(person)
}

func (b *brittleSnapshot) Read(scopes []records.Scope, id string) (records.Visible, error) {
	if err := b.step("Read"); err != nil {
		return records.Visible{}, err
	}
	v, err := b.Snapshot.Read(scopes, id)
	b.garble(&v)
	return v, err
}

func (b *brittleSnapshot) ReadVersion(scopes []records.Scope, id string, number uint64) (records.Visible, error) {
	if err := b.step("ReadVersion"); err != nil {
		return records.Visible{}, err
	}
	return b.Snapshot.ReadVersion(scopes, id, number)
}

func (b *brittleSnapshot) Versions(scopes []records.Scope, id string, below uint64, limit int) ([]records.Visible, error) {
	if err := b.step("Versions"); err != nil {
		return nil, err
	}
	return b.Snapshot.Versions(scopes, id, below, limit)
}

func (b *brittleSnapshot) Find(scopes []records.Scope, q records.Query) (records.Page, error) {
	if err := b.step("Find"); err != nil {
		return records.Page{}, err
	}
	page, err := b.Snapshot.Find(scopes, q)
	for i := range page.Matches {
		b.garble(&page.Matches[i])
	}
	return page, err
}

func (b *brittleSnapshot) garble(v *records.Visible) {
	if b.instead != nil {
		v.Body = b.instead(v.Body)
	}
}

func (b *brittleSnapshot) Targets(custodian profiles.OrgCode, refs []string) (map[string]disclosure.Target, error) {
	if err := b.step("Targets"); err != nil {
		return nil, err
	}
	return b.Snapshot.Targets(custodian, refs)
}

// brittleUpdates lets a test break an update before it happens, or after.
type brittleUpdates struct {
	store         store.Store
	mu            sync.Mutex
	before, after error
	once          func()
	wrap          func(store.Tx) store.Tx // what a change works with in the place of its transaction
}

// through has changes work with something in the place of their transactions; nil: with
// these.
func (b *brittleUpdates) through(wrap func(store.Tx) store.Tx) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.wrap = wrap
}

// first has something done once, before the next update.
func (b *brittleUpdates) first(do func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.once = do
}

func (b *brittleUpdates) breaks(before, after error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.before, b.after = before, after
}

func (b *brittleUpdates) Update(ctx context.Context, change func(store.Tx) error) error {
	b.mu.Lock()
	before, after, once, wrap := b.before, b.after, b.once, b.wrap
	b.once = nil
	b.mu.Unlock()
	if once != nil {
		once()
	}
	if before != nil {
		return before
	}
	inside := change
	if wrap != nil {
		inside = func(tx store.Tx) error { return change(wrap(tx)) }
	}
	if err := b.store.Update(ctx, inside); err != nil {
		return err
	}
	return after
}
