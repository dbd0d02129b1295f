package main

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

func TestTokenInspect(t *testing.T) {
	s := openStage(t)
	token := s.token("gp")
	good := piped(token+"\n", "token", "inspect", "--gateway", s.base).must(t, exitDone)
	for _, says := range []string{"signature", `"demo-gp"`, `"practice"`, "The gateway takes this token."} {
		if !strings.Contains(good.out, says) {
			t.Errorf("%s is missing:\n%s", says, good.out)
		}
	}
	for _, secret := range []string{token, token[:20], "demo-gp-1", "canary"} {
		if strings.Contains(good.out+good.errs, secret) {
			t.Errorf("it prints %q", secret)
		}
	}
	bad := cli("token", "inspect", "--gateway", s.base, token[:len(token)-4]+"AAAA").must(t, exitRefused)
	if !strings.Contains(bad.out, "refuses this token: TOKEN_SIGNATURE, answered with 401") {
		t.Error(bad.out)
	}
	cli("token", "inspect").must(t, exitUsage)
	elsewhere := configure(t, "")
	by := piped(token, "token", "inspect", "-", "--config", elsewhere.config).must(t, exitRefused)
	if !strings.Contains(by.out, "no         issuer") {
		t.Errorf("by another configuration: %s", by.out)
	}
	cli("token", "inspect", "x", "--config", filepath.Join(t.TempDir(), "none.yaml")).must(t, exitUsage)
}

// A refused token left its status in the log, and not why.
func TestARefusalLeavesItsCauseInTheLog(t *testing.T) {
	s := openStage(t, "--log-level", "info")
	token := s.token("gp")
	for credential, cause := range map[string]string{
		"Bearer " + token[:len(token)-4] + "AAAA": "TOKEN_SIGNATURE",
		"Bearer canary-not-a-token":               "TOKEN_MALFORMED",
		"Basic canary":                            "TOKEN_MISSING",
		"DPoP " + token:                           "PROOF_INVALID",
	} {
		if got := s.do("", http.MethodGet, "/fhir/R4/CarePlan/x", "", "Authorization", credential); got.status != http.StatusUnauthorized {
			t.Errorf("%s answered %d", cause, got.status)
		}
		if !strings.Contains(s.logs.String(), "status=401 cause="+cause+" ") {
			t.Errorf("the log does not say %s:\n%s", cause, s.logs)
		}
	}
	s.do("gp", http.MethodGet, "/fhir/R4/CarePlan/x?nonsense=1", "")
	if !strings.Contains(s.logs.String(), "status=400 cause=REQUEST_REFUSED ") {
		t.Errorf("the log does not say why a request was refused:\n%s", s.logs)
	}
	for _, secret := range []string{"canary", token[:20], "demo-gp-1"} {
		if strings.Contains(s.logs.String(), secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
}
