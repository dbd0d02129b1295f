package identity

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
)

// Ready says whether the keys of every issuer are at hand, fetching what is due,
// from all at once. The error names the issuers that cannot be read, and why.
func (v *Verifier) Ready(ctx context.Context) error {
	wrong := make([]error, len(v.order))
	var all sync.WaitGroup
	for n, i := range v.order {
		all.Go(func() {
			if _, err := i.keys.current(ctx); err != nil {
				wrong[n] = fmt.Errorf("reading the keys of issuer %s: %w", i.config.URL, err)
			}
		})
	}
	all.Wait()
	return errors.Join(wrong...)
}

// Endpoints says where callers get a token: for each issuer that could be read
// at least once, in the order of the configuration. What is due is fetched from
// all at once, and waited for only while no issuer is known: one that hangs
// delays nothing of the others.
func (v *Verifier) Endpoints(ctx context.Context) []Endpoints {
	over := make(chan struct{}, len(v.order))
	under := 0
	for _, i := range v.order {
		if flight := i.keys.renew(); flight != nil {
			under++
			go func() {
				select {
				case <-flight:
				case <-ctx.Done():
				}
				over <- struct{}{}
			}()
		}
	}
	known := v.known()
	for ; len(known) == 0 && under > 0; under-- {
		<-over
		known = v.known()
	}
	return known
}

// known is the endpoints that were read at least once.
func (v *Verifier) known() []Endpoints {
	var known []Endpoints
	for _, i := range v.order {
		k, _ := i.keys.snapshot()
		known = append(known, k.endpoints)
	}
	return slices.DeleteFunc(known, func(e Endpoints) bool { return e == Endpoints{} })
}
