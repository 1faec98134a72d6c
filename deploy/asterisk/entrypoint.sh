#!/bin/sh
# Fill in the configuration templates from the environment, then become Asterisk. What is wrong is one line and exit 2.
set -eu

templates=/usr/share/trunkline/asterisk
shortest_password=12

refuse() {
    echo "asterisk: $1" >&2
    exit 2
}

# NAME_FILE names a file whose content is the value of NAME; it wins over NAME.
from_file() {
    eval "path=\${$1_FILE:-}"
    [ -n "$path" ] || return 0
    [ -r "$path" ] || refuse "setting $1_FILE: cannot read $path; give the path of a file that user $(id -u) may read"
    content=$(cat "$path")
    export "$1=$content"
}

secret() {
    eval "value=\${$1:-}"
    [ -n "$value" ] || refuse "setting $1: is not set; put a password of your own into .env (deploy/new-env.sh makes one)"
    case $(printf %s "$value" | tr '[:upper:]' '[:lower:]') in
        *change*me* | *changeit* | *password* | *placeholder* | *example* | *secret*)
            refuse "setting $1: is a placeholder; put a password of your own into .env (deploy/new-env.sh makes one)" ;;
    esac
    [ "${#value}" -ge $shortest_password ] \
        || refuse "setting $1: is shorter than $shortest_password characters; deploy/new-env.sh makes a good one"
}

number() {
    eval "value=\${$1}"
    case $value in
        '' | *[!0-9]*) refuse "setting $1: \"$value\" is no number; give a port between 1024 and 65535" ;;
    esac
    if [ "$value" -lt 1024 ] || [ "$value" -gt 65535 ]; then
        refuse "setting $1: $value is out of range; give a port between 1024 and 65535"
    fi
}

for name in ASTERISK_ARI_PASSWORD ASTERISK_SOFTPHONE_PASSWORD NOVOFON_PASSWORD; do from_file $name; done
secret ASTERISK_ARI_PASSWORD

export ASTERISK_ETC_DIR=/etc/asterisk
ASTERISK_MODULES_DIR=$(echo /usr/lib/*/asterisk/modules) && export ASTERISK_MODULES_DIR
export ASTERISK_VAR_DIR=/var/lib/asterisk
export ASTERISK_DATA_DIR=/usr/share/asterisk
export ASTERISK_SPOOL_DIR=/var/spool/asterisk
export ASTERISK_LOG_DIR=/var/log/asterisk
export ASTERISK_RUN_DIR=/run/asterisk
# The log is the container's own output; a file would fill a read-only container's memory.
export ASTERISK_LOG_FILE=/dev/null
export ASTERISK_SYSTEM_NAME="${ASTERISK_SYSTEM_NAME:-}"
export ASTERISK_ENTITY_ID="${ASTERISK_ENTITY_ID:-02:00:00:00:00:01}"
export ASTERISK_HTTP_ADDRESS="${ASTERISK_HTTP_ADDRESS:-0.0.0.0}"
export ASTERISK_HTTP_PORT="${ASTERISK_HTTP_PORT:-8088}"
export ASTERISK_ARI_USERNAME="${ASTERISK_ARI_USERNAME:-novofon_bot}"
# No hash: the password is in this container's environment anyway, and a hash costs CPU for every ARI request.
export ASTERISK_ARI_PASSWORD_FORMAT=plain
export ASTERISK_SIP_ADDRESS="${ASTERISK_SIP_ADDRESS:-0.0.0.0}"
export ASTERISK_SIP_PORT="${ASTERISK_SIP_PORT:-5060}"
export ASTERISK_EXTERNAL_ADDRESS="${ASTERISK_EXTERNAL_ADDRESS:-}"
export ASTERISK_LOCAL_NETWORK="${ASTERISK_LOCAL_NETWORK:-}"
export ASTERISK_RTP_START="${ASTERISK_RTP_START:-10000}"
export ASTERISK_RTP_END="${ASTERISK_RTP_END:-10059}"
export ASTERISK_OPERATOR_DIAL="${ASTERISK_OPERATOR_DIAL:-}"
for name in ASTERISK_HTTP_PORT ASTERISK_SIP_PORT ASTERISK_RTP_START ASTERISK_RTP_END; do number $name; done
[ "$ASTERISK_RTP_START" -lt "$ASTERISK_RTP_END" ] \
    || refuse "setting ASTERISK_RTP_END: $ASTERISK_RTP_END is not above ASTERISK_RTP_START; a call takes two ports"

# An account without a password would let anybody in: without one, nobody can use it.
if [ -n "${ASTERISK_SOFTPHONE_PASSWORD:-}" ]; then
    secret ASTERISK_SOFTPHONE_PASSWORD
else
    ASTERISK_SOFTPHONE_PASSWORD=$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n') && export ASTERISK_SOFTPHONE_PASSWORD
fi

# The test endpoint that needs no password belongs to the local stack alone, the trunk's file to those who have one.
left_out=pjsip_loopback.conf
if [ -z "${NOVOFON_LOGIN:-}" ]; then
    left_out="$left_out pjsip_trunk.conf"
else
    [ -n "${NOVOFON_HOST:-}" ] || refuse "setting NOVOFON_HOST: is not set; give the provider's SIP server"
    [ -n "${NOVOFON_PASSWORD:-}" ] || refuse "setting NOVOFON_PASSWORD: is not set; give the password of the SIP account"
    export NOVOFON_NUMBER="${NOVOFON_NUMBER:-s}"
fi

umask 077
rm -f "$ASTERISK_ETC_DIR"/*.conf || refuse "cannot write $ASTERISK_ETC_DIR; give the container a tmpfs there for uid $(id -u)"
for template in "$templates"/*.conf; do
    name=${template##*/}
    case " $left_out " in *" $name "*) continue ;; esac
    perl -ne '
        unless (/^\s*;/) {
            s{\$\{((?:ASTERISK|NOVOFON)_[A-Z0-9_]+)\}}{
                my ($name, $value) = ($1, $ENV{$1});
                die "$ARGV needs $name, which has no value\n" unless defined $value;
                die "$name must not hold a line break\n" if $value =~ /[\r\n]/;
                $value =~ s/;/\\;/g;
                $value
            }gex and /^\s*[A-Za-z_]+\s*=>?\s*$/ and next;
        }
        print' "$template" > "$ASTERISK_ETC_DIR/$name" || refuse "the configuration could not be written; see the line above"
done

exec "$@"
