#!/bin/bash
# Alive: the HTTP server takes connections. Ready: it is fully booted and ARI asks for a password.
port=${ASTERISK_HTTP_PORT:-8088}
if ! exec 3<>"/dev/tcp/127.0.0.1/$port"; then
    echo "not alive: nothing listens on port $port"
    exit 1
fi 2>/dev/null
printf 'GET /ari/asterisk/ping HTTP/1.0\r\n\r\n' >&3
IFS= read -r -t 5 status <&3
case $status in
    *" 401 "*) ;;
    *) echo "alive but not ready: ARI answers \"${status%$'\r'}\""; exit 1 ;;
esac
case $(asterisk -rx "core waitfullybooted" 2>&1) in
    *"fully booted"*) echo "ready" ;;
    *) echo "alive but not ready: still loading"; exit 1 ;;
esac
