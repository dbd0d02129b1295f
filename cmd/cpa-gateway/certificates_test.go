package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// certify writes a certificate for a name, signed by itself, and gives it.
func certify(t *testing.T, dir string, serial int64, name string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	about := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name}, DNSNames: []string{"localhost"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, about, about, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{"cert.pem": {Type: "CERTIFICATE", Bytes: der}, "key.pem": {Type: "PRIVATE KEY", Bytes: private}} {
		write(t, filepath.Join(dir, file), string(pem.EncodeToMemory(block)))
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// secured starts a gateway under TLS with the certificates in its folder; those of
// callers are signed by what stands in theirs.
func secured(t *testing.T) (s *served, theirs string) {
	t.Helper()
	s = configure(t, "{name: paris, format: welsh-ctp, custodian: 7A4, grants: on}")
	theirs = t.TempDir()
	certify(t, s.dir, 1, "first")
	certify(t, theirs, 100, "callers")
	text, err := os.ReadFile(s.config)
	if err != nil {
		t.Fatal(err)
	}
	in := func(dir, file string) string { return `"` + filepath.Join(dir, file) + `"` }
	write(t, s.config, strings.Replace(string(text), "http: {", "http: {cert: "+in(s.dir, "cert.pem")+", key: "+in(s.dir, "key.pem")+", clientCA: "+in(theirs, "cert.pem")+", ", 1))
	s.start()
	return s, theirs
}

// serial is that of the certificate that the gateway shows now.
func (s *served) serial() int64 {
	connection, err := tls.Dial("tcp", s.addr, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		return -1
	}
	defer connection.Close()
	return connection.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
}

// A renewed certificate took a restart, and so an outage, to be shown.
func TestCertificatesAreReadAgainOnSIGHUP(t *testing.T) {
	s, _ := secured(t)
	if got := s.serial(); got != 1 {
		t.Fatalf("shows %d", got)
	}
	reread := func() {
		if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
	}
	certify(t, s.dir, 2, "second")
	reread()
	soon(t, "the second certificate", func() bool { return s.serial() == 2 })
	write(t, filepath.Join(s.dir, "key.pem"), "none")
	reread()
	soon(t, "a word in the log", func() bool { return strings.Contains(s.logs.String(), "certificates were not read again") })
	if got := s.serial(); got != 2 {
		t.Errorf("after a slip it shows %d", got)
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true}}
	response, err := client.Get("https://" + s.addr + "/fhir/R4/metadata")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	client.CloseIdleConnections()
	if response.ProtoMajor != 2 || response.StatusCode != http.StatusOK {
		t.Errorf("%s %d", response.Proto, response.StatusCode)
	}
	s.ends()
	if n := strings.Count(s.logs.String(), `"msg":"request"`); n != 1 {
		t.Errorf("%d requests in the log, want the one that was asked: %s", n, s.logs)
	}
}

// A handshake that failed left no word of why; and what a certificate says of
// whoever shows it must not be that word.
func TestAFailedHandshakeSaysWhyAndNotWho(t *testing.T) {
	s, _ := secured(t)
	stranger := certify(t, t.TempDir(), 3, "Ffion Evans")
	shake := func(c *tls.Config) {
		if connection, err := tls.Dial("tcp", s.addr, c); err == nil {
			_, _ = connection.Read(make([]byte, 1)) // a refused certificate is told with the first read
			connection.Close()
		}
	}
	for cause, c := range map[string]*tls.Config{
		"certificate signed by unknown authority":  {InsecureSkipVerify: true, GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &stranger, nil }},
		"bad certificate":                          {ServerName: "localhost"},
		"client offered only unsupported versions": {InsecureSkipVerify: true, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11},
	} {
		shake(c)
		soon(t, cause, func() bool { return strings.Contains(s.logs.String(), `"cause":"`+cause) })
	}
	s.ends()
	if text := s.logs.String(); strings.Contains(text, "Evans") || strings.Contains(text, "127.0.0.1:") && strings.Contains(text, "handshake error") {
		t.Errorf("the log says who: %s", text)
	}
	if cause := handshakeCause("http: TLS handshake error from 192.0.2.1:9: x509: certificate is valid for Ffion Evans, not another"); cause != "another" {
		t.Errorf("an unknown cause is told as %q", cause)
	}
}

// A gateway that stops said that it was ready until nobody could ask it any more.
func TestReadinessFallsBeforeTheListenerCloses(t *testing.T) {
	s := configure(t, "{name: paris, format: welsh-ctp, custodian: 7A4, grants: on}")
	text, err := os.ReadFile(s.config)
	if err != nil {
		t.Fatal(err)
	}
	write(t, s.config, string(bytes.Replace(text, []byte("notice: 0s"), []byte("notice: 3s"), 1)))
	s.openIssuer()
	s.start()
	s.await("/readyz", http.StatusOK)
	s.stop()
	s.await("/readyz", http.StatusServiceUnavailable)
	response, err := http.Get("http://" + s.addr + "/fhir/R4/metadata")
	if err != nil {
		t.Fatalf("connections are refused already: %v", err)
	}
	response.Body.Close()
	if code := <-s.ended; code != exitDone {
		t.Errorf("ended with %d\n%s", code, s.logs)
	}
}

// Whoever is removed from http.clientCA is a stranger from the next connection on, also
// one that resumes a session of before.
func TestARemovedClientCannotResumeItsSession(t *testing.T) {
	s, theirs := secured(t)
	client := certify(t, theirs, 101, "client")
	reread := func() {
		if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
	}
	asks := &tls.Config{
		InsecureSkipVerify: true, ClientSessionCache: tls.NewLRUClientSessionCache(1),
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &client, nil }, // whatever it is asked for
	}
	resumed := false
	admitted := func() bool {
		connection, err := tls.Dial("tcp", s.addr, asks)
		if err != nil {
			return false
		}
		defer connection.Close()
		resumed = resumed || connection.ConnectionState().DidResume
		if _, err := connection.Write([]byte("GET /fhir/R4/metadata HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")); err != nil {
			return false
		}
		answer, err := io.ReadAll(connection)
		return err == nil && bytes.HasPrefix(answer, []byte("HTTP/1.1 200"))
	}
	reread()
	soon(t, "the client's certificate is taken", admitted)
	for range 3 { // with a session to resume
		if !admitted() {
			t.Fatal("a known client is refused")
		}
	}
	if !resumed {
		t.Error("no session was resumed: nothing was put to the test")
	}
	certify(t, theirs, 102, "another")
	reread()
	soon(t, "the removed client is refused", func() bool { return !admitted() })
}
