#!/bin/sh
# Starts the program for this machine's processor; the bundle's manifest can
# tell systems apart, but not processors.
case $(uname -m) in
aarch64 | arm64) processor=arm64 ;;
*) processor=amd64 ;;
esac
exec "${0%/*}/seedance-mcp-linux-$processor" "$@"
