// Package catalogue keeps the service cards: what each service needs, how long it takes, what it costs, where to go.
//
// A card is the same for the citizen who hears it and for the operator who reads it (regulation 5.3, 6.3). What is spoken
// comes from the card's own spoken text where it has one, else from its written text. A card is verified when the person
// responsible has checked it; whoever reads an unverified one must say so. This edition of the catalogue is the copy in
// content/, in memory and read-only; the package owns no table yet.
package catalogue

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"dovidka/internal/fault"
	"dovidka/internal/ivr"
)

//go:embed content/services.uk.json
var stock []byte

// Card is one service as the centre describes it (Law 5203-VI art. 8: information card).
type Card struct {
	ID             string   `json:"id"`
	Name           string   `json:"name"`
	Category       string   `json:"category"`
	CategoryName   string   `json:"category_name"`
	LifeEvents     []string `json:"life_events"`
	Summary        string   `json:"summary_spoken"` // what is read first, ready to be spoken
	Applicants     []string `json:"applicants"`
	Documents      []string `json:"documents"`
	Term           Term     `json:"term"`
	Fee            Fee      `json:"fee"`
	Result         string   `json:"result"`
	RefusalGrounds []string `json:"refusal_grounds"`
	LegalBasis     []string `json:"legal_basis"`
	Channels       []string `json:"channels"`
	Where          string   `json:"where"`
	Department     string   `json:"department"`
	Keywords       []string `json:"keywords"` // as citizens say it: «прописка», «загран»
	CnapRole       string   `json:"cnap_role"`
	OperatorHint   string   `json:"operator_hint"` // when to take over from the machine
	Note           string   `json:"note"`
	RegistryID     *string  `json:"registry_id"`
	Language       string   `json:"language"`
	Verified       bool     `json:"verified"`
	VerifiedBy     *string  `json:"verified_by"`
	VerifiedAt     *string  `json:"verified_at"`
	ValidFrom      *string  `json:"valid_from"`
	ReviewDue      string   `json:"review_due"` // year-month-day
	Source         []string `json:"source"`
	Spoken         Spoken   `json:"spoken"`
}

// Term is how long the service takes.
type Term struct {
	Text   string   `json:"text"`
	Spoken string   `json:"spoken"`
	Value  *float64 `json:"value"`
	Unit   string   `json:"unit"`
}

// Fee is what it costs. A share is one of the subsistence minimum for working persons on 1 January of Year.
type Fee struct {
	Type    string   `json:"type"`
	Share   *float64 `json:"share"`
	Text    string   `json:"text"`
	Spoken  string   `json:"spoken"`
	Amount  *float64 `json:"amount_uah"`
	Year    *int     `json:"year"`
	Basis   string   `json:"basis"`
	Options []Option `json:"options"`
}

// Option is another fee of the same service: urgent, late, on paper.
type Option struct {
	When   string   `json:"when"`
	Share  *float64 `json:"share"`
	Amount *float64 `json:"amount_uah"`
	Year   *int     `json:"year"`
}

// Spoken is the card's own text for the telephone where the written one would be read badly; it wins.
type Spoken struct {
	Documents []string `json:"documents,omitempty"`
	Ways      string   `json:"ways,omitempty"`
}

// Catalogue is one edition of the service cards. It is immutable and safe for concurrent use.
type Catalogue struct {
	cards []Card
	byID  map[string]int
	index []indexed
}

// Stock is the edition in the box.
func Stock() (*Catalogue, error) { return Load(stock) }

// Load reads an edition. A card without an id, a name or a text that the menu reads, or one that comes twice, is refused.
func Load(data []byte) (*Catalogue, error) {
	c := &Catalogue{byID: map[string]int{}}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&c.cards); err != nil {
		return nil, fmt.Errorf("catalogue: load: %w", fault.Wrap(fault.Invalid, "Файл карток послуг не вдалося прочитати.", err))
	}
	for i, card := range c.cards {
		if missing := card.missing(); missing != "" {
			return nil, fault.New(fault.Invalid, fmt.Sprintf("Картка послуги «%s»: не заповнено %s.", card.ID+" "+card.Name, missing))
		}
		if _, twice := c.byID[card.ID]; twice {
			return nil, fault.New(fault.Invalid, fmt.Sprintf("Картка послуги «%s» є двічі.", card.ID))
		}
		c.byID[card.ID] = i
		c.index = append(c.index, indexCard(card))
	}
	return c, nil
}

func (c Card) missing() string {
	for _, f := range []struct{ text, name string }{
		{c.ID, "позначку"}, {c.Name, "назву"}, {c.Summary, "короткий опис"}, {strings.Join(c.Documents, ""), "документи"},
		{c.Term.Spoken, "строк"}, {c.Fee.Spoken, "вартість"}, {c.Spoken.Ways + c.Where, "де подати"},
	} {
		if strings.TrimSpace(f.text) == "" {
			return f.name
		}
	}
	return ""
}

// All are the cards in the edition's order.
func (c *Catalogue) All() []Card { return slices.Clone(c.cards) }

// Card is one card; NotFound when there is none.
func (c *Catalogue) Card(id string) (Card, error) {
	i, ok := c.byID[id]
	if !ok {
		return Card{}, fmt.Errorf("catalogue: card %q: %w", id, fault.New(fault.NotFound, "Такої картки послуги немає."))
	}
	return c.cards[i], nil
}

// Text is what the menu reads of a card.
func (c *Catalogue) Text(id string) (ivr.Service, error) {
	card, err := c.Card(id)
	if err != nil {
		return ivr.Service{}, err
	}
	return card.text(), nil
}

// Texts are all cards as the menu reads them, by id.
func (c *Catalogue) Texts() map[string]ivr.Service {
	out := make(map[string]ivr.Service, len(c.cards))
	for _, card := range c.cards {
		out[card.ID] = card.text()
	}
	return out
}

func (c Card) text() ivr.Service {
	documents := c.Documents
	if len(c.Spoken.Documents) > 0 {
		documents = c.Spoken.Documents
	}
	ways := c.Spoken.Ways
	if ways == "" {
		ways = "Звернутися можна сюди: " + c.Where
	}
	s := ivr.Service{ID: c.ID, Name: c.Name, Summary: sentence(c.Summary), Verified: c.Verified, Ways: sentence(ways)}
	for _, d := range documents {
		s.Documents = append(s.Documents, sentence(d))
	}
	s.TermFee = "Строк: " + sentence(lowerFirst(c.Term.Spoken)) + " Вартість: " + sentence(lowerFirst(c.Fee.Spoken))
	return s
}

// sentence ends a text with a full stop.
func sentence(text string) string {
	text = strings.TrimSpace(text)
	if text == "" || strings.ContainsAny(text[len(text)-1:], ".!?") {
		return text
	}
	return text + "."
}

func lowerFirst(text string) string {
	r := []rune(text)
	if len(r) > 0 {
		r[0] = unicode.ToLower(r[0])
	}
	return string(r)
}
