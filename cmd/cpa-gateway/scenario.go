package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"cpagateway/consent/scenario"
	"cpagateway/gateway/wholefile"
)

func scenarioCommand(w world) *cobra.Command {
	c := &cobra.Command{Use: "scenario", Short: "carry out scenarios: consent in text files"}
	c.AddCommand(scenarioRunCommand(w))
	return c
}

// scenarioOptions is how scenario run was called.
type scenarioOptions struct {
	agreements string
	rewrite    bool
}

func scenarioRunCommand(w world) *cobra.Command {
	var o scenarioOptions
	c := &cobra.Command{
		Use: "run FILE...", Short: "carry out scenario files, and say which answers are not as they show", Args: cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, files []string) error { return o.run(w, files) },
	}
	c.Flags().StringVar(&o.agreements, "agreements", "", "`folder` of the agreement files that scenarios name (default: that of the scenario)")
	c.Flags().BoolVar(&o.rewrite, "rewrite", false, "write the answers that differ anew, and nothing else")
	return c
}

// run reads every file before it carries out the first one.
func (o scenarioOptions) run(w world, files []string) error {
	texts := make([][]byte, len(files))
	for i, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			return misuse("%v", err)
		}
		texts[i] = text
	}
	var failed error
	for i, name := range files {
		err := o.file(w, name, texts[i])
		if err != nil && !errors.Is(err, errRefused) {
			return err
		}
		failed = errors.Join(failed, err)
	}
	if failed != nil {
		return errRefused
	}
	return nil
}

// file carries out the scenarios of one file.
func (o scenarioOptions) file(w world, name string, text []byte) error {
	folder := o.agreements
	if folder == "" {
		folder = filepath.Dir(name)
	}
	read := scenario.Read(text)
	cases := read.Run(os.DirFS(folder))
	differ, broken := 0, 0
	for _, c := range cases {
		fault := c.Fault()
		if fault == nil {
			continue
		}
		differ++
		if c.Broken() {
			broken++
		}
		fmt.Fprintf(w.out, "%s:%d: case %s: %s\n", printable(name), fault.Line, c.Number, fault.Text)
	}
	rewritten := differ - broken
	if !o.rewrite {
		rewritten = 0
	} else if again := read.Rewritten(cases); !bytes.Equal(again, text) {
		info, err := os.Stat(name)
		if err == nil {
			err = wholefile.Replace(name, again, info.Mode().Perm())
		}
		if err != nil {
			return err
		}
	}
	fmt.Fprintf(w.out, "%s: %d cases, %d as the file shows, %d not, %d written anew\n", printable(name), len(cases), len(cases)-differ, differ-rewritten, rewritten)
	if differ > rewritten || len(cases) == 0 {
		return errRefused
	}
	return nil
}
