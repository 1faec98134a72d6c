#!/bin/sh
# Become the service of this image: `python -m <import_name>`. With --check only import it.
set -eu
module=$(printf %s "$SERVICE" | tr - _)

# The offline engines of this image, for a service that was told of no others.
if [ -d /opt/engine/whisper ]; then
    export TRUNKLINE_WHISPER_MODEL="${TRUNKLINE_WHISPER_MODEL:-/opt/engine/whisper}"
fi
if [ -d /opt/engine/rhvoice ]; then
    export TRUNKLINE_RHVOICE_LIBRARY="${TRUNKLINE_RHVOICE_LIBRARY:-$(echo /opt/engine/rhvoice/lib/libRHVoice.so.?)}"
    export TRUNKLINE_RHVOICE_LIBRARY_PATH="${TRUNKLINE_RHVOICE_LIBRARY_PATH:-/opt/engine/rhvoice/lib}"
    export TRUNKLINE_RHVOICE_DATA="${TRUNKLINE_RHVOICE_DATA:-/opt/engine/rhvoice/usr/share/RHVoice}"
    export TRUNKLINE_RHVOICE_CONFIG="${TRUNKLINE_RHVOICE_CONFIG:-/opt/engine/rhvoice/config}"
fi

if [ "${1:-}" = --check ]; then
    exec python -c "import $module.__main__"
fi
exec python -m "$module" "$@"
