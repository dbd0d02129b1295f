package main

import (
	"os"

	"github.com/spf13/cobra"

	"cpagateway/mapping"
	"cpagateway/mapping/codes"
	"cpagateway/profiles/fhir"
)

func mapCodesCommand(w world) *cobra.Command {
	c := &cobra.Command{Use: "codes", Short: "code tables as ConceptMaps of FHIR R4, and ConceptMaps as code tables"}
	c.AddCommand(&cobra.Command{
		Use: "export MAPS", Short: "print a Bundle of a ConceptMap for each code table, with what has no equivalent said", Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			f, err := mapsNamed(w, args[0])
			if err != nil {
				return err
			}
			_, err = w.out.Write(conceptMaps(f.Program()))
			return err
		},
	}, &cobra.Command{
		Use: "import FILE", Short: "print a ConceptMap as a table of the map language, for a folder of maps", Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			table, err := tableIn(args[0])
			if err != nil {
				return misuse("reading %s: %v", printable(args[0]), err)
			}
			_, err = w.out.Write(table)
			return err
		},
	})
	return c
}

func conceptMaps(p *mapping.Program) []byte {
	out := fhir.NewWriter(nil)
	out.Object(func() {
		out.Member("resourceType", "Bundle")
		out.Member("type", "collection")
		if names := p.Tables(); len(names) > 0 {
			out.Name("entry").Array(func() {
				for _, name := range names {
					out.Object(func() { out.Name("resource").Raw(p.Table(name).ConceptMap()) })
				}
			})
		}
	})
	return append(out.Bytes(), '\n')
}

func tableIn(file string) ([]byte, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	v, err := fhir.ParseResource(content)
	if err != nil {
		return nil, err
	}
	return codes.TableOf(v)
}
