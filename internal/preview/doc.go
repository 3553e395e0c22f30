// Package preview makes pictures of finished videos that are small enough for a
// model to be shown: a contact sheet of the clip where ffmpeg is installed, the
// upstream's last frame elsewhere.
//
// The clips come from outside, so ffmpeg gets a local file and nothing else: no
// network protocol, no format that refers to other files, none of this
// process's environment, bounded time, memory and output. What it gives is
// plain pixels; the rest is done here.
//
// It may be imported by tools and by the commands that wire it; it imports
// internal/video, and golang.org/x/image for scaling, labels and WebP.
package preview
