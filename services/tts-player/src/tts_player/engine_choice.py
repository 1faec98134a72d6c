"""Which engines a service has, in the order in which they are asked."""

import logging
import shutil
from pathlib import Path

from tts_player.elevenlabs_voice import ElevenLabsOptions, ElevenLabsVoice, Patience
from tts_player.espeak_voice import EspeakVoice
from tts_player.rhvoice_voice import RHVoiceVoice, find_files
from tts_player.settings import TtsPlayerSettings
from tts_player.voice import Voice

log = logging.getLogger(__name__)


class NoVoice(Exception):
    """No engine can be used with these settings; the text holds the cure."""


def chosen_voices(settings: TtsPlayerSettings) -> list[Voice]:
    """ElevenLabs where it is wanted and has a key, then what this machine has.

    :raises NoVoice: there is none, or the wanted one cannot be had.
    """
    voices: list[Voice] = [*_elevenlabs(settings), *_offline(settings)]
    if not voices:
        raise NoVoice(
            "no voice engine: set ELEVENLABS_API_KEY, or install RHVoice (Debian: librhvoice5 rhvoice-russian "
            "rhvoice-english) or espeak-ng, or set TRUNKLINE_RHVOICE_LIBRARY and TRUNKLINE_RHVOICE_DATA"
        )
    return voices


def _elevenlabs(settings: TtsPlayerSettings) -> list[Voice]:
    if settings.tts == "elevenlabs" and not settings.api_key:
        raise NoVoice("setting ELEVENLABS_API_KEY: is not set; set it, or set TRUNKLINE_TTS=offline")
    if settings.tts == "offline" or not settings.api_key:
        return []
    options = ElevenLabsOptions(
        api_key=settings.api_key,
        voices={"ru": settings.elevenlabs_voice_ru, "en": settings.elevenlabs_voice_en},
        base_url=settings.elevenlabs_base_url,
        model=settings.elevenlabs_tts_model,
        voice_settings=settings.elevenlabs_voice_settings,
        concurrency=settings.elevenlabs_tts_concurrency,
        patience=Patience(first_byte_seconds=settings.elevenlabs_first_byte_seconds),
    )
    return [ElevenLabsVoice(options)]


def _offline(settings: TtsPlayerSettings) -> list[Voice]:
    files = find_files(settings.rhvoice_library, settings.rhvoice_data, settings.rhvoice_config)
    if files is not None:
        return [RHVoiceVoice(files, settings.offline_voices, processes=settings.rhvoice_processes)]
    if settings.rhvoice_library is not None:
        log.warning("RHVoice is not at %s; check TRUNKLINE_RHVOICE_LIBRARY and _DATA", settings.rhvoice_library)
    program = shutil.which(settings.espeak_program)
    return [EspeakVoice(Path(program))] if program else []
