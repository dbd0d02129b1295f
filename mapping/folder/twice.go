package folder

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"cpagateway/mapping"
	"cpagateway/mapping/scratch"
)

const ruleTwice = "DUPLICATE"

// What is known of a resource by its type and key: how often it is made, a digest of what it
// says, and where it is made first and, said otherwise, next, in lines.
const (
	once      = '1'
	alike     = '2' // several records make the same
	different = '3'
)

// survey makes every record once before anything is given out: of two with one key it cannot
// be known which holds, and whichever came first would be taken.
func (x *run) survey(ctx context.Context, fsys fs.FS) error {
	unread := &mapping.Report{} // of what cannot be read is told where it is read in earnest
	return x.walk(fsys, unread, func(source, name string, file fs.File) error {
		if x.format.program.Join(source).Home != "" {
			return nil
		}
		err := x.each(source, name, file, unread, func(r record) error {
			x.rows++
			if r.fault == "" {
				x.note(x.quiet.Salvage(source, r.Record))
			}
			return ctx.Err()
		})
		if errors.Is(err, mapping.ErrTooLong) {
			return nil
		}
		return err
	})
}

func (x *run) note(made []mapping.Resource) {
	for _, m := range made {
		key, says, at := x.digests(m)
		known, ok := x.made.Get(key)
		switch {
		case !ok:
			x.made.Put(key, []byte(string(once)+says+at))
		case known[0] == different, known[0] == alike && string(known[1:1+len(says)]) == says:
		case string(known[1:1+len(says)]) == says:
			x.made.Put(key, append([]byte{alike}, known[1:]...))
		default:
			x.made.Put(key, append(append([]byte{different}, known[1:]...), "\n"+at...))
		}
	}
}

func (x *run) digests(m mapping.Resource) (key scratch.Key, says, at string) {
	body := sha256.Sum256(m.Body)
	return scratch.KeyOf(m.Type, m.Key), string(body[:8]), fmt.Sprintf("%s row %d", m.From.File, m.From.Row)
}

// twice is the fault of a record of which others make every resource too, and one otherwise.
// What several records share, such as the person of several plans, is not theirs alone.
func (x *run) twice(r record, made []mapping.Resource) []mapping.Fault {
	other, value := "", ""
	for _, m := range made {
		key, says, at := x.digests(m)
		known, ok := x.made.Get(key)
		if !ok || known[0] == once {
			return nil
		}
		if known[0] == different && other == "" {
			places := strings.Split(string(known[1+len(says):]), "\n")
			other, value = places[0], m.Key
			if other == at {
				other = places[1]
			}
		}
	}
	if other == "" {
		return nil
	}
	return []mapping.Fault{{At: r.At(""), Rule: ruleTwice, Value: value, Reason: other + " has the same key, and says otherwise: neither is taken; send the one which holds"}}
}
