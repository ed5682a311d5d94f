// Checks what Muhr publishes with Go's own transparency log library, golang.org/x/mod/sumdb: the log of a
// network is an ordinary C2SP log, so the library that checks Go's module database checks it too.
//
//	go run . -trust trust.policy [-node http://...] FILE...
//	go run . -vectors tree.json
//
// FILE is a receipt or a checkpoint. Of a receipt only the entry and the tlog-proof at its end are read. With
// -node the whole log of a node is read, from its tiles and from its entries, and every FILE must be an
// earlier state of it. Exit code 0: all holds; 1: something does not; 2: usage.
package main

import (
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func main() {
	policy := flag.String("trust", "", "the trust file")
	url := flag.String("node", "", "address of a node")
	proofs := flag.String("vectors", "", "vectors of proofs to judge, and nothing else")
	flag.Parse()
	if *proofs != "" {
		vectors(*proofs)
		return
	}
	if *policy == "" || flag.NArg() == 0 && *url == "" {
		flag.Usage()
		os.Exit(2)
	}
	trust := readTrust(string(read(*policy)))
	trees := map[string]tlog.Tree{}
	for _, name := range flag.Args() {
		trees[name] = trust.file(name, string(read(name)))
	}
	if *url != "" {
		log := node{strings.TrimSuffix(*url, "/")}
		tree := trust.checkpoint(string(log.get("/checkpoint")))
		log.whole(tree)
		for name, older := range trees {
			log.continues(name, older, tree)
		}
	}
}

// require ends the program if err is not nil.
func require(what string, err error) {
	if err != nil {
		fmt.Printf("FAILED  %s: %v\n", what, err)
		os.Exit(1)
	}
}

func read(name string) []byte {
	data, err := os.ReadFile(name)
	require(name, err)
	return data
}

// file checks a receipt's entry under its own checkpoint, or a bare checkpoint.
func (t trust) file(name, text string) tlog.Tree {
	head, proof, isReceipt := strings.Cut(text, "\n--- proof\n")
	if !isReceipt {
		tree := t.checkpoint(text)
		fmt.Printf("ok      %s: a checkpoint of %d leaves\n", name, tree.N)
		return tree
	}
	_, entry, _ := strings.Cut(head+"\n", "\n--- entry\n")
	entry = entry[:strings.Index(entry, "\n--- ")+1]
	lines, checkpoint, _ := strings.Cut(proof, "\n\n")
	path := strings.Split(lines, "\n")
	if len(path) < 2 || path[0] != "c2sp.org/tlog-proof@v1" || !strings.HasPrefix(path[1], "index ") {
		require(name, fmt.Errorf("not a c2sp.org/tlog-proof@v1"))
	}
	index, err := strconv.ParseInt(path[1][len("index "):], 10, 64)
	require(name, err)
	tree := t.checkpoint(checkpoint)
	require(name, tlog.CheckRecord(hashes(path[2:]), tree.N, tree.Hash, index, tlog.RecordHash([]byte(entry))))
	fmt.Printf("ok      %s: leaf %d of %d\n", name, index, tree.N)
	return tree
}

func hashes(lines []string) []tlog.Hash {
	var path []tlog.Hash
	for _, line := range lines {
		hash, err := tlog.ParseHash(line)
		require("a hash", err)
		path = append(path, hash)
	}
	return path
}

// A node is read as a static file server, but for the consistency proof.
type node struct{ url string }

func (n node) get(path string) []byte {
	answer, err := http.Get(n.url + path)
	require(path, err)
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	require(path, err)
	if answer.StatusCode != http.StatusOK {
		require(path, fmt.Errorf("%s", answer.Status))
	}
	return data
}

// continues asks for the proof that newer begins with older.
func (n node) continues(name string, older, newer tlog.Tree) {
	var answer struct{ Path []string }
	path := fmt.Sprintf("/v1/proofs/consistency?from=%d&to=%d", older.N, newer.N)
	require(path, json.Unmarshal(n.get(path), &answer))
	require(name, tlog.CheckTree(hashes(answer.Path), newer.N, newer.Hash, older.N, older.Hash))
	fmt.Printf("ok      %s: the log of %d leaves continues its %d\n", name, newer.N, older.N)
}

// whole reads all entries, and all tiles, and compares both with the checkpoint and with each other.
func (n node) whole(tree tlog.Tree) {
	// From the entries alone: a tree of our own.
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		var found []tlog.Hash
		for _, index := range indexes {
			found = append(found, stored[index])
		}
		return found, nil
	})
	var leaves []int64
	for at := int64(0); at < tree.N; at += 256 {
		for _, entry := range n.bundle(at/256, tree.N) {
			more, err := tlog.StoredHashes(int64(len(leaves)), entry, reader)
			require("entries", err)
			leaves = append(leaves, tlog.StoredHashIndex(0, int64(len(leaves))))
			stored = append(stored, more...)
		}
	}
	if int64(len(leaves)) != tree.N {
		require("entries", fmt.Errorf("%d where the checkpoint says %d", len(leaves), tree.N))
	}
	root, err := tlog.TreeHash(tree.N, reader)
	require("entries", err)
	if root != tree.Hash {
		require("entries", fmt.Errorf("they have another root than the checkpoint"))
	}
	// From the tiles: the reader proves each tile against the checkpoint before it uses it.
	found, err := tlog.TileHashReader(tree, tiles{n}).ReadHashes(leaves)
	require("tiles", err)
	for at, index := range leaves {
		if found[at] != stored[index] {
			require("tiles", fmt.Errorf("leaf %d is not that of the entries", at))
		}
	}
	fmt.Printf("ok      %s: %d leaves, from entries and from tiles\n", n.url, tree.N)
}

// bundle gives the entries of one bundle: each a length in two bytes, then the entry.
func (n node) bundle(number, size int64) [][]byte {
	tile := tlog.Tile{H: 8, L: 0, N: number, W: 256}
	if size-number*256 < 256 {
		tile.W = int(size - number*256)
	}
	data := n.get("/tile/entries/" + strings.TrimPrefix(tile.Path(), "tile/8/0/"))
	var entries [][]byte
	for len(data) > 0 {
		length := 2 + int(binary.BigEndian.Uint16(append(data[:len(data):len(data)], 0)))
		if len(data) < length {
			require("a bundle", io.ErrUnexpectedEOF)
		}
		entries, data = append(entries, data[2:length]), data[length:]
	}
	return entries
}

// tiles reads the tiles of a node for tlog.TileHashReader.
type tiles struct{ node }

func (tiles) Height() int                     { return 8 }
func (tiles) SaveTiles([]tlog.Tile, [][]byte) {}
func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var read [][]byte
	for _, tile := range wanted {
		read = append(read, t.get("/"+strings.Replace(tile.Path(), "tile/8/", "tile/", 1)))
	}
	return read, nil
}

// checkpoint opens a note as Go does and asks for the log's line and a quorum of cosignatures.
func (t trust) checkpoint(text string) tlog.Tree {
	opened, err := note.Open([]byte(text), note.VerifierList(t.verifiers...))
	require("checkpoint", err)
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != t.log {
		require("checkpoint", fmt.Errorf("not one of %s", t.log))
	}
	logs, cosigners := 0, 0
	for _, signature := range opened.Sigs {
		if signature.Name == t.log {
			logs++
		} else {
			cosigners++
		}
	}
	if logs == 0 || cosigners < t.quorum {
		require("checkpoint", fmt.Errorf("%d lines of the log and %d of %d cosigners", logs, cosigners, t.quorum))
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	require("checkpoint", err)
	root, err := tlog.ParseHash(lines[2])
	require("checkpoint", err)
	return tlog.Tree{N: size, Hash: root}
}

// trust is what is read of a trust file: the log, its cosigners, and how many of them must sign.
type trust struct {
	log       string
	quorum    int
	verifiers []note.Verifier
}

func readTrust(text string) (t trust) {
	for _, line := range strings.Split(text, "\n") {
		words := strings.Fields(line)
		switch {
		case len(words) > 1 && words[0] == "log":
			verifier, err := note.NewVerifier(words[1])
			require("log key", err)
			t.log, t.verifiers = verifier.Name(), append(t.verifiers, verifier)
		case len(words) > 2 && words[0] == "witness":
			t.verifiers = append(t.verifiers, newCosigner(words[2]))
		case len(words) > 2 && words[0] == "group" && t.quorum == 0:
			quorum, err := strconv.Atoi(words[2])
			require("group", err)
			t.quorum = quorum
		case len(words) > 0 && words[0] == "group":
			require("group", fmt.Errorf("this program knows trust files of one group only"))
		}
	}
	if t.log == "" || t.quorum == 0 {
		require("trust file", fmt.Errorf("no log or no group"))
	}
	return t
}
