package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"

	"golang.org/x/mod/sumdb/tlog"
)

// vector is one proof of corpus/vectors/tree.json, and whether it holds.
type vector struct {
	What    string   `json:"what"`
	Kind    string   `json:"kind"`
	Index   uint64   `json:"index"`
	Leaf    string   `json:"leaf"`
	OldSize uint64   `json:"old_size"`
	OldRoot string   `json:"old_root"`
	Size    uint64   `json:"size"`
	Root    string   `json:"root"`
	Path    []string `json:"path"`
	Holds   bool     `json:"holds"`
}

// vectors judges every proof of the file with tlog, and ends the program if one is judged otherwise.
func vectors(name string) {
	var cases []vector
	require(name, json.Unmarshal(read(name), &cases))
	otherwise := 0
	for _, c := range cases {
		if c.judge() != c.Holds {
			otherwise++
			fmt.Printf("FAILED  %s: %+v\n", c.What, c)
		}
	}
	fmt.Printf("%s: %d proofs, %d judged otherwise\n", name, len(cases), otherwise)
	if otherwise > 0 || len(cases) < 190 {
		os.Exit(1)
	}
}

func (c vector) judge() bool {
	root, ok := hash(c.Root)
	if !ok || c.Size > 1<<62 {
		return false
	}
	var path []tlog.Hash
	for _, text := range c.Path {
		one, ok := hash(text)
		if !ok {
			return false
		}
		path = append(path, one)
	}
	if c.Kind == "inclusion" {
		leaf, ok := hash(c.Leaf)
		return ok && c.Index < 1<<62 && tlog.CheckRecord(path, int64(c.Size), root, int64(c.Index), leaf) == nil
	}
	old, ok := hash(c.OldRoot)
	return ok && c.OldSize < 1<<62 && tlog.CheckTree(path, int64(c.Size), root, int64(c.OldSize), old) == nil
}

func hash(text string) (tlog.Hash, bool) {
	var hash tlog.Hash
	bytes, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(bytes) != len(hash) {
		return hash, false
	}
	copy(hash[:], bytes)
	return hash, true
}
