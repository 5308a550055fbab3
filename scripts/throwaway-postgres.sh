#!/bin/sh
# A PostgreSQL server of its own, for as long as somebody holds this script's standard input open.
#
# Prints one line, `postgres://…/postgres`, when the server answers; stops it and removes every trace when the input
# ends, so also when the holder was killed. tests/support/postgres.rs and scripts/with-postgres.sh are its two users.
set -u
# The end of the input is the one signal: Ctrl-C reaches the whole group, the holder included, who may be gone before the
# address is printed.
trap '' INT HUP TERM PIPE
umask 077
export LC_ALL=C
for name in $(env | sed -n 's/^\(PG[A-Z]*\)=.*/\1/p'); do unset "$name"; done

fail() {
    echo "$1" >&2
    exit 1
}

# PATH first, then Debian's folders, newest version first.
find_binaries() {
    for folder in "$(dirname "$(command -v initdb || echo /-/-)")" \
        $(ls -d /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /opt/homebrew/opt/postgresql@*/bin 2>/dev/null | sort -rV); do
        if [ -x "$folder/initdb" ] && [ -x "$folder/pg_ctl" ] && [ -x "$folder/postgres" ]; then
            version=$("$folder/postgres" --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')
            [ "${version:-0}" -ge 15 ] && binaries=$folder && return 0
        fi
    done
    return 1
}

install_package() {
    command -v apt-get >/dev/null || return 1
    as_root=
    if [ "$(id -u)" -ne 0 ]; then
        sudo -n true 2>/dev/null || return 1
        as_root="sudo -n"
    fi
    echo "installing the Debian package postgresql for the tests" >&2
    # Only the programs are wanted, not the server that the package would set up for the machine.
    $as_root sh -c '[ -e /etc/postgresql-common/createcluster.conf ] || {
        mkdir -p /etc/postgresql-common && echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.conf; }'
    for _ in 1 2; do
        $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
            -o Dpkg::Options::=--force-confold -o DPkg::Lock::Timeout=300 postgresql >&2 </dev/null && return 0
        $as_root apt-get update -q >&2 </dev/null
    done
    return 1
}

find_binaries || { install_package && find_binaries; } ||
    fail "the tests need PostgreSQL 15 or newer: install it (Debian: apt-get install postgresql) or name a server in HUIYIN_TEST_POSTGRES_URL"

# PostgreSQL refuses to run as root.
user=
if [ "$(id -u)" -eq 0 ]; then
    for user in postgres nobody; do id "$user" >/dev/null 2>&1 && break; done
    id "$user" >/dev/null 2>&1 || useradd --system --no-create-home "$user" || fail "no unprivileged user to run PostgreSQL as"
fi
unprivileged() {
    if [ -z "$user" ]; then
        "$@"
    elif command -v setpriv >/dev/null; then
        setpriv --reuid "$user" --regid "$(id -g "$user")" --clear-groups "$@"
    else
        runuser -u "$user" -- "$@"
    fi
}

for parent in "${TMPDIR:-/tmp}" /tmp; do
    folder=$(mktemp -d "$parent/huiyin-postgres.XXXXXX") || continue
    [ -z "$user" ] || chown "$user" "$folder"
    unprivileged test -w "$folder" && break
    rmdir "$folder"
    folder=
done
[ -n "$folder" ] || fail "no folder for temporary files that the PostgreSQL user may enter"
cd "$folder" || exit 1

remove() {
    unprivileged "$binaries/pg_ctl" stop -D "$folder/data" -m immediate -s >/dev/null 2>&1 </dev/null
    cd / && rm -rf "$folder"
}
trap remove EXIT

unprivileged "$binaries/initdb" -D "$folder/data" -U huiyin -A trust -E UTF8 --locale=C --no-sync --no-instructions \
    >"$folder/log" 2>&1 </dev/null || { cat "$folder/log" >&2; fail "initdb failed"; }

# Durability is switched off, on purpose, unless HUIYIN_POSTGRES_DURABLE=on: figures are wanted of a server as it is run.
# The port is drawn below the range that the system hands out itself.
durable=${HUIYIN_POSTGRES_DURABLE:-off}
cat >>"$folder/data/postgresql.conf" <<SETTINGS
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 300
shared_buffers = 128MB
fsync = $durable
synchronous_commit = $durable
full_page_writes = $durable
wal_level = minimal
max_wal_senders = 0
max_wal_size = 4GB
checkpoint_timeout = 1h
jit = off
SETTINGS

: >"$folder/log" && [ -z "$user" ] || chown "$user" "$folder/log"
for _ in 1 2 3 4 5 6 7 8 9 10; do
    port=$((20000 + $(od -An -N2 -tu2 /dev/urandom) % 12000))
    if unprivileged "$binaries/pg_ctl" start -D "$folder/data" -l "$folder/log" -o "-p $port" -w -t 60 -s >/dev/null 2>&1 </dev/null; then
        echo "postgres://huiyin@127.0.0.1:$port/postgres"
        exec >/dev/null 2>&1
        cat >/dev/null # until the holder is gone
        exit 0
    fi
done
cat "$folder/log" >&2
fail "PostgreSQL did not start"
