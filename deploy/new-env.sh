#!/bin/sh
# Write .env with passwords of one's own for `docker compose up`. An .env that is there already is left alone.
#   sh deploy/new-env.sh            passwords in .env
#   sh deploy/new-env.sh --files    passwords in files under secrets/, their names in .env
# Standard output says what was written; the passwords are not printed.
set -eu
cd "$(dirname "$0")/.."
umask 077

refuse() {
    echo "new-env.sh: $1" >&2
    exit "${2:-1}"
}

password() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }

set_to() { sed -i "s|^#\{0,1\} \{0,1\}$1=.*|$1=$2|" .env.new; }

case ${1:-} in
    '' | --files) ;;
    *) refuse "unknown option $1; the only one is --files" 2 ;;
esac
[ ! -e .env ] || refuse ".env is there already; remove it first for new passwords"

cp .env.example .env.new
set_to ASTERISK_SOFTPHONE_PASSWORD "$(password)"
if [ "${1:-}" = --files ]; then
    mkdir -p secrets
    echo '*' > secrets/.gitignore
    password > secrets/ari-password
    # The folder is for its owner alone; the files in it must be readable for the users inside the containers.
    chmod 0644 secrets/ari-password
    set_to ASTERISK_ARI_PASSWORD in-file
    set_to ASTERISK_ARI_PASSWORD_FILE ./secrets/ari-password
else
    set_to ASTERISK_ARI_PASSWORD "$(password)"
fi
mv .env.new .env
echo "Wrote .env. The softphone account is \"softphone\"; its password is ASTERISK_SOFTPHONE_PASSWORD in .env."
