package main

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
)

// raw sends bytes to the public address and gives all that comes back.
func (s *served) raw(text string) string {
	s.t.Helper()
	connection, err := net.Dial("tcp", s.addr)
	if err != nil {
		s.t.Fatal(err)
	}
	defer connection.Close()
	if err := connection.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		s.t.Fatal(err)
	}
	go io.WriteString(connection, text) // the server may answer before it has read all
	answer, _ := io.ReadAll(bufio.NewReader(connection))
	return string(answer)
}

// What net/http answers by itself, before any handler, stood in no record.
func TestWhatTheServerAnswersItselfIsRecordedAndTellsNothing(t *testing.T) {
	s := configure(t, "{name: paris, format: welsh-ctp, custodian: 7A4, grants: on}")
	s.start()
	const canary = "9990000018"
	for name, c := range map[string]struct{ sent, status string }{
		"a header that is none":  {"GET /" + canary + " HTTP/1.1\r\nHost: h\r\nEvans " + canary + "\r\n\r\n", "400"},
		"no host":                {"GET /" + canary + " HTTP/1.1\r\n\r\n", "400"},
		"two hosts":              {"GET / HTTP/1.1\r\nHost: " + canary + "\r\nHost: h\r\n\r\n", "400"},
		"a line that is none":    {canary + "\r\n\r\n", "400"},
		"headers without end":    {"GET / HTTP/1.1\r\nHost: h\r\nX: " + strings.Repeat(canary, 20_000) + "\r\n\r\n", "431"},
		"an unknown encoding":    {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: " + canary + "\r\n\r\n", "501"},
		"an unknown version":     {"GET / HTTP/7.1\r\nHost: " + canary + "\r\n\r\n", "505"},
		"an unknown expectation": {"GET / HTTP/1.1\r\nHost: h\r\nExpect: " + canary + "\r\n\r\n", "417"},
		"two lengths":            {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "400"},
		"OPTIONS of nothing":     {"OPTIONS * HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "401"},
	} {
		t.Run(name, func(t *testing.T) {
			before := strings.Count(s.logs.String(), `"msg":"request"`)
			answer := s.raw(c.sent)
			if !strings.Contains(answer, " "+c.status+" ") {
				t.Errorf("answered %.200q, want %s", answer, c.status)
			}
			if strings.Contains(answer, canary) || strings.Contains(answer, "Location") {
				t.Errorf("the answer tells: %q", answer)
			}
			want := before + strings.Count(answer, "HTTP/1.1 ")
			soon(t, "the record", func() bool { return strings.Count(s.logs.String(), `"msg":"request"`) == want })
		})
	}
	s.raw("") // a port that is only looked at is no request
	s.stop()
	if code := <-s.ended; code != exitDone {
		t.Errorf("ended with %d\n%s", code, s.logs)
	}
	if strings.Contains(s.logs.String(), canary) {
		t.Errorf("the log tells: %s", s.logs)
	}
	requests := regexp.MustCompile(`"request":"([^"]+)"`).FindAllStringSubmatch(s.logs.String(), -1)
	if len(requests) != 10 {
		t.Errorf("%d requests in the log", len(requests))
	}
	for _, id := range requests {
		if found := cli("audit", "show", "--config", s.config, "--json", "--request", id[1]).must(t, exitDone).list(t); len(found) != 1 {
			t.Errorf("%d records of %s", len(found), id[0])
		}
	}
}

// The issuer of the demo redirected to cleaned paths and answered unknown ones
// itself; none of it was recorded.
func TestTheDemosIssuerAnswersNothingBesideItsEndpoints(t *testing.T) {
	s := openStage(t)
	for _, path := range []string{"/demo/issuer//jwks", "/demo/issuer/../issuer/jwks", "/demo/issuer/", "/demo/issuer/9990000018", "/demo/issuer/%6awks"} {
		answer := s.do("", http.MethodGet, path, "")
		if answer.status != http.StatusNotFound && answer.status != http.StatusUnauthorized || answer.header.Get("Location") != "" || answer.header.Get("X-Request-Id") == "" {
			t.Errorf("%s: %d %v", path, answer.status, answer.header)
			continue
		}
		if found := s.shows(t, "--request", answer.header.Get("X-Request-Id")); len(found) != 1 {
			t.Errorf("%s: %d records", path, len(found))
		}
	}
	if answer := s.do("", http.MethodDelete, "/demo/issuer/token", ""); answer.header.Get("X-Request-Id") == "" {
		t.Errorf("a wrong method: %d %v", answer.status, answer.header)
	}
}
