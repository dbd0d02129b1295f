package identity

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
)

// Ready says whether there is an issuer whose tokens can be taken, fetching what is
// due. It waits only where there is none. The error names the issuers that cannot be
// read, and why.
func (v *Verifier) Ready(ctx context.Context) error {
	v.await(ctx, func() bool { return len(v.Away()) < len(v.order) })
	away := v.Away()
	if len(away) < len(v.order) {
		return nil
	}
	wrong := make([]error, len(away))
	for n, a := range away {
		wrong[n] = a
	}
	return errors.Join(wrong...)
}

// Away is an issuer whose tokens are refused, because its keys cannot be had.
type Away struct {
	Issuer string // its URL
	cause  error
}

// Error says why, and holds nothing from a token.
func (a Away) Error() string {
	return fmt.Sprintf("reading the keys of issuer %s: %v", a.Issuer, a.cause)
}

// Away names the issuers whose tokens are refused now, in the order of the
// configuration. It asks nobody.
func (v *Verifier) Away() (away []Away) {
	for _, i := range v.order {
		if known, failure := i.keys.snapshot(); !i.keys.fresh(known) {
			away = append(away, Away{i.config.URL, cmp.Or(failure, errNoKeys)})
		}
	}
	return away
}

// Issuers names all issuers, in the order of the configuration.
func (v *Verifier) Issuers() (urls []string) {
	for _, i := range v.order {
		urls = append(urls, i.config.URL)
	}
	return urls
}

// Endpoints says where callers get a token: for each issuer that could be read
// at least once, in the order of the configuration. What is due is fetched, and
// waited for only while no issuer is known.
func (v *Verifier) Endpoints(ctx context.Context) []Endpoints {
	v.await(ctx, func() bool { return len(v.known()) > 0 })
	return v.known()
}

// await fetches what is due from all issuers at once, and waits until there is
// enough or no fetch is under way: one issuer that hangs delays nothing of the others.
func (v *Verifier) await(ctx context.Context, enough func() bool) {
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
	for ; under > 0 && !enough(); under-- {
		<-over
	}
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
