package switchboard

import (
	"errors"
	"testing"
	"time"

	"dovidka/internal/call"
	"dovidka/internal/fault"
)

// Both telephones ring; whichever answers, the other stops as answered elsewhere, and nobody has missed anything.
func TestBothTelephonesRing(t *testing.T) {
	for _, picks := range []string{DeviceBrowser, DevicePhone} {
		t.Run(picks, func(t *testing.T) {
			inCentre(t, nil, func(c *centre) {
				c.phones.sip["olena"] = -1
				if picks == DevicePhone {
					c.phones.sip["olena"] = 3 * time.Second
				}
				c.ready("olena")
				c.must(c.s.SetDevice(c.Context(), "olena", DeviceBoth))
				z := c.dial(anyone)
				z.hears("Вітаємо")
				z.press("0")
				c.offered("olena")
				other := DeviceBrowser
				if picks == DeviceBrowser {
					other = DevicePhone
					time.Sleep(time.Second)
					c.must(c.s.Answer("olena"))
				}
				v := c.until("olena", "talk", func(v AgentView) bool { return v.Talk != nil })
				if v.Talk.Device != picks {
					c.Fatalf("%+v", v.Talk)
				}
				c.eventually("the other stops", func() bool { return c.phones.stopped("olena", other) != nil }, nil)
				if err := c.phones.stopped("olena", other); !errors.Is(err, ErrElsewhere) {
					c.Fatalf("%s stopped by %v: a missed call is shown", other, err)
				}
				c.voices([]*fakeLeg{z.fakeLeg, c.phones.leg("olena")}, [][]int{{1}, {0}})
				if v.Today.Missed != 0 || len(c.journal.all(call.Missed)) != 0 {
					c.Fatal("a missed mark for a call that was answered")
				}
				if o := c.journal.all(call.Offered); len(o) != 1 || o[0].Name != DeviceBoth {
					c.Fatalf("%+v", o)
				}
				z.hangs()
				wants(z, call.OutServed)
				c.quiet()
			})
		})
	}
}

// With both chosen, one telephone that is alive is enough, and one that fails does not end the ringing of the other.
func TestOneOfBothIsEnough(t *testing.T) {
	inCentre(t, nil, func(c *centre) {
		c.phones.sip["olena"] = 4 * time.Second
		c.ready("olena")
		c.must(c.s.SetDevice(c.Context(), "olena", DeviceBoth))
		c.phones.page("olena", false)
		time.Sleep(time.Second)
		if v := c.s.View("olena"); !v.Me.DeviceAlive || len(v.Me.Devices) != 1 || len(v.Strips) != 0 {
			c.Fatalf("%+v %+v", v.Me, v.Strips)
		}
		z := c.dial(anyone)
		z.hears("Вітаємо")
		z.press("0")
		c.offered("olena")
		if err := c.s.Answer("olena"); fault.KindOf(err) != fault.Conflict {
			c.Fatal("a page that is not there cannot take a call")
		}
		c.until("olena", "talk", func(v AgentView) bool { return v.Talk != nil && v.Talk.Device == DevicePhone })
		z.hangs()
		wants(z, call.OutServed)
	})
}

func TestMoveATalk(t *testing.T) {
	inTalk(t, func(c *centre, z *citizen, browser *fakeLeg) {
		if err := c.s.Move("olena", DevicePhone); fault.KindOf(err) != fault.Conflict {
			c.Fatal("moved to a telephone that is not there")
		}
		if err := c.s.Move("olena", DeviceBrowser); fault.KindOf(err) != fault.Conflict {
			c.Fatal("moved to where it is")
		}
		c.phones.sip["olena"] = 2 * time.Second
		c.must(c.s.Move("olena", DevicePhone))
		if v := c.s.View("olena"); !v.Talk.Moving || v.Offer != nil {
			c.Fatalf("%+v", v.Talk)
		}
		c.until("olena", "at the phone", func(v AgentView) bool { return v.Talk != nil && v.Talk.Device == DevicePhone && !v.Talk.Moving })
		phone := c.phones.leg("olena")
		if browser.Cause() != "us" || phone == browser {
			c.Fatal("the browser's leg is left behind")
		}
		c.voices([]*fakeLeg{z.fakeLeg, phone}, [][]int{{1}, {0}})
		c.must(c.s.Move("olena", DeviceBrowser)) // at once
		c.until("olena", "in the browser", func(v AgentView) bool { return v.Talk != nil && v.Talk.Device == DeviceBrowser })
		c.voices([]*fakeLeg{z.fakeLeg, c.phones.leg("olena")}, [][]int{{1}, {0}})
		if m := c.journal.all(call.Moved); len(m) != 2 || m[0].Name != DevicePhone {
			c.Fatalf("%+v", m)
		}
		if r := c.finish(z, call.OutServed); r.Hold != 0 {
			c.Fatalf("a move costs the citizen nothing: %+v", r)
		}
	})
}

// A telephone that is not picked up changes nothing; one whose page died meanwhile is saved by the other.
func TestMoveThatFails(t *testing.T) {
	inTalk(t, func(c *centre, z *citizen, browser *fakeLeg) {
		c.phones.sip["olena"] = -1
		c.must(c.s.Move("olena", DevicePhone))
		if err := c.s.Move("olena", DevicePhone); fault.KindOf(err) != fault.Conflict {
			c.Fatal(err)
		}
		v := c.until("olena", "told", func(v AgentView) bool { return v.Talk.Notice != "" })
		if v.Talk.Moving || v.Talk.Device != DeviceBrowser {
			c.Fatalf("%+v", v.Talk)
		}
		c.voices([]*fakeLeg{z.fakeLeg, browser}, [][]int{{1}, {0}})
		c.phones.sip["olena"] = 2 * time.Second
		c.must(c.s.Move("olena", DevicePhone))
		browser.alive <- false
		c.until("olena", "saved", func(v AgentView) bool { return v.Talk != nil && v.Talk.Device == DevicePhone && !v.Talk.Lost })
		time.Sleep(20 * time.Second) // the queue counts no more
		c.voices([]*fakeLeg{z.fakeLeg, c.phones.leg("olena")}, [][]int{{1}, {0}})
		c.finish(z, call.OutServed)
	})
}

// The telephone is moved in a talk of three too, by the guest as well.
func TestMoveAmongThree(t *testing.T) {
	inTalk(t, func(c *centre, z *citizen, olena *fakeLeg) {
		c.consults()
		c.must(c.s.Conference("olena"))
		c.phones.sip["petro"] = time.Second
		c.must(c.s.Move("petro", DevicePhone))
		c.until("petro", "moved", func(v AgentView) bool { return v.Talk != nil && v.Talk.Device == DevicePhone })
		c.voices([]*fakeLeg{z.fakeLeg, olena, c.phones.leg("petro")}, [][]int{{1, 2}, {0, 2}, {0, 1}})
		c.finish(z, call.OutServed)
	})
}
