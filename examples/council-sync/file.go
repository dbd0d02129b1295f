package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// part is what the council says in one activity of the plan.
type part struct {
	ID string `json:"id"` // the council's own; it stays in the council's file
	words
	Held string `json:"held,omitempty"` // why it is not sent; it is, once somebody takes this away
}

// words are a part as the plan has it.
type words struct {
	Area   string `json:"area"`
	Text   string `json:"text"`
	Status string `json:"status"`
}

// councilFile is the file that people and other programs of the council work in.
type councilFile struct {
	Person string  `json:"person"` // NHS number
	Parts  []part  `json:"parts"`
	Others []words `json:"others"` // what else the plan says of areas; written by this program alone
}

// memory is what the program has to remember between rounds.
type memory struct {
	Plan string           `json:"plan"` // its id
	Tag  string           `json:"tag"`  // and version, from which the next edit is made
	Base json.RawMessage  `json:"base"` // the plan as it was given under the tag
	Sent map[string]words `json:"sent"` // the parts of the file that stand in base, and how
}

// files are where both are kept.
type files struct{ council, state string }

// errEdited: somebody wrote into the council's file during a round, which begins anew.
var errEdited = errors.New("the file was edited meanwhile")

func (f files) load() (c councilFile, m memory, original []byte, err error) {
	if original, err = os.ReadFile(f.council); err != nil {
		return c, m, nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(original))
	decoder.DisallowUnknownFields() // what is not understood would be lost when the file is written
	if err = decoder.Decode(&c); err == nil {
		err = c.check()
	}
	if _, more := decoder.Token(); err == nil && !errors.Is(more, io.EOF) {
		err = errors.New("something stands behind the object")
	}
	if err != nil {
		return c, m, nil, fmt.Errorf("%s: %w", f.council, err)
	}
	state, err := os.ReadFile(f.state)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	} else if err == nil {
		err = json.Unmarshal(state, &m)
	}
	if m.Sent == nil {
		m.Sent = map[string]words{}
	}
	return c, m, original, err
}

func (c councilFile) check() error {
	if c.Person == "" {
		return errors.New("no person")
	}
	seen := map[string]bool{}
	for _, p := range c.Parts {
		if p.ID == "" || seen[p.ID] {
			return fmt.Errorf("each part needs an id of its own: %q", p.ID)
		}
		seen[p.ID] = true
	}
	return nil
}

// save writes the council's file before the memory of it: a program that is killed between
// the two takes what it wrote for an edit of the council's, which the gateway finds made.
// The other way round it would take it back.
func (f files) save(c councilFile, m memory, original []byte) ([]byte, error) {
	text, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return original, err
	}
	text = append(text, '\n')
	now, err := os.ReadFile(f.council)
	if err != nil {
		return original, err
	}
	if !bytes.Equal(now, original) {
		return original, errEdited
	}
	if !bytes.Equal(now, text) {
		if err := replace(f.council, text); err != nil {
			return original, err
		}
	}
	state, err := json.Marshal(m)
	if err != nil {
		return text, err
	}
	return text, replace(f.state, state)
}

// replace writes a file whole or not at all.
func replace(name string, text []byte) error {
	temporary, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".new-")
	if err != nil {
		return err
	}
	_, err = temporary.Write(text)
	err = errors.Join(err, temporary.Sync(), temporary.Close())
	if err == nil {
		err = os.Rename(temporary.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temporary.Name()))
	}
	return nil
}
