#!/bin/sh
# Writes what the archives hold beside the program: completions and the man
# page, as the program itself prints them.
set -eu
cd "$(dirname "$0")/../.."
out=bin/release
rm -rf "$out"
mkdir -p "$out/completions"
go build -trimpath -o "$out/seedance-mcp" ./cmd/seedance-mcp
"$out/seedance-mcp" completion bash >"$out/completions/seedance-mcp.bash"
"$out/seedance-mcp" completion zsh >"$out/completions/_seedance-mcp"
"$out/seedance-mcp" completion fish >"$out/completions/seedance-mcp.fish"
"$out/seedance-mcp" completion powershell >"$out/completions/seedance-mcp.ps1"
"$out/seedance-mcp" man >"$out/seedance-mcp.1"
rm "$out/seedance-mcp"
