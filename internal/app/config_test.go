package app

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func write(t *testing.T, text string) string {
	t.Helper()
	p := filepath.Join(t.TempDir(), "dovidka.toml")
	if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

// The commented file that we ship says what is in force without it.
func TestExampleFileIsTheDefaults(t *testing.T) {
	got, err := LoadConfig(write(t, string(fileExample)))
	if err != nil {
		t.Fatal(err)
	}
	if want := Defaults(); !reflect.DeepEqual(got, want) {
		t.Errorf("dovidka.toml says\n%+v\nbut the defaults are\n%+v", got, want)
	}
	if err := got.Check(); err != nil {
		t.Error(err)
	}
}

func TestEveryKeyStandsInTheExampleFile(t *testing.T) {
	text := string(fileExample)
	var walk func(reflect.Type)
	walk = func(s reflect.Type) {
		for i := range s.NumField() {
			f := s.Field(i)
			key, _, _ := strings.Cut(f.Tag.Get("toml"), ",")
			if key == "-" || s.PkgPath() != reflect.TypeFor[Config]().PkgPath() {
				continue
			}
			if f.Type.Kind() == reflect.Struct {
				walk(f.Type)
			} else if !strings.Contains(text, key+" = ") {
				t.Errorf("dovidka.toml does not show the key %s", key)
			}
		}
	}
	walk(reflect.TypeFor[Config]())
}

func TestMistakesAreOneUkrainianSentence(t *testing.T) {
	for _, c := range []struct{ name, text, say string }{
		{"unknown key", "[centre]\nnumbr = \"0800\"\n", "невідомий ключ «centre.numbr» у рядку 2"},
		{"not TOML", "[centre\n", "помилка в рядку 1"},
		{"wrong type", "[limits]\ncalls = \"many\"\n", "помилка в рядку 2"},
		{"http for everybody", "[http]\nlisten = \"0.0.0.0:8080\"\n", "звичайний http дозволено лише"},
		{"ports", "[sip]\nrtp = \"16000\"\n", "порти звуку «16000»"},
		{"too few ports", "[sip]\nrtp = \"16000-16003\"\n", "порти звуку"},
		{"zone", "[hours]\ntime_zone = \"Europe/Kyyiv\"\n", "часовий пояс «Europe/Kyyiv»"},
		{"public ip", "[sip]\npublic_ip = \"myhost\"\n", "не є IP-адресою"},
		{"half a certificate", "[http]\ncert = \"a.crt\"\n", "потрібні обидва файли"},
		{"recording without a ground", "[recording]\non = true\n", "не названо правової підстави"},
		{"a ground of one sign", "[recording]\non = true\nground = \"-\"\n", "не названо правової підстави"},
		{"recordings for ever", "[recording]\ndays = 0\n", "строк зберігання записів"},
		{"limits", "[limits]\ncalls = 0\n", "неможливе значення"},
	} {
		t.Run(c.name, func(t *testing.T) {
			conf, err := LoadConfig(write(t, c.text))
			if err == nil {
				err = conf.Check()
			}
			if err == nil || !strings.Contains(err.Error(), c.say) || strings.Contains(err.Error(), "\n") {
				t.Errorf("said %v, want one line with %q", err, c.say)
			}
		})
	}
	if _, err := LoadConfig("/nonexistent/dovidka.toml"); err == nil || !strings.Contains(err.Error(), "такого файлу немає") {
		t.Error(err)
	}
}

func TestRecordingIsOffUnlessGrounded(t *testing.T) {
	if Defaults().Recording.On {
		t.Error("talks are recorded without anybody's decision")
	}
	c, err := LoadConfig(write(t, "[recording]\non = true\nground = \"розпорядження від 01.02.2026 № 10\"\n"))
	if err != nil || c.Check() != nil || !c.Recording.On || c.Recording.Days != 90 {
		t.Errorf("%+v %v %v", c.Recording, err, c.Check())
	}
}
