package app

import (
	"os"
	"path/filepath"
	"time"

	"dovidka/internal/catalogue"
	"dovidka/internal/flow"
	"dovidka/internal/hours"
	"dovidka/internal/ivr"
	"dovidka/internal/selftest"
	"dovidka/internal/speech"
)

// KnownClips gives the sound of the menu's lines, as far as it lies rendered on this machine: what a test call can recognise.
// Without clips (another machine's centre) there are none.
func KnownClips(c Config) []selftest.Clip {
	dir := c.clipsDir()
	if _, err := os.Stat(dir); err != nil {
		return nil
	}
	studio, err := speech.New(speech.Options{Dir: dir, Engines: c.Speech.Engines, Voice: c.Speech.Voice, Command: c.Speech.Command})
	if err != nil {
		return nil
	}
	var out []selftest.Clip
	seen := map[string]bool{}
	for _, demo := range []bool{true, false} { // the caller does not know which edition answers
		edition := c
		if demo {
			edition.DemoDefaults()
		}
		menu, err := edition.menu(demo)
		if err != nil {
			continue
		}
		block, part := "", 0
		for _, l := range append(menu.LinesAround(time.Now()), menu.AllLines()...) {
			if part++; l.ID != block {
				block, part = l.ID, 0
			}
			clip, ok := studio.Cached(l.Text)
			if !ok || seen[l.ID+clip.Hash] {
				continue
			}
			seen[l.ID+clip.Hash] = true
			out = append(out, selftest.Clip{Name: l.ID, Part: part, ALaw: clip.ALaw})
		}
	}
	return out
}

// DemoLines gives everything that the demonstration's menu can say about now.
func DemoLines(now time.Time) ([]ivr.Line, error) {
	c := Defaults()
	c.DemoHours = "always"
	c.DemoDefaults()
	m, err := c.menu(true)
	if err != nil {
		return nil, err
	}
	return append(m.LinesAround(now), m.AllLines()...), nil
}

func (c Config) clipsDir() string {
	if c.Speech.Clips != "" {
		return c.Speech.Clips
	}
	return filepath.Join(c.Data, "clips")
}

// schedule is the working hours in force.
func (c Config) schedule() (*hours.Schedule, error) {
	if c.DemoHours == "always" {
		return hours.Always(), nil
	}
	return hours.New(c.Hours)
}

// menu builds the edition of the menu that this configuration gives.
func (c Config) menu(demo bool) (*ivr.Menu, error) {
	s, err := c.schedule()
	if err != nil {
		return nil, err
	}
	cat, err := catalogue.Stock()
	if err != nil {
		return nil, err
	}
	return flow.Build(flow.Options{Centre: c.flowCentre(), Hours: s, Services: cat.Texts(), ReadUnverified: demo})
}

func (c Config) flowCentre() flow.Centre {
	return flow.Centre{NameGenitive: c.Centre.NameGenitive, ShortName: c.Centre.ShortName, Owner: c.Centre.Owner, Address: c.Centre.Address, Branches: c.Centre.Branches}
}
