// Package ctp reads Welsh care and treatment plans (Mental Health (Wales) Measure
// 2010 s.18) from a JSON document of this project's own: plan.schema.json is
// normative, docs/welsh-plan.md tells it in words. It makes the plan, its crisis
// and contingency plans, a Goal for each outcome, the care team, the risks and
// legal facts, and a Consent for each recorded wish on sharing.
//
// A file holds one plan, an array of plans, or a plan on each line (NDJSON). The
// schema's rules set a plan aside with their numbers (CTP-...); what is left goes
// through the maps in maps/. Of a plan set aside, the Consents are handed on.
package ctp

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"io/fs"

	"cpagateway/mapping"
	"cpagateway/mapping/schema"
)

//go:embed maps/*.map
var builtin embed.FS

//go:embed maps/wishes.map
var wishesOnly embed.FS

//go:embed plan.schema.json
var schemaText []byte

// source is the name under which the maps read a plan.
const source = "Plan"

// Format is the reader, its schema and maps compiled. It is safe for concurrent use.
type Format struct {
	program *mapping.Program
	wishes  *mapping.Program // the wishes of a plan and nothing else of it
	schema  *schema.Schema
}

// New compiles the schema and the maps; an error names what is wrong in them.
func New() (*Format, error) {
	program, err := load(builtin)
	if err != nil {
		return nil, err
	}
	wishes, err := load(wishesOnly)
	if err != nil {
		return nil, err
	}
	compiled, err := schema.Compile("plan.schema.json", schemaText, "CTP-")
	if err != nil {
		return nil, fmt.Errorf("reading the schema of the Welsh plan: %w", err)
	}
	return &Format{program: program, wishes: wishes, schema: compiled}, nil
}

func load(files fs.FS) (*mapping.Program, error) {
	folder, err := fs.Sub(files, "maps")
	if err != nil {
		return nil, fmt.Errorf("reading the maps of the Welsh plan: %w", err)
	}
	program, err := mapping.Load(folder, "", words())
	if err != nil {
		return nil, fmt.Errorf("reading the maps of the Welsh plan: %w", err)
	}
	return program, nil
}

// Program is the maps.
func (f *Format) Program() *mapping.Program { return f.program }

// Read brings in every *.json, *.ndjson and *.jsonl file under fsys, in the order
// of their names. Every plan is counted as read and as taken or refused; other
// files are noted as not read. Plans that are not in force come last,
// so that where an old plan and the current one tell the same things differently
// (an address, an episode) the current one counts. Until then they are in env.Scratch.
// In memory is one plan, of at most mapping.MaxDocument; a file with one that is
// longer is read up to there, and noted as not read.
func (f *Format) Read(ctx context.Context, fsys fs.FS, env mapping.Env, out mapping.Output) (mapping.Report, error) {
	x := f.newExtract(env, out)
	err := mapping.Walk(fsys, &x.report, mapping.DocumentFiles, func(name string, file fs.File) error {
		return x.readAll(ctx, name, file)
	})
	if err == nil {
		err = x.finish(ctx)
	}
	return x.report, err
}

// Reread brings one fragment in again (Fault.Raw), as it was or mended. A fragment
// is the whole plan, so what it makes is whole.
func (f *Format) Reread(ctx context.Context, raw []byte, env mapping.Env, out mapping.Output) (mapping.Report, error) {
	x := f.newExtract(env, out)
	err := x.readAll(ctx, "", bytes.NewReader(raw))
	if err == nil {
		err = x.finish(ctx)
	}
	return x.report, err
}
