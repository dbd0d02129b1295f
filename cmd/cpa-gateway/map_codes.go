package main

import (
	"os"

	"github.com/spf13/cobra"

	"cpagateway/mapping"
	"cpagateway/mapping/codes"
	"cpagateway/mapping/workbench"
	"cpagateway/profiles/fhir"
)

func mapCodesCommand(w world) *cobra.Command {
	c := &cobra.Command{Use: "codes", Short: "code tables as ConceptMaps of FHIR R4, ConceptMaps as code tables, and the gateway's own code systems"}
	c.AddCommand(&cobra.Command{
		Use: "export [MAPS]", Short: "print a Bundle of a ConceptMap for each code table, with what has no equivalent said; without MAPS, of the gateway's own code systems", Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			resources := codes.Vocabulary()
			if len(args) > 0 {
				f, err := mapsNamed(w, args[0])
				if err != nil {
					return err
				}
				resources = conceptMaps(f.Program())
			}
			_, err := w.out.Write(append(workbench.Collection(resources), '\n'))
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

func conceptMaps(p *mapping.Program) (resources [][]byte) {
	for _, name := range p.Tables() {
		resources = append(resources, p.Table(name).ConceptMap())
	}
	return resources
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
