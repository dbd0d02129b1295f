package mhsds

import (
	"context"
	"io/fs"
	"strings"

	"cpagateway/mapping"
)

// Provider is the organisation that the extract's header names, whose records
// these are; empty where there is no single header to read. An extract is taken
// at its word only where nobody configured whose records a source brings.
func (f *Format) Provider(fsys fs.FS) string {
	x := f.newExtract(mapping.Env{}, nil)
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return ""
	}
	for _, entry := range entries {
		m := tableFile.FindStringSubmatch(entry.Name())
		if m == nil || !strings.EqualFold(m[1], x.order[0].table.code) {
			continue
		}
		if err := x.readFile(context.Background(), fsys, entry.Name()); err != nil {
			return ""
		}
	}
	return x.provider()
}

// ProviderOfFragment is the same for what was set aside (Fault.Raw).
func (f *Format) ProviderOfFragment(raw []byte) string {
	x := f.newExtract(mapping.Env{}, nil)
	if err := x.readFragment(raw); err != nil {
		return ""
	}
	return x.provider()
}

func (x *extract) provider() string {
	rows := x.order[0].rows
	if len(rows) != 1 {
		return ""
	}
	provider, _ := rows[0].Field("OrgIDProvider")
	return strings.TrimSpace(provider)
}
