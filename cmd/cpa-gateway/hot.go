package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"

	"cpagateway/gateway/hot"
	"cpagateway/gateway/hot/local"
	"cpagateway/gateway/hot/redis"
)

// hotConfig is where the short-lived state is that several gateways share.
type hotConfig struct {
	Redis string `yaml:"redis"` // redis:// or rediss:// URL of a server, a cluster or sentinels; empty: in this process
	CA    string `yaml:"ca"`    // certificates that the servers' are judged by; empty: those of this machine
	Cert  string `yaml:"cert"`  // certificate that the servers ask for; empty: none
	Key   string `yaml:"key"`   // its private key
}

// openHot opens the shared state: Redis where it is configured, this process otherwise.
func openHot(w world, c hotConfig, log *slog.Logger) (hot.State, error) {
	secure, err := c.tls()
	switch {
	case err != nil:
		return nil, err
	case c.Redis != "":
		return redis.Open(c.Redis, secure, "cpa-gateway:", w.clock, log)
	case secure != nil:
		return nil, errors.New("hot.ca and hot.cert go with hot.redis")
	}
	return local.New(w.clock), nil
}

// tls is nil where nothing is said of certificates. The gateway's own is read anew for each
// connection, so that a new one is taken without a restart.
func (c hotConfig) tls() (*tls.Config, error) {
	if c.CA == "" && c.Cert == "" && c.Key == "" {
		return nil, nil
	}
	secure := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.CA != "" {
		var err error
		if secure.RootCAs, err = authorities(c.CA); err != nil {
			return nil, fmt.Errorf("reading hot.ca: %w", err)
		}
	}
	if c.Cert == "" && c.Key == "" {
		return secure, nil
	}
	own := func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		pair, err := tls.LoadX509KeyPair(c.Cert, c.Key)
		if err != nil {
			return nil, fmt.Errorf("reading hot.cert and hot.key: %w", err)
		}
		return &pair, nil
	}
	secure.GetClientCertificate = own
	_, err := own(nil)
	return secure, err
}
