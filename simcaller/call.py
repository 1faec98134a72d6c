"""One simulated call on real sockets: SIP by the pure `UserAgent`, audio by `Media`; no task, only callbacks."""

import asyncio
import secrets
import socket
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from simcaller import rtp, sdp, timeline
from simcaller.agent import State, UserAgent
from simcaller.dialog import Dialog, Invitation
from simcaller.digest import Credentials
from simcaller.ear import Ear
from simcaller.events import Answered, Event, HungUp, MediaChanged, Progress, Refused
from simcaller.impairments import PERFECT, Network
from simcaller.media import Frame, Media
from simcaller.transactions import Timers

DTMF_GAP_MS = 100
HANG_UP_PATIENCE_SECONDS = 2.0


class CallError(Exception):
    """What a simulated call can meet."""


class CallRefused(CallError):
    """The call was not answered; `status` is the SIP status."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"the call was refused: {status} {reason}")
        self.status = status
        self.reason = reason


class CallOver(CallError):
    """The call ended while something was still expected of it."""


class BotSilent(CallError):
    """The bot did not say what was waited for in time."""


class SipCall:
    """A call by the simulated caller; get one from `SipCall.place`."""

    def __init__(self, sip_socket: socket.socket, agent: UserAgent, media: Media) -> None:
        loop = asyncio.get_running_loop()
        self.answered: asyncio.Future[float] = loop.create_future()
        self.ended: asyncio.Future[HungUp | Refused] = loop.create_future()
        self.progress: list[int] = []
        self.invited_at = time.time()
        self._agent = agent
        self._media = media
        self._socket = sip_socket
        self._loop = loop
        self._timer: asyncio.TimerHandle | None = None
        self._bot = Ear(media.received)
        self._caller = Ear(media.sent)

    @classmethod
    @asynccontextmanager
    async def place(
        cls,
        to: tuple[str, int],
        extension: str,
        caller_number: str = "1000",
        *,
        caller_name: str = "",
        headers: Mapping[str, str] | None = None,
        credentials: Credentials | None = None,
        network: Network = PERFECT,
        send_rtp: bool = True,
        timers: Timers | None = None,
    ) -> AsyncIterator["SipCall"]:
        """Send the INVITE and hand out the call; leaving the block hangs up and closes the sockets.

        `to` is the host and port of the SIP server; `headers` go into the INVITE; `send_rtp=False` sends no audio at
        all. `call.answered` resolves to the unix time of the answer or raises CallRefused.
        """
        sip_socket = _connect(to)
        host, port = sip_socket.getsockname()
        media = Media(host, network=network, mute=not send_rtp)
        invitation = Invitation(extension, to[0], to[1], caller_number, caller_name, tuple((headers or {}).items()))
        agent = UserAgent(
            Dialog(invitation, host, port, new_token=lambda: secrets.token_hex(8)),
            sdp.Audio(host, media.port),
            session_id=secrets.randbits(31),
            timers=timers or Timers(),
            credentials=credentials,
        )
        call = cls(sip_socket, agent, media)
        try:
            call._open()
            yield call
        finally:
            try:
                await call.hang_up()
            finally:
                call._close()

    # facts

    @property
    def call_id(self) -> str:
        """The SIP Call-ID."""
        return self._agent.dialog.call_id

    @property
    def received(self) -> Sequence[Frame]:
        """Every RTP packet that arrived, with its time."""
        return self._media.received

    @property
    def sent(self) -> Sequence[Frame]:
        """Every RTP packet that left, with its time."""
        return self._media.sent

    @property
    def is_up(self) -> bool:
        """Answered, and not over."""
        return self._agent.state is State.UP

    def caller_last_voiced_at(self) -> float:
        """Unix time of the end of the caller's last sound or key; 0 before the first."""
        return self._caller.last_voiced_at() or 0.0

    # what a caller does

    def send_audio(self, pcmu: bytes) -> None:
        """Speak: queue PCMU bytes behind what is queued; see `audio_sent`."""
        self._media.send(rtp.audio_ticks(pcmu))

    def press(self, digits: str, *, duration_ms: int = 100, gap_ms: int = DTMF_GAP_MS) -> None:
        """Press keys (RFC 4733), each followed by a gap."""
        for digit in digits:
            self._media.send(rtp.dtmf_ticks(digit, duration_ms=duration_ms))
            self._media.send(rtp.audio_ticks(rtp.SILENCE * (gap_ms // rtp.FRAME_MS)))

    def fall_silent(self) -> None:
        """Drop what is queued."""
        self._media.drop_queue()

    async def audio_sent(self) -> None:
        """Wait until everything queued has left, or the call is over."""
        await self._media.drained.wait()

    async def hang_up(self, *, patience_seconds: float = HANG_UP_PATIENCE_SECONDS) -> None:
        """BYE (or CANCEL) and wait for the answer; a call that is over already is fine."""
        self._agent.hang_up(self._loop.time())
        self._flush()
        if self._agent.state is not State.NEW:
            await asyncio.wait([self.ended], timeout=patience_seconds)

    # what a caller waits for

    async def wait_bot_speech(self, *, since: float | None = None, timeout_seconds: float = 30.0) -> float:
        """Wait until the bot was voiced after `since` (unix seconds; now by default); raises BotSilent, CallOver."""
        since = time.time() if since is None else since
        deadline = self._loop.time() + timeout_seconds
        while (heard_at := self._bot.last_voiced_at() or 0.0) <= since:
            await self._next_packet(deadline, "said nothing")
        return heard_at

    async def wait_bot_silence(
        self, silence_ms: float = 700.0, *, since: float | None = None, timeout_seconds: float = 30.0
    ) -> float:
        """Wait until the bot has spoken after `since` and then been silent so long; returns its last voiced moment.

        `since` is by default the end of the caller's own last sound, which is waited for first. A call that ends after
        the bot spoke counts as silence. Raises BotSilent and CallOver.
        """
        if since is None:
            await self.audio_sent()
            since = self.caller_last_voiced_at()
        deadline = self._loop.time() + timeout_seconds
        last = await self.wait_bot_speech(since=since, timeout_seconds=timeout_seconds)
        while (rest := last + silence_ms / 1000 - time.time()) > 0 and not self.ended.done():
            if self._loop.time() > deadline:
                raise BotSilent(f"the bot did not stop speaking for {timeout_seconds:.0f} s")
            await asyncio.wait([self.ended], timeout=rest)
            last = self._bot.last_voiced_at() or last
        return last

    async def wait_hang_up(self, *, timeout_seconds: float = 30.0) -> HungUp | Refused:
        """Wait until the call is over, whoever ends it; raises TimeoutError."""
        async with asyncio.timeout(timeout_seconds):
            return await asyncio.shield(self.ended)

    def record(self, path: Path) -> float:
        """Write the stereo WAV (caller left, bot right); returns the unix time of its first sample."""
        return timeline.record(path, self.sent, self.received)

    # inside

    async def _next_packet(self, deadline: float, complaint: str) -> None:
        remaining = deadline - self._loop.time()
        if remaining <= 0:
            raise BotSilent(f"the bot {complaint} in time")
        if self.ended.done():
            raise CallOver(f"the bot {complaint}, and the call is over: {self.ended.result()}")
        self._media.arrived.clear()
        try:
            async with asyncio.timeout(remaining):
                await self._media.arrived.wait()
        except TimeoutError:
            return

    def _open(self) -> None:
        self._loop.add_reader(self._socket, self._read)
        self._agent.invite(self._loop.time())
        self._flush()

    def _read(self) -> None:
        try:
            datagram = self._socket.recv(65535)
        except (BlockingIOError, ConnectionRefusedError):
            return  # refused: nobody listens there yet; the retransmission asks again
        self._agent.receive(datagram, self._loop.time())
        self._flush()

    def _on_timer(self) -> None:
        self._agent.tick(self._loop.time())
        self._flush()

    def _flush(self) -> None:
        for datagram in self._agent.datagrams():
            self._send(datagram)
        for event in self._agent.events():
            self._on_event(event)
        if self._timer is not None:
            self._timer.cancel()
        deadline = self._agent.deadline
        self._timer = None if deadline is None else self._loop.call_at(deadline, self._on_timer)

    def _send(self, datagram: bytes) -> None:
        try:
            self._socket.send(datagram)
        except (BlockingIOError, ConnectionRefusedError):
            return  # lost, as on a wire: the retransmission asks again

    def _on_event(self, event: Event) -> None:
        match event:
            case Progress(status, media):
                self.progress.append(status)
                if media is not None:
                    self._media.start(media)
            case Answered(media):
                self._media.start(media)
                if not self.answered.done():
                    self.answered.set_result(time.time())
            case MediaChanged(media):
                self._media.start(media)
            case Refused() | HungUp():
                self._over(event)

    def _over(self, event: Refused | HungUp) -> None:
        if self.ended.done():
            return
        self._media.stop()
        self.ended.set_result(event)
        if not self.answered.done():
            self.answered.set_exception(_unanswered(event))

    def _close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._loop.remove_reader(self._socket)
        self._socket.close()
        self._media.close()
        if self.answered.done() and not self.answered.cancelled():
            self.answered.exception()  # counts as retrieved: nobody needs to have asked
        self.answered.cancel()
        self.ended.cancel()


def _connect(to: tuple[str, int]) -> socket.socket:
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    opened.setblocking(False)
    opened.connect(to)
    return opened


def _unanswered(event: Refused | HungUp) -> CallError:
    match event:
        case Refused(status, reason):
            return CallRefused(status, reason)
        case HungUp():
            return CallOver("the call ended before it was answered")
