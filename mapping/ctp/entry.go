package ctp

import (
	"context"
	"io"

	"cpagateway/mapping"
)

// entry is one plan as it stands in a file. Row is its position in an array or
// its line, from 1; 0 for a file that is one plan.
type entry struct {
	file string
	row  int
	raw  []byte
}

// readAll brings in the plans of one file.
func (x *extract) readAll(ctx context.Context, file string, from io.Reader) error {
	return mapping.Documents(file, from, &x.report, func(row int, raw []byte) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		x.report.Read++
		return x.read(entry{file, row, raw})
	})
}
