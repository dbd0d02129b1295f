package main

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"cpagateway/gateway/demo"
	"cpagateway/gateway/hot"
	"cpagateway/gateway/hot/local"
)

// kept is a site whose agreements are kept, with the ways to make it read them.
type kept struct {
	*site
	asked  chan os.Signal
	due    chan time.Time
	shared *local.State
	logs   *lockedBuffer
}

func keep(t *testing.T) *kept {
	t.Helper()
	s, w := openBare(t)
	k := &kept{s, make(chan os.Signal), make(chan time.Time), local.New(time.Now), &lockedBuffer{}}
	if err := os.CopyFS(s.config.Agreements, demo.Agreements()); err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(k.logs, nil))
	if _, ok := s.reload(log); !ok {
		t.Fatal(k.logs)
	}
	ctx, stop := context.WithCancel(t.Context())
	w.ctx = ctx
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.keepAgreements(w, k.asked, k.due, k.shared, log)
	}()
	t.Cleanup(func() { stop(); <-ended; k.shared.Close() })
	return k
}

// suspend makes every agreement on disk a suspended one.
func suspend(t *testing.T, folder string) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	changed := 0
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if now := strings.ReplaceAll(string(text), "status: ASSURED", "status: SUSPENDED"); now != string(text) {
			changed++
			write(t, name, now)
		}
	}
	if changed == 0 {
		t.Fatal("no assured agreement found")
	}
}

// soon waits for something to become true.
func soon(t *testing.T, what string, is func() bool) {
	t.Helper()
	for range 6000 { // a minute: whoever waits so long waits for ever
		if is() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("waited in vain for", what)
}

// A notice that was lost once left an instance with agreements that had been
// suspended: nothing but a notice or a signal made it look.
func TestALostNoticeCostsAMinuteAtMost(t *testing.T) {
	k := keep(t)
	before := k.register.Load().Hash()
	suspend(t, k.config.Agreements)
	k.due <- time.Now()
	soon(t, "the suspended agreements", func() bool { return k.register.Load().Hash() != before })
	for _, row := range k.register.Load().Matrix() {
		if row.Status == "ASSURED" {
			t.Errorf("%s is still assured", row.Agreement)
		}
	}
	if rereadEvery > time.Minute {
		t.Errorf("read every %v only", rereadEvery)
	}
}

// SIGHUP on an instance that had read the change already once told nobody, and
// said in the log that something was wrong.
func TestSIGHUPIsToldAlsoWhenNothingChanged(t *testing.T) {
	k := keep(t)
	heard := k.shared.Notices(t.Context())
	k.asked <- syscall.SIGHUP
	select {
	case n := <-heard:
		if n.Kind != hot.NoticeAgreements || n.Hash != k.register.Load().Hash() {
			t.Errorf("told %+v", n)
		}
	case <-time.After(time.Minute):
		t.Error("nobody was told")
	}
	if strings.Contains(k.logs.String(), "ERROR") {
		t.Errorf("an error in the log: %s", k.logs)
	}
}

func TestAFolderThatDoesNotCheckLeavesWhatIsInForce(t *testing.T) {
	k := keep(t)
	before := k.register.Load()
	write(t, filepath.Join(k.config.Agreements, "slip.yaml"), "id: X\ncolour: red\n")
	// The signal first: once it is taken, the notices are listened to.
	for _, c := range []struct {
		name string
		ask  func()
	}{
		{"SIGHUP", func() { k.asked <- syscall.SIGHUP }},
		{"the minute", func() { k.due <- time.Now() }},
		{"a notice", func() {
			if err := k.shared.Announce(t.Context(), hot.Notice{Kind: hot.NoticeAgreements, Hash: "another"}); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		said := strings.Count(k.logs.String(), "slip.yaml")
		c.ask()
		soon(t, "a word in the log after "+c.name, func() bool { return strings.Count(k.logs.String(), "slip.yaml") > said })
		if k.register.Load() != before {
			t.Errorf("%s changed what is in force", c.name)
		}
	}
}

// The whole of it, by a real signal to a real gateway: what is suspended shares nothing.
func TestASuspendedAgreementTakesEffectOnSIGHUP(t *testing.T) {
	s := settle(t)
	s.openIssuer()
	s.start()
	s.await("/readyz", 200)
	if a := s.ask(s.token("gp")); len(a.matches(t)) != 1 {
		t.Fatalf("nothing is shared before: %d %.300s", a.status, a.body)
	}
	suspend(t, filepath.Join(s.dir, "agreements"))
	if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	soon(t, "the suspension", func() bool { return strings.Contains(s.logs.String(), "read again") })
	if a := s.ask(s.token("gp")); a.status == 200 && len(a.matches(t)) != 0 {
		t.Errorf("still shared: %d %.300s", a.status, a.body)
	}
	s.stop()
	if code := <-s.ended; code != exitDone {
		t.Errorf("ended with %d\n%s", code, s.logs)
	}
}
