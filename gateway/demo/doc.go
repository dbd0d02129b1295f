// Package demo is what `cpa-gateway demo` has and nothing else may have: a
// built-in OpenID issuer, the keys of the callers it vouches for, and the cast of
// synthetic people.
//
// The issuer is a real one, so that the demo's tokens go through the same doors as
// anybody's: discovery, a key set, and a token endpoint that takes client_credentials
// with private_key_jwt. It hands tokens to whoever holds one of the demo's keys, so
// it must never stand beside real records: New refuses an address that is not a
// loopback literal, every request is refused that did not arrive on one, and
// `serve` does not import it.
package demo
