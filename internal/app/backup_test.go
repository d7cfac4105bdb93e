package app

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dovidka/internal/staff"
)

// filled is a data folder with an account, a message and a certificate.
func filled(t *testing.T) Config {
	t.Helper()
	c := conf(t)
	if err := UserAdd(t.Context(), c, staff.Agent{Login: "olena", Name: "Олена Зразкова", Role: staff.RoleOperator}, strings.NewReader("password-of-test\n"), io.Discard); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"messages/one.wav": "sound", "recordings/two.wav": "talk", "tls/ca.key": "key"} {
		p := filepath.Join(c.Data, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func TestBackupComesBackWithWhatEmergencyModeWroteSince(t *testing.T) {
	c := filled(t)
	copied := filepath.Join(t.TempDir(), "copy.tar.gz")
	if err := Backup(t.Context(), c, copied, io.Discard); err != nil {
		t.Fatal(err)
	}
	if st, err := os.Stat(copied); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("others can read the backup: %v %v", st.Mode(), err)
	}
	if err := Backup(t.Context(), c, copied, io.Discard); err == nil || !strings.Contains(err.Error(), "уже є") {
		t.Errorf("an old backup was overwritten: %v", err)
	}
	if err := os.WriteFile(filepath.Join(c.Data, dbName), []byte("broken"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(c.Data, spillName), []byte("a fact\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := Restore(t.Context(), c, copied, &out); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"messages/one.wav": "sound", "recordings/two.wav": "talk", "tls/ca.key": "key", spillName: "a fact\n"} {
		if b, err := os.ReadFile(filepath.Join(c.Data, name)); err != nil || string(b) != text {
			t.Errorf("%s: %q %v", name, b, err)
		}
	}
	var list bytes.Buffer
	if err := UserList(t.Context(), c, &list); err != nil || !strings.Contains(list.String(), "olena") {
		t.Errorf("%v %s", err, &list)
	}
	aside := strings.TrimSuffix(strings.TrimSpace(out.String()[strings.Index(out.String(), c.Data+".before"):]), ".")
	if b, err := os.ReadFile(filepath.Join(aside, dbName)); err != nil || string(b) != "broken" {
		t.Errorf("what stood there is not kept in %s: %v", aside, err)
	}
}

// archive makes a tar.gz of the given entries.
func archive(t *testing.T, entries ...tar.Header) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for _, h := range entries {
		if h.Typeflag == tar.TypeReg {
			h.Size = 1
		}
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if h.Size > 0 {
			if _, err := w.Write([]byte("x")); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	p := filepath.Join(t.TempDir(), "bad.tar.gz")
	if err := os.WriteFile(p, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestRestoreRefusesWhatIsNoBackupAndChangesNothing(t *testing.T) {
	c := filled(t)
	good := filepath.Join(t.TempDir(), "good.tar.gz")
	if err := Backup(t.Context(), c, good, io.Discard); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	damaged := func(change func([]byte) []byte) string {
		p := filepath.Join(t.TempDir(), "damaged.tar.gz")
		if err := os.WriteFile(p, change(bytes.Clone(whole)), 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	before, err := os.ReadFile(filepath.Join(c.Data, dbName))
	if err != nil {
		t.Fatal(err)
	}
	for name, from := range map[string]string{
		"missing":        "/nonexistent.tar.gz",
		"no gzip":        damaged(func([]byte) []byte { return []byte("hello") }),
		"truncated":      damaged(func(b []byte) []byte { return b[:len(b)/2] }),
		"wrong checksum": damaged(func(b []byte) []byte { b[len(b)-6] ^= 0xFF; return b }),
		"traversal":      archive(t, tar.Header{Name: "messages/../../evil", Typeflag: tar.TypeReg}),
		"absolute":       archive(t, tar.Header{Name: "/tmp/evil", Typeflag: tar.TypeReg}),
		"symlink":        archive(t, tar.Header{Name: "messages", Linkname: "/tmp", Typeflag: tar.TypeSymlink}),
		"foreign name":   archive(t, tar.Header{Name: "lock", Typeflag: tar.TypeReg}),
		"no database":    archive(t, tar.Header{Name: "messages/a.wav", Typeflag: tar.TypeReg}),
		"bad database":   archive(t, tar.Header{Name: dbName, Typeflag: tar.TypeReg}),
	} {
		t.Run(name, func(t *testing.T) {
			err := Restore(t.Context(), c, from, io.Discard)
			if err == nil || strings.Contains(err.Error(), "\n") {
				t.Errorf("said %v", err)
			}
			if strange := slices.Contains([]string{"traversal", "absolute", "symlink", "foreign name"}, name); strange != strings.Contains(fmt.Sprint(err), "несподіваний запис") {
				t.Errorf("refused for another reason: %v", err)
			}
			if now, err := os.ReadFile(filepath.Join(c.Data, dbName)); err != nil || !bytes.Equal(now, before) {
				t.Errorf("the database was changed: %v", err)
			}
			left, err := filepath.Glob(filepath.Join(filepath.Dir(c.Data), ".restore-*"))
			if err != nil || len(left) > 0 {
				t.Errorf("left behind: %v %v", left, err)
			}
		})
	}
}
