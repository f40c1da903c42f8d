#!/bin/sh
# What Redis holds, as a tar file on standard output. Redis goes on meanwhile; no login is needed.
#
#   docker compose exec -T redis sh /etc/fleet/redis-backup.sh > fleet.tar
#
# The append-only file is a manifest and the files that it names, which only grow. They are linked, then read. When Redis
# has rewritten them meanwhile, the manifest is another one, and it is done again.
set -eu
data=${1:-/data}
manifest=appendonly.aof.manifest
linked=$data/backup.$$
trap 'rm -rf "$linked"' EXIT
cd "$data/appendonlydir"

link_all() {
    rm -rf "$linked"
    mkdir "$linked"
    before=$(cat "$manifest")
    # Files of the type h are history: Redis is about to delete them.
    echo "$before" | grep -v 'type h' >"$linked/$manifest"
    while read -r _ name _; do ln "$name" "$linked/" 2>/dev/null || return 1; done <"$linked/$manifest"
    [ "$before" = "$(cat "$manifest")" ]
}

tries=30
until link_all; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || { echo "the files of $data cannot be linked" >&2; exit 1; }
    sleep 1
done
# 1 is: a file has grown meanwhile. Redis leaves out a command whose end is missing.
tar -C "$linked" -c . 2>/dev/null || [ $? -eq 1 ]
