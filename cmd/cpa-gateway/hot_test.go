package main

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"cpagateway/gateway/hot/hottest"
)

// Redis only makes the gateway stricter: with all of it gone, at the start or later, a crisis
// read is answered as before.
func TestACrisisReadIsAnsweredWithRedisGone(t *testing.T) {
	g := hottest.StartSentinels(t)
	c := g.Certificates
	s := settle(t)
	s.config = s.change("dutyLine", fmt.Sprintf("hot: {redis: %q, ca: %q, cert: %q, key: %q}\ndutyLine", g.Address, c.CA, c.Cert, c.Key))
	if p := cli("serve", "--check", "--config", s.config).must(t, exitDone); strings.Contains(p.out, "hot.redis cannot be reached") {
		t.Errorf("--check prints %s", p.out)
	}
	s.openIssuer()
	s.start()
	s.await("/readyz", http.StatusOK)
	answers := func(when string) {
		t.Helper()
		if a := s.ask(s.token("ooh")); a.status != http.StatusOK || len(a.matches(t)) != 1 {
			t.Errorf("%s: %d %.300s", when, a.status, a.body)
		}
	}
	answers("with Redis")
	soon(t, "buckets in Redis", func() bool { return strings.Contains(g.Servers[0].Keys(), "bucket:") })
	for _, server := range g.Servers {
		server.Kill()
	}
	answers("without Redis")
	answers("without Redis, again")
	s.stop()
	<-s.ended
	s.start()
	s.await("/readyz", http.StatusOK)
	answers("started without Redis")
}

func TestWhatRedisIsProvenByIsChecked(t *testing.T) {
	c := hottest.NewCertificates(t)
	nothing := write(t, filepath.Join(t.TempDir(), "nothing.pem"), "nothing")
	for settings, says := range map[string]string{
		fmt.Sprintf("{ca: %q}", c.CA):                                                           "go with hot.redis",
		fmt.Sprintf("{redis: 'redis://:hidden@127.0.0.1:1', ca: %q}", c.CA):                     "rediss://",
		fmt.Sprintf("{redis: 'rediss://:hidden@127.0.0.1:1', ca: %q}", nothing):                 "holds no certificate",
		"{redis: 'rediss://:hidden@127.0.0.1:1', ca: /nowhere.pem}":                             "hot.ca",
		fmt.Sprintf("{redis: 'rediss://:hidden@127.0.0.1:1', cert: %q}", c.Cert):                "hot.key",
		fmt.Sprintf("{redis: 'rediss://:hidden@127.0.0.1:1', cert: %q, key: %q}", c.Cert, c.CA): "hot.cert",
		"{redis: 'rediss://:hidden@127.0.0.1:1?skip_verify=true'}":                              "skip_verify",
	} {
		s := configure(t, "")
		p := cli("serve", "--check", "--config", s.change("dutyLine", "hot: "+settings+"\ndutyLine")).never(t, "hidden")
		if p.code != exitUsage || !strings.Contains(p.errs, says) {
			t.Errorf("%s: exit %d, %s", settings, p.code, p.errs)
		}
	}
}
