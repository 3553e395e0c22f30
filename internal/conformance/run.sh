#!/usr/bin/env bash
# Runs the official conformance suite, prints its table, and runs the official
# Inspector against the real program. Needs Go, node and npm; the two, and a
# newer Node, come from npm, as the lock file says.
set -euo pipefail
cd "$(dirname "$0")"
SEEDANCE_TEST_REQUIRE=node go test -count=1 -v -run '^(TestOfficialSuite|TestInspector)$' . "$@"
