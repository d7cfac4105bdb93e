package switchboard

import (
	"testing"

	"dovidka/internal/call"
)

// TestSurplus: over the limit a caller hears that all lines are taken, however short the call; beyond that it is 503; the one who was
// first keeps talking to the menu.
func TestSurplus(t *testing.T) {
	inCentre(t, func(_ *centre, o *Options) { o.MaxCalls, o.Overload = 1, 1 }, func(c *centre) {
		first := c.dial(anyone)
		first.hears("Вітаємо")
		second, third := c.dial(anyone), (*citizen)(nil)
		c.eventually("the second is in", func() bool { return c.s.Calls() == 2 }, func() string { return c.log.String() })
		third = c.dial(anyone)
		<-third.over
		<-second.over
		if second.status != "" || third.status != "503" {
			c.Fatalf("the second ends by %q, the third by %q", second.status, third.status)
		}
		kinds := map[call.Outcome]int{}
		for _, r := range c.journal.records() {
			kinds[r.Outcome]++
		}
		if kinds[call.OutOverload] != 2 || len(kinds) != 1 {
			c.Fatalf("%v", kinds)
		}
		first.press("1")
		first.hangs()
		first.record()
	})
}
