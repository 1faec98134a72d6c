"""Every stream, group and key name; nothing else builds one.

With one partition (the default) names are plain. With more, all names of a call share a hash tag, so that in a Redis
Cluster the keys of one hop lie in one slot.
"""

import zlib
from dataclasses import dataclass
from typing import Literal

Control = Literal["calls", "speech", "dialog", "playback", "channel"]
CONTROL: tuple[Control, ...] = ("calls", "speech", "dialog", "playback", "channel")
DEAD_LETTERS = "dead-letters"

SPEECH_WORKER = "speech-worker"
DIALOG_FSM = "dialog-fsm"
TTS_PLAYER = "tts-player"


def gateway_group(asterisk_id: str) -> str:
    """The consumer group of the gateway of one Asterisk."""
    return f"gateway:{asterisk_id}"


@dataclass(frozen=True, slots=True)
class Streams:
    """Names for a number of partitions; a call lives in one partition."""

    partitions: int = 1

    def _tag(self, call_id: str) -> str:
        if self.partitions == 1:
            return ""
        return f"{{p{zlib.crc32(call_id.encode()) % self.partitions:02d}}}:"

    def control(self, kind: str, call_id: str) -> str:
        """The control stream ``kind`` of the partition in which the call lives."""
        return self._tag(call_id) + kind

    def all_of(self, kind: Control) -> list[str]:
        """The control stream ``kind`` of every partition: what a consumer reads."""
        if self.partitions == 1:
            return [kind]
        return [f"{{p{number:02d}}}:{kind}" for number in range(self.partitions)]

    def dead_letters(self, stream: str) -> str:
        """The dead-letter stream in the partition of ``stream``."""
        tag, brace, _ = stream.rpartition(":") if stream.startswith("{") else ("", "", "")
        return f"{tag}{brace}{DEAD_LETTERS}"

    def media(self, call_id: str) -> str:
        """The stream of the caller's audio."""
        return f"{self._tag(call_id)}media:{call_id}"

    def seq(self, call_id: str) -> str:
        """The hash of message counters, one field per producer."""
        return f"{self._tag(call_id)}seq:{call_id}"

    def dialog_state(self, call_id: str) -> str:
        """The dialog's state."""
        return f"{self._tag(call_id)}dialog:{call_id}"

    def listen(self, call_id: str) -> str:
        """What the dialog expects now (JSON of the newest Listen)."""
        return f"{self._tag(call_id)}listen:{call_id}"

    def timers(self, partition: int = 0) -> str:
        """The sorted set of the dialogs' timers of one partition: member ``<call_id>|<name>``, score unix seconds."""
        return "timers" if self.partitions == 1 else f"{{p{partition:02d}}}:timers"

    def timers_of(self, call_id: str) -> str:
        """The sorted set that holds this call's timers."""
        return f"{self._tag(call_id)}timers"

    def secret(self, call_id: str, number: str) -> str:
        """One masked value, kept for minutes."""
        return f"{self._tag(call_id)}secret:{call_id}:{number}"
