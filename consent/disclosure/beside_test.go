package disclosure

import (
	"strings"
	"testing"

	"golang.org/x/text/language"

	"cpagateway/gateway/texts"
	"cpagateway/profiles"
)

// About Ann, beside her plan: herself, what warns of something, what is a fact in law.
const (
	annHerself = `{"resourceType":"Patient","id":"ann","identifier":[{"use":"old","system":"https://fhir.nhs.uk/Id/nhs-number","value":"9990000026"},
		{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9990000018"}],"name":[{"family":"Evans","given":["Ann","Mair"]}],"birthDate":"1971-04-02",
		"communication":[{"language":{"coding":[{"system":"urn:ietf:bcp:47","code":"cy","display":"Welsh"}]},"preferred":true},
			{"language":{"text":"Support to decide: short sentences"}}]}`
	annsRisk = `{"resourceType":"RiskAssessment","id":"r","status":"final","subject":{"reference":"Patient/ann"},"occurrenceDateTime":"2025-02-10",
		"prediction":[{"rationale":"Gives money away","qualitativeRisk":{"text":"high"}}],"mitigation":"Card with Beth"}`
	annsSameRisk = `{"resourceType":"Flag","id":"f1","status":"active","code":{"coding":[{"system":"@CodeSystem/CPAWales-Flag","code":"vulnerability"}],"text":"Gives money away"},"subject":{"reference":"Patient/ann"}}`
	annsSection  = `{"resourceType":"Flag","id":"f2","status":"active","code":{"coding":[{"system":"https://fhir.hl7.org.uk/CodeSystem/UKCore-LegalStatusClassificationWales","code":"03"}]},
		"subject":{"reference":"Patient/ann"},"period":{"start":"2026-05-01","end":"2026-11-01"}}`
	annsDecision = `{"resourceType":"Flag","id":"f3","status":"active","code":{"coding":[{"system":"@CodeSystem/CPAWales-Flag","code":"advance-decision"}],"text":"No electroconvulsive therapy"},"subject":{"reference":"Patient/ann"}}`
	annsPast     = `{"resourceType":"Flag","id":"f4","status":"inactive","code":{"coding":[{"system":"@CodeSystem/CPAWales-Flag","code":"self-harm"}],"text":"Overdose in 2016"},"subject":{"reference":"Patient/ann"}}`
)

func besideAnn(t *testing.T, d terms) []Copy {
	t.Helper()
	var copies []Copy
	for _, src := range []string{annHerself, annsRisk, annsSameRisk, annsSection, annsDecision, annsPast} {
		copies = append(copies, d.disclose(heldOf(parsed(t, strings.ReplaceAll(src, "@", profiles.Base+"/"))), nil))
	}
	return copies
}

// A crisis plan read "none recorded" beside a recorded advance decision, and did
// not say whose it was.
func TestTheCrisisNarrativeReadsOutWhatStandsBesideThePlan(t *testing.T) {
	d := permitting(profiles.CrisisSlice)
	got := strings.Join(readNarrative(t, d.disclose(heldOf(ann(t)), madeTargets(), besideAnn(t, d)...)), "\n")
	for _, line := range []string{
		"p Ann Mair Evans, born 2 April 1971", "NHS number 999 000 0018",
		"h3 Language, and what is needed to understand and be understood\nli Welsh", "li Support to decide: short sentences",
		"h3 Current risks and alerts\nli Gives money away, high since 10 February 2025: Card with Beth\nh3",
		"h3 Legal status\nli ", "since 1 May 2026", "until 1 November 2026",
		"h3 Wishes for when unwell\nli No electroconvulsive therapy",
	} {
		if !strings.Contains(got, line) {
			t.Errorf("%q is missing in:\n%s", line, got)
		}
	}
	if strings.Contains(got, "2016") || strings.Contains(got, "9990000026") {
		t.Errorf("the past is read out:\n%s", got)
	}
}

// The treating team, which sees every record, read of an assessment that had been cancelled, or
// entered in error, under "Current risks"; and nobody read until when a risk was expected.
func TestOnlyAnAssessmentThatStandsIsACurrentRisk(t *testing.T) {
	d := permitting(profiles.AllItems)
	for status, want := range map[string]string{
		"final": "li Gives money away, high since 10 February 2025 until 1 November 2026: Card with Beth", "cancelled": "", "entered-in-error": "",
	} {
		risk := strings.NewReplacer(`"final"`, `"`+status+`"`, `"rationale"`, `"whenPeriod":{"end":"2026-11-01"},"rationale"`).Replace(annsRisk)
		got := strings.Join(readNarrative(t, d.disclose(heldOf(ann(t)), madeTargets(), d.disclose(heldOf(parsed(t, risk)), nil))), "\n")
		if want == "" == strings.Contains(got, "Gives money away") || !strings.Contains(got, want) {
			t.Errorf("%s: want %q in:\n%s", status, want, got)
		}
	}
}

// What was written about the person was read out twice wherever a date stood beside it.
func TestWhatIsTheSameInBothLanguagesIsReadOnce(t *testing.T) {
	d := permitting(profiles.CrisisSlice)
	div := parsed(t, string(d.disclose(heldOf(ann(t)), madeTargets(), besideAnn(t, d)...).Body())).Find("text", "div").Text()
	for _, want := range []string{
		`<li>Gives money away, high since 10 February 2025 / <span lang="cy" xml:lang="cy">ers 10 Chwefror 2025</span>: Card with Beth</li>`,
		`since 1 May 2026 until 1 November 2026 / `,
		`<li>Welsh (preferred) / <span lang="cy" xml:lang="cy">Cymraeg (dewis iaith)</span></li>`,
	} {
		if !strings.Contains(div, want) {
			t.Errorf("%s is missing in:\n%s", want, strings.ReplaceAll(div, "<", "\n<"))
		}
	}
}

// Words of a concept: its own, else those of the vocabulary, else the source's, else
// the bare code; and of a person who needs nothing to be understood nothing is said.
func TestConceptsAreReadOutInWords(t *testing.T) {
	for concept, want := range map[string]string{
		`"text":"own","coding":[{"system":"http://snomed.info/sct","code":"736253002","display":"x"}]`: "own",
		`"coding":[{"code":"1","display":"x"},{"system":"http://snomed.info/sct","code":"736253002"}]`: profiles.Display(profiles.SystemSNOMED, profiles.CodeCrisisPlan, texts.English),
		`"coding":[{"code":"1","display":"x"},{"code":"2"}]`:                                           "x",
		`"coding":[{"system":"x"},{"code":"2"}]`:                                                       "2",
		`"coding":[{"system":"x"},{"display":"y"}]`:                                                    "y",
		`"coding":[{"code":"1"}]`:                                                                      "1",
		`"coding":[{}]`:                                                                                texts.NotInWords.In(texts.English),
	} {
		if got := conceptWords(parsed(t, `{"resourceType":"x",`+concept+`}`)).English; got != want {
			t.Errorf("%s reads %q, want %q", concept, got, want)
		}
	}
	p := openPage("en", texts.English)
	beside{patient: parsed(t, `{"resourceType":"Patient","name":[{"text":"Ann"}]}`)}.heading(p)
	if got := p.String(); strings.Contains(got, "<h3>") || strings.Contains(got, "<ul>") || !strings.Contains(got, "<b>Ann</b></p>") {
		t.Errorf("the heading is %s", got)
	}
}

// A reader of Welsh found the English first, and no narrative said its language.
func TestTheReadersLanguageComesFirst(t *testing.T) {
	d := permitting(profiles.CrisisSlice)
	h := heldOf(ann(t))
	for reader, want := range map[language.Tag]string{
		texts.English: `lang="en" xml:lang="en"><p><b>Ann Mair Evans</b>, born 2 April 1971 / <span lang="cy" xml:lang="cy">ganwyd 2 Ebrill 1971</span>`,
		texts.Welsh:   `lang="en" xml:lang="en"><p><b>Ann Mair Evans</b>, <span lang="cy" xml:lang="cy">ganwyd 2 Ebrill 1971</span> / born 2 April 1971`,
	} {
		h.Reader = reader
		p := openPage("en", reader)
		d.besideOf(besideAnn(t, d)).heading(p)
		if !strings.Contains(p.String(), want) {
			t.Errorf("%v: %s", reader, p.String())
		}
		crisis := map[language.Tag]string{texts.English: `<h2>Crisis plan / `, texts.Welsh: `<h2>Cynllun argyfwng / <span lang="en" xml:lang="en">Crisis plan</span></h2>`}[reader]
		if div := parsed(t, string(d.disclose(h, madeTargets()).Body())).Find("text", "div").Text(); !strings.Contains(div, crisis) {
			t.Errorf("%v: no %s in %s", reader, crisis, div)
		}
	}
}

// A language was coded outside of what R4 allows, and read out as a bare code.
func TestLanguagesAreCodedAsR4RequiresAndNamed(t *testing.T) {
	const uk = `https://fhir.hl7.org.uk/CodeSystem/UKCore-HumanLanguage`
	patient := func(spoken string) string {
		return `{"resourceType":"Patient","id":"ann","name":[{"family":"Evans"}],"communication":[{"language":` + spoken + `}]}`
	}
	d := permitting(profiles.AllItems)
	for spoken, want := range map[string][2]string{
		`{"coding":[{"system":"` + uk + `","code":"cy","display":"Welsh"}]}`:                        {`{"coding":[{"system":"urn:ietf:bcp:47","code":"cy"}]}`, `<li>Welsh / <span lang="cy" xml:lang="cy">Cymraeg</span></li>`},
		`{"coding":[{"system":"urn:ietf:bcp:47","code":"cy"},{"system":"` + uk + `","code":"cy"}]}`: {`{"coding":[{"system":"urn:ietf:bcp:47","code":"cy"}]}`, `<li>Welsh / `},
		`{"coding":[{"system":"` + uk + `","code":"q4"}]}`:                                          {`{"coding":[{"system":"urn:ietf:bcp:47","code":"bfi"}]}`, `<li>British Sign Language / `},
		`{"coding":[{"system":"` + uk + `","code":"q5"}]}`:                                          {`{"text":"Makaton"}`, `<li>Makaton</li>`},
		`{"coding":[{"system":"urn:ietf:bcp:47","code":"so"}],"text":"Interpreter"}`:                {`{"coding":[{"system":"urn:ietf:bcp:47","code":"so"}],"text":"Interpreter"}`, `<li>Interpreter (Somali) / <span lang="cy" xml:lang="cy">Interpreter (Somaleg)</span></li>`},
	} {
		x := d.disclose(heldOf(parsed(t, patient(spoken))), nil)
		if got := parsed(t, string(x.Body())).Find("communication", "language"); string(got.Raw()) != want[0] {
			t.Errorf("%s is copied as %s", spoken, got.Raw())
		}
		p := openPage("en", texts.English)
		d.besideOf([]Copy{x}).heading(p)
		if !strings.Contains(p.String(), want[1]) {
			t.Errorf("%s is read out as %s", spoken, p.String())
		}
	}
}

// What the caller may not see of the other records, the narrative does not tell.
func TestTheNarrativeTellsNothingThatTheCopiesDoNot(t *testing.T) {
	d := permitting(profiles.SetOf(profiles.PlanCrisis, profiles.PersonIdentity))
	x := d.disclose(heldOf(ann(t)), madeTargets(), besideAnn(t, d)...)
	got := string(x.Body())
	for _, told := range []string{"Gives money", "electroconvulsive", "Card with Beth", "short sentences", "1 May 2026"} {
		if strings.Contains(got, told) {
			t.Errorf("%q was told", told)
		}
	}
	if !strings.Contains(got, "Ann Mair Evans") {
		t.Error("the narrative does not say whose plan it is")
	}
}

// A narrative holds nothing of another custodian's, of another person's, or of what
// another decision let out.
func TestNarrativesNeverCrossCustodians(t *testing.T) {
	d, other := permitting(profiles.AllItems), permitting(profiles.AllItems)
	other.custodian = "7A5"
	for name, spoil := range map[string]func(*Copy){
		"another person's": func(x *Copy) { x.person = "bryn" },
		"nothing":          func(x *Copy) { x.body = nil },
		"no JSON":          func(x *Copy) { x.body = []byte("{") },
	} {
		copies := besideAnn(t, d)
		for i := range copies {
			spoil(&copies[i])
		}
		if got := string(d.disclose(heldOf(ann(t)), madeTargets(), copies...).Body()); strings.Contains(got, "Gives money") || strings.Contains(got, "Mair") {
			t.Errorf("%s: told", name)
		}
	}
	if b := other.besideOf(besideAnn(t, d)); b.patient.Exists() || len(b.lines) != 0 {
		t.Error("the copies of one custodian's decision are read out in another's narrative")
	}
}

// What warned of something, or was a fact in law, and is no longer so is not read out.
func TestAFlagThatIsOverIsNotReadOut(t *testing.T) {
	for _, flag := range []string{annsSameRisk, annsSection, annsDecision} {
		for status, told := range map[string]bool{"active": true, "inactive": false} {
			b := beside{lines: map[profiles.Item][]phrase{}}
			b.flag(parsed(t, strings.NewReplacer("@", profiles.Base+"/", `"status":"active"`, `"status":"`+status+`"`).Replace(flag)), nil)
			if got := len(b.lines) > 0; got != told {
				t.Errorf("%s: told: %v, of %s", status, got, flag)
			}
		}
	}
}

// A language that has no name here is read out in the words of the source.
func TestALanguageWithoutANameIsReadOut(t *testing.T) {
	for spoken, want := range map[string]string{`"coding":[{"code":"q9","display":"Signs"}]`: "Signs", `"coding":[{"code":"q9"}]`: "q9", `"text":"Signs"`: "Signs"} {
		if got := languageWords(parsed(t, `{"resourceType":"x",`+spoken+`}`)).English; got != want {
			t.Errorf("%s reads %q, want %q", spoken, got, want)
		}
	}
}
