package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// TestPreviewOfACopy: the video service has dropped its video, and the copy
// can still be looked at.
func TestPreviewOfACopy(t *testing.T) {
	foreign(t, "ffmpeg")
	w, into := newWorld(t, 20), t.TempDir()
	session := connectHTTP(t.Context(), t, append(w.env, "SEEDANCE_DOWNLOAD=off", "SEEDANCE_COPY_TO="+into, "SEEDANCE_LOG_LEVEL=info"))
	id, _ := call(t.Context(), t, session, "generate_video", map[string]any{"prompt": "a fox", "duration": 4})["task_id"].(string)
	call(t.Context(), t, session, "get_task_status", map[string]any{"task_id": id, "wait_seconds": 45})
	look := func() *mcp.CallToolResult {
		result, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "preview_video", Arguments: map[string]any{"task_id": id}})
		if err != nil {
			t.Fatal(err)
		}
		return result
	}
	w.front.note(func() { w.front.dropped = true })
	if seen := look(); seen.IsError || len(seen.Content) != 2 {
		t.Errorf("with the copy: %+v", seen.Content[0])
	}
	copied, err := filepath.Glob(filepath.Join(into, "*.mp4"))
	if err != nil || len(copied) != 1 {
		t.Fatalf("copies: %v, %v", copied, err)
	}
	if err := os.Remove(copied[0]); err != nil {
		t.Fatal(err)
	}
	if seen := look(); !seen.IsError {
		t.Errorf("with neither: %+v", seen.Content[0])
	}
}
