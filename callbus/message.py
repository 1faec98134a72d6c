"""The envelope that every message on the bus carries."""

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

_TYPES: dict[str, type["Message"]] = {}


class Message(BaseModel):
    """One fact or order on the bus.

    ``producer``, ``seq`` and ``at`` are stamped when the message is committed (:class:`callbus.hop.Hop`); ``seq``
    counts per call and producer from 1, ``at`` is in unix seconds. (``call_id``, ``producer``, ``seq``) names a message
    for ever.
    Fields that a newer producer added are ignored.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    version: ClassVar[int] = 1
    channel_of: ClassVar[str] = ""
    """The control stream that carries this type."""

    call_id: str = Field(min_length=1, max_length=200)
    producer: str = ""
    seq: int = Field(default=0, ge=0)
    at: float = 0.0
    traceparent: str = ""

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if cls.channel_of:
            _TYPES[cls.__name__] = cls

    @property
    def type(self) -> str:
        """The name of the message's type on the wire."""
        return type(self).__name__

    def stamped(self, *, producer: str, seq: int, at: float, traceparent: str) -> "Message":
        """This message as it was committed."""
        return self.model_copy(update={"producer": producer, "seq": seq, "at": at, "traceparent": traceparent})


ENVELOPE = frozenset({"call_id", "producer", "seq", "at", "traceparent"})


def message_types() -> dict[str, type[Message]]:
    """Every message type by its name on the wire."""
    import callbus.commands
    import callbus.events  # noqa: F401

    return dict(_TYPES)
