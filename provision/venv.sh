#!/bin/sh
# Print the python of the virtual environment for the lock files given (default: requirements/dev.txt); made when missing.
# With --with-parts as the first argument, everything else that a local run needs is provided beside it.
set -eu
cd "$(dirname "$0")/.."
for python in ${PYTHON:-} python3.13 python3.12 python3.11 python3; do
    if "$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then
        exec "$python" -m provision venv "$@"
    fi
done
echo "Python: none of 3.11 to 3.13 is on this machine; install one (Debian: apt install python3), or set PYTHON" >&2
exit 2
