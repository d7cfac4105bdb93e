// Package house holds no code: it is the rule of the house as a test. Who may import whom, where outside libraries may be
// used, one owner per table, sizes. The picture in words is docs/MAP.md.
package house

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"
)

// may lists every allowed edge between rooms; any other import fails the build. Imports go down only.
var may = map[string][]string{
	// WORDS
	"call":   {},
	"fault":  {},
	"hours":  {"spoken"},
	"spoken": {},
	// JUDGEMENT
	"ivr":      {"call", "hours", "spoken"},
	"queue":    {"call"},
	"outgoing": {"call"},
	// MACHINE
	"crowd":    {},
	"store":    {"fault"},
	"media":    {"fault"},
	"sipua":    {"call", "crowd", "fault", "media"},
	"webphone": {"call", "fault", "media"},
	"speech":   {"fault", "spoken"},
	// RECORDS
	"flow":      {"call", "catalogue", "fault", "hours", "ivr", "spoken"},
	"catalogue": {"fault", "ivr", "spoken"},
	"journal":   {"call", "fault", "store"},
	"casework":  {"call", "fault", "store"},
	"survey":    {"call", "fault", "store"},
	"staff":     {"fault", "store"},
	"audit":     {"call", "fault", "store"},
	"trunk":     {"call", "fault", "outgoing", "store"},
	// USE
	"switchboard": {"call", "fault", "hours", "ivr", "media", "queue", "speech", "spoken", "casework", "journal", "outgoing", "survey", "staff"},
	"selftest":    {"call", "fault", "media", "sipua"},
	// DOOR: app alone may import everything
	"web": {"audit", "call", "casework", "catalogue", "fault", "journal", "media", "staff", "survey", "switchboard", "trunk"},
}

// fences: outside libraries and the rooms that may use them.
var fences = map[string][]string{
	"github.com/emiago/sipgo":       {"sipua"},
	"github.com/pion/webrtc":        {"webphone"},
	"github.com/pion/":              {"media", "webphone"},
	"github.com/uptrace/bun":        {"store", "journal", "casework", "survey", "staff", "audit", "trunk"},
	"github.com/ncruces/go-sqlite3": {"store"},
	"github.com/jackc/pgx":          {"store"},
	"github.com/danielgtaylor/huma": {"web"},
	"github.com/coder/websocket":    {"web", "webphone"},
	"github.com/caddyserver":        {"app"},
}

type file struct {
	room, path string // room: first folder under internal, or cmd/dovidka, ui
	test       bool
	ast        *ast.File
	fset       *token.FileSet
	lines      int
}

func load(t *testing.T) []file {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	var out []file
	err = filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && p != root || d.Name() == "node_modules" || d.Name() == "data") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(p, ".go") {
			return nil
		}
		src, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, p, src, parser.ParseComments)
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(root, p)
		parts := strings.Split(filepath.ToSlash(rel), "/")
		room := parts[0]
		if room == "internal" || room == "cmd" {
			room = parts[1]
		}
		out = append(out, file{room, filepath.ToSlash(rel), strings.HasSuffix(p, "_test.go"), f, fset, strings.Count(string(src), "\n")})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func imports(f file) []string {
	var out []string
	for _, s := range f.ast.Imports {
		p, _ := strconv.Unquote(s.Path.Value)
		out = append(out, p)
	}
	return out
}

func TestImportsGoDown(t *testing.T) {
	for _, f := range load(t) {
		if f.test || f.room == "app" || f.room == "house" {
			continue
		}
		for _, p := range imports(f) {
			rest, ok := strings.CutPrefix(p, "dovidka/internal/")
			if !ok {
				continue
			}
			to := strings.Split(rest, "/")[0]
			if to == f.room {
				continue
			}
			if f.room == "dovidka" { // cmd: sub-commands only
				if !slices.Contains([]string{"app", "selftest", "speech", "spoken", "staff", "fault", "call", "media"}, to) {
					t.Errorf("%s: cmd may not import %s", f.path, to)
				}
				continue
			}
			if !slices.Contains(may[f.room], to) {
				t.Errorf("%s: room %s may not import room %s (see the table in internal/house)", f.path, f.room, to)
			}
		}
	}
}

func TestFences(t *testing.T) {
	for _, f := range load(t) {
		if f.test {
			continue
		}
		for _, p := range imports(f) {
			lib := longest(p)
			if lib != "" && !slices.Contains(fences[lib], f.room) && f.room != "app" {
				t.Errorf("%s: %s may be used only in %v", f.path, p, fences[lib])
			}
			if lib != "" && f.room == "app" && lib != "github.com/caddyserver" {
				t.Errorf("%s: app wires rooms; %s belongs in %v", f.path, p, fences[lib])
			}
		}
	}
}

// longest gives the most particular fence that covers the import path.
func longest(path string) string {
	best := ""
	for lib := range maps.Keys(fences) {
		if strings.HasPrefix(path, lib) && len(lib) > len(best) {
			best = lib
		}
	}
	return best
}

var bunTable = regexp.MustCompile(`table:([a-z_]+)`)

func TestOneOwnerPerTable(t *testing.T) {
	files := load(t)
	owner := map[string]string{}
	for _, f := range files {
		if f.test {
			continue
		}
		eachString(f, func(s string) {
			for _, m := range bunTable.FindAllStringSubmatch(s, -1) {
				if was, ok := owner[m[1]]; ok && was != f.room {
					t.Errorf("table %s is owned by %s and named again by %s", m[1], was, f.path)
				}
				owner[m[1]] = f.room
			}
		})
	}
	if len(owner) < 5 {
		t.Fatalf("found only %d tables: the test no longer sees them", len(owner))
	}
	sql := regexp.MustCompile(`(?i)\b(from|into|update|join|table)\s+"?([a-z_]+)"?`)
	for _, f := range files {
		if f.test {
			continue
		}
		eachString(f, func(s string) {
			for _, m := range sql.FindAllStringSubmatch(s, -1) {
				if o, ok := owner[m[2]]; ok && o != f.room {
					t.Errorf("%s names the table %s, which belongs to %s", f.path, m[2], o)
				}
			}
		})
	}
}

func eachString(f file, do func(string)) {
	ast.Inspect(f.ast, func(n ast.Node) bool {
		if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING {
			if s, err := strconv.Unquote(l.Value); err == nil {
				do(s)
			} else {
				do(l.Value)
			}
		}
		return true
	})
}

func TestSizes(t *testing.T) {
	var fn []int
	for _, f := range load(t) {
		if f.lines > 600 {
			t.Errorf("%s has %d lines: over 600, split it", f.path, f.lines)
		}
		if f.test {
			continue
		}
		for _, d := range f.ast.Decls {
			fd, ok := d.(*ast.FuncDecl)
			if !ok || fd.Body == nil {
				continue
			}
			n := f.fset.Position(fd.End()).Line - f.fset.Position(fd.Pos()).Line + 1
			fn = append(fn, n)
			if n > 80 {
				t.Errorf("%s: %s has %d lines: over 80", f.path, fd.Name.Name, n)
			}
			if fd.Name.Name == "init" {
				t.Errorf("%s: init is not used in this house", f.path)
			}
		}
	}
	sort.Ints(fn)
	t.Logf("functions: %d, median %d, p95 %d lines", len(fn), fn[len(fn)/2], fn[len(fn)*95/100])
	if p := fn[len(fn)*95/100]; p > 50 {
		t.Errorf("p95 of function length is %d lines, aim 45", p)
	}
}

func TestNoPanicOutsideMain(t *testing.T) {
	for _, f := range load(t) {
		if f.test || f.ast.Name.Name == "main" {
			continue
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			if c, ok := n.(*ast.CallExpr); ok {
				if id, ok := c.Fun.(*ast.Ident); ok && id.Name == "panic" && !abortsHandler(c) {
					t.Errorf("%s: panic at line %d", f.path, f.fset.Position(c.Pos()).Line)
				}
			}
			return true
		})
	}
}

// abortsHandler: net/http's own way to drop a connection is a panic with this very value.
func abortsHandler(c *ast.CallExpr) bool {
	sel, ok := c.Args[0].(*ast.SelectorExpr)
	return ok && sel.Sel.Name == "ErrAbortHandler"
}

func TestPackagesAndExportedNamesAreDocumented(t *testing.T) {
	doc, seen := map[string]bool{}, map[string]bool{}
	exported, documented := 0, 0
	for _, f := range load(t) {
		if f.test {
			continue
		}
		dir := filepath.Dir(f.path)
		seen[dir] = true
		doc[dir] = doc[dir] || f.ast.Doc != nil
		for _, d := range f.ast.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Name.IsExported() {
					exported++
					if d.Doc != nil {
						documented++
					}
				}
			case *ast.GenDecl:
				e, k := genDocs(d)
				exported, documented = exported+e, documented+k
			}
		}
	}
	for dir := range seen {
		if !doc[dir] {
			t.Errorf("%s has no package comment", dir)
		}
	}
	if share := float64(documented) / float64(exported); share < 0.9 {
		t.Errorf("%d of %d exported names are documented: under 90 %%", documented, exported)
	}
}

// genDocs counts exported names of a declaration group; a comment on the group covers its members.
func genDocs(d *ast.GenDecl) (exported, documented int) {
	for _, s := range d.Specs {
		switch s := s.(type) {
		case *ast.TypeSpec:
			if s.Name.IsExported() {
				exported++
				if d.Doc != nil || s.Doc != nil || s.Comment != nil {
					documented++
				}
			}
		case *ast.ValueSpec:
			for _, n := range s.Names {
				if n.IsExported() {
					exported++
					if d.Doc != nil || s.Doc != nil || s.Comment != nil {
						documented++
					}
				}
			}
		}
	}
	return exported, documented
}

// TestNoMutablePackageVariables: a package variable is a table or a compiled expression, written once where it stands.
func TestNoMutablePackageVariables(t *testing.T) {
	allowed := regexp.MustCompile(`^(err|Err|_|may|fences|ui|files|content|migrations)`)
	for _, f := range load(t) {
		if f.test || f.ast.Name.Name == "main" {
			continue
		}
		for _, d := range f.ast.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.VAR {
				continue
			}
			for _, s := range g.Specs {
				v := s.(*ast.ValueSpec)
				for _, n := range v.Names {
					if allowed.MatchString(n.Name) || len(v.Values) > 0 { // tables and compiled expressions are written once
						continue
					}
					if hasEmbed(g) {
						continue
					}
					t.Errorf("%s: package variable %s without a value: it can only be there to be changed", f.path, n.Name)
				}
			}
		}
	}
}

func hasEmbed(g *ast.GenDecl) bool {
	return g.Doc != nil && strings.Contains(commentText(g.Doc), "go:embed")
}

func commentText(c *ast.CommentGroup) string {
	var b strings.Builder
	for _, l := range c.List {
		b.WriteString(l.Text)
		b.WriteByte('\n')
	}
	return b.String()
}
