#!/bin/sh
# Gives Redis TLS and users of few rights, and says what this machine, other hosts and clients need for it.
#
#   ./secure-redis.sh queue-host.lan 10.0.0.5       the names and addresses by which other hosts reach this machine
#
# Writes redis.d/ (for Redis alone) and trusted/ (for everybody). Run again, it makes new certificates and passwords.
set -eu
cd "$(dirname "$0")"
command -v openssl >/dev/null || { echo "openssl is needed" >&2; exit 1; }
redis_d=${FLEET_REDIS_D:-./redis.d}
trusted=${FLEET_TRUSTED:-./trusted}
here=${1:-localhost}
umask 077
mkdir -p "$redis_d" "$trusted"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# `redis` is its name in the containers' network.
names=DNS:redis,DNS:localhost,IP:127.0.0.1
for name in "$@"; do
    case $name in
        *[!0-9.]*) case $name in *:*) names=$names,IP:$name ;; *) names=$names,DNS:$name ;; esac ;;
        *) names=$names,IP:$name ;;
    esac
done
new="-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
cat >"$work/extensions" <<CONF
subjectAltName=$names
basicConstraints=critical,CA:FALSE
authorityKeyIdentifier=keyid
CONF
{
    # shellcheck disable=SC2086  # words
    openssl req -x509 $new -days 3650 -subj "/CN=authority of the fleet" -keyout "$work/ca.key" -out "$work/ca.crt"
    # shellcheck disable=SC2086  # words
    openssl req $new -subj /CN=redis -keyout "$redis_d/redis.key" -out "$work/redis.csr"
    # The authority signs this once: its key is thrown away.
    openssl x509 -req -in "$work/redis.csr" -CA "$work/ca.crt" -CAkey "$work/ca.key" -CAcreateserial -days 3650 \
        -extfile "$work/extensions" -out "$redis_d/redis.crt"
} 2>"$work/log" || { cat "$work/log" >&2; exit 1; }
cp "$work/ca.crt" "$trusted/redis.crt"
chmod 755 "$trusted"
chmod 644 "$trusted/redis.crt"

cat >"$redis_d/redis.conf" <<'CONF'
port 0
tls-port 6379
tls-cert-file /run/redis.d/redis.crt
tls-key-file /run/redis.d/redis.key
# Clients show a password, not a certificate.
tls-auth-clients no
tls-ca-cert-file /run/redis.d/redis.crt
aclfile /run/redis.d/users.acl
CONF

word() { openssl rand -hex 24; }
admin=$(word) worker=$(word) client=$(word)
# Redis keeps the sums of the passwords only. Nobody is the default user, who may do everything: as that one Redis
# reads its own append-only file, and with fewer rights it would leave jobs out.
hashed() { printf %s "$1" | openssl dgst -sha256 | sed 's/.* /#/'; }
sed -e "s/>change-me-admin/$(hashed "$admin")/" -e "s/>change-me-worker/$(hashed "$worker")/" \
    -e "s/>change-me-client/$(hashed "$client")/" users.acl >"$redis_d/users.acl"

url() { echo "rediss://$1:$2@$here:6379/0?ssl_ca_certs=$3"; }
cat >"$redis_d/env" <<ENV
# Of secure-redis.sh; the last value of a variable counts.
FLEET_REDIS_SCHEME=rediss
FLEET_REDIS_USER=worker
FLEET_REDIS_PASSWORD=$worker
FLEET_REDIS_OPTIONS=?ssl_ca_certs=/etc/fleet/trusted/redis.crt
ENV
cat >"$redis_d/urls" <<URLS
FLEET_REDIS_URL of other hosts' pools, with trusted/redis.crt in trusted/ beside their gpu-host.yaml:
  $(url worker "$worker" /etc/fleet/trusted/redis.crt)
of programs that hand in jobs:
  $(url client "$client" /path/to/redis.crt)
of an administrator of Redis:
  $(url admin "$admin" /path/to/redis.crt)
URLS
echo "written; now:  cat $redis_d/env >> .env && docker compose up -d"
echo "the URLs for other hosts and for clients stand in $redis_d/urls"
