#!/usr/bin/env bash
# Runs a command with HUIYIN_DATABASE_URL naming an empty, throw-away PostgreSQL database: scripts/with-postgres.sh make run
set -euo pipefail
[ $# -gt 0 ] || { echo "usage: $0 COMMAND…" >&2; exit 2; }

coproc SERVER { exec "$(dirname "$0")/throwaway-postgres.sh"; }
server=$SERVER_PID
read -r HUIYIN_DATABASE_URL <&"${SERVER[0]}" || exit 1
export HUIYIN_DATABASE_URL
# Only this script may hold the server's input: the server has to go when this script is killed, whatever its children do.
eval "exec 3>&${SERVER[1]}- ${SERVER[0]}<&-"
status=0
"$@" 3>&- || status=$?
exec 3>&-
wait "$server" 2>/dev/null || true
exit "$status"
