package speech

// silence is A-law zero.
const silence = 0xD5

// encodeALaw follows ITU-T G.711 table 1a; 16-bit linear, of which the upper 13 bits count.
func encodeALaw(s int16) byte {
	v := int(s) >> 3
	mask := byte(0xD5)
	if v < 0 {
		v, mask = -v-1, 0x55
	}
	if v > 4095 {
		v = 4095
	}
	seg := 0
	for x := v >> 5; x > 0; x >>= 1 {
		seg++
	}
	var b int
	if seg <= 1 {
		b = seg<<4 | v>>1&0x0F
	} else {
		b = seg<<4 | v>>seg&0x0F
	}
	return byte(b) ^ mask
}

// decodeALaw gives the middle of the step (G.711 table 1a).
func decodeALaw(b byte) int16 {
	b ^= 0x55
	v := int(b&0x0F)<<4 + 8
	if seg := int(b&0x70) >> 4; seg > 0 {
		v = (v + 0x100) << (seg - 1)
	}
	if b&0x80 == 0 {
		v = -v
	}
	return int16(v)
}
