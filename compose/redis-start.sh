#!/bin/sh
# Starts Redis with the password of REDIS_PASSWORD and the memory of REDIS_MAXMEMORY. They go in by standard input:
# among the arguments every user of the host would see the password.
set -eu
: "${REDIS_PASSWORD:?is not set}"
set -- redis-server -
# The official image's entrypoint gives /data to the user `redis` and becomes that user.
if command -v docker-entrypoint.sh >/dev/null; then set -- docker-entrypoint.sh "$@"; fi
exec "$@" <<CONF
$(cat /etc/fleet/redis.conf)
maxmemory ${REDIS_MAXMEMORY:-0}
requirepass "$REDIS_PASSWORD"
CONF
