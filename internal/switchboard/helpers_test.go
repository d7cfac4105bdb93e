package switchboard

import (
	"context"

	"dovidka/internal/ivr"
)

// panicking is a room that fails in the worst way.
type panicking struct{}

func (panicking) Lookup(context.Context, *ivr.Menu, string, string) (bool, []ivr.Line, error) {
	panic("boom")
}
