"""What the two media routes have in common: a leg in Asterisk whose audio falls into a sink."""

from typing import Protocol


class AudioSink(Protocol):
    """Takes a call's audio."""

    def push(self, frames: bytes) -> None:
        """Take whole frames of PCMU, in order; called from the event loop, must not block."""

    def lost(self, reason: str) -> None:
        """The leg brings nothing more and was not closed by its owner."""


class MediaLeg(Protocol):
    """An open leg."""

    def close(self) -> None:
        """Stop receiving; the sink hears nothing more. The channel in Asterisk is its owner's to delete."""


class MediaRoute(Protocol):
    """One way for audio out of Asterisk."""

    async def open(self, channel_id: str, sink: AudioSink) -> MediaLeg:
        """Make the external media channel under this id and receive its audio.

        Cancelling it may leave the channel in Asterisk.

        :raises ari_gateway.errors.ARIError: Asterisk refused, or the media connection could not be made.
        """
