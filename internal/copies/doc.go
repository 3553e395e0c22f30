// Package copies keeps finished videos where callers of the HTTP server can
// fetch them after the video service has dropped its own: in a folder, which
// the server gives out under signed links that end, or in an S3-compatible
// bucket, which does the same itself.
//
// To the engine either is its Media: it decides when a video is fetched, by
// which process, and when again after a failure. A video that could not be
// copied keeps the service's own link.
//
// It may be imported by the commands that wire it; it imports internal/media.
package copies
