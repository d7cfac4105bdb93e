package speech

// Cached gives the clip of a raw text if it has been rendered before; nothing is spoken.
func (s *Studio) Cached(text string) (Clip, bool) {
	s.mu.Lock()
	c, ok := s.memory[text]
	s.mu.Unlock()
	if ok {
		return c, true
	}
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
	c = Clip{ALaw: sound, Hash: hashOf(sound), Engine: name}
	s.remember(text, c)
	return c, true
}
