package cache

import (
	"errors"
	"maps"
	"strings"

	"cpagateway/consent/disclosure"
	"cpagateway/gateway/records"
	"cpagateway/gateway/store"
	"cpagateway/profiles"
)

// Moment reads for one answer: from memory, or on one moment of the store. It
// implements records.Reader, and notes all that is read. It is for one goroutine, and
// for the duration of Cache.Read.
type Moment struct {
	cache    *Cache
	now      store.Snapshot // nil: from memory alone
	sequence uint64         // of now
	used     []*entry
	holder   *entry // of the holdings that were read
	making   *entry // what is being worked out
	editions map[records.Reference]uint64
}

var _ records.Reader = (*Moment)(nil)

// recall gives what is kept under a name.
func (m *Moment) recall(n name) (any, error) {
	e, known := m.cache.kept.GetIfPresent(n)
	if !known || e.person != "" && m.holder != nil && (e.person != m.holder.person || e.generation != m.holder.generation) {
		return nil, errNotKept
	}
	m.used = append(m.used, e)
	return e.value, nil
}

// keep notes an entry of this moment, and keeps it where it has a name.
func (m *Moment) keep(e *entry) {
	e.incarnation = m.now.Incarnation()
	e.proven.Store(m.sequence)
	m.used = append(m.used, e)
	if e.name.of != nothing && m.cache.kept != nil {
		m.cache.kept.Set(e.name, e)
	}
}

// Recall gives what is kept under a key about the person whose holdings were read, or
// works it out and keeps it. It must follow from the key, the person and what work reads
// of the moment, and from nothing else; it is shared with other requests and may not be
// changed. size is about how many bytes it takes. Where nobody's holdings were read,
// nothing is kept.
func Recall[T any](m *Moment, key string, size func(T) int, work func() (T, error)) (value T, err error) {
	if m.now == nil {
		if m.holder == nil {
			return value, errNotKept
		}
		kept, err := m.recall(name{worked, string(m.holder.person), key})
		value, _ = kept.(T)
		return value, err
	}
	e := &entry{}
	if m.holder != nil {
		e.name, e.person, e.generation = name{worked, string(m.holder.person), key}, m.holder.person, m.holder.generation
	}
	m.making = e
	value, err = work()
	m.making = nil
	if err != nil {
		return value, err
	}
	e.value, e.size = value, size(value)
	m.keep(e)
	return value, nil
}

// Person implements records.Reader.
func (m *Moment) Person(system, value string) (profiles.PersonID, error) {
	id := records.Identifier{System: system, Value: value}.Normal()
	return m.find(name{byIdentifier, id.System, id.Value})
}

// PersonOf implements records.Reader.
func (m *Moment) PersonOf(typ, id string) (profiles.PersonID, error) {
	return m.find(name{byResource, typ, id})
}

// find looks somebody up. That an identifier leads to nobody is noted and not kept:
// anybody could fill the memory with identifiers of nobody.
func (m *Moment) find(n name) (profiles.PersonID, error) {
	if m.now == nil {
		found, err := m.recall(n)
		person, _ := found.(profiles.PersonID)
		return person, err
	}
	person, err := n.find(m.now)
	if err != nil && !errors.Is(err, records.ErrNothing) {
		return "", err
	}
	e := &entry{value: person, finds: finding{n, person}}
	if person != "" {
		e.name = n
	}
	m.keep(e)
	return person, err
}

// Holdings implements records.Reader.
func (m *Moment) Holdings(person profiles.PersonID) (records.Holdings, error) {
	under := name{of: held, a: string(person)}
	if m.now == nil {
		kept, err := m.recall(under)
		if err != nil {
			return records.Holdings{}, err
		}
		m.holder = m.used[len(m.used)-1]
		return kept.(records.Holdings), nil
	}
	h, err := m.now.Holdings(person)
	if err != nil || person == "" {
		return h, err
	}
	e := &entry{value: h, size: sizeOf(h), person: person, generation: h.Generation, editions: h.Consulted}
	if m.editions == nil {
		m.editions = make(map[records.Reference]uint64)
	}
	maps.Copy(m.editions, h.Consulted)
	if len(h.Custodians) > 0 || len(h.Facts) > 0 {
		e.name, m.holder = under, e
	}
	m.keep(e)
	return h, nil
}

// sizeOf is about how many bytes holdings take.
func sizeOf(h records.Holdings) int {
	return 500 + 1500*len(h.Facts) + 400*len(h.Directory)
}

// note adds the editions of directory records to what an entry follows from. Each is
// asked for once.
func (m *Moment) note(e *entry, refs []records.Reference) error {
	var unknown []records.Reference
	for _, ref := range refs {
		if _, known := m.editions[ref]; !known {
			unknown = append(unknown, ref)
		}
	}
	if len(unknown) > 0 {
		editions, err := m.now.Editions(unknown)
		if err != nil {
			return err
		}
		if m.editions == nil {
			m.editions = make(map[records.Reference]uint64)
		}
		for _, ref := range unknown {
			m.editions[ref] = editions[ref] // 0: there is none
		}
	}
	if e.editions == nil && len(refs) > 0 {
		e.editions = make(map[records.Reference]uint64, len(refs))
	}
	for _, ref := range refs {
		e.editions[ref] = m.editions[ref]
	}
	return nil
}

// noteText notes what references in a custodian's record lead to in its directory. What
// is held about a person has the generation of that person instead.
func (m *Moment) noteText(custodian profiles.OrgCode, refs ...string) error {
	if m.making == nil {
		return errUnnoted
	}
	var directory []records.Reference
	for _, text := range refs {
		if typ, _, ok := strings.Cut(text, "/"); ok && profiles.DirectoryType(typ) {
			directory = append(directory, records.Reference{Custodian: custodian, Text: text})
		}
	}
	return m.note(m.making, directory)
}

// errUnnoted refuses to read what no entry would be answerable for.
var errUnnoted = errors.New("cache: read outside Recall")

// CustodianOf implements records.Reader. It is not kept: what is a directory's is asked
// for seldom.
func (m *Moment) CustodianOf(typ, id string) (profiles.OrgCode, error) {
	if m.now == nil {
		return "", errNotKept
	}
	return m.now.CustodianOf(typ, id)
}

// Read implements records.Reader, inside Recall.
func (m *Moment) Read(scopes []records.Scope, id string) (records.Visible, error) {
	return m.noteVisible(m.now.Read(scopes, id))
}

// ReadVersion implements records.Reader, inside Recall.
func (m *Moment) ReadVersion(scopes []records.Scope, id string, number uint64) (records.Visible, error) {
	return m.noteVisible(m.now.ReadVersion(scopes, id, number))
}

func (m *Moment) noteVisible(v records.Visible, err error) (records.Visible, error) {
	if err == nil {
		err = m.noteText(v.Custodian, v.Type+"/"+v.ID)
	}
	return v, err
}

// Versions implements records.Reader, inside Recall.
func (m *Moment) Versions(scopes []records.Scope, id string, below uint64, limit int) ([]records.Visible, error) {
	list, err := m.now.Versions(scopes, id, below, limit)
	return list, m.noteEach(list, err)
}

// Find implements records.Reader, inside Recall.
func (m *Moment) Find(scopes []records.Scope, q records.Query) (records.Page, error) {
	page, err := m.now.Find(scopes, q)
	return page, m.noteEach(page.Matches, err)
}

func (m *Moment) noteEach(list []records.Visible, err error) error {
	for _, v := range list {
		_, err = m.noteVisible(v, err)
	}
	return err
}

// Targets implements records.Reader, inside Recall.
func (m *Moment) Targets(custodian profiles.OrgCode, refs []string) (map[string]disclosure.Target, error) {
	targets, err := m.now.Targets(custodian, refs)
	if err == nil {
		err = m.noteText(custodian, refs...)
	}
	return targets, err
}
