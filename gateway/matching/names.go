package matching

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"cpagateway/profiles/fhir"
)

// names are the forms of all names of a record, of any use. A name that is written as
// one text stands among both.
type names struct{ given, family forms }

// forms are folded names and their parts.
type forms map[string]bool

func (n *names) empty() bool { return len(n.given) == 0 && len(n.family) == 0 }

// read adds one HumanName.
func (n *names) read(name fhir.Value) {
	if n.given == nil {
		n.given, n.family = forms{}, forms{}
	}
	given, family := name.Get("given"), name.Get("family").Text()
	if given.Len() == 0 && family == "" {
		n.given.add(name.Get("text").Text())
		n.family.add(name.Get("text").Text())
		return
	}
	n.family.add(family)
	var all []string
	for one := range given.Each() {
		n.given.add(one.Text())
		all = append(all, one.Text())
	}
	n.given.add(strings.Join(all, " "))
}

// add adds the forms of one name as it is written: each of its parts, and all of them
// in one word. A particle is no name by itself, or every "ap" would be another's; a
// name that is nothing else is one.
func (f forms) add(written string) {
	parts := fold(written)
	if len(parts) == 0 {
		return
	}
	f[strings.Join(parts, "")] = true
	for _, part := range parts {
		if !particles[part] {
			f[part] = true
		}
	}
}

// fold gives the parts of a name in small letters without accents, apostrophes and
// hyphens.
func fold(written string) []string {
	var b strings.Builder
	for _, c := range norm.NFKD.String(strings.ToLower(written)) {
		switch {
		case letters[c] != "":
			b.WriteString(letters[c])
		case unicode.IsLetter(c):
			b.WriteRune(c)
		case unicode.Is(unicode.Mn, c), strings.ContainsRune("'’‘ʼ`´", c):
		default:
			b.WriteByte(' ')
		}
	}
	return strings.Fields(b.String())
}

// letters are those that no accent explains.
var letters = map[rune]string{'ß': "ss", 'æ': "ae", 'œ': "oe", 'ø': "o", 'ł': "l", 'đ': "d", 'ð': "d", 'þ': "th", 'ı': "i"}

// common is how much two records share of their names.
type common uint8

const (
	nothing common = iota
	anInitial
	aName
)

// shareName says what two records share: a given or a family name, or, where the two
// are exchanged, both.
func shareName(a, b names) common {
	return max(share(a.given, b.given), share(a.family, b.family), min(share(a.given, b.family), share(a.family, b.given)))
}

// exchanged reports that the given names of one are the family names of the other.
func exchanged(a, b names) bool {
	return share(a.given, b.family) == aName && share(a.family, b.given) == aName
}

// disjoint reports that both have names of a kind and share none of them.
func disjoint(a, b forms) bool {
	return len(a) > 0 && len(b) > 0 && share(a, b) == nothing
}

// share compares the names of one kind. Where a record has only initials they
// contradict no name that begins with them, and prove none; beside a name that is
// written out they say nothing.
func share(a, b forms) common {
	for x := range a {
		if whole(x) && b[x] || slices.ContainsFunc(variants[x], func(y string) bool { return b[y] }) {
			return aName
		}
	}
	if (a.initials() || b.initials()) && (a.begins(b) || b.begins(a)) {
		return anInitial
	}
	return nothing
}

// initials reports that a record has nothing but initials.
func (f forms) initials() bool {
	for x := range f {
		if whole(x) {
			return false
		}
	}
	return true
}

// begins reports whether one of the forms is the first letter of one of the others.
func (f forms) begins(others forms) bool {
	for x := range others {
		if _, size := utf8.DecodeRuneInString(x); f[x[:size]] {
			return true
		}
	}
	return false
}

// whole reports that a form is more than an initial.
func whole(form string) bool { return len(form) > 1 }
