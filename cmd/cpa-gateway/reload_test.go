package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"cpagateway/gateway/demo"
)

// kept is a site whose agreements are kept, with the ways to make it read them.
type kept struct {
	*site
	w     world
	asked chan os.Signal
	due   chan time.Time
	look  chan time.Time
	logs  *lockedBuffer
}

func keep(t *testing.T) *kept {
	t.Helper()
	s, w := openBare(t)
	if err := os.CopyFS(s.config.Agreements, demo.Agreements()); err != nil {
		t.Fatal(err)
	}
	if err := s.offer(w); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	w.ctx = ctx
	k := &kept{s, w, make(chan os.Signal), make(chan time.Time), make(chan time.Time), &lockedBuffer{}}
	log := slog.New(slog.NewTextHandler(k.logs, nil))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.keepAgreements(w, k.asked, k.due, k.look, log)
	}()
	t.Cleanup(func() { stop(); <-ended })
	return k
}

// suspend suspends every agreement on disk, by a later version beside it.
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
			write(t, strings.Replace(name, ".yaml", "-suspended.yaml", 1), strings.Replace(now, "\nversion: ", "\nversion: 9", 1))
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

func TestAChangedFolderIsTakenWithinAMinute(t *testing.T) {
	k := keep(t)
	before := k.register.Load().Hash()
	suspend(t, k.config.Agreements)
	k.due <- time.Now()
	soon(t, "the suspended agreements", func() bool { return k.register.Load().Hash() != before })
	for _, row := range flowsAt(k.register.Load(), k.config.Policy, k.w.clock()) {
		if row.Code == "" {
			t.Errorf("%s stands still", row.Agreement)
		}
	}
	if rereadEvery > time.Minute || lookEvery > time.Second/2 {
		t.Errorf("read every %v only, and looked at every %v", rereadEvery, lookEvery)
	}
}

func TestAFolderThatDoesNotCheckLeavesWhatIsInForce(t *testing.T) {
	k := keep(t)
	before := k.register.Load()
	for _, c := range []struct {
		name string
		ask  func()
	}{
		{"SIGHUP", func() { k.asked <- syscall.SIGHUP }},
		{"the minute", func() { k.due <- time.Now() }},
	} {
		file := write(t, filepath.Join(k.config.Agreements, strings.ReplaceAll(c.name, " ", "-")+".yaml"), "id: X\ncolour: red\n")
		c.ask()
		soon(t, "a word in the log after "+c.name, func() bool { return strings.Contains(k.logs.String(), filepath.Base(file)) })
		if k.register.Load() != before {
			t.Errorf("%s changed what is in force", c.name)
		}
	}
}

// remove takes every agreement out of a folder.
func remove(t *testing.T, folder string) {
	t.Helper()
	if err := errors.Join(os.RemoveAll(folder), os.Mkdir(folder, 0o700)); err != nil {
		t.Fatal(err)
	}
}

// A gateway whose folder is behind, or was lost, takes nothing from the others: only an
// operator who says so does.
func TestWhatWasReplacedComesBackOnlyWhenItIsPublished(t *testing.T) {
	k := keep(t)
	first := k.register.Load().Hash()
	folder := k.config.Agreements
	old := filepath.Join(t.TempDir(), "old")
	if err := os.CopyFS(old, os.DirFS(folder)); err != nil {
		t.Fatal(err)
	}
	suspend(t, folder)
	k.asked <- syscall.SIGHUP
	soon(t, "the suspended agreements", func() bool { return k.register.Load().Hash() != first })
	second := k.register.Load().Hash()

	remove(t, folder)
	if err := k.offer(k.w); !errors.Is(err, errNoneAnyMore) {
		t.Errorf("an empty folder: %v", err)
	}
	if err := os.CopyFS(folder, os.DirFS(old)); err != nil {
		t.Fatal(err)
	}
	if err := k.offer(k.w); !errors.Is(err, errReplacedBefore) {
		t.Errorf("a folder that is behind: %v", err)
	}
	k.asked <- syscall.SIGHUP
	soon(t, "a word in the log", func() bool { return strings.Contains(k.logs.String(), "were in force before") })
	if got := k.register.Load().Hash(); got != second {
		t.Errorf("in force is %s, want %s", got, second)
	}

	place := k.config.Records.SQLite
	if p := cli("register", "publish", "--data", place).must(t, exitDone); !strings.Contains(p.out, first) {
		t.Errorf("it prints %s", p.out)
	}
	k.look <- time.Now()
	soon(t, "what was published", func() bool { return k.register.Load().Hash() == first })
	soon(t, "a word in the log", func() bool { return strings.Contains(k.logs.String(), "other agreements are in force") })
	remove(t, folder)
	cli("register", "publish", "--data", place).must(t, exitDone)
	k.look <- time.Now()
	soon(t, "the end of all sharing", func() bool { return len(k.register.Load().Matrix()) == 0 })
	said := 0
	for _, row := range lastRows(t, place) {
		if row["interaction"] == "register-publish" && strings.HasPrefix(row["reference"].(string), "register ") {
			said++
		}
	}
	if said != 4 {
		t.Errorf("%d of 4 registers are in the audit log", said)
	}
}

// lastRows are the newest entries of what operators did.
func lastRows(t *testing.T, dir string) []map[string]any {
	t.Helper()
	return cli("audit", "show", "--data", dir, "--caller", "command-line", "--limit", "20", "--json").must(t, exitDone).list(t)
}

// A gateway that starts with a folder which is behind would have opened what was closed.
func TestServeRefusesAFolderThatIsBehind(t *testing.T) {
	s := settle(t)
	s.openIssuer()
	folder := filepath.Join(s.dir, "agreements")
	old := filepath.Join(t.TempDir(), "old")
	if err := os.CopyFS(old, os.DirFS(folder)); err != nil {
		t.Fatal(err)
	}
	s.start()
	s.await("/readyz", http.StatusOK)
	suspend(t, folder)
	if p := cli("serve", "--check", "--config", s.config).must(t, exitDone); !strings.Contains(p.out, "other ones are in force") {
		t.Errorf("--check prints %s", p.out)
	}
	cli("register", "publish", "--config", s.config).must(t, exitDone)
	s.stop()
	<-s.ended
	remove(t, folder)
	if err := os.CopyFS(folder, os.DirFS(old)); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"serve", "--check"}, {"serve"}} {
		if p := cli(append(args, "--config", s.config)...); p.code == exitDone || !strings.Contains(p.errs, "were in force before") {
			t.Errorf("%v: exit %d, %s", args, p.code, p.errs)
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
	soon(t, "the suspension", func() bool { return strings.Contains(s.logs.String(), "other agreements are in force") })
	if a := s.ask(s.token("gp")); a.status == 200 && len(a.matches(t)) != 0 {
		t.Errorf("still shared: %d %.300s", a.status, a.body)
	}
	s.stop()
	if code := <-s.ended; code != exitDone {
		t.Errorf("ended with %d\n%s", code, s.logs)
	}
}

// edit gives a version of an agreement that is in force another text.
func edit(t *testing.T, folder string) (name string) {
	t.Helper()
	name = filepath.Join(folder, "isp-cpa-0009.yaml")
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return write(t, name, strings.Replace(string(text), "plan.summary", "plan.crisis, plan.summary", 1))
}

const wasEdited = "ISP-CPA-0009 version 1 (isp-cpa-0009.yaml)"

// The text of a version that was in force was put in force when it was edited, without a word: what the log
// called by that version was from then on another text than the partners had signed.
func TestAVersionInForceIsNotEdited(t *testing.T) {
	k := keep(t)
	before := k.register.Load().Hash()
	folder := k.config.Agreements
	signed, err := os.ReadFile(filepath.Join(folder, "isp-cpa-0009.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	name := edit(t, folder)
	k.due <- time.Now()
	soon(t, "a word in the log", func() bool { return strings.Contains(k.logs.String(), wasEdited) })
	if got := k.register.Load().Hash(); got != before {
		t.Error("the edited text is in force")
	}
	edited, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	write(t, name, string(signed))
	write(t, filepath.Join(folder, "new.yaml"), strings.Replace(string(edited), "\nversion: 1", "\nversion: 2", 1))
	k.due <- time.Now()
	soon(t, "the new version", func() bool { return k.register.Load().Hash() != before })
	edit(t, folder)
	if p := cli("register", "publish", "--data", k.config.Records.SQLite).must(t, exitDone); !strings.Contains(p.out, "edited: "+wasEdited) {
		t.Errorf("published as %q", p.out)
	}
}

// What is typed into the file of an agreement to suspend or end it ends sharing; that it is assured again is
// no slip to be taken.
func TestAnEditThatSuspendsIsTaken(t *testing.T) {
	k := keep(t)
	name := filepath.Join(k.config.Agreements, "isp-cpa-0009.yaml")
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, status := range []string{"SUSPENDED", "WITHDRAWN", "SUPERSEDED"} {
		write(t, name, strings.Replace(string(text), "status: ASSURED", "status: "+status, 1))
		before := k.register.Load().Hash()
		if err := k.offer(k.w); err != nil || k.register.Load().Hash() == before {
			t.Errorf("%s: %v", status, err)
		}
	}
	write(t, name, strings.Replace(string(text), "plan.summary", "plan.crisis, plan.summary", 1))
	if err := k.offer(k.w); !errors.Is(err, errEdited) {
		t.Errorf("assured again, with another text: %v", err)
	}
}

// A draft is written on until it is assured: nothing was disclosed under it.
func TestADraftIsEdited(t *testing.T) {
	k := keep(t)
	name := filepath.Join(k.config.Agreements, "isp-cpa-0009.yaml")
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, status := range []string{"DRAFT", "SIGNED", "ASSURED"} {
		write(t, filepath.Join(k.config.Agreements, "next.yaml"), strings.NewReplacer("\nversion: 1", "\nversion: 2", "status: ASSURED", "status: "+status).Replace(string(text)))
		before := k.register.Load().Hash()
		if err := k.offer(k.w); err != nil || k.register.Load().Hash() == before {
			t.Errorf("%s: %v", status, err)
		}
	}
}

// A gateway that finds an edited version when it starts goes on with what is in force, which the store has.
func TestServeGoesOnWithoutAnEditedVersion(t *testing.T) {
	s := settle(t)
	s.openIssuer()
	s.start()
	s.await("/readyz", http.StatusOK)
	s.stop()
	<-s.ended
	edit(t, filepath.Join(s.dir, "agreements"))
	if p := cli("serve", "--check", "--config", s.config).must(t, exitDone); !strings.Contains(p.out, wasEdited) || strings.Contains(p.out, "which serve puts in force") {
		t.Errorf("--check prints %s", p.out)
	}
	before := s.logs.String()
	s.start()
	s.await("/readyz", http.StatusOK)
	if said := strings.TrimPrefix(s.logs.String(), before); !strings.Contains(said, wasEdited) {
		t.Errorf("the log says %s", said)
	}
	if a := s.ask(s.token("gp")); len(a.matches(t)) != 1 {
		t.Errorf("answered %d %.300s", a.status, a.body)
	}
}
