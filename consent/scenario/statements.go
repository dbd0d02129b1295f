package scenario

import (
	"cmp"
	"fmt"
	"io/fs"
	"regexp"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"cpagateway/consent"
	"cpagateway/consent/agreements"
	"cpagateway/consent/facts"
	"cpagateway/profiles"
)

// underway is one case underway: what has been said so far, and the answers.
type underway struct {
	files      fs.FS // of agreements
	agreements []*yaml.Node
	people     map[string]*person
	caller     consent.Caller
	glass      consent.Glass
	at         time.Time
	policy     consent.Policy
	held       map[string]profiles.Label
	heldNames  []string
	out        strings.Builder
}

// person collects the FHIR resources that a scenario's facts amount to.
type person struct {
	name  string
	facts []fact
}

// fact is one resource and whose record it is.
type fact struct {
	custodian profiles.OrgCode
	resource  map[string]any
}

// holder is the custodian that a statement names; the health board where it names none.
func holder(text string) profiles.OrgCode { return profiles.OrgCode(cmp.Or(text, "7A4")) }

func begin(files fs.FS) *underway {
	return &underway{files: files, people: map[string]*person{}, held: map[string]profiles.Label{}, policy: consent.DefaultPolicy(), at: time.Date(2026, 6, 1, 12, 0, 0, 0, profiles.London)}
}

// statements is the grammar: the first word of a line and what its rest means.
// docs/scenarios.md describes each, and a test holds the two together.
var statements = map[string]struct {
	pattern *regexp.Regexp
	apply   func(*underway, []string) error
}{
	"agreement": {regexp.MustCompile(`^(\S+)$`), (*underway).agreement},
	"but":       {regexp.MustCompile(`^(\S+) = (.+)$`), (*underway).but},
	"person":    {regexp.MustCompile(`^(\w+)(?: at (\w+))?: (.+)$`), (*underway).person},
	"directive": {regexp.MustCompile(`^(\w+)(?: at (\w+))?: (.+)$`), (*underway).directive},
	"held":      {regexp.MustCompile(`^([\w-]+): (.+)$`), (*underway).hold},
	"policy":    {regexp.MustCompile(`^(\w+) = (.+)$`), (*underway).setPolicy},
	"on":        {regexp.MustCompile(`^(\d{4}-\d\d-\d\d)$`), (*underway).on},
	"at":        {regexp.MustCompile(`^(\S+)$`), (*underway).instant},
	"as":        {regexp.MustCompile(`^(\S+)(?: purpose (.+?))?(?: role (\S+))?(?: scopes (.+?))?( with custody)?$`), (*underway).as},
	"glass":     {regexp.MustCompile(`^(\S+) for (\w+)(?: at (\S+))?$`), (*underway).breakGlass},
	"read":      {question, asking("read")},
	"create":    {question, asking("create")},
	"update":    {question, asking("update")},
	"delete":    {question, asking("delete")},
}

// question is what is asked about: a type, what of it, of whom, at which custodian.
var question = regexp.MustCompile(`^(\w+)(?: wanting ([^ ].*?))?(?: of (\w+))?(?: at (\w+))?$`)

// asking is the statement that asks for an action.
func asking(action string) func(*underway, []string) error {
	return func(s *underway, args []string) error { return s.ask(consent.Actions[action], args) }
}

// line carries out one line; blank lines and comments say nothing.
func (s *underway) line(line string) error {
	line = strings.TrimSpace(line)
	if line == "" || strings.HasPrefix(line, "#") {
		return nil
	}
	word, rest, _ := strings.Cut(line, " ")
	statement, known := statements[word]
	if !known {
		return fmt.Errorf("%q is no statement", word)
	}
	parts := statement.pattern.FindStringSubmatch(rest)
	if parts == nil {
		return fmt.Errorf("%q is not understood after %q", rest, word)
	}
	return statement.apply(s, parts[1:])
}

func (s *underway) agreement(args []string) error {
	src, err := fs.ReadFile(s.files, args[0]+".yaml")
	if err != nil {
		return fmt.Errorf("there is no file %s.yaml in the folder of agreements", args[0])
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(src, &doc); err != nil {
		return err
	}
	if len(doc.Content) == 0 {
		return fmt.Errorf("%s.yaml is empty", args[0])
	}
	s.agreements = append(s.agreements, &doc)
	return nil
}

// but changes one value of the agreement named last.
func (s *underway) but(args []string) error {
	if len(s.agreements) == 0 {
		return fmt.Errorf("no agreement to change")
	}
	return setYAML(s.agreements[len(s.agreements)-1].Content[0], strings.Split(args[0], "."), args[1])
}

// setYAML walks a path of field names; a list's element is told by its id, org, ref or code.
func setYAML(node *yaml.Node, path []string, value string) error {
	for i := 0; node.Kind == yaml.MappingNode && i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value != path[0] {
			continue
		}
		switch {
		case len(path) > 1:
			return setYAML(node.Content[i+1], path[1:], value)
		case value == "none":
			node.Content = append(node.Content[:i], node.Content[i+2:]...)
			return nil
		default:
			return yaml.Unmarshal([]byte(value), (*replacement)(node.Content[i+1]))
		}
	}
	for _, element := range node.Content {
		for i := 0; node.Kind == yaml.SequenceNode && i+1 < len(element.Content); i += 2 {
			if element.Content[i+1].Value == path[0] {
				return setYAML(element, path[1:], value)
			}
		}
	}
	if node.Kind == yaml.MappingNode && len(path) == 1 {
		var fresh yaml.Node
		node.Content = append(node.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: path[0]}, &fresh)
		return yaml.Unmarshal([]byte(value), (*replacement)(&fresh))
	}
	return fmt.Errorf("the agreement has no %s", strings.Join(path, "."))
}

type replacement yaml.Node

func (r *replacement) UnmarshalYAML(node *yaml.Node) error { *r = replacement(*node); return nil }

// register loads the scenario's agreements through the real loader.
func (s *underway) register() (*agreements.Register, error) {
	files := map[string][]byte{}
	for n, doc := range s.agreements {
		src, err := yaml.Marshal(doc)
		if err != nil {
			return nil, err
		}
		files[fmt.Sprintf("%d.yaml", n)] = src
	}
	return agreements.LoadTexts(files)
}

func (s *underway) hold(args []string) error {
	need, err := parseItems(args[1])
	if err != nil {
		return err
	}
	s.held[args[0]] = profiles.Label{Need: need}
	s.heldNames = append(s.heldNames, args[0])
	return nil
}

func parseItems(text string) (profiles.ItemSet, error) {
	var set profiles.ItemSet
	for _, code := range strings.Split(text, ",") {
		items, err := profiles.ParseItem(strings.TrimSpace(code))
		if err != nil {
			return profiles.ItemSet{}, err
		}
		set = set.Union(items)
	}
	return set, nil
}

// setPolicy sets a switch as the configuration file would.
func (s *underway) setPolicy(args []string) error {
	if err := yaml.Unmarshal([]byte(args[0]+": "+args[1]), &s.policy); err != nil {
		return err
	}
	return s.policy.Check()
}

func (s *underway) on(args []string) error {
	day, err := time.ParseInLocation(time.DateOnly, args[0], profiles.London)
	s.at = day.Add(12 * time.Hour)
	return err
}

func (s *underway) instant(args []string) (err error) {
	s.at, err = time.ParseInLocation("2006-01-02T15:04", args[0], profiles.London)
	return err
}

// as sets the caller: NAME@ORGANISATION/TEAM, or the name of a person of the
// scenario, who then asks for themself.
func (s *underway) as(args []string) error {
	name, party, staff := strings.Cut(args[0], "@")
	c := consent.Caller{Client: "client"}
	if staff {
		org, team, _ := strings.Cut(party, "/")
		c.Organisation, c.Team = profiles.OrgCode(org), profiles.TeamID(team)
	}
	if name != "system" {
		c.Person = name
	}
	switch purposes := strings.Split(args[1], " and "); {
	case args[1] == "none" || args[1] == "":
	case len(purposes) > 1:
		c.Ambiguous = true
	default:
		c.Purpose = profiles.Purpose(args[1])
	}
	context := "user"
	if name == "system" {
		context = "system"
	}
	c.Role = args[2]
	for _, scope := range strings.Fields(cmp.Or(args[3], "*")) {
		c.Scopes = append(c.Scopes, scopeOf(context, scope))
	}
	if args[4] != "" {
		c.Custody = consent.On
	}
	s.caller, s.glass = c, consent.Glass{}
	return nil
}

// breakGlass says for what reason whoever asks broke the glass, for whom, and when.
func (s *underway) breakGlass(args []string) error {
	s.glass = consent.Glass{Reason: consent.GlassReason(args[0]), Person: profiles.PersonID(args[1]), At: s.at}
	if args[2] == "" {
		return nil
	}
	var err error
	s.glass.At, err = time.ParseInLocation("2006-01-02T15:04", args[2], profiles.London)
	return err
}

// scopeOf reads TYPE.LETTERS?CATEGORY; without letters the scope is for every action.
func scopeOf(context, text string) consent.Scope {
	typ, category, _ := strings.Cut(text, "?")
	typ, letters, some := strings.Cut(typ, ".")
	has := func(letter string) bool { return !some || strings.Contains(letters, letter) }
	return consent.Scope{
		Context: context, Type: typ, Category: category,
		Read: has("r"), Search: has("s"), Create: has("c"), Update: has("u"), Delete: has("d"),
	}
}

// ask asks for an action on a type, of a person or of the directory, and writes the answer.
func (s *underway) ask(action consent.Action, args []string) error {
	register, err := s.register()
	if err != nil {
		return err
	}
	q := consent.Request{Caller: s.caller, Action: action, Type: args[0], At: s.at, Register: register, Policy: s.policy, Glass: s.glass, Source: holder(args[3])}
	if args[1] != "" {
		if q.Wanted, err = parseItems(args[1]); err != nil {
			return err
		}
	}
	if args[2] != "" {
		q.Person = &facts.Person{}
		if p := s.people[args[2]]; p != nil {
			compiled, err := p.compile()
			if err != nil {
				return err
			}
			composed := facts.Compose(profiles.PersonID(p.name), q.Source, 1, facts.IdentityState{}, compiled, nil)
			q.Person = &composed
		}
	}
	s.out.WriteString(show(consent.Decide(q), s.held, s.heldNames))
	return nil
}

func (p *person) compile() ([]facts.Compiled, error) {
	var compiled []facts.Compiled
	for _, fact := range p.facts {
		v, err := parseJSON(fact.resource)
		if err != nil {
			return nil, err
		}
		compiled = append(compiled, facts.Compile(fact.custodian, v))
	}
	return compiled, nil
}
