package speech

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/text/unicode/norm"

	"dovidka/internal/spoken"
)

// errTorn says that a clip's file is not what was written: it is rendered again.
var errTorn = errors.New("the clip's file is damaged")

// cache keeps clips by the hash of all that shapes their sound. A clip is two files, HASH.alaw and HASH.json; the JSON is
// written last and holds the hash of the sound, so a crash at any moment leaves either a whole clip or none.
type cache struct{ dir string }

// key is the content address of one sentence.
func key(e engine, words string) string {
	b, _ := json.Marshal([]string{chainVersion, e.name(), e.identity(), e.voice(), "rate 100", norm.NFC.String(words), spoken.Version})
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// path of a clip's file.
func (c cache) path(key, ext string) string { return filepath.Join(c.dir, key[:2], key+ext) }

// get reads a clip; fs.ErrNotExist when it is not there, errTorn when it is damaged.
func (c cache) get(key string) ([]byte, Metrics, error) {
	var m Metrics
	meta, err := os.ReadFile(c.path(key, ".json"))
	if err != nil {
		return nil, m, err
	}
	if err := json.Unmarshal(meta, &m); err != nil {
		return nil, m, errTorn
	}
	alaw, err := os.ReadFile(c.path(key, ".alaw"))
	if errors.Is(err, fs.ErrNotExist) {
		err = errTorn
	}
	if err != nil {
		return nil, m, err
	}
	if len(alaw) == 0 || hashOf(alaw) != m.SHA256 {
		return nil, m, errTorn
	}
	return alaw, m, nil
}

// has tells whether a clip seems to be there, without reading its sound.
func (c cache) has(key string) bool {
	_, err := os.Stat(c.path(key, ".json"))
	return err == nil
}

// put writes a clip: the sound first, then its metrics.
func (c cache) put(key string, alaw []byte, m Metrics) error {
	m.SHA256 = hashOf(alaw)
	meta, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		return fmt.Errorf("speech: keep clip: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(c.path(key, "")), 0o755); err != nil {
		return fmt.Errorf("speech: keep clip: %w", err)
	}
	if err := writeFile(c.path(key, ".alaw"), alaw); err != nil {
		return err
	}
	return writeFile(c.path(key, ".json"), meta)
}

// writeFile replaces a file in one step: temporary file, fsync, rename, fsync of the folder.
func writeFile(path string, b []byte) (err error) {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, "tmp-*")
	if err != nil {
		return fmt.Errorf("speech: keep clip: %w", err)
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
			err = fmt.Errorf("speech: keep clip: %w", err)
		}
	}()
	if _, err = f.Write(b); err != nil {
		f.Close()
		return err
	}
	if err = f.Sync(); err != nil {
		f.Close()
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	if err = os.Rename(f.Name(), path); err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// hashOf is the SHA-256 of bytes in hexadecimal.
func hashOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
