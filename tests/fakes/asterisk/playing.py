"""Playbacks as the real one was seen to treat them; lengths are given per sound."""

from __future__ import annotations

import asyncio

from tests.fakes.asterisk.state import Channel, Emit, Playback

FAIL_SECONDS = 0.001


class Player:
    """Plays one after the other per channel. ``sounds`` maps media to milliseconds; others are missing files."""

    def __init__(self, emit: Emit) -> None:
        self.sounds: dict[str, float] = {}
        self.played: list[str] = []
        self.all: dict[str, Playback] = {}
        self._emit = emit

    def add(self, channel: Channel, playback_id: str, media: str) -> Playback:
        """Queue a playback, and start it when nothing plays."""
        playback = Playback(playback_id, media, channel.id)
        self.all[playback_id] = playback
        channel.playbacks.append(playback)
        if len(channel.playbacks) == 1:
            self._start(channel, playback)
        return playback

    def stop(self, channel: Channel, playback: Playback) -> None:
        """End a playback, playing or queued."""
        self._finish(channel, playback, "done")

    def hang_up(self, channel: Channel) -> None:
        """The channel goes: what plays fails, what waits is started and fails."""
        for number, playback in enumerate(list(channel.playbacks)):
            if number:
                self._report("PlaybackStarted", playback, "playing")
            self._cancel(playback)
            self._report("PlaybackFinished", playback, "failed")
            self.all.pop(playback.id, None)
        channel.playbacks.clear()

    def _start(self, channel: Channel, playback: Playback) -> None:
        loop = asyncio.get_running_loop()
        self.played.append(playback.media)
        self._report("PlaybackStarted", playback, "playing")
        if not playback.media.startswith("sound:"):
            return
        length_ms = self.sounds.get(playback.media)
        if length_ms is None:
            playback.timer = loop.call_later(FAIL_SECONDS, self._finish, channel, playback, "failed")
        else:
            playback.timer = loop.call_later(length_ms / 1000, self._finish, channel, playback, "done")

    def _finish(self, channel: Channel, playback: Playback, state: str) -> None:
        if self.all.pop(playback.id, None) is None:
            return
        self._cancel(playback)
        was_first = channel.playbacks[0] is playback
        channel.playbacks.remove(playback)
        self._report("PlaybackFinished", playback, state)
        if was_first and channel.playbacks:
            self._start(channel, channel.playbacks[0])

    def _cancel(self, playback: Playback) -> None:
        if playback.timer is not None:
            playback.timer.cancel()

    def _report(self, kind: str, playback: Playback, state: str) -> None:
        playback.state = state
        body = {
            "id": playback.id,
            "media_uri": playback.media,
            "target_uri": f"channel:{playback.channel_id}",
            "language": "en",
            "state": state,
        }
        self._emit({"type": kind, "playback": body})
