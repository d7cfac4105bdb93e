// Package fault sorts errors by what the caller can do about them.
//
// A room wraps what went wrong ("journal: append: …") around one of the kinds below; the door (web, the command line)
// turns the kind into a status and a Ukrainian sentence. The package knows no room, no HTTP and no SQL.
package fault

import (
	"errors"
	"fmt"
)

// Kind is the reason class of an error.
type Kind string

// The kinds. Anything unsorted is Internal: our fault, logged in full, told to the person in one sentence.
const (
	NotFound Kind = "not_found" // the thing named does not exist (or may not be known to exist)
	Invalid  Kind = "invalid"   // what was asked makes no sense; the person can correct it
	Conflict Kind = "conflict"  // it made sense, but the thing has moved on
	Denied   Kind = "denied"    // this person may not do it
	Busy     Kind = "busy"      // too much at once; try later
	Internal Kind = "internal"  // our own fault
)

// Error is a sorted error with a sentence that a person may read.
type Error struct {
	Kind Kind
	Say  string // plain Ukrainian, no personal data
	Err  error  // the technical cause, for the log; may be nil
}

// Error gives the technical text for the log.
func (e *Error) Error() string {
	if e.Err == nil {
		return string(e.Kind) + ": " + e.Say
	}
	return fmt.Sprintf("%s: %s: %v", e.Kind, e.Say, e.Err)
}

// Unwrap gives the technical cause.
func (e *Error) Unwrap() error { return e.Err }

// New makes a sorted error with its Ukrainian sentence.
func New(k Kind, say string) *Error { return &Error{Kind: k, Say: say} }

// Wrap sorts err under k with a Ukrainian sentence. A nil err stays nil.
func Wrap(k Kind, say string, err error) error {
	if err == nil {
		return nil
	}
	return &Error{Kind: k, Say: say, Err: err}
}

// KindOf tells the kind of err; Internal when nobody sorted it.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}

// Is tells whether err was sorted under k.
func Is(err error, k Kind) bool { return err != nil && KindOf(err) == k }

// Say gives the sentence for the person; a general one when nobody wrote it.
func Say(err error) string {
	var e *Error
	if errors.As(err, &e) && e.Say != "" {
		return e.Say
	}
	return "Сталася технічна помилка. Дані збережено; спробуйте ще раз або зверніться до адміністратора."
}
