package docs

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
)

// constant is a declared constant and its comment, without its own name.
type constant struct {
	name, value, comment string
}

// sourceFiles parses the non-test files of a package's folder.
func sourceFiles(t *testing.T, dir string) []*ast.File {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(dir), "*.go"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no source in %s: %v", dir, err)
	}
	var files []*ast.File
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return files
}

// constants are those of one type; typeName "" is for those without, whose
// names begin with prefix.
func constants(t *testing.T, dir, typeName, prefix string) []constant {
	t.Helper()
	var found []constant
	for _, file := range sourceFiles(t, dir) {
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Values) != 1 || !strings.HasPrefix(spec.Names[0].Name, prefix) {
				return true
			}
			if kind, _ := spec.Type.(*ast.Ident); (kind == nil) != (typeName == "") || (kind != nil && kind.Name != typeName) {
				return true
			}
			literal, ok := spec.Values[0].(*ast.BasicLit)
			if !ok {
				return true
			}
			value := literal.Value
			if text, err := strconv.Unquote(value); err == nil {
				value = text
			}
			comment := oneLine(spec.Doc.Text() + " " + spec.Comment.Text())
			comment = strings.TrimSpace(strings.TrimPrefix(comment, spec.Names[0].Name+":"))
			found = append(found, constant{spec.Names[0].Name, value, comment})
			return true
		})
	}
	if len(found) == 0 {
		t.Fatalf("no constants of type %q in %s", typeName, dir)
	}
	return found
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// field is one name in an answer, with the path that leads to it.
type field struct {
	path, kind string
	// name is the JSON name alone, owner the struct that has it.
	name, owner string
	optional    bool
}

// shapes are the structs of some packages, by name ("video.Failure" outside
// package tools).
type shapes map[string]*ast.StructType

func readShapes(t *testing.T) shapes {
	t.Helper()
	all := shapes{}
	for dir, prefix := range map[string]string{"tools": "", "internal/video": "video."} {
		for _, file := range sourceFiles(t, dir) {
			ast.Inspect(file, func(n ast.Node) bool {
				if spec, ok := n.(*ast.TypeSpec); ok {
					if shape, ok := spec.Type.(*ast.StructType); ok {
						all[prefix+spec.Name.Name] = shape
					}
				}
				return true
			})
		}
	}
	return all
}

// fields lists what JSON of a struct holds, nested structs included; seen
// collects the names of all structs on the way.
func (s shapes) fields(t *testing.T, owner, path string, seen map[string]bool) []field {
	t.Helper()
	shape := s[owner]
	if shape == nil {
		t.Fatalf("there is no struct %s", owner)
	}
	seen[owner] = true
	var all []field
	for _, f := range shape.Fields.List {
		if f.Tag == nil {
			t.Fatalf("%s has a field without a JSON name", owner)
		}
		tag, _ := strconv.Unquote(f.Tag.Value)
		name, options, _ := strings.Cut(reflect.StructTag(tag).Get("json"), ",")
		kind, nested, list := kindOf(f.Type)
		one := field{path: path + name, kind: kind, name: name, owner: owner, optional: strings.HasPrefix(options, "omit")}
		if s[nested] != nil {
			if one.kind = "object"; list {
				one.kind = "objects"
			}
			all = append(all, one)
			below := one.path + "."
			if list {
				below = one.path + "[]."
			}
			all = append(all, s.fields(t, nested, below, seen)...)
			continue
		}
		all = append(all, one)
	}
	return all
}

// kindOf is a type in JSON's words, and the name of the struct it leads to.
func kindOf(expr ast.Expr) (kind, name string, list bool) {
	switch e := expr.(type) {
	case *ast.StarExpr:
		return kindOf(e.X)
	case *ast.ArrayType:
		kind, name, _ = kindOf(e.Elt)
		return kind + "s", name, true
	case *ast.MapType:
		return "object", "", false
	case *ast.SelectorExpr:
		name = e.X.(*ast.Ident).Name + "." + e.Sel.Name
		return map[string]string{"video.Credits": "credits", "json.RawMessage": "object"}[name] + "", name, false
	case *ast.Ident:
		kinds := map[string]string{"string": "text", "int": "integer", "int64": "integer", "bool": "boolean"}
		return kinds[e.Name], e.Name, false
	}
	return "", "", false
}
