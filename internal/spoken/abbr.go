package spoken

import (
	"regexp"
	"slices"
	"strings"
)

// entry is an abbreviation with its words: the head is declined, the tail stands still. short is said after the first
// mention in a text; empty: always in full.
type entry struct {
	abbr  string
	forms [6]string // the declined head by Case
	tail  string
	short bool // after the first mention the head alone is said
}

// Declined heads that several abbreviations share.
var (
	hCentre  = masc("Центр", "у")
	hService = [6]string{"Державна міграційна служба", "Державної міграційної служби", "Державній міграційній службі",
		"Державну міграційну службу", "Державною міграційною службою", "Державній міграційній службі"}
	hTax = [6]string{"Державна податкова служба", "Державної податкової служби", "Державній податковій службі",
		"Державну податкову службу", "Державною податковою службою", "Державній податковій службі"}
	hMinistry       = [6]string{"Міністерство", "Міністерства", "Міністерству", "Міністерство", "Міністерством", "Міністерстві"}
	hRegistry       = [6]string{"Єдиний реєстр", "Єдиного реєстру", "Єдиному реєстру", "Єдиний реєстр", "Єдиним реєстром", "Єдиному реєстрі"}
	hState          = [6]string{"Єдиний державний реєстр", "Єдиного державного реєстру", "Єдиному державному реєстру", "Єдиний державний реєстр", "Єдиним державним реєстром", "Єдиному державному реєстрі"}
	hPerson         = [6]string{"особа", "особи", "особі", "особу", "особою", "особі"}
	hAdministration = [6]string{"адміністрація", "адміністрації", "адміністрації", "адміністрацію", "адміністрацією", "адміністрації"}
	hEnterprise     = [6]string{"підприємство", "підприємства", "підприємству", "підприємство", "підприємством", "підприємстві"}
	hCommittee      = [6]string{"комісія", "комісії", "комісії", "комісію", "комісією", "комісії"}
)

// masc declines a hard masculine noun with the given ending of the genitive.
func masc(stem, gen string) [6]string {
	return [6]string{stem, stem + gen, stem + "у", stem, stem + "ом", stem + "і"}
}

// prefixed puts an adjective's forms before a noun's.
func prefixed(adj [6]string, noun [6]string) [6]string {
	var out [6]string
	for i := range out {
		out[i] = adj[i] + " " + noun[i]
	}
	return out
}

// adjM and adjF decline a hard adjective.
func adjM(stem string) [6]string {
	return [6]string{stem + "ий", stem + "ого", stem + "ому", stem + "ий", stem + "им", stem + "ому"}
}

func adjF(stem string) [6]string {
	return [6]string{stem + "а", stem + "ої", stem + "ій", stem + "у", stem + "ою", stem + "ій"}
}

// same gives one form for all cases.
func same(s string) [6]string { return [6]string{s, s, s, s, s, s} }

// dictionary of abbreviations. The head agrees with the place, the tail never changes.
var dictionary = []entry{
	{abbr: "ЦНАП", forms: hCentre, tail: "надання адміністративних послуг", short: true},
	{abbr: "ВПО", forms: prefixed(adjF("внутрішньо переміщен"), hPerson)},
	{abbr: "РНОКПП", forms: prefixed(adjM("податков"), [6]string{"номер", "номера", "номеру", "номер", "номером", "номері"})},
	{abbr: "ДМС", forms: hService},
	{abbr: "ДПС", forms: hTax},
	{abbr: "МВС", forms: hMinistry, tail: "внутрішніх справ"},
	{abbr: "МОУ", forms: hMinistry, tail: "оборони"},
	{abbr: "КМУ", forms: masc("Кабінет", "у"), tail: "Міністрів України"},
	{abbr: "ПФУ", forms: prefixed(adjM("Пенсійн"), masc("фонд", "у"))},
	{abbr: "КЕП", forms: prefixed(adjM("кваліфікован"), prefixed(adjM("електронн"), [6]string{"підпис", "підпису", "підпису", "підпис", "підписом", "підписі"}))},
	{abbr: "УБД", forms: masc("учасник", "а"), tail: "бойових дій"},
	{abbr: "ЄДР", forms: hState},
	{abbr: "ЄДРПОУ", forms: hState, tail: "підприємств та організацій"},
	{abbr: "ЄДДР", forms: [6]string{"Єдиний державний демографічний реєстр", "Єдиного державного демографічного реєстру", "Єдиному державному демографічному реєстру", "Єдиний державний демографічний реєстр", "Єдиним державним демографічним реєстром", "Єдиному державному демографічному реєстрі"}},
	{abbr: "ЄРДР", forms: hRegistry, tail: "досудових розслідувань"},
	{abbr: "ДЗК", forms: prefixed(adjM("Державн"), prefixed(adjM("земельн"), masc("кадастр", "у")))},
	{abbr: "ТОВ", forms: [6]string{"товариство", "товариства", "товариству", "товариство", "товариством", "товаристві"}, tail: "з обмеженою відповідальністю"},
	{abbr: "ФОП", forms: prefixed([6]string{"фізична", "фізичної", "фізичній", "фізичну", "фізичною", "фізичній"}, hPerson), tail: "підприємець"},
	{abbr: "ОСББ", forms: same("об'єднання"), tail: "співвласників багатоквартирного будинку"},
	{abbr: "ВЛК", forms: prefixed(adjF("військово-лікарськ"), hCommittee)},
	{abbr: "МСЕК", forms: prefixed(adjF("медико-соціальн"), prefixed(adjF("експертн"), hCommittee))},
	{abbr: "ПІБ", forms: same("прізвище, ім'я та по батькові")},
	{abbr: "ЗСУ", forms: [6]string{"Збройні сили", "Збройних сил", "Збройним силам", "Збройні сили", "Збройними силами", "Збройних силах"}, tail: "України"},
	{abbr: "ТЦК та СП", forms: prefixed(adjM("територіальн"), masc("центр", "у")), tail: "комплектування та соціальної підтримки"},
	{abbr: "ТЦК", forms: prefixed(adjM("територіальн"), masc("центр", "у")), tail: "комплектування"},
	{abbr: "ДРАЦС", forms: prefixed(adjF("державн"), [6]string{"реєстрація", "реєстрації", "реєстрації", "реєстрацію", "реєстрацією", "реєстрації"}), tail: "актів цивільного стану"},
	{abbr: "ТСЦ", forms: prefixed(adjM("територіальн"), prefixed(adjM("сервісн"), masc("центр", "у")))},
	{abbr: "УСЗН", forms: same("управління"), tail: "соціального захисту населення"},
	{abbr: "ДСНС", forms: [6]string{"Державна служба", "Державної служби", "Державній службі", "Державну службу", "Державною службою", "Державній службі"}, tail: "з надзвичайних ситуацій"},
	{abbr: "ЖКГ", forms: [6]string{"житлово-комунальне господарство", "житлово-комунального господарства", "житлово-комунальному господарству", "житлово-комунальне господарство", "житлово-комунальним господарством", "житлово-комунальному господарстві"}},
	{abbr: "ЗМІ", forms: [6]string{"засоби", "засобів", "засобам", "засоби", "засобами", "засобах"}, tail: "масової інформації"},
	{abbr: "ПДВ", forms: [6]string{"податок", "податку", "податку", "податок", "податком", "податку"}, tail: "на додану вартість"},
	{abbr: "ЄСВ", forms: prefixed(adjM("єдин"), [6]string{"внесок", "внеску", "внеску", "внесок", "внеском", "внеску"})},
	{abbr: "МСП", forms: same("малі та середні підприємства")},
	{abbr: "ОТГ", forms: [6]string{"громада", "громади", "громаді", "громаду", "громадою", "громаді"}},
	{abbr: "ДМСУ", forms: hService},
	{abbr: "ІПН", forms: prefixed(adjM("ідентифікаційн"), [6]string{"номер", "номера", "номеру", "номер", "номером", "номері"})},
	{abbr: "МОЗ", forms: hMinistry, tail: "охорони здоров'я"},
	{abbr: "МОН", forms: hMinistry, tail: "освіти і науки"},
	{abbr: "СБУ", forms: [6]string{"Служба безпеки", "Служби безпеки", "Службі безпеки", "Службу безпеки", "Службою безпеки", "Службі безпеки"}, tail: "України"},
	{abbr: "АТО", forms: prefixed(adjF("антитерористичн"), [6]string{"операція", "операції", "операції", "операцію", "операцією", "операції"})},
	{abbr: "РДА", forms: prefixed(adjF("районн"), prefixed(adjF("державн"), hAdministration))},
	{abbr: "ОДА", forms: prefixed(adjF("обласн"), prefixed(adjF("державн"), hAdministration))},
	{abbr: "ОВА", forms: prefixed(adjF("обласн"), prefixed(adjF("військов"), hAdministration))},
	{abbr: "КП", forms: prefixed([6]string{"комунальне", "комунального", "комунальному", "комунальне", "комунальним", "комунальному"}, hEnterprise)},
	{abbr: "ДП", forms: prefixed([6]string{"державне", "державного", "державному", "державне", "державним", "державному"}, hEnterprise)},
	{abbr: "СМС", forms: same("есемес")},
	{abbr: "США", forms: same("Сполучені Штати")},
	{abbr: "ЄС", forms: prefixed(adjM("Європейськ"), [6]string{"Союз", "Союзу", "Союзу", "Союз", "Союзом", "Союзі"})},
}

// abbrRun finds any known abbreviation with a case ending: ЦНАПу.
var abbrRun = regexp.MustCompile(`(` + abbrPattern() + `)(у|а|ом|і|и|ів|ам|ами|ах)?`)

// abbrPattern lists the abbreviations, the longest first.
func abbrPattern() string {
	var all []string
	for _, e := range dictionary {
		all = append(all, regexp.QuoteMeta(e.abbr))
	}
	slices.SortStableFunc(all, func(a, b string) int { return len(b) - len(a) })
	return strings.Join(all, "|")
}

// abbreviations puts the words of the dictionary in place of abbreviations, in the case of the written ending, else of the
// words around.
func abbreviations(text string) string {
	if !hasCaps(text) {
		return text
	}
	said := map[string]bool{"ЦНАП": strings.Contains(strings.ToLower(text), hCentreFull)}
	r := rule{re: abbrRun, say: func(m match) (string, bool) {
		i := slices.IndexFunc(dictionary, func(e entry) bool { return e.abbr == m.g[1] })
		if i < 0 {
			return "", false
		}
		e := dictionary[i]
		out := e.forms[abbrCase(m)]
		if slices.Contains([]string{"и", "ів", "ам", "ами", "ах"}, m.g[2]) && !strings.Contains(e.forms[Nom], " ") {
			out = e.forms[Nom] + m.g[2] // «ЦНАПи»
		}
		if e.tail != "" && !(e.short && said[e.abbr]) {
			out += " " + e.tail
		}
		said[e.abbr] = true
		if said := strings.ToLower(strings.TrimRight(m.before, " ,")); said != strings.ToLower(m.before) && strings.HasSuffix(said, strings.ToLower(out)) {
			return "", true // «Податковий номер (РНОКПП)»: the bracket repeats the words before it
		}
		return out, true
	}}
	return r.apply(text)
}

// hCentreFull is the first mention that makes later ones short.
const hCentreFull = "надання адміністративних послуг"

// abbrCase finds the case of an abbreviation.
func abbrCase(m match) Case {
	prev := prevWords(m.before, 1)
	p := firstOf(prev)
	inside := p == "у" || p == "в" || p == "на"
	switch m.g[2] {
	case "у":
		return Gen
	case "а":
		return Gen
	case "ом":
		return Ins
	case "і":
		return Loc
	}
	switch {
	case p == "":
		return Nom
	case inside:
		return Loc
	case slices.Contains([]string{"через", "про", "за"}, p):
		return Acc
	case governs[p] == Gen && governsWord(p), slices.Contains([]string{"біля", "щодо", "серед", "всередині"}, p):
		return Gen
	case governsWord(p):
		return governs[p]
	case slices.Contains([]string{"або", "чи", "та", "і", "й", "а", "але", "лише", "це", "наш", "ваш", "код", "є"}, p):
		return Nom
	case endsIn(p, "ий", "ій", "ть", "є", "ти", "ся", "ла", "ли", "ло"):
		return Nom
	}
	return Gen // a noun before it: «підрозділ ДМС»
}

// governsWord tells whether a word is in the table of governing words.
func governsWord(w string) bool {
	_, ok := governs[w]
	return ok
}
