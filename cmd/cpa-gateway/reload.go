package main

import (
	"errors"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"cpagateway/consent"
	"cpagateway/gateway/hot"
)

// errUnchanged says that the agreements on disk are those in force.
var errUnchanged = errors.New("the agreements have not changed")

// keepAgreements reads the agreements again on SIGHUP, and when another instance
// tells that it did. A folder that does not check leaves what is in force: an
// operator's slip must not take a crisis team's access away.
func (s *site) keepAgreements(w world, shared hot.State, log *slog.Logger) {
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGHUP)
	defer signal.Stop(asked)
	notices := shared.Notices(w.ctx)
	for {
		select {
		case <-w.ctx.Done():
			return
		case <-asked:
			if hash, err := s.reload(); err != nil {
				log.Error("the agreements were not read again", "cause", err)
			} else if err := shared.Announce(w.ctx, hot.Notice{Kind: hot.NoticeAgreements, Hash: hash}); err != nil {
				log.Warn("the other instances were not told of the new agreements", "cause", err)
			}
		case n, open := <-notices:
			if !open {
				return
			}
			if n.Kind == hot.NoticePerson || n.Hash == s.register.Load().Hash() {
				continue
			}
			if _, err := s.reload(); err != nil && !errors.Is(err, errUnchanged) {
				log.Error("the agreements were not read again", "cause", err)
			}
		}
	}
}

// reload swaps the register whole: a request sees the old or the new one.
func (s *site) reload() (hash string, err error) {
	register, err := consent.LoadRegister(os.DirFS(s.config.Agreements))
	if err != nil {
		return "", err
	}
	if register.Hash() == s.register.Load().Hash() {
		return "", errUnchanged
	}
	s.register.Store(register)
	return register.Hash(), nil
}
