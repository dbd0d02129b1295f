package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"os"
	"slices"
)

// tlsConfig reads the certificate; callers may present theirs, and identity
// decides whether it is the one their token is bound to.
func tlsConfig(c httpConfig) (*tls.Config, error) {
	if c.Cert == "" {
		return nil, nil
	}
	pair, err := tls.LoadX509KeyPair(c.Cert, c.Key)
	if err != nil {
		return nil, misuse("reading the certificate: %v", err)
	}
	t := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}}
	if c.ClientCA == "" {
		return t, nil
	}
	t.ClientAuth = tls.VerifyClientCertIfGiven
	if t.ClientCAs, err = authorities(c.ClientCA); err != nil {
		return nil, misuse("reading http.clientCA: %v", err)
	}
	return t, nil
}

// authorities reads the certificates that others' are judged by.
func authorities(file string) (*x509.CertPool, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s holds no certificate", file)
	}
	return pool, nil
}

// secure is the configuration of the public server: each new connection is under
// the certificates that were read last. Nil where there are none.
func (s *site) secure() (*tls.Config, error) {
	first, err := tlsConfig(s.config.HTTP)
	if first == nil || err != nil {
		return nil, err
	}
	s.certificates.Store(first)
	outer := first.Clone()
	outer.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) { return s.certificates.Load(), nil }
	return outer, nil
}

// rereadCertificates takes what is on disk where it has changed. What cannot be
// read leaves what is in use.
func (s *site) rereadCertificates(log *slog.Logger) {
	used := s.certificates.Load()
	if used == nil {
		return // without TLS, or not listening yet
	}
	next, err := tlsConfig(s.config.HTTP)
	if err != nil {
		log.Error("the certificates were not read again", "cause", err)
		return
	}
	if !slices.EqualFunc(used.Certificates[0].Certificate, next.Certificates[0].Certificate, bytes.Equal) || !used.ClientCAs.Equal(next.ClientCAs) {
		s.certificates.Store(next)
		log.Info("the certificates were read again", "until", next.Certificates[0].Leaf.NotAfter)
	}
}
