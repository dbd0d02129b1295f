package codes

import "slices"

// Check is what can be said of a table without a record.
type Check struct {
	Name         string              `json:"name"`
	Source       string              `json:"source"`
	Target       string              `json:"target"`
	Merged       map[string][]string `json:"merged,omitempty"`       // target code -> the codes that become it: none of them returns
	Else         string              `json:"else,omitempty"`         // target of every other code: it never returns
	NoEquivalent []string            `json:"noEquivalent,omitempty"` // codes that have no target
	NoSource     []string            `json:"noSource,omitempty"`     // targets that no code becomes
	FalseFriends []string            `json:"falseFriends,omitempty"` // codes that both systems have and that are not the same
	NotUndone    []string            `json:"notUndone,omitempty"`    // codes that the tables the other way do not bring back
}

// Check says what a table loses; of others those count that lead the other way.
func (t *Table) Check(others map[string]*Table) Check {
	c := Check{Name: t.Name, Source: t.Source, Target: t.Target, Merged: map[string][]string{}}
	c.NoEquivalent = t.those(func(_ string, to Coding) bool { return to.Code == "" })
	for to, codes := range t.became {
		if to[0] != "" && len(codes) > 1 {
			c.Merged[to[1]] = codes
		}
	}
	if t.Otherwise != nil {
		c.Else = t.Otherwise.Code
	}
	for _, to := range t.None {
		c.NoSource = append(c.NoSource, to.Code)
	}
	slices.Sort(c.NoSource)
	c.FalseFriends = t.those(t.isFalseFriend)
	c.NotUndone = t.notUndone(others)
	return c
}

// those are the codes of some rows, sorted.
func (t *Table) those(is func(code string, to Coding) bool) (codes []string) {
	for code, to := range t.Rows {
		if is(code, to) {
			codes = append(codes, code)
		}
	}
	slices.Sort(codes)
	return codes
}

func (t *Table) isFalseFriend(code string, to Coding) bool {
	isTarget := func(c Coding) bool { return c.System == t.Target && c.Code == code }
	return to.Code != code && (slices.ContainsFunc(t.None, isTarget) || t.Target != t.Source && slices.ContainsFunc(t.Targets(), isTarget))
}

// notUndone are the codes that tables the other way do not bring back, where there
// is such a table.
func (t *Table) notUndone(others map[string]*Table) []string {
	reverse := map[string]*Table{} // by the system that they read
	for _, other := range others {
		if other.Target == t.Source && other.Source != t.Source && slices.Contains(t.Systems(), other.Source) {
			reverse[other.Source] = other
		}
	}
	return t.those(func(code string, to Coding) bool {
		other := reverse[to.System]
		return to.Code != "" && len(reverse) > 0 && (other == nil || other.Rows[to.Code].Code != code)
	})
}

// Stay are the codes that their targets do not tell: by their codings, or by their
// codes alone.
func (t *Table) Stay(codesAlone bool) []string {
	return t.those(func(_ string, to Coding) bool {
		if to.System == t.Source && !codesAlone || to.Code == "" {
			return false
		}
		if codesAlone {
			to.System = ""
		}
		_, ok := t.back(to)
		return !ok
	})
}
