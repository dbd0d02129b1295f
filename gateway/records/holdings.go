package records

import (
	"slices"

	"cpagateway/consent/facts"
	"cpagateway/profiles"
)

// Holdings are what decisions about a person rest on, all of one moment: the facts
// that custodians hold, and what they lead to. They are never disclosed.
type Holdings struct {
	Person profiles.PersonID
	// Generation is the place, in the order of all changes to the store, of the last
	// one to anything that is held about the person: so it never comes back. It is 0
	// where nothing ever was.
	Generation uint64
	Custodians []profiles.OrgCode                 // that hold anything about the person, by code
	Facts      []facts.Compiled                   // in the order of first storing; then the wishes of records that are kept apart from the person's
	Identity   facts.IdentityState                // whether the person's own records are kept apart, and what was confirmed of them
	Directory  map[Reference]facts.DirectoryEntry // what the facts lead to
	Consulted  map[Reference]uint64               // of the directory: the edition (Snapshot.Editions) of every record that was looked for, 0 where there is none
}

// Consulted is a record of a directory as it is looked up for Holdings.
type Consulted struct {
	facts.Compiled
	Edition uint64
}

// Reference leads from a custodian's record to another of the same custodian.
type Reference struct {
	Custodian profiles.OrgCode
	Text      string // "Type/id"
}

// At is the person as a decision for one custodian has them.
func (h Holdings) At(custodian profiles.OrgCode) facts.Person {
	return facts.Compose(h.Person, custodian, h.Generation, h.Identity, h.Facts, func(text string) (facts.DirectoryEntry, bool) {
		entry, known := h.Directory[Reference{custodian, text}]
		return entry, known
	})
}

// CustodiansOr are the custodians that a request about the person is put to: all that
// hold anything, or home where none does.
func (h Holdings) CustodiansOr(home profiles.OrgCode) []profiles.OrgCode {
	if len(h.Custodians) == 0 {
		return []profiles.OrgCode{home}
	}
	return h.Custodians
}

// LookUp completes the directory, for the implementations: find gives the records that
// some references lead to. What was compiled by other rules leads nowhere.
func (h *Holdings) LookUp(find func([]Reference) (map[Reference]Consulted, error)) error {
	h.Directory, h.Consulted = make(map[Reference]facts.DirectoryEntry), make(map[Reference]uint64)
	from := h.Facts
	for range facts.MaxReferences {
		wanted := h.wanted(from)
		if len(wanted) == 0 {
			return nil
		}
		found, err := find(wanted)
		if err != nil {
			return err
		}
		from = nil
		for _, ref := range wanted {
			consulted := found[ref]
			h.Consulted[ref] = consulted.Edition
			if consulted.Rules == facts.Rules && consulted.Entry != nil {
				h.Directory[ref] = *consulted.Entry
				from = append(from, consulted.Compiled)
			}
		}
	}
	return nil
}

// wanted are the references of some compiled resources that are not looked up yet.
func (h *Holdings) wanted(from []facts.Compiled) []Reference {
	var wanted []Reference
	for i := range from {
		for _, text := range from[i].References() {
			ref := Reference{from[i].Custodian, text}
			if _, known := h.Consulted[ref]; !known && !slices.Contains(wanted, ref) {
				wanted = append(wanted, ref)
			}
		}
	}
	return wanted
}
