package web

import (
	"bytes"
	"errors"
	"io/fs"
	"path/filepath"
	"strings"

	"dovidka/internal/fault"
	"dovidka/internal/media"
)

// maxSound bounds what is read into memory: far more than the longest message (120 s of A-law is under 1 MB).
const maxSound = 16 << 20

// sound reads a message and gives it as a 16-bit WAV, which every browser plays (A-law in WAV not every one does).
// The file is A-law, bare or in a WAV; it must lie in the data folder.
func (s *Server) sound(name string) ([]byte, error) {
	name = strings.TrimPrefix(filepath.ToSlash(filepath.Clean(name)), "/")
	if s.o.Sounds == nil || !fs.ValidPath(name) {
		return nil, fault.New(fault.NotFound, "Звук повідомлення не знайдено.")
	}
	info, err := fs.Stat(s.o.Sounds, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.Wrap(fault.NotFound, "Звук повідомлення не знайдено.", err)
	}
	if err != nil {
		return nil, fault.Wrap(fault.Internal, "", err)
	}
	if info.Size() > maxSound {
		return nil, fault.New(fault.Internal, "Файл повідомлення завеликий, зверніться до адміністратора.")
	}
	b, err := fs.ReadFile(s.o.Sounds, name)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, "", err)
	}
	return asWAV(b)
}

// asWAV turns bare A-law into a WAV; what is a WAV already is read and written anew as 16-bit.
func asWAV(b []byte) ([]byte, error) {
	alaw := b
	if bytes.HasPrefix(b, []byte("RIFF")) {
		var err error
		if alaw, err = media.ReadWAV(bytes.NewReader(b)); err != nil {
			return nil, fault.Wrap(fault.Internal, "Звук повідомлення пошкоджено.", err)
		}
	}
	var out bytes.Buffer
	if err := media.WriteWAV(&out, alaw); err != nil {
		return nil, fault.Wrap(fault.Internal, "", err)
	}
	return out.Bytes(), nil
}
