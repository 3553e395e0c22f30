package video_test

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"seedance-mcp/internal/video"
)

// TestCloneSharesNothing fills everything that a task can point to, so that a
// new field which Clone forgets is found.
func TestCloneSharesNothing(t *testing.T) {
	var task video.Task
	fill(reflect.ValueOf(&task).Elem())
	clone := task.Clone()
	if !reflect.DeepEqual(task, clone) {
		t.Fatalf("the clone differs:\n%+v\n%+v", task, clone)
	}
	shared(t, "Task", reflect.ValueOf(task), reflect.ValueOf(clone))
	if empty := (video.Task{}).Clone(); !reflect.DeepEqual(empty, video.Task{}) {
		t.Errorf("of nothing: %+v", empty)
	}
}

// fill gives every pointer and slice in v something to hold.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for _, field := range v.Fields() {
			fill(field)
		}
	default:
	}
}

// shared reports what a and b both point to.
func shared(t *testing.T, name string, a, b reflect.Value) {
	t.Helper()
	switch a.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		if a.Pointer() != 0 && a.Pointer() == b.Pointer() {
			t.Errorf("%s is shared", name)
		}
		if a.Kind() == reflect.Pointer && !a.IsNil() {
			shared(t, name, a.Elem(), b.Elem())
		}
		if a.Kind() == reflect.Slice && a.Type() != reflect.TypeFor[json.RawMessage]() {
			for i := range a.Len() {
				shared(t, name+"[]", a.Index(i), b.Index(i))
			}
		}
	case reflect.Struct:
		if a.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for i := range a.NumField() {
			shared(t, name+"."+a.Type().Field(i).Name, a.Field(i), b.Field(i))
		}
	default:
	}
}
