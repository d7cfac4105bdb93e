package call

// Refer is the wish of a leg's far end that its talk go on with somebody else (RFC 3515): a desk phone's own transfer key. Whoever
// conducts the call decides; the leg's room speaks to the phone.
type Refer struct {
	User     string // whom: an extension, a login or a number, as it was dialled
	To       Number // User read as a number; "" when it is none
	Replaces string // attended: ID of the phone's other leg, whose far party is to have the talk; "" is a blind transfer

	// Exactly one of Accept and Refuse is called, soon: a phone waits for it. Accept fails when it came too late.
	Accept func() error
	Refuse func(status int)
	// Notify tells the phone, after Accept, how the transfer goes: 1xx as often as wanted, then one final status (200: it has
	// succeeded). It does not block.
	Notify func(status int)
}
