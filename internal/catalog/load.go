package catalog

import (
	"bytes"
	"fmt"
	"io"
	"os"
)

// maxFile bounds an override file; the embedded one has 15 KB.
const maxFile = 1 << 20

// Load is the embedded catalogue with the file at path laid over it (see
// [Overlay]). Errors name the file and the line at fault.
func Load(path string) (*Catalog, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("catalogue file: %w", err)
	}
	defer func() { _ = file.Close() }() // only read
	data, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("catalogue file: %w", err)
	}
	if len(data) > maxFile {
		return nil, fmt.Errorf("catalogue file %s is larger than %d bytes", path, maxFile)
	}
	return Overlay(path, data)
}

// Overlay is the embedded catalogue with data laid over it. data has the same
// schema and needs only what differs: objects merge name by name, models by
// their id, anything else replaces, and null takes away. file is the name that
// errors show, as in "models.json:12: …".
func Overlay(file string, data []byte) (*Catalog, error) {
	base, err := parseTree("catalog.json", embedded)
	if err != nil {
		return nil, err
	}
	over, err := parseTree(file, bytes.TrimPrefix(data, []byte("\uFEFF"))) // editors on Windows write a BOM
	if err != nil {
		return nil, err
	}
	if over.kind != kindObject {
		return nil, over.faultf("the catalogue must be an object, not %s", over.kind)
	}
	return decode(merge(base, over), file)
}
