"""Who calls whom: what CallStarted says of a caller."""

import asyncio
import logging
import time
from dataclasses import dataclass, field

from ari_gateway.errors import ARIError
from ari_gateway.events import StasisStart
from ari_gateway.surroundings import Surroundings
from callbus.events import CallStarted

log = logging.getLogger(__name__)

VARIABLES_TIMEOUT_SECONDS = 1.0
SIP_CALL_ID = "CHANNEL(pjsip,call-id)"
DIALLED = "CALLERID(dnid)"


@dataclass(slots=True)
class Arrival:
    """A caller who entered the application; ``values`` are the channel variables that could be read."""

    call_id: str
    entered: StasisStart
    values: dict[str, str] = field(default_factory=dict)
    at: float = field(default_factory=time.time)

    @property
    def channel_id(self) -> str:
        """The caller's own channel."""
        return self.entered.channel.id

    async def ask(self, around: Surroundings) -> None:
        """Read the channel variables, all at once; those that are not set, or not there in time, stay absent."""
        names = dict.fromkeys((DIALLED, *around.variables))
        if self.entered.channel.name.startswith("PJSIP/"):
            names[SIP_CALL_ID] = None
        await asyncio.gather(*(self._ask_one(around, name) for name in names))

    async def _ask_one(self, around: Surroundings, name: str) -> None:
        try:
            async with asyncio.timeout(VARIABLES_TIMEOUT_SECONDS):
                value = await around.ari.get_variable(self.channel_id, name)
        except (ARIError, TimeoutError) as error:
            log.debug("variable %s: %s", name, error, extra={"call_id": self.call_id})
            return
        if value:
            self.values[name] = value

    def started(self, around: Surroundings) -> CallStarted:
        """The event."""
        channel = self.entered.channel
        arguments = parse_arguments(self.entered.args)
        return CallStarted(
            call_id=self.call_id,
            channel_id=channel.id,
            asterisk_id=around.asterisk_id,
            app=around.app,
            caller_number=channel.caller.number,
            dialled_number=self.values.get(DIALLED) or channel.dialplan.exten,
            sip_call_id=self.values.get(SIP_CALL_ID, ""),
            scenario=arguments.get("scenario"),
            language=arguments.get("language"),
            variables={name: self.values[name] for name in around.variables if name in self.values},
            media_stream=around.bus.streams.media(self.call_id),
            started_at=self.at,
        )


def parse_arguments(arguments: list[str]) -> dict[str, str]:
    """The arguments of ``Stasis(app,scenario=clinic-ru,language=ru)``; those without a value are passed over."""
    pairs = (argument.partition("=") for argument in arguments)
    return {name.strip(): value.strip() for name, equals, value in pairs if equals and value.strip()}
