"""What crosses Redis between Trunkline's services, and how.

The control plane is a few fixed streams of typed messages (:mod:`callbus.events`, :mod:`callbus.commands`), consumed
with :class:`callbus.consume.Consumer` and published by :class:`callbus.hop.Hop`. The media plane is one stream of audio
per call (:mod:`callbus.media`).
"""

from callbus.codec import CodecError, decode, encode
from callbus.message import Message, message_types

__all__ = ["CodecError", "Message", "decode", "encode", "message_types"]
