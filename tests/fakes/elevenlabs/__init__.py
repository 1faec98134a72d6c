"""A local ElevenLabs: the vendor's protocols, delays and failures, without the vendor.

Source of the wire formats: the official SDK 2.78 and captures of the live service; what is assumed is marked so.
"""

from .audio import Samples, mulaw_decode, mulaw_encode
from .clock import Clock, ManualClock, WallClock
from .codebook import Codebook
from .record import Record
from .server import API_KEY, ElevenLabsEmulator
from .settings import PUBLISHED_DELAYS, Delays, RealtimeBehaviour, SpeechBehaviour
from .transcriber import Fingerprints, Script, Transcriber, Transcript, Word
from .voice import Synthesise, speechlike

__all__ = [
    "API_KEY",
    "PUBLISHED_DELAYS",
    "Clock",
    "Codebook",
    "Delays",
    "ElevenLabsEmulator",
    "Fingerprints",
    "ManualClock",
    "RealtimeBehaviour",
    "Record",
    "Samples",
    "Script",
    "SpeechBehaviour",
    "Synthesise",
    "Transcriber",
    "Transcript",
    "WallClock",
    "Word",
    "mulaw_decode",
    "mulaw_encode",
    "speechlike",
]
