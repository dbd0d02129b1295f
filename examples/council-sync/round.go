package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
)

// round is one run: what the council changed goes out as edits of the plan as it was last
// given, and what others changed since comes in.
type round struct {
	gateway  gateway
	files    files
	council  councilFile
	memory   memory
	original []byte // the council's file as it was read or written last
}

const maxTries = 4

// run makes rounds until nobody edits the file meanwhile, and tells what is left.
func (r *round) run(ctx context.Context) (code int, err error) {
	for range maxTries {
		if err = r.once(ctx); !errors.Is(err, errEdited) {
			break
		}
	}
	unsent, waiting := r.left()
	if unsent > 0 {
		fmt.Printf("%d parts stand in %s alone, %d of them for a person to look at\n", unsent, r.files.council, waiting)
	}
	switch {
	case err != nil:
		return codeOf(err), err
	case unsent > 0:
		return held, nil
	}
	return inStep, nil
}

func (r *round) once(ctx context.Context) (err error) {
	if r.council, r.memory, r.original, err = r.files.load(); err != nil {
		return err
	}
	if r.memory.Plan == "" {
		if r.memory.Plan, err = r.gateway.find(ctx, r.council.Person); err != nil {
			return err
		}
		if err = r.pull(ctx); err != nil {
			return err
		}
	}
	for _, id := range r.ids() {
		if err := r.push(ctx, id); err != nil {
			return err
		}
	}
	return r.pull(ctx)
}

// ids are of all parts that the file has or that were sent.
func (r *round) ids() []string {
	ids := slices.Sorted(maps.Keys(r.memory.Sent))
	for _, p := range r.council.Parts {
		if _, sent := r.memory.Sent[p.ID]; !sent {
			ids = append(ids, p.ID)
		}
	}
	return ids
}

// changed is what was sent of a part, and what is to be: nil where there is none.
func (r *round) changed(id string) (was, is *words, changed bool) {
	if sent, ok := r.memory.Sent[id]; ok {
		was = &sent
	}
	if i := r.at(id); i >= 0 {
		if r.council.Parts[i].Held != "" {
			return was, was, false
		}
		is = &r.council.Parts[i].words
	}
	return was, is, (was == nil) != (is == nil) || was != nil && *was != *is
}

func (r *round) at(id string) int {
	return slices.IndexFunc(r.council.Parts, func(p part) bool { return p.ID == id })
}

// push sends one part, so that an answer is about it alone. Killed anywhere, it sends the
// same edit of the same version again.
func (r *round) push(ctx context.Context, id string) error {
	for range maxTries {
		was, is, changed := r.changed(id)
		if !changed {
			return nil
		}
		base, err := parsePlan(r.memory.Base)
		if err != nil {
			return err
		}
		body, err := base.edit(was, is)
		if err != nil {
			return err
		}
		a, err := r.gateway.write(ctx, r.memory.Plan, r.memory.Tag, body)
		if err != nil {
			return err
		}
		switch {
		case a.status == http.StatusOK:
			delete(r.memory.Sent, id)
			if is != nil {
				r.memory.Sent[id] = *is
			}
			fmt.Printf("part %s: sent\n", id)
			return r.adopt(a)
		case a.refuses():
			r.hold(id, was, "refused: "+a.says())
			return r.save()
		}
		if err := r.pull(ctx); err != nil { // 412: what others made of it tells whether it clashes
			return err
		}
	}
	return nil // the next round tries again
}

func (r *round) pull(ctx context.Context) error {
	a, err := r.gateway.read(ctx, r.memory.Plan)
	if err != nil {
		return err
	}
	if a.status != http.StatusOK {
		return a.unexpected()
	}
	return r.adopt(a)
}

// hold keeps the council's words in the file, with the reason why they are not sent. What
// may not be taken away comes back into it.
func (r *round) hold(id string, was *words, reason string) {
	i := r.at(id)
	if i < 0 {
		i = len(r.council.Parts)
		r.council.Parts = append(r.council.Parts, part{ID: id, words: *was})
	}
	r.council.Parts[i].Held = reason
	fmt.Printf("part %s: not sent; the file says why\n", id)
}

// left counts what stands in the file alone.
func (r *round) left() (unsent, waiting int) {
	for _, p := range r.council.Parts {
		if sent, ok := r.memory.Sent[p.ID]; !ok || sent != p.words || p.Held != "" {
			unsent++
		}
		if p.Held != "" {
			waiting++
		}
	}
	return unsent, waiting
}

func (r *round) save() (err error) {
	r.original, err = r.files.save(r.council, r.memory, r.original)
	return err
}
