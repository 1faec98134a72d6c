#!/bin/bash
# Tell alive from ready: any answer means that the process runs, 200 from /health/ready that it can do its work.
# `docker inspect` shows the line that is printed here.
port=${TRUNKLINE_HEALTH_PORT:-8080}
status='' body=''

ask() {
    { exec 3<>"/dev/tcp/127.0.0.1/$port"; } 2>/dev/null || return
    printf 'GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n' "$1" >&3
    IFS= read -r -t 8 status <&3 || return
    while IFS= read -r -t 8 line <&3 || [ -n "$line" ]; do body=$line; done
}

ask /health/ready
case $status in
    *" 200 "*) echo "ready" ;;
    '') echo "not alive: no answer on port $port"; exit 1 ;;
    *) echo "alive but not ready: $body"; exit 1 ;;
esac
