// Package bucket puts files into an S3-compatible bucket and signs links that
// lead to them for a while: AWS, MinIO, Cloudflare R2, Backblaze B2 and others.
// Buckets are addressed by path, which all of them understand.
//
// Of the AWS SDK it takes the signer alone: three requests are made here, and
// the whole SDK costs more than the rest of the program's start.
//
// It may be imported by internal/copies and by the commands that wire it; it
// imports internal/video.
package bucket
