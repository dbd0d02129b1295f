package main

import (
	"fmt"
	"os"
	"os/exec"

	"cpagateway/gateway"
	"cpagateway/profiles"
)

// reading is how the lines of the demo make an answer one that people can read.
type reading struct{ parameter, pipe string }

// readable is jq where it is installed, and the gateway's own otherwise.
func readable() reading {
	if _, err := exec.LookPath("jq"); err == nil {
		return reading{pipe: " | jq"}
	}
	return reading{parameter: " --data-urlencode _pretty=true"}
}

// lines writes the command lines that the demo prints.
type lines struct {
	self, addr string
	reading
}

// search asks for plans of a person, with more of curl's own flags.
func (l lines) search(as, number, more string) string {
	return fmt.Sprintf("curl -s -H \"Authorization: Bearer $(%s)\" \\\n     --data-urlencode 'patient.identifier=%s|%s'%s%s \\\n     http://%s%s/CarePlan/_search%s",
		l.token(as), profiles.SystemNHSNumber, number, more, l.parameter, l.addr, gateway.Prefix, l.pipe)
}

func (l lines) token(as string) string {
	return fmt.Sprintf("%s token --gateway http://%s --as %s", l.self, l.addr, as)
}

// throughGlass searches with the grant that breaking the glass for a person gives.
func (l lines) throughGlass(as, number, words, more string) string {
	asked := fmt.Sprintf(`{"resourceType":"Parameters","parameter":[{"name":"identifier","valueIdentifier":{"system":%q,"value":%q}},{"name":"reason","valueCode":"emergency"},{"name":"text","valueString":%q}]}`,
		profiles.SystemNHSNumber, number, words)
	grant := fmt.Sprintf("curl -s -H \"Authorization: Bearer $(%s)\" -H 'Content-Type: application/fhir+json' \\\n"+
		"     --data '%s' 'http://%s%s/Patient/$break-glass' | sed 's/.*\"valueString\":\"\\([^\"]*\\)\".*/\\1/'", l.token(as), asked, l.addr, gateway.Prefix)
	return l.search(as, number, more+" \\\n     -H \"X-Break-Glass: $("+grant+")\"")
}

// patch adds an activity of an area to a plan, made from the version that is read for it.
func (l lines) patch(as, plan, area, words string) string {
	address := fmt.Sprintf("http://%s%s/CarePlan/%s", l.addr, gateway.Prefix, plan)
	added := fmt.Sprintf(`[{"op":"add","path":"/activity/-","value":{"extension":[{"url":%q,"valueCode":%q},{"url":%q,"valueCode":%q}],"detail":{"status":"scheduled","description":%q}}}]`,
		profiles.ExtPlanPart, profiles.CodePartArea, profiles.ExtArea, area, words)
	pretty := ""
	if l.parameter != "" {
		pretty = "?_pretty=true"
	}
	return fmt.Sprintf("curl -s -X PATCH -H \"Authorization: Bearer $(%[1]s)\" \\\n"+
		"     -H \"If-Match: $(curl -sI -H \"Authorization: Bearer $(%[1]s)\" %[2]s | tr -d '\\r' | sed -n 's/^[Ee][Tt]ag: //p')\" \\\n"+
		"     -H 'Content-Type: application/json-patch+json' \\\n     --data '%[3]s' \\\n     '%[2]s%[4]s'%[5]s", l.token(as), address, added, pretty, l.pipe)
}

// printDemo says what to paste.
func printDemo(w world, addr, dir string, kept bool, admin, plan string) {
	self, err := os.Executable()
	if err != nil {
		self = "cpa-gateway"
	}
	l := lines{self, addr, readable()}
	crisis := " --data-urlencode category=" + profiles.CodeCrisisPlan
	fmt.Fprintf(w.out, `
The demo is at http://%[1]s%[2]s (health and metrics at http://%[3]s). Everybody in it is synthetic.
Paste what follows into another terminal.

# A GP practice pulls Ann's crisis plan:
%[4]s

# The out-of-hours team sees the crisis slice of Bryn, who agreed to crisis use only ...
%[5]s
# ... and of Elin, who refused, what it sees of somebody who does not exist:
%[6]s

# Carys refused sharing and said nothing about a crisis. A nurse breaks the glass, states why, and sees the slice for an hour; the privacy officer is told:
%[13]s

# Social care reads the areas of Ann's plan that its flow names, without finance:
%[7]s

# And those of Huw's, who cannot decide about sharing and whose attorney agreed to it:
%[14]s

# A council worker adds to the accommodation area, from the version just read ...
%[8]s
# ... the care coordinator sees it at once ...
%[9]s
# ... the nightly extract comes again, finds nothing new and undoes nothing (paste the coordinator's line again) ...
%[10]s import --data %[11]s --source welsh-ctp %[11]s/extract
# ... and the crisis slice of the out-of-hours team is as it was:
%[12]s

# Why? For each of them:
`, addr, gateway.Prefix, admin, l.search("gp", "9990000018", crisis), l.search("ooh", "9990000026", crisis), l.search("ooh", "9990000050", crisis), l.search("social-care", "9990000018", ""),
		l.patch("social-care", plan, "accommodation", "A flat without stairs, found by the council"),
		l.search("cmht", "9990000018", " --data-urlencode category="+profiles.CodeMentalHealthPlan), self, dir, l.search("ooh", "9990000018", crisis),
		l.throughGlass("ooh-glass", "9990000034", "Found on the bridge at three in the morning, alone", crisis), l.search("social-care", "9990000085", ""))
	for _, why := range [][2]string{{"gp", "9990000018"}, {"ooh", "9990000026"}, {"ooh", "9990000050"}, {"social-care", "9990000018"}, {"social-care", "9990000085"}} {
		fmt.Fprintf(w.out, "%s consent explain --data %s --person %s --caller %s\n", self, dir, why[1], why[0])
	}
	if !kept {
		fmt.Fprintln(w.out, "\nThe data folder goes when the demo stops (Ctrl-C); keep one with --data DIR.")
	}
	fmt.Fprintf(w.out, `
Three things to try next:

# 1. The same crisis plan in Welsh:
%s

# 2. What the audit log keeps of all this, for Ann:
%s audit show --data %s --person 9990000018

# 3. What the gateway makes of a caller's token, check by check:
%s | %s token inspect --gateway http://%s
`, l.search("gp", "9990000018", crisis+" -H 'Accept-Language: cy'"), self, dir, l.token("gp"), self, addr)
}
