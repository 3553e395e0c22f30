package install

import (
	"bytes"

	"github.com/tailscale/hujson"
)

// remove takes a member out. Comments before it stay: they may be about
// something else. Those inside it go with it.
func (d *jsonDocument) remove(path []string) error {
	if _, there := d.get(path); !there {
		return nil
	}
	return d.change(path, without(d.data, path), func(root *hujson.Value) error {
		at := root
		for k, name := range path {
			object, ok := at.Value.(*hujson.Object)
			if !ok {
				return d.fault(at, "this is %s, not an object in braces", kindWords(at.Value.Kind()))
			}
			i, err := d.member(object, name)
			if err != nil {
				return err
			}
			if k == len(path)-1 {
				dropMember(object, i)
				return nil
			}
			at = &object.Members[i].Value
		}
		return nil
	})
}

// dropMember takes member i out of an object.
func dropMember(object *hujson.Object, i int) {
	gone := object.Members[i]
	before := comments(gone.Name.BeforeExtra)
	object.Members = append(object.Members[:i], object.Members[i+1:]...)
	if i < len(object.Members) {
		next := &object.Members[i].Name
		next.BeforeExtra = joinExtra(before, gone.Name.BeforeExtra, next.BeforeExtra)
		return
	}
	object.AfterExtra = endExtra(before, object.AfterExtra)
	if len(object.Members) == 0 {
		object.AfterExtra = emptied(object.AfterExtra)
		return
	}
	last := &object.Members[i-1].Value
	object.AfterExtra, last.AfterExtra = trailing(object.AfterExtra, last.AfterExtra, gone.Value.AfterExtra)
}

// dropElement does the same in a list.
func dropElement(list *hujson.Array, i int) {
	gone := list.Elements[i]
	before := comments(gone.BeforeExtra)
	list.Elements = append(list.Elements[:i], list.Elements[i+1:]...)
	if i < len(list.Elements) {
		next := &list.Elements[i]
		next.BeforeExtra = joinExtra(before, gone.BeforeExtra, next.BeforeExtra)
		return
	}
	list.AfterExtra = endExtra(before, list.AfterExtra)
	if len(list.Elements) == 0 {
		list.AfterExtra = emptied(list.AfterExtra)
		return
	}
	last := &list.Elements[i-1]
	list.AfterExtra, last.AfterExtra = trailing(list.AfterExtra, last.AfterExtra, gone.AfterExtra)
}

// comments is extra up to its last comment, with the end of that line; nil if
// there is none.
func comments(extra hujson.Extra) hujson.Extra {
	if extra.IsStandard() {
		return nil
	}
	end := len(bytes.TrimRight(extra, " \t\r\n"))
	if at := bytes.IndexByte(extra[end:], '\n'); at >= 0 {
		end += at + 1
	}
	return bytes.Clone(extra[:end])
}

// joinExtra is what stands before the next member once the one before it is
// gone. Without comments the layout of the one that is gone stays.
func joinExtra(kept, gone, next hujson.Extra) hujson.Extra {
	switch {
	case kept == nil && next.IsStandard():
		return gone
	case kept == nil:
		return next
	case bytes.HasSuffix(kept, []byte("\n")):
		rest := next
		if at := bytes.IndexByte(next, '\n'); at >= 0 && len(bytes.TrimSpace(next[:at])) == 0 {
			rest = next[at+1:]
		}
		return append(kept, rest...)
	default:
		return append(kept, next...)
	}
}

// endExtra is what stands before the closing bracket once the last one is gone.
func endExtra(kept, end hujson.Extra) hujson.Extra {
	if kept == nil {
		return end
	}
	return joinExtra(kept, nil, end)
}

// emptied closes an object that lost its only member.
func emptied(end hujson.Extra) hujson.Extra {
	if end.IsStandard() {
		return nil
	}
	return end
}

// trailing moves what must be moved so that the new last one has a trailing
// comma exactly if the old last one had.
func trailing(end, last, gone hujson.Extra) (newEnd, newLast hujson.Extra) {
	switch {
	case gone != nil && last == nil:
		return end, hujson.Extra{}
	case gone == nil && last != nil:
		return append(bytes.Clone(last), end...), nil
	default:
		return end, last
	}
}
