package main

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
)

// cosigner verifies c2sp.org/tlog-cosignature lines of Ed25519, algorithm 04, which package note has not:
// the time in eight bytes, then a signature over a text that names the time above the checkpoint.
type cosigner struct {
	name string
	id   uint32
	key  ed25519.PublicKey
}

func newCosigner(vkey string) cosigner {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		require("a key", fmt.Errorf("not name, id and key joined by +"))
	}
	data, err := base64.StdEncoding.DecodeString(parts[2])
	require("a key", err)
	hash := sha256.Sum256(append([]byte(parts[0]+"\n"), data...))
	if len(data) != 33 || data[0] != 4 || parts[1] != fmt.Sprintf("%x", hash[:4]) {
		require("a key", fmt.Errorf("not of algorithm 04, or with another id"))
	}
	return cosigner{parts[0], binary.BigEndian.Uint32(hash[:4]), data[1:]}
}

func (c cosigner) Name() string    { return c.name }
func (c cosigner) KeyHash() uint32 { return c.id }
func (c cosigner) Verify(text, signature []byte) bool {
	if len(signature) != 8+ed25519.SignatureSize {
		return false
	}
	time := binary.BigEndian.Uint64(signature)
	message := fmt.Sprintf("cosignature/v1\ntime %d\n%s", time, text)
	return time != 0 && ed25519.Verify(c.key, []byte(message), signature[8:])
}
