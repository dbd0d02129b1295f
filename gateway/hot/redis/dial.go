package redis

import (
	"crypto/tls"
	"errors"
	"net/url"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// What is wrong with an address. No error repeats it: it may hold a password.
var (
	errAddress    = errors.New("reading the address of Redis: it must be a redis:// or rediss:// URL")
	errPlain      = errors.New("reading the address of Redis: certificates go with rediss:// only")
	errUnverified = errors.New("reading the address of Redis: skip_verify would let anybody be the server")
)

// reloadEvery is how soon a cluster is asked again who holds what, and so how long a
// replica that has taken over can go unseen; go-redis would ask once a minute.
const reloadEvery = time.Second

// dial makes the client that the address asks for. Without ContextTimeoutEnabled a
// server that hangs would hold a caller for seconds, whatever its context says.
func dial(address string, secure *tls.Config) (goredis.UniversalClient, error) {
	parsed, err := url.Parse(address)
	if err != nil {
		return nil, errAddress
	}
	query, err := url.ParseQuery(parsed.RawQuery)
	switch {
	case err != nil:
		return nil, errAddress
	case query.Has("skip_verify"):
		return nil, errUnverified
	case parsed.Scheme == "rediss":
		secure = eachByItsHost(secure)
	case secure != nil:
		return nil, errPlain
	}
	var client goredis.UniversalClient
	switch {
	case query.Has("master_name"):
		var options *goredis.FailoverOptions
		if options, err = goredis.ParseFailoverURL(address); err == nil {
			options.ContextTimeoutEnabled, options.TLSConfig = true, secure
			client = goredis.NewFailoverClient(options)
		}
	case query.Has("addr"):
		var options *goredis.ClusterOptions
		if options, err = goredis.ParseClusterURL(address); err == nil {
			options.ContextTimeoutEnabled, options.TLSConfig = true, secure
			options.ClusterStateReloadInterval = reloadEvery
			client = goredis.NewClusterClient(options)
		}
	default:
		var options *goredis.Options
		if options, err = goredis.ParseURL(address); err == nil {
			options.ContextTimeoutEnabled, options.TLSConfig = true, secure
			client = goredis.NewClient(options)
		}
	}
	if err != nil {
		return nil, errAddress
	}
	return client, nil
}

// eachByItsHost names no server: a cluster and a sentinel group have several, and one
// name, such as go-redis takes from the URL, would fit only one of them.
func eachByItsHost(secure *tls.Config) *tls.Config {
	if secure == nil {
		return &tls.Config{MinVersion: tls.VersionTLS12}
	}
	own := secure.Clone()
	own.ServerName = ""
	own.MinVersion = max(own.MinVersion, tls.VersionTLS12)
	return own
}
