package install

import "github.com/tailscale/hujson"

// addElement appends to the list at path, making it.
func (d *jsonDocument) addElement(path []string, value []Field) error {
	old, _ := d.get(path)
	list, _ := old.([]any)
	want := with(d.data, path, append(append([]any{}, list...), plain(value)))
	return d.change(path, want, func(root *hujson.Value) error {
		style := jsonStyle{newline: newline(d.source), unit: indentUnit(*root)}
		found := root.Find("/" + path[0])
		if _, isList := old.([]any); !isList {
			if err := d.put(root, path, []string{}, style); err != nil {
				return err
			}
			found = root.Find("/" + path[0])
		}
		array, ok := found.Value.(*hujson.Array)
		if !ok {
			return d.fault(found, "this is %s, not a list in brackets", kindWords(found.Value.Kind()))
		}
		style = style.deeper()
		// As a member of an object of its own, the layout rules are the same.
		pretend := &hujson.Object{AfterExtra: array.AfterExtra}
		for _, e := range array.Elements {
			pretend.Members = append(pretend.Members, hujson.ObjectMember{
				Name: hujson.Value{BeforeExtra: e.BeforeExtra, Value: hujson.String("")}, Value: hujson.Value{Value: e.Value, AfterExtra: e.AfterExtra},
			})
		}
		style = memberStyle(pretend, style)
		addMember(pretend, "", value, style)
		added := pretend.Members[len(pretend.Members)-1]
		array.Elements = append(array.Elements, hujson.Value{
			BeforeExtra: added.Name.BeforeExtra, Value: added.Value.Value, AfterExtra: added.Value.AfterExtra,
		})
		array.AfterExtra = pretend.AfterExtra
		return nil
	})
}

// removeElement takes out the objects of the list at path whose key has value.
func (d *jsonDocument) removeElement(path []string, key, value string) error {
	old, _ := d.get(path)
	list, _ := old.([]any)
	for i, element := range list {
		if object, ok := element.(map[string]any); !ok || object[key] != value {
			continue
		}
		rest := append(append([]any{}, list[:i]...), list[i+1:]...)
		return d.change(path, with(d.data, path, rest), func(root *hujson.Value) error {
			array, ok := root.Find("/" + path[0]).Value.(*hujson.Array)
			if !ok {
				return errUnsafe(path)
			}
			dropElement(array, i)
			return nil
		})
	}
	return nil
}
