package speech

// Cached gives the clip of a raw text if it has been rendered before; nothing is spoken.
func (s *Studio) Cached(text string) (Clip, bool) {
	lines, err := sentences(text)
	if err != nil {
		return Clip{}, false
	}
	var parts [][]byte
	name := ""
	for _, l := range lines {
		found := false
		for _, e := range s.engines {
			if alaw, _, err := s.cache.get(key(e, l)); err == nil {
				parts, name, found = append(parts, alaw), e.name(), true
				break
			}
		}
		if !found {
			return Clip{}, false
		}
	}
	sound := join(parts)
	return Clip{ALaw: sound, Hash: hashOf(sound), Engine: name}, true
}
