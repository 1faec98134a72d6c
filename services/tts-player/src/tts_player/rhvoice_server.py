"""The process that RHVoice lives in: ``python -m tts_player.rhvoice_server LIBRARY DATA CONFIG``. Stdlib only.

Speaks :mod:`tts_player.rhvoice_frames` over stdin and stdout, one sentence at a time, and ends with its parent.
"""

import json
import os
import queue
import sys
import threading
from pathlib import Path
from typing import BinaryIO

from tts_player.rhvoice_frames import HEADER, frame, parse_header
from tts_player.rhvoice_library import RHVoiceError, RHVoiceLibrary

EXIT_UNUSABLE = 3


class Server:
    """Speaks in the main thread; a second one reads, so that a sentence can be cancelled while it is made."""

    def __init__(self, requests: BinaryIO, replies: BinaryIO, library: Path, data: Path, config: Path) -> None:
        self._requests = requests
        self._replies = replies
        # Bounded by the protocol: the client sends the next sentence after the end of the last one.
        self._sentences: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._cancelled = threading.Event()
        self._library = RHVoiceLibrary(library, data, config, on_rate=self._rate, on_audio=self._audio)

    def serve(self) -> None:
        """Answer until the parent closes the pipe, which ends the process."""
        hello = {"version": self._library.version, "profiles": self._library.profiles}
        self._send(frame(b"H", json.dumps(hello).encode()))
        threading.Thread(target=self._read, name="requests", daemon=True).start()
        while True:
            self._speak(json.loads(self._sentences.get()))

    def _speak(self, sentence: dict[str, str]) -> None:
        try:
            self._library.speak(sentence["text"], sentence["profile"])
        except RHVoiceError as error:
            self._send(frame(b"F", str(error).encode()))
        else:
            self._send(frame(b"E"))

    def _read(self) -> None:
        while len(header := self._requests.read(HEADER.size)) == HEADER.size:
            kind, length = parse_header(header)
            payload = self._requests.read(length)
            if kind == b"S":
                self._cancelled.clear()
                self._sentences.put(payload)
            elif kind == b"C":
                self._cancelled.set()
        # The parent is gone, and with it whoever would hear the rest.
        os._exit(0)

    def _rate(self, rate_hz: int) -> None:
        self._send(frame(b"R", rate_hz.to_bytes(4, "big")))

    def _audio(self, pcm: bytes) -> bool:
        if not self._cancelled.is_set():
            self._send(frame(b"A", pcm))
        return not self._cancelled.is_set()

    def _send(self, one: bytes) -> None:
        try:
            self._replies.write(one)
            self._replies.flush()
        except BrokenPipeError:
            os._exit(0)


def main(arguments: list[str]) -> int:
    """Serve until the parent is gone; where the library cannot be used say so in a frame and return 3."""
    library, data, config = (Path(one) for one in arguments)
    # What a library prints must not get between the frames.
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    try:
        server = Server(sys.stdin.buffer, replies, library, data, config)
    except RHVoiceError as error:
        replies.write(frame(b"F", str(error).encode()))
        replies.flush()
        return EXIT_UNUSABLE
    server.serve()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
