package media

import "math/bits"

// alawSilence is the A-law byte of the smallest positive sample: what silence is made of.
const alawSilence = 0xD5

// EncodeALaw turns a 16-bit linear sample into A-law (ITU-T G.711, even bits inverted).
func EncodeALaw(s int16) byte {
	v := int(s) >> 4 // 13-bit to 12-bit magnitude, floor: -1 belongs to the first negative step
	sign := byte(0x80)
	if v < 0 {
		sign, v = 0, -v-1
	}
	var b byte
	if v < 16 {
		b = byte(v)
	} else {
		seg := bits.Len(uint(v)) - 4
		b = byte(seg<<4) | byte(v>>(seg-1))&0x0F
	}
	return (b | sign) ^ 0x55
}

// DecodeALaw turns an A-law byte into the middle of its step as a 16-bit linear sample.
func DecodeALaw(b byte) int16 {
	b ^= 0x55
	v := int(b&0x0F)<<4 + 8
	if seg := int(b>>4) & 7; seg > 0 {
		v = (v + 0x100) << (seg - 1)
	}
	if b&0x80 == 0 {
		v = -v
	}
	return int16(v)
}

const ulawBias = 0x84

// EncodeULaw turns a 16-bit linear sample into mu-law (ITU-T G.711, all bits inverted).
func EncodeULaw(s int16) byte {
	v := int(s)
	sign := byte(0)
	if v < 0 {
		sign, v = 0x80, -v
	}
	v = min(v, 32635) + ulawBias
	seg := bits.Len(uint(v)) - 8
	return ^(sign | byte(seg<<4) | byte(v>>(seg+3))&0x0F)
}

// DecodeULaw turns a mu-law byte into a 16-bit linear sample.
func DecodeULaw(b byte) int16 {
	b = ^b
	v := (int(b&0x0F)<<3+ulawBias)<<(b>>4&7) - ulawBias
	if b&0x80 != 0 {
		v = -v
	}
	return int16(v)
}
