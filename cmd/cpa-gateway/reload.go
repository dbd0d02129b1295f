package main

import (
	"log/slog"
	"os"
	"time"

	"cpagateway/consent/agreements"
	"cpagateway/gateway/hot"
)

// rereadEvery is how long a change of the agreements or certificates can go unseen where nobody
// sent SIGHUP or the notice of another instance was lost.
const rereadEvery = time.Minute

// keepAgreements reads the agreements again on SIGHUP, when another instance
// tells that it did, and every so often; on SIGHUP and every so often the
// certificates too. A folder that does not check leaves
// what is in force: an operator's slip must not take a crisis team's access away.
func (s *site) keepAgreements(w world, asked <-chan os.Signal, due <-chan time.Time, shared hot.State, log *slog.Logger) {
	notices := shared.Notices(w.ctx)
	for {
		select {
		case <-w.ctx.Done():
			return
		case <-due:
			s.rereadCertificates(log)
			s.reload(log)
		case <-asked:
			s.rereadCertificates(log)
			// Sent also when nothing changed here: another instance may have missed it.
			if hash, ok := s.reload(log); ok {
				if err := shared.Announce(w.ctx, hot.Notice{Kind: hot.NoticeAgreements, Hash: hash}); err != nil {
					log.Warn("the other instances were not notified of the agreements", "cause", err)
				}
			}
		case n, open := <-notices:
			if !open {
				notices = nil // closed for good; the folder is still read
				continue
			}
			if n.Kind != hot.NoticePerson && n.Hash != s.register.Load().Hash() {
				s.reload(log)
			}
		}
	}
}

// reload swaps the register whole: a request sees the old or the new one. It
// gives the hash of what is on disk, and false where that does not check.
func (s *site) reload(log *slog.Logger) (hash string, ok bool) {
	register, err := agreements.Load(os.DirFS(s.config.Agreements))
	if err != nil {
		log.Error("the agreements were not read again", "cause", err)
		return "", false
	}
	hash = register.Hash()
	if hash != s.register.Load().Hash() {
		s.register.Store(register)
		log.Info("the agreements were read again", "hash", hash)
	}
	return hash, true
}
