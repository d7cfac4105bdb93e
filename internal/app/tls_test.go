package app

import (
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestLocalCAIsKeptAndItsCertificateRenewed(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "tls")
	now := time.Now()
	pair, ca, err := localCA(dir, []string{"localhost", "127.0.0.1"}, now)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(ca) {
		t.Fatal("the CA is no certificate")
	}
	first := pair.Leaf
	for _, name := range []string{"localhost", "127.0.0.1"} {
		if _, err := first.Verify(x509.VerifyOptions{Roots: pool, DNSName: name}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if st, err := os.Stat(filepath.Join(dir, "ca.key")); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("the CA's key is readable for others: %v %v", st.Mode(), err)
	}
	again, ca2, err := localCA(dir, []string{"localhost", "127.0.0.1"}, now)
	if err != nil || string(ca) != string(ca2) || !again.Leaf.Equal(first) {
		t.Error("a second start made new certificates: people would have to trust us again")
	}
	more, ca3, err := localCA(dir, []string{"localhost", "dovidka.local"}, now)
	if err != nil || string(ca) != string(ca3) || more.Leaf.VerifyHostname("dovidka.local") != nil {
		t.Errorf("a new name is not in the certificate: %v", err)
	}
	late, ca4, err := localCA(dir, []string{"localhost", "dovidka.local"}, now.AddDate(1, 0, 20))
	if err != nil || string(ca) != string(ca4) || late.Leaf.Equal(more.Leaf) {
		t.Errorf("a certificate near its end was not renewed: %v", err)
	}
	if life := first.NotAfter.Sub(first.NotBefore); life > 398*24*time.Hour {
		t.Errorf("browsers refuse a certificate of %v", life)
	}
}

func TestARunningProgramTakesUpANewCertificate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "tls")
	now := time.Now()
	k := &keeper{now: func() time.Time { return now }, log: quiet, loaded: now}
	k.load = func(at time.Time) (tls.Certificate, error) {
		pair, _, err := localCA(dir, []string{"localhost"}, at)
		return pair, err
	}
	var err error
	if k.pair, err = k.load(now); err != nil {
		t.Fatal(err)
	}
	first := k.pair.Leaf
	now = now.AddDate(0, 0, 380) // less than 30 days before its end
	if got, err := k.get(nil); err != nil || got.Leaf.Equal(first) {
		t.Fatalf("the certificate was not renewed: %v", err)
	}
	k.load = func(time.Time) (tls.Certificate, error) { return tls.Certificate{}, os.ErrNotExist }
	now = now.Add(2 * reload)
	if got, err := k.get(nil); err != nil || got.Leaf == nil {
		t.Errorf("an unreadable file took the certificate away: %v", err)
	}
}

func TestATornCertificateIsMadeAnew(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "tls")
	if _, _, err := localCA(dir, []string{"localhost"}, time.Now()); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"server.crt", "server.key"} {
		if err := os.WriteFile(filepath.Join(dir, file), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, err := localCA(dir, []string{"localhost"}, time.Now()); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
	ca, err := os.ReadFile(filepath.Join(dir, "ca.key"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "server.key"), ca, 0o600); err != nil {
		t.Fatal(err)
	}
	if pair, _, err := localCA(dir, []string{"localhost"}, time.Now()); err != nil || !pair.PrivateKey.(*ecdsa.PrivateKey).PublicKey.Equal(pair.Leaf.PublicKey) {
		t.Errorf("a key that belongs to another certificate was kept: %v", err)
	}
}
