#!/usr/bin/env bash
# Schemathesis, all checks and phases, against a server of its own: scripts/schemathesis.sh [sqlite|postgres] [OPTION…]
# EXAMPLES (20) bounds the cases per operation, SEED (1) repeats a run, TIME_LIMIT (1200) is in seconds, HUIYIN_BIN is the
# program. Options go to `schemathesis run`, such as --include-operation-id accept_feedback.
set -euo pipefail
cd "$(dirname "$0")/.."
database=sqlite
if [[ ${1:-} == sqlite || ${1:-} == postgres ]]; then
    database=$1
    shift
fi
if [[ $database == postgres && -z ${HUIYIN_DATABASE_URL:-} ]]; then
    exec scripts/with-postgres.sh "scripts/$(basename "$0")" postgres "$@"
fi
binary=${HUIYIN_BIN:-${CARGO_TARGET_DIR:-target}/debug/huiyin}
[[ -x $binary ]] || { echo "$binary is missing: cargo build -p huiyin" >&2; exit 1; }

requirements=scripts/schemathesis.requirements.txt
if ! cmp -s "$requirements" .venv/.installed; then
    python3 -m venv .venv || { echo "schemathesis needs Python's venv (Debian: apt-get install python3-venv)" >&2; exit 1; }
    .venv/bin/pip install --quiet --disable-pip-version-check -r "$requirements"
    cp "$requirements" .venv/.installed
fi

data=$(mktemp -d)
log=$data/server.log
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
export HUIYIN_URL=http://127.0.0.1:$port HUIYIN_LISTEN=127.0.0.1:$port HUIYIN_DATA_DIR=$data HUIYIN_RATE_LIMIT=off
export HUIYIN_ADMIN_USERNAME=admin HUIYIN_ADMIN_PASSWORD=${HUIYIN_ADMIN_PASSWORD:-correct-horse-battery-7}
export NO_COLOR=1 SCHEMATHESIS_HOOKS=scripts/schemathesis_hooks.py

"$binary" serve >"$log" 2>&1 &
server=$!
finish() {
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
    rm -rf "$data"
}
trap finish EXIT
for _ in $(seq 100); do
    .venv/bin/python -c "import urllib.request as r; r.urlopen('$HUIYIN_URL/health/ready')" 2>/dev/null && ready=yes && break
    kill -0 "$server" 2>/dev/null || break
    sleep 0.1
done
[[ ${ready:-} == yes ]] || { cat "$log" >&2; echo "the server did not start" >&2; exit 1; }

status=0
timeout --kill-after=10 "${TIME_LIMIT:-1200}" .venv/bin/schemathesis --no-color run "$HUIYIN_URL/openapi.json" --checks all \
    --phases examples,coverage,fuzzing,stateful --max-examples "${EXAMPLES:-20}" --seed "${SEED:-1}" --workers 2 \
    --generation-database none --request-timeout 20 "$@" || status=$?
[[ $status != 124 ]] || echo "schemathesis did not finish in ${TIME_LIMIT:-1200} s" >&2

if ! kill -0 "$server" 2>/dev/null; then
    echo "the server is gone" >&2
    tail -n 50 "$log" >&2
    status=1
elif grep -E '(^|[^"[:alnum:]])ERROR |"level":"ERROR"|panicked at' "$log" >&2; then
    echo "the server logged errors, see above" >&2
    status=1
fi
exit $status
