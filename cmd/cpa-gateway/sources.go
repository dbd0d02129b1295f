package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"cpagateway/consent"
	"cpagateway/gateway/authored"
	"cpagateway/gateway/intake"
	"cpagateway/gateway/wholefile"
	"cpagateway/profiles"
)

// sourcesFolder holds a file for each source of a data folder: what a
// configuration has under sources, as the first import settled it.
const sourcesFolder = "sources"

// sourceConfig is a source system, in a configuration and in a data folder alike.
type sourceConfig struct {
	Name       string            `yaml:"name"`
	Format     string            `yaml:"format"`     // mhsds-v6, mhsds-v5, welsh-ctp, fhir-bundle, maps
	Maps       string            `yaml:"maps"`       // of the format maps: the folder, or FOLDER@VERSION
	Custodian  profiles.OrgCode  `yaml:"custodian"`  // ODS code of the organisation whose records these are
	Grants     consent.Switch    `yaml:"grants"`     // on: a person's wishes from this source may open their records
	NHSNumbers intake.NumberRule `yaml:"nhsNumbers"` // refuse (default) or report a failed check digit

	settledBy string // the file that says so; empty while nothing does
}

var sourceName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

func (s sourceConfig) check() error {
	_, known := formats[s.Format]
	switch {
	case s.Name == "":
		return errors.New("name is missing")
	case !sourceName.MatchString(s.Name): // it names a file, and nobody who wrote through the API
		return fmt.Errorf("name %q: it begins with a letter or digit, and has letters, digits, dots, hyphens and underscores", s.Name)
	case s.Name == authored.Source: // whose Tasks it carries out
		return fmt.Errorf("name %s is what the gateway itself writes under: choose another", s.Name)
	case !known && s.Format != ownMaps:
		return fmt.Errorf("format must be one of %s, %s", formatNames(), ownMaps)
	case (s.Format == ownMaps) != (s.Maps != ""):
		return fmt.Errorf("maps is the folder of a source of the format %s, and of no other", ownMaps)
	case s.Custodian == "":
		return errors.New("custodian is missing: the ODS code of the organisation whose records these are")
	case !slices.Contains([]intake.NumberRule{"", intake.Refuse, intake.Report}, s.NHSNumbers):
		return fmt.Errorf("nhsNumbers must be %s or %s", intake.Refuse, intake.Report)
	}
	return nil
}

// checkSources refuses a list in which a name means two things.
func checkSources(list []sourceConfig) error {
	for i, s := range list {
		if err := s.check(); err != nil {
			return fmt.Errorf("sources[%d]: %w", i, err)
		}
		if slices.ContainsFunc(list[:i], func(before sourceConfig) bool { return before.Name == s.Name }) {
			return fmt.Errorf("sources[%d]: name %s is taken", i, s.Name)
		}
	}
	return nil
}

// open gives a source its format.
func (s sourceConfig) open() (intake.Source, error) {
	format, err := s.format()
	if err != nil {
		return intake.Source{}, err
	}
	return intake.Source{Name: s.Name, Format: format, Custodian: s.Custodian, Grants: s.Grants, NHSNumbers: s.NHSNumbers}, nil
}

// withMaps adds a source that its maps describe, until the first import settles it.
func withMaps(list []sourceConfig, name, maps string, custodian profiles.OrgCode) ([]sourceConfig, error) {
	at, err := filepath.Abs(maps)
	if err != nil {
		return nil, err
	}
	if n := slices.IndexFunc(list, func(s sourceConfig) bool { return s.Name == name }); n >= 0 {
		if list[n].Maps != at && list[n].Maps != maps {
			return nil, misuse("--maps %s: %s is of the format %s %s, as is settled", maps, name, list[n].Format, list[n].Maps)
		}
		return list, nil
	}
	s := sourceConfig{Name: name, Format: ownMaps, Maps: at, Custodian: custodian}
	if err := s.check(); err != nil {
		return nil, misuse("--source %s: %v", name, err)
	}
	if _, err := s.format(); err != nil { // before it is settled
		return nil, err
	}
	return append(slices.Clone(list), s), nil
}

// ownMaps is the format of a source that nothing but its maps describes.
const ownMaps = "maps"

func (s sourceConfig) format() (intake.Format, error) {
	if s.Format != ownMaps {
		return formatNamed(s.Format)
	}
	return mapFolder(s.Maps)
}

// source finds a source by its name.
func (c config) source(name string) (sourceConfig, error) {
	n := slices.IndexFunc(c.Sources, func(s sourceConfig) bool { return s.Name == name })
	if n < 0 {
		var names []string
		for _, s := range c.Sources {
			names = append(names, s.Name)
		}
		return sourceConfig{}, misuse("no source is called %q%s; of maps of your own, --maps names the folder at the first import", name, likeliest(names, name, "; sources like it:", "; the sources:"))
	}
	return c.Sources[n], nil
}

// nhsNumbers is the most lenient rule of any source.
func (c config) nhsNumbers() intake.NumberRule {
	if slices.ContainsFunc(c.Sources, func(s sourceConfig) bool { return s.NHSNumbers == intake.Report }) {
		return intake.Report
	}
	return intake.Refuse
}

// sourceWith finds a source by its name, as a command line wants it.
func (c config) sourceWith(name string, custodian profiles.OrgCode, grants *consent.Switch) (sourceConfig, error) {
	s, err := c.source(name)
	if err != nil {
		return sourceConfig{}, err
	}
	return s.with(custodian, grants)
}

// with is the source as a command line wants it. What is settled is only
// confirmed: whose records these are, and whether its wishes count, is not for
// whoever types the command.
func (s sourceConfig) with(custodian profiles.OrgCode, grants *consent.Switch) (sourceConfig, error) {
	switch {
	case s.settledBy == "":
		s.Custodian = cmp.Or(custodian, s.Custodian)
		if grants != nil {
			s.Grants = *grants
		}
	case custodian != "" && custodian != s.Custodian:
		return s, misuse("--custodian %s: the records of %s are %s's, as %s says", custodian, s.Name, s.Custodian, s.settledBy)
	case grants != nil && *grants != s.Grants:
		return s, misuse("--grants=%s: %s has grants: %s, as %s says", text(*grants), s.Name, text(s.Grants), s.settledBy)
	}
	return s, nil
}

// settle keeps in a data folder what the first import of a source says of it.
// Of two imports at once, the first one settles it.
func (s sourceConfig) settle(dir string) error {
	if s.settledBy != "" {
		return nil
	}
	body, err := yaml.Marshal(s)
	if err != nil {
		return err
	}
	name := filepath.Join(dir, sourcesFolder, s.Name+".yaml")
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	err = wholefile.Make(name, body, 0o600)
	if !errors.Is(err, fs.ErrExist) {
		return err
	}
	settled, err := readSource(name)
	if err == nil {
		_, err = settled.with(s.Custodian, &s.Grants)
	}
	return err
}

// sourcesIn is the sources of a data folder: those that are settled, and those
// built in, which are the organisation's own until they are.
func sourcesIn(dir string, own profiles.OrgCode) ([]sourceConfig, error) {
	entries, err := os.ReadDir(filepath.Join(dir, sourcesFolder))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var list []sourceConfig
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".yaml") {
			continue
		}
		s, err := readSource(filepath.Join(dir, sourcesFolder, e.Name()))
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	for _, format := range []string{"mhsds-v6", "mhsds-v5", "welsh-ctp", "fhir-bundle"} {
		if !slices.ContainsFunc(list, func(s sourceConfig) bool { return s.Name == format }) {
			list = append(list, sourceConfig{Name: format, Format: format, Custodian: own})
		}
	}
	return list, nil
}

// readSource reads one file of the folder, which must be called after its source.
func readSource(name string) (sourceConfig, error) {
	body, err := os.ReadFile(name)
	if err != nil {
		return sourceConfig{}, misuse("reading a source: %v", err)
	}
	s := sourceConfig{settledBy: name}
	d := yaml.NewDecoder(bytes.NewReader(body))
	d.KnownFields(true)
	if err = d.Decode(&s); err == nil {
		err = s.check()
	}
	if err == nil && s.Name+".yaml" != filepath.Base(name) {
		err = fmt.Errorf("it must be called %s.yaml, after its source", s.Name)
	}
	if err != nil {
		return sourceConfig{}, misuse("reading %s: %v", name, err)
	}
	return s, nil
}

// text is a switch as it is written.
func text(s consent.Switch) string {
	body, _ := s.MarshalText() // never fails
	return string(body)
}

// grantsFlag is --grants: on where it stands alone, --grants=off, or nil where it is not used.
type grantsFlag struct{ value *consent.Switch }

// String is the default, for pflag.Value.
func (g *grantsFlag) String() string { return "" }

// Type names the value in the help.
func (g *grantsFlag) Type() string { return "on|off" }

// Set reads the switch.
func (g *grantsFlag) Set(word string) error {
	g.value = new(consent.Switch)
	return g.value.UnmarshalText([]byte(word))
}
