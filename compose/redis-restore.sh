#!/bin/sh
# Puts back what redis-backup.sh wrote, from standard input. Redis is not to run meanwhile.
#
#   docker compose stop
#   docker compose run --rm -T --no-deps redis sh /etc/fleet/redis-restore.sh < fleet.tar
#   docker compose up -d
#
# What was there before is kept as appendonlydir.before until the next time.
set -eu
data=${1:-/data}
files=$data/appendonlydir
restored=$data/restored.$$
trap 'rm -rf "$restored"' EXIT
mkdir "$restored"
tar -C "$restored" -x || { echo "that is no tar file; nothing has been changed" >&2; exit 1; }
if [ ! -s "$restored/appendonly.aof.manifest" ]; then
    echo "that is no backup of redis-backup.sh; nothing has been changed" >&2
    exit 1
fi
if [ -e "$files" ]; then
    rm -rf "$files.before"
    mv "$files" "$files.before"
fi
mv "$restored" "$files"
