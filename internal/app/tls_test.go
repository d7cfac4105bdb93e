package app

import (
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
