package agreements

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Load reads every *.yaml file under fsys, one agreement version in
// each. It is strict: an unknown field, a second agreement of the same id and
// version, an unknown item or an incomplete legal basis refuses the whole
// register. The error names every fault with its file and line. An empty folder
// is a register that covers nobody.
func Load(fsys fs.FS) (*Register, error) {
	files, err := Texts(fsys)
	if err != nil {
		return nil, err
	}
	return LoadTexts(files)
}

// Texts reads the files that Load would, by their names.
func Texts(fsys fs.FS) (map[string][]byte, error) {
	files := make(map[string][]byte)
	err := fs.WalkDir(fsys, ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && (path.Ext(name) == ".yaml" || path.Ext(name) == misnamed) {
			files[name], err = fs.ReadFile(fsys, name)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading agreements: %w", err)
	}
	return files, nil
}

// misnamed would be passed over where others look for agreements, and is refused.
const misnamed = ".yml"

// LoadTexts is Load for files that are held in memory, by their names.
func LoadTexts(files map[string][]byte) (*Register, error) {
	var agreements []*Agreement
	var faults []error
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if path.Ext(name) == misnamed {
			faults = append(faults, fmt.Errorf("%s: an agreement's file ends in .yaml; this one would be passed over", name))
			continue
		}
		a, wrong := readAgreement(name, files[name])
		agreements, faults = append(agreements, a), append(faults, wrong...)
	}
	faults = append(faults, twice(agreements)...)
	if len(faults) > 0 {
		return nil, fmt.Errorf("reading agreements: %w", errors.Join(faults...))
	}
	return compile(agreements), nil
}

// readAgreement reads and checks one file.
func readAgreement(name string, src []byte) (*Agreement, []error) {
	sum := sha256.Sum256(src)
	a := &Agreement{File: name, Hash: hex.EncodeToString(sum[:])}
	var tree yaml.Node
	if err := yaml.Unmarshal(src, &tree); err != nil {
		return a, syntaxFaults(name, err)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(src))
	decoder.KnownFields(true)
	if err := decoder.Decode(a); err != nil {
		return a, syntaxFaults(name, err)
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return a, []error{fmt.Errorf("%s: one file holds one agreement", name)}
	}
	c := checker{file: name, root: &tree, agreement: a}
	c.check()
	return a, c.faults
}

// yamlFault takes a message of the YAML reader apart: its line, and what is
// wrong without the names of our Go types.
var yamlFault = regexp.MustCompile(`^(?:yaml: )?(?:unmarshal errors:\s*)?line (\d+): (.*?)(?: in type [\w.]+)?$`)

func syntaxFaults(file string, err error) []error {
	messages := []string{err.Error()}
	var several *yaml.TypeError
	if errors.As(err, &several) {
		messages = several.Errors
	}
	var faults []error
	for _, m := range messages {
		if parts := yamlFault.FindStringSubmatch(m); parts != nil {
			text := strings.Replace(parts[2], "not found", "is not known", 1)
			faults = append(faults, fmt.Errorf("%s:%s: %s", file, parts[1], text))
		} else {
			faults = append(faults, fmt.Errorf("%s: %s", file, m))
		}
	}
	return faults
}

// twice finds agreements that say the same id and version.
func twice(agreements []*Agreement) []error {
	type version struct {
		id      string
		version int
	}
	var faults []error
	first := map[version]string{}
	for _, a := range agreements {
		key := version{a.ID, a.Version}
		if other, found := first[key]; found && a.ID != "" {
			faults = append(faults, fmt.Errorf("%s: agreement %s version %d is already in %s", a.File, a.ID, a.Version, other))
		}
		first[key] = a.File
	}
	return faults
}

// compile sorts and indexes checked agreements.
func compile(agreements []*Agreement) *Register {
	slices.SortFunc(agreements, func(a, b *Agreement) int {
		return cmp.Or(strings.Compare(a.ID, b.ID), cmp.Compare(a.Version, b.Version))
	})
	r := &Register{
		agreements: agreements, flows: map[FlowKey][]*Candidate{},
		contributions: map[ContributionKey][]*Candidate{}, pairs: map[Pair][]*PairAgreement{},
	}
	sum := sha256.New()
	for i, a := range agreements {
		sum.Write([]byte(a.Hash))
		r.add(a, displacedFrom(a, agreements[i+1:]))
	}
	r.hash = hex.EncodeToString(sum.Sum(nil))
	return r
}

// add indexes one agreement by every pair of its partners, and by its flows. A
// partner is paired with itself as well, for flows between its own teams.
func (r *Register) add(a *Agreement, displaced Day) {
	for i := range a.Partners {
		for j := range a.Partners {
			source, recipient := &a.Partners[i], &a.Partners[j]
			s := &PairAgreement{Agreement: a, Source: source, Recipient: recipient, DisplacedFrom: displaced}
			key := Pair{source.Organisation, recipient.Organisation}
			r.pairs[key] = append(r.pairs[key], s)
			for k := range a.Flows {
				if f := &a.Flows[k]; f.From.Organisation == key.Source && f.To.Organisation == key.Recipient {
					r.index(&Candidate{f, s})
				}
			}
		}
	}
}

// index files one flow under what it is looked up by. One without a receiving team is
// for contributions alone: nobody reads by it.
func (r *Register) index(c *Candidate) {
	r.candidates = append(r.candidates, c)
	if c.To.Team != "" {
		key := FlowKey{c.From.Organisation, c.To.Organisation, c.To.Team, c.Purpose}
		r.flows[key] = append(r.flows[key], c)
	}
	if c.Contribute == OwnParts {
		key := ContributionKey{c.From.Organisation, c.To.Organisation}
		r.contributions[key] = append(r.contributions[key], c)
	}
}

// displacedFrom is the day on which a later version of the same agreement takes
// over: the first issue date among the later ones that ever got beyond paper. They
// follow it at once.
func displacedFrom(a *Agreement, following []*Agreement) Day {
	from := NoDay
	for _, b := range following {
		switch {
		case b.ID != a.ID:
			return from
		case b.Status != Draft && b.Status != Signed && (from == NoDay || b.IssueDate < from):
			from = b.IssueDate
		}
	}
	return from
}
