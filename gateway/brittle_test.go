package gateway_test

import (
	"context"
	"sync"

	"cpagateway/consent"
	"cpagateway/consent/disclosure"
	"cpagateway/gateway/audit"
	"cpagateway/gateway/records"
	"cpagateway/profiles"
)

// brittleReader lets a test break a read of the store, or do something before it.
type brittleReader struct {
	records.Reader
	before func(ctx context.Context, method string) error
}

func (b *brittleReader) step(ctx context.Context, method string) error {
	if b.before == nil {
		return nil
	}
	return b.before(ctx, method)
}

func (b *brittleReader) Person(ctx context.Context, system, value string) (profiles.PersonID, error) {
	if err := b.step(ctx, "Person"); err != nil {
		return "", err
	}
	return b.Reader.Person(ctx, system, value)
}

func (b *brittleReader) PersonOf(ctx context.Context, typ, id string) (profiles.PersonID, error) {
	if err := b.step(ctx, "PersonOf"); err != nil {
		return "", err
	}
	return b.Reader.PersonOf(ctx, typ, id)
}

func (b *brittleReader) Dossier(ctx context.Context, person profiles.PersonID) (records.Dossier, error) {
	if err := b.step(ctx, "Dossier"); err != nil {
		return records.Dossier{}, err
	}
	return b.Reader.Dossier(ctx, person)
}

func (b *brittleReader) Read(ctx context.Context, d consent.Decision, typ, id string) (records.Visible, error) {
	if err := b.step(ctx, "Read"); err != nil {
		return records.Visible{}, err
	}
	return b.Reader.Read(ctx, d, typ, id)
}

func (b *brittleReader) ReadVersion(ctx context.Context, d consent.Decision, typ, id string, number uint64) (records.Visible, error) {
	if err := b.step(ctx, "ReadVersion"); err != nil {
		return records.Visible{}, err
	}
	return b.Reader.ReadVersion(ctx, d, typ, id, number)
}

func (b *brittleReader) Find(ctx context.Context, d consent.Decision, q records.Query) (records.Page, error) {
	if err := b.step(ctx, "Find"); err != nil {
		return records.Page{}, err
	}
	return b.Reader.Find(ctx, d, q)
}

func (b *brittleReader) Targets(ctx context.Context, refs []string) (map[string]disclosure.Target, error) {
	if err := b.step(ctx, "Targets"); err != nil {
		return nil, err
	}
	return b.Reader.Targets(ctx, refs)
}

// brittleSink lets a test break a commit before it happens, or after.
type brittleSink struct {
	audit.Sink
	mu            sync.Mutex
	before, after error
}

func (b *brittleSink) breaks(before, after error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.before, b.after = before, after
}

func (b *brittleSink) Commit(ctx context.Context, persons []profiles.PersonID, build func(map[profiles.PersonID]uint64, audit.Tail) []audit.Row) error {
	b.mu.Lock()
	before, after := b.before, b.after
	b.mu.Unlock()
	if before != nil {
		return before
	}
	if err := b.Sink.Commit(ctx, persons, build); err != nil {
		return err
	}
	return after
}
