#!/usr/bin/env bash
# Runs the official conformance suite and prints its table. Needs Go, node and
# npm; the suite itself and a newer Node come from npm, as the lock file says.
set -euo pipefail
cd "$(dirname "$0")"
SEEDANCE_TEST_REQUIRE=node go test -count=1 -v -run '^TestOfficialSuite$' . "$@"
