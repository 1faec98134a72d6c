"""Which engines there are, by the settings and by what is installed."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from speech_worker.elevenlabs_realtime import ScribeRecogniser
from speech_worker.fallback import WithFallback
from speech_worker.offline_whisper import OfflineWhisper, WhisperModel
from speech_worker.recogniser import Recogniser
from speech_worker.settings import SpeechWorkerSettings
from speech_worker.whisper_model import WhisperModelMissing

log = logging.getLogger(__name__)


class NoRecogniser(Exception):
    """No engine can be used; the text says why and what to do."""


@contextmanager
def recognisers(settings: SpeechWorkerSettings) -> Iterator[tuple[Recogniser, ScribeRecogniser | None]]:
    """The recogniser for calls, and the vendor's client in it, if any. Blocks while a model is loaded.

    :raises NoRecogniser: there is none.
    """
    wants_vendor = settings.asr != "offline" and settings.elevenlabs_api_key is not None
    offline = _offline(settings, required=not wants_vendor)
    vendor = ScribeRecogniser(settings.scribe(alone=offline is None)) if wants_vendor else None
    try:
        yield _chosen(vendor, offline), vendor
    finally:
        if offline is not None:
            offline.close()


def _chosen(vendor: ScribeRecogniser | None, offline: OfflineWhisper | None) -> Recogniser:
    match vendor, offline:
        case None, OfflineWhisper():
            log.info("Recogniser: %s", offline.engine)
            return offline
        case ScribeRecogniser(), None:
            log.info("Recogniser: %s, without another to fall back to", vendor.engine)
            return vendor
        case ScribeRecogniser(), OfflineWhisper():
            log.info("Recogniser: %s, falling back to %s", vendor.engine, offline.engine)
            return WithFallback(vendor, offline)
        case _:
            raise NoRecogniser("no recogniser: set ELEVENLABS_API_KEY or TRUNKLINE_WHISPER_MODEL")


def _offline(settings: SpeechWorkerSettings, *, required: bool) -> OfflineWhisper | None:
    try:
        return OfflineWhisper(WhisperModel(settings.whisper), settings.whisper)
    except WhisperModelMissing as missing:
        if required:
            raise NoRecogniser(f"{missing}, or set ELEVENLABS_API_KEY") from missing
        log.info("Offline recogniser not available: %s", missing)
        return None
    except (ImportError, RuntimeError) as error:
        if required:
            raise NoRecogniser(f"the offline recogniser cannot be loaded: {error}") from error
        log.warning("Offline recogniser not available: %s", error)
        return None
