#!/bin/sh
# Starts Redis with the password of REDIS_PASSWORD and the memory of REDIS_MAXMEMORY. They go in by standard input:
# among the arguments every user of the host would see the password.
set -eu
: "${REDIS_PASSWORD:?is not set}"
set -- redis-server -
# What only root of this machine may read, such as the key of TLS, the server's user may read here.
rm -rf /run/redis.d
mkdir -p /run/redis.d
for file in redis.conf redis.crt redis.key users.acl; do
    if [ -e "/etc/fleet/redis.d/$file" ]; then install -o redis -m 400 "/etc/fleet/redis.d/$file" /run/redis.d/; fi
done
# The official image's entrypoint gives /data to the user `redis` and becomes that user.
if command -v docker-entrypoint.sh >/dev/null; then set -- docker-entrypoint.sh "$@"; fi
exec "$@" <<CONF
$(cat /etc/fleet/redis.conf)
$(cat /run/redis.d/redis.conf 2>/dev/null)
maxmemory ${REDIS_MAXMEMORY:-0}
requirepass "$REDIS_PASSWORD"
CONF
