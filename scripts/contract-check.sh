#!/usr/bin/env bash
# Spectral's and Redocly's linters over the contract; a warning fails: scripts/contract-check.sh [openapi/huiyin.json]
set -euo pipefail
cd "$(dirname "$0")/.."
contract=${1:-openapi/huiyin.json}
export PATH="$PWD/scripts/node/node_modules/.bin:$PATH" NO_UPDATE_NOTIFIER=1 REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true

command -v npm >/dev/null || { echo "the contract's linters need Node.js and npm (Debian: apt-get install nodejs npm)" >&2; exit 1; }
install() { npm install --prefix scripts/node --no-package-lock --no-audit --no-fund --loglevel=error "$@" >&2; }
if ! cmp -s scripts/node/package.json scripts/node/node_modules/.installed; then
    install
    # Redocly needs a newer Node.js than some distributions have; npm has one as a package.
    node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)' ||
        install --no-save node@22
    cp scripts/node/package.json scripts/node/node_modules/.installed
fi

status=0
spectral lint --ruleset .spectral.yaml --fail-severity=warn "$contract" || status=1
redocly lint --config redocly.yaml --format=stylish "$contract" || status=1
exit $status
