package main

import (
	"log/slog"
	"os"
	"time"
)

// rereadEvery is how long a change of the agreements' folder or of the certificates can go
// unseen where nobody sent SIGHUP.
const rereadEvery = time.Minute

// lookEvery is how long agreements that another gateway has put in force can go unseen
// where nobody asks for anything. No answer waits for that: see cache.Register.
const lookEvery = 500 * time.Millisecond

// keepAgreements offers the folder of agreements on SIGHUP and every so often, with the
// certificates, and looks every moment which agreements are in force. A folder that does
// not check leaves what is: an operator's slip must not take a crisis team's access away.
func (s *site) keepAgreements(w world, asked <-chan os.Signal, due, look <-chan time.Time, log *slog.Logger) {
	k := newKeeper(s, w, log)
	for {
		select {
		case <-w.ctx.Done():
			return
		case <-due:
			s.rereadCertificates(log)
			k.reread()
		case <-asked:
			s.rereadCertificates(log)
			k.reread()
		case <-look:
			k.look()
		}
	}
}

// keeper says once what has changed.
type keeper struct {
	*site
	w       world
	log     *slog.Logger
	hash    string // of the agreements in force
	refused string // why the folder was not taken
	unread  string // why those in force could not be read
}

func newKeeper(s *site, w world, log *slog.Logger) *keeper {
	return &keeper{site: s, w: w, log: log, hash: s.register.Load().Hash()}
}

func (k *keeper) reread() {
	refused := textOf(k.offer(k.w))
	if refused != "" && refused != k.refused {
		k.log.Error(notTaken, "cause", refused)
	}
	k.refused = refused
	k.look()
}

func (k *keeper) look() {
	found, err := k.register.Read(k.w.ctx)
	if unread := textOf(err); unread != k.unread && k.w.ctx.Err() == nil {
		k.unread = unread
		if err != nil {
			k.log.Error("the agreements in force cannot be read", "cause", unread)
		}
	}
	if err == nil && found.Hash() != k.hash {
		k.hash = found.Hash()
		k.log.Info("other agreements are in force", "hash", k.hash)
	}
}

const notTaken = "the folder of agreements was not put in force"

func textOf(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
