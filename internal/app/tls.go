package app

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/caddyserver/certmagic"
)

// certificates gives the TLS configuration for browsers, which open the microphone only on https or localhost:
// a certificate file, ACME, or our own local CA (downloadable at /ca.crt). caPEM is nil unless the local CA is used.
// A certificate that ends, or a file that is replaced, is taken up by the running program.
func certificates(c Config, log *slog.Logger) (conf *tls.Config, caPEM []byte, err error) {
	if c.HTTP.Cert == "" && c.HTTP.ACMEDomain != "" {
		conf, err := acme(c)
		return conf, nil, err
	}
	load := func(now time.Time) (tls.Certificate, error) {
		pair, ca, err := localCA(filepath.Join(c.Data, "tls"), certNames(c), now)
		if caPEM == nil { // the first time, before there are browsers
			caPEM = ca
		}
		return pair, err
	}
	if c.HTTP.Cert != "" {
		load = func(time.Time) (tls.Certificate, error) {
			pair, err := tls.LoadX509KeyPair(c.HTTP.Cert, c.HTTP.Key)
			if err != nil {
				return pair, fmt.Errorf("сертифікат %s не читається: %w", c.HTTP.Cert, err)
			}
			return pair, nil
		}
	}
	k := &keeper{load: load, now: time.Now, log: log}
	if k.pair, err = load(k.now()); err != nil {
		return nil, nil, err
	}
	k.loaded = k.now()
	return &tls.Config{GetCertificate: k.get, MinVersion: tls.VersionTLS12}, caPEM, nil
}

// reload is how old a certificate in memory may be before it is looked for anew.
const reload = time.Hour

// keeper holds the certificate in force. Browsers ask it at once; one of them per reload pays for the look at the files.
type keeper struct {
	load func(now time.Time) (tls.Certificate, error)
	now  func() time.Time
	log  *slog.Logger

	mu     sync.Mutex
	pair   tls.Certificate
	loaded time.Time
}

// get gives the certificate in force; one that cannot be read anew leaves the old one in its place.
func (k *keeper) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if now := k.now(); now.Sub(k.loaded) >= reload {
		k.loaded = now
		pair, err := k.load(now)
		if err != nil {
			k.log.Error("certificate not read anew", "err", err)
		} else {
			k.pair = pair
		}
	}
	pair := k.pair
	return &pair, nil
}

func acme(c Config) (*tls.Config, error) {
	certmagic.DefaultACME.Agreed = true
	certmagic.DefaultACME.Email = c.HTTP.ACMEMail
	certmagic.Default.Storage = &certmagic.FileStorage{Path: filepath.Join(c.Data, "tls", "acme")}
	conf, err := certmagic.TLS([]string{c.HTTP.ACMEDomain})
	if err != nil {
		return nil, fmt.Errorf("не вдалося отримати сертифікат для %s: %w", c.HTTP.ACMEDomain, err)
	}
	conf.NextProtos = append([]string{"h2", "http/1.1"}, conf.NextProtos...)
	return conf, nil
}

// certNames lists the names and addresses by which this machine may be opened.
func certNames(c Config) []string {
	names := []string{"localhost", "127.0.0.1", "::1"}
	if h, err := os.Hostname(); err == nil {
		names = append(names, h)
	}
	addrs, _ := net.InterfaceAddrs()
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok && !n.IP.IsLinkLocalUnicast() && !n.IP.IsLoopback() {
			names = append(names, n.IP.String())
		}
	}
	names = append(names, c.HTTP.Names...)
	slices.Sort(names)
	return slices.Compact(names)
}

// localCA keeps a CA in dir and a certificate signed by it for names; both are made when missing, and the certificate anew
// when names changed or it ends within 30 days. Browsers accept at most 398 days for a server certificate.
func localCA(dir string, names []string, now time.Time) (tls.Certificate, []byte, error) {
	none := tls.Certificate{}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return none, nil, fmt.Errorf("тека сертифікатів: %s", osReason(err))
	}
	ca, caKey, err := loadPair(filepath.Join(dir, "ca"))
	if errors.Is(err, os.ErrNotExist) {
		ca, caKey, err = makeCA(dir, now)
	}
	if err != nil {
		return none, nil, fmt.Errorf("власний центр сертифікації в %s: %s", dir, osReason(err))
	}
	leaf, key, err := loadPair(filepath.Join(dir, "server"))
	if err != nil || now.After(leaf.NotAfter.AddDate(0, 0, -30)) || !covers(leaf, names) {
		have, haveKey := leaf, key
		leaf, key, err = makeLeaf(dir, ca, caKey, names, now)
		if err != nil && have != nil && now.Before(have.NotAfter) { // the disk takes nothing: the one we have still serves
			leaf, key, err = have, haveKey, nil
		}
	}
	if err != nil {
		return none, nil, fmt.Errorf("сертифікат https: %w", err)
	}
	pair := tls.Certificate{Certificate: [][]byte{leaf.Raw, ca.Raw}, PrivateKey: key, Leaf: leaf}
	caPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.Raw})
	return pair, caPEM, nil
}

func covers(c *x509.Certificate, names []string) bool {
	for _, n := range names {
		if c.VerifyHostname(n) != nil {
			return false
		}
	}
	return true
}

func makeCA(dir string, now time.Time) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	t := &x509.Certificate{
		Subject:   pkix.Name{CommonName: "Довідка: власний центр сертифікації", Organization: []string{"Довідка"}},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(10, 0, 0), IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	return sign(filepath.Join(dir, "ca"), t, nil, nil)
}

func makeLeaf(dir string, ca *x509.Certificate, caKey *ecdsa.PrivateKey, names []string, now time.Time) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	t := &x509.Certificate{
		Subject:   pkix.Name{CommonName: "Довідка", Organization: []string{"Довідка"}},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(0, 0, 397),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, n := range names {
		if ip := net.ParseIP(n); ip != nil {
			t.IPAddresses = append(t.IPAddresses, ip)
		} else {
			t.DNSNames = append(t.DNSNames, n)
		}
	}
	return sign(filepath.Join(dir, "server"), t, ca, caKey)
}

// sign makes a key and a certificate for t (self-signed when ca is nil) and writes both as base.crt and base.key.
func sign(base string, t, ca *x509.Certificate, caKey *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	if t.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120)); err != nil {
		return nil, nil, err
	}
	if ca == nil {
		ca, caKey = t, key
	}
	der, err := x509.CreateCertificate(rand.Reader, t, ca, key.Public(), caKey)
	if err != nil {
		return nil, nil, err
	}
	kb, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, nil, err
	}
	if err := writeWhole(base+".key", pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: kb}), 0o600); err != nil {
		return nil, nil, err
	}
	if err := writeWhole(base+".crt", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644); err != nil {
		return nil, nil, err
	}
	cert, err := x509.ParseCertificate(der)
	return cert, key, err
}

// writeWhole lets a file appear under its name only when it is complete: a torn certificate would stop every later start.
func writeWhole(path string, b []byte, mode os.FileMode) error {
	f, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

func loadPair(base string) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	cb, err := os.ReadFile(base + ".crt")
	if err != nil {
		return nil, nil, err
	}
	kb, err := os.ReadFile(base + ".key")
	if err != nil {
		return nil, nil, err
	}
	c, k := decodePEM(cb), decodePEM(kb)
	cert, err := x509.ParseCertificate(c)
	if err != nil {
		return nil, nil, fmt.Errorf("%s.crt: %w", base, err)
	}
	key, err := x509.ParseECPrivateKey(k)
	if err != nil {
		return nil, nil, fmt.Errorf("%s.key: %w", base, err)
	}
	if !key.PublicKey.Equal(cert.PublicKey) { // killed between the two files
		return nil, nil, fmt.Errorf("%s.crt: belongs to another key", base)
	}
	return cert, key, nil
}

func decodePEM(b []byte) []byte {
	if p, _ := pem.Decode(b); p != nil {
		return p.Bytes
	}
	return nil
}
