package app

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"dovidka/internal/store"
)

// kept are the folders of the data folder that a backup holds beside the database; clips are made anew.
var kept = []string{"messages", recordingsName, "tls", "trunks"}

const (
	dbName    = "dovidka.db"
	spillName = "facts.spill" // facts that the database did not take; the next good start takes them in
)

// Backup writes one file (tar.gz, readable by its owner only) with a consistent copy of the database, the messages, the recorded
// talks, the certificates and the trunks' passwords. The program may be running. With PostgreSQL the database is backed up by its own tools (pg_dump).
func Backup(ctx context.Context, c Config, out string, w io.Writer) (err error) {
	if c.Store.PostgresFile != "" {
		fmt.Fprintln(w, "База в PostgreSQL: її копію робить pg_dump. Тут — лише повідомлення, записи розмов, сертифікати і паролі ліній.")
	}
	f, err := os.OpenFile(out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("файл %s уже є: виберіть іншу назву", out)
	}
	if err != nil {
		return fmt.Errorf("не вдалося створити %s: %s", out, osReason(err))
	}
	defer func() {
		if err != nil {
			os.Remove(out)
		}
	}()
	z := gzip.NewWriter(f)
	t := tar.NewWriter(z)
	err = pack(ctx, c, t)
	if err = errors.Join(err, t.Close(), z.Close(), f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("копію не зроблено: %s", oneLine(reason(err)))
	}
	st, err := os.Stat(out)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "Копію записано: %s (%d КБ). У ній персональні дані: бережіть її як саму базу.\n", out, st.Size()/1024)
	return nil
}

func pack(ctx context.Context, c Config, t *tar.Writer) error {
	if c.Store.PostgresFile == "" {
		tmp, err := os.MkdirTemp(c.Data, "backup-")
		if err != nil {
			return errors.New(osReason(err))
		}
		defer os.RemoveAll(tmp)
		db, err := store.Open(ctx, "sqlite:"+filepath.Join(c.Data, dbName))
		if err != nil {
			return openReason(c, err)
		}
		copied := filepath.Join(tmp, dbName)
		if err := errors.Join(db.Backup(ctx, copied), db.Close()); err != nil {
			return err
		}
		if err := addFile(t, copied, dbName); err != nil {
			return err
		}
	}
	for _, dir := range kept {
		root := filepath.Join(c.Data, dir)
		err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				if errors.Is(err, fs.ErrNotExist) {
					return nil
				}
				return err
			}
			rel, err := filepath.Rel(c.Data, p)
			if err != nil {
				return err
			}
			if err := addFile(t, p, filepath.ToSlash(rel)); !errors.Is(err, fs.ErrNotExist) { // gone since: a message put in its place, an old recording
				return err
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func addFile(t *tar.Writer, path, name string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return err
	}
	if err := t.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: st.Size(), ModTime: st.ModTime(), Format: tar.FormatPAX}); err != nil {
		return err
	}
	_, err = io.CopyN(t, f, st.Size()) // a message that is being recorded may grow: take what the header says
	return err
}

// Restore unpacks a backup beside the data folder, checks it, and only then puts it in the folder's place; what stood there is
// kept under another name, which is printed.
func Restore(ctx context.Context, c Config, from string, w io.Writer) error {
	unlock, err := lockData(c.Data)
	if err != nil {
		return err
	}
	defer unlock()
	stage, err := os.MkdirTemp(filepath.Dir(filepath.Clean(c.Data)), ".restore-")
	if err != nil {
		return errors.New(osReason(err))
	}
	defer os.RemoveAll(stage)
	if err := unpack(from, stage); err != nil {
		return fmt.Errorf("копія %s пошкоджена або це не копія Довідки: %w", from, err)
	}
	if c.Store.PostgresFile == "" {
		if err := store.Check(ctx, filepath.Join(stage, dbName)); err != nil {
			return fmt.Errorf("база в копії %s непридатна: %s", from, reason(err))
		}
	}
	aside := fmt.Sprintf("%s.before-restore-%s", filepath.Clean(c.Data), time.Now().Format("20060102-150405"))
	if err := os.Rename(c.Data, aside); err != nil {
		return fmt.Errorf("не вдалося відсунути теку %s: %s", c.Data, osReason(err))
	}
	if err := carrySpill(aside, stage); err != nil {
		return errors.Join(fmt.Errorf("не вдалося перенести %s: %s", spillName, osReason(err)), os.Rename(aside, c.Data))
	}
	if err := os.Rename(stage, c.Data); err != nil {
		return errors.Join(fmt.Errorf("не вдалося поставити відновлене на місце: %s", osReason(err)), os.Rename(aside, c.Data))
	}
	fmt.Fprintf(w, "Відновлено в %s. Те, що там було, лежить у %s.\n", c.Data, aside)
	return nil
}

// carrySpill takes along the facts of emergency mode, which no backup can hold, and leaves all to the owner of the old folder.
func carrySpill(old, fresh string) error {
	b, err := os.ReadFile(filepath.Join(old, spillName))
	if err == nil {
		err = os.WriteFile(filepath.Join(fresh, spillName), b, 0o600)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	var owner unix.Stat_t
	if os.Geteuid() != 0 || unix.Stat(old, &owner) != nil {
		return nil
	}
	return filepath.WalkDir(fresh, func(p string, _ fs.DirEntry, err error) error {
		return errors.Join(err, os.Lchown(p, int(owner.Uid), int(owner.Gid)))
	})
}

func unpack(from, dir string) error {
	f, err := os.Open(from)
	if err != nil {
		return errors.New(osReason(err))
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	t := tar.NewReader(z)
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			_, err = io.Copy(io.Discard, z) // to its end, where gzip's checksum stands
			return err
		}
		if err != nil {
			return err
		}
		top, _, _ := strings.Cut(h.Name, "/")
		if h.Typeflag != tar.TypeReg || !filepath.IsLocal(h.Name) || h.Name != dbName && (top == h.Name || !slices.Contains(kept, top)) {
			return fmt.Errorf("несподіваний запис «%s»", h.Name)
		}
		path := filepath.Join(dir, filepath.FromSlash(h.Name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return err
		}
		_, err = io.Copy(out, t)
		if err := errors.Join(err, out.Sync(), out.Close()); err != nil {
			return err
		}
	}
}
