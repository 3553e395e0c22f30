// Package media fetches finished videos to disk: streamed, resumed after a
// break, checked, and saved under a name that is safe on every system.
//
// Links come from the upstream and folders and names from a model, so neither
// is trusted. An address is checked when the connection is made, after DNS and
// on every redirect. Files are reached through os.Root only: nothing outside
// the allowed folders can be read or written, through symbolic links neither.
// A file that is there already is never replaced by another one.
//
// While a video is fetched, NAME.KEY.part holds what came so far, and
// NAME.KEY.part.json the validators that tell whether it may be continued. The
// second is locked by whoever writes the first, for as long as that process
// lives, so several processes may fetch the same video: the others wait and
// take the finished file.
//
// A Fetcher saves videos; a Getter reads what a link leads to and keeps nothing.
//
// It may be imported by internal/engine and by the commands that wire it; it
// imports internal/video, and golang.org/x/net for the proxy settings.
package media
