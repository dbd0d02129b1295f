package postgrestest

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// StartArchiving starts a server that keeps its log beside itself, so that it can go back
// to a moment.
func StartArchiving(t testing.TB) *Server {
	t.Helper()
	s := Start(t)
	s.Kill()
	archive := filepath.Join(filepath.Dir(s.dir), "archive")
	s.makeOwn(t, archive)
	s.more = []string{"-c", "archive_mode=on", "-c", "archive_command=cp %p " + archive + "/%f"}
	s.Start(t)
	return s
}

func (s *Server) makeOwn(t testing.TB, dir string) {
	t.Helper()
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	s.makeFolder(t, dir)
}

// BaseBackup copies all that the server holds, while it runs.
func (s *Server) BaseBackup(t testing.TB) (folder string) {
	t.Helper()
	folder = filepath.Join(filepath.Dir(s.dir), fmt.Sprint("base", s.made.Add(1)))
	c := s.command("pg_basebackup", "--pgdata", folder, "--host", "127.0.0.1", "--port", s.port, "--username", owner, "--wal-method", "none", "--checkpoint", "fast", "--no-sync")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("pg_basebackup: %v: %s", err, out)
	}
	return folder
}

// Mark names the moment.
func (s *Server) Mark(t testing.TB, moment string) {
	t.Helper()
	s.do(t, "postgres", "SELECT pg_create_restore_point('"+moment+"')")
}

// GoBack ends the server and starts it with what it held at a moment after a base backup.
// What it holds now stands aside.
func (s *Server) GoBack(t testing.TB, base, moment string) {
	t.Helper()
	s.archived(t)
	s.Kill()
	archive := filepath.Join(filepath.Dir(s.dir), "archive")
	if err := os.Rename(s.dir, fmt.Sprint(s.dir, s.made.Add(1))); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(base, s.dir); err != nil {
		t.Fatal(err)
	}
	settings := fmt.Sprintf("restore_command = 'cp %s/%%f %%p'\nrecovery_target_name = '%s'\nrecovery_target_action = 'promote'\n", archive, moment)
	s.write(t, "postgresql.auto.conf", settings)
	s.write(t, "recovery.signal", "")
	s.Start(t)
	s.await(t, "SELECT NOT pg_is_in_recovery()")
}

// Demote ends the server and starts it as a replica, which follows nobody and takes no write.
func (s *Server) Demote(t testing.TB) {
	t.Helper()
	s.Kill()
	s.write(t, "standby.signal", "")
	s.Start(t)
}

// Promote lets a replica take writes.
func (s *Server) Promote(t testing.TB) {
	t.Helper()
	s.do(t, "postgres", "SELECT pg_promote()")
}

// write puts a file into the server's folder.
func (s *Server) write(t testing.TB, name, text string) {
	t.Helper()
	name = filepath.Join(s.dir, name)
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if s.user != nil {
		if err := os.Chown(name, nobody, nobody); err != nil {
			t.Fatal(err)
		}
	}
}

// archived waits until the log up to now is in the archive.
func (s *Server) archived(t testing.TB) {
	t.Helper()
	s.do(t, "postgres", "CREATE TABLE switched AS SELECT pg_walfile_name(pg_switch_wal()) AS file")
	s.await(t, "SELECT coalesce(last_archived_wal, '') >= (SELECT file FROM switched) FROM pg_stat_archiver")
	s.do(t, "postgres", "DROP TABLE switched")
}

// Snapshot copies all that the server holds, as it is on the disk at one moment.
func (s *Server) Snapshot(t testing.TB) (folder string) {
	t.Helper()
	s.Kill()
	folder = filepath.Join(filepath.Dir(s.dir), fmt.Sprint("snapshot", s.made.Add(1)))
	s.copy(t, s.dir, folder)
	s.Start(t)
	return folder
}

// Revert ends the server and starts it with what it held at a Snapshot. Nothing but its
// tables says that it did.
func (s *Server) Revert(t testing.TB, snapshot string) {
	t.Helper()
	s.Kill()
	if err := os.Rename(s.dir, fmt.Sprint(s.dir, s.made.Add(1))); err != nil {
		t.Fatal(err)
	}
	s.copy(t, snapshot, s.dir)
	s.Start(t)
}

func (s *Server) copy(t testing.TB, from, to string) {
	t.Helper()
	if out, err := exec.Command("cp", "--archive", from, to).CombinedOutput(); err != nil {
		t.Fatalf("copying a server's folder: %v: %s", err, out)
	}
}

func (s *Server) await(t testing.TB, query string) {
	t.Helper()
	db, err := sql.Open("pgx", s.address("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for range 600 {
		is := false
		if err = db.QueryRowContext(context.WithoutCancel(t.Context()), query).Scan(&is); err == nil && is {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("waited in vain for %s: %v", query, err)
}
