"""RHVoice's C interface (RHVoice.h, library version 5), as far as it is needed here. Stdlib only.

A crash in the library ends the process that loaded it: only :mod:`tts_player.rhvoice_server` does.
"""

import ctypes
from collections.abc import Callable
from ctypes import CFUNCTYPE, POINTER, Structure, byref, c_char_p, c_double, c_int, c_short, c_uint, c_void_p
from pathlib import Path
from typing import Any

_SetSampleRate = CFUNCTYPE(c_int, c_int, c_void_p)
_PlaySpeech = CFUNCTYPE(c_int, POINTER(c_short), c_uint, c_void_p)
_MESSAGE_TEXT = 0
# It is linked against these; in a folder of its own the loader would not find them.
_NEEDED = ("libsonic.so.0", "libRHVoice_core.so.*")


class _Callbacks(Structure):
    _fields_ = (
        ("set_sample_rate", _SetSampleRate),
        ("play_speech", _PlaySpeech),
        ("process_mark", c_void_p),
        ("word_starts", c_void_p),
        ("word_ends", c_void_p),
        ("sentence_starts", c_void_p),
        ("sentence_ends", c_void_p),
        ("play_audio", c_void_p),
        ("done", c_void_p),
    )


class _InitParams(Structure):
    _fields_ = (
        ("data_path", c_char_p),
        ("config_path", c_char_p),
        ("resource_paths", c_void_p),
        ("callbacks", _Callbacks),
        ("options", c_uint),
    )


class _SynthParams(Structure):
    _fields_ = (
        ("voice_profile", c_char_p),
        ("absolute_rate", c_double),
        ("absolute_pitch", c_double),
        ("absolute_volume", c_double),
        ("relative_rate", c_double),
        ("relative_pitch", c_double),
        ("relative_volume", c_double),
        ("punctuation_mode", c_int),
        ("punctuation_list", c_char_p),
        ("capitals_mode", c_int),
        ("flags", c_int),
    )


class RHVoiceError(Exception):
    """The library or its data cannot be used, or it refused a text."""


class RHVoiceLibrary:
    """One engine of the library; speaks one text at a time.

    ``on_rate`` gets the sample rate, ``on_audio`` PCM16 in pieces of about 100 ms and says whether to go on.
    """

    def __init__(
        self,
        library: Path,
        data: Path,
        config: Path,
        *,
        on_rate: Callable[[int], None],
        on_audio: Callable[[bytes], bool],
    ) -> None:
        self._library = _load(library)

        def set_sample_rate(rate_hz: int, _user: int | None) -> int:
            on_rate(rate_hz)
            return 1

        def play_speech(samples: Any, count: int, _user: int | None) -> int:
            return int(on_audio(ctypes.string_at(samples, count * 2)))

        # The library keeps bare pointers: these must live as long as the engine.
        self._callbacks = _Callbacks(_SetSampleRate(set_sample_rate), _PlaySpeech(play_speech))
        parameters = _InitParams(str(data).encode(), str(config).encode(), None, self._callbacks, 0)
        self._engine = self._library.RHVoice_new_tts_engine(byref(parameters))
        if not self._engine:
            raise RHVoiceError(f"no language or voice found in {data}; check TRUNKLINE_RHVOICE_DATA")

    @property
    def version(self) -> str:
        """The library's version."""
        return str(self._library.RHVoice_get_version().decode())

    @property
    def profiles(self) -> list[str]:
        """The installed voices, in lower case."""
        count = self._library.RHVoice_get_number_of_voice_profiles(self._engine)
        names = self._library.RHVoice_get_voice_profiles(self._engine)
        return [names[index].decode().lower() for index in range(count)]

    def speak(self, text: str, profile: str) -> None:
        """Speak through the callbacks; returns when all was spoken or ``on_audio`` said stop.

        :raises RHVoiceError: the text or the profile was refused.
        """
        encoded = text.encode()
        parameters = _SynthParams(profile.encode(), 0, 0, 0, 1, 1, 1, 0, None, 0, 0)
        message = self._library.RHVoice_new_message(
            self._engine, encoded, len(encoded), _MESSAGE_TEXT, byref(parameters), None
        )
        if not message:
            raise RHVoiceError(f"the voice {profile!r} cannot speak this text")
        try:
            self._library.RHVoice_speak(message)
        finally:
            self._library.RHVoice_delete_message(message)


def _load(path: Path) -> ctypes.CDLL:
    try:
        for pattern in _NEEDED:
            for needed in sorted(path.parent.glob(pattern))[:1]:
                ctypes.CDLL(str(needed), mode=ctypes.RTLD_GLOBAL)
        return _declared(ctypes.CDLL(str(path)))
    except (OSError, AttributeError) as error:
        raise RHVoiceError(f"cannot load {path}: {error}; check TRUNKLINE_RHVOICE_LIBRARY") from None


def _declared(library: ctypes.CDLL) -> ctypes.CDLL:
    library.RHVoice_get_version.restype = c_char_p
    library.RHVoice_new_tts_engine.restype = c_void_p
    library.RHVoice_new_tts_engine.argtypes = (POINTER(_InitParams),)
    library.RHVoice_get_number_of_voice_profiles.argtypes = (c_void_p,)
    library.RHVoice_get_voice_profiles.restype = POINTER(c_char_p)
    library.RHVoice_get_voice_profiles.argtypes = (c_void_p,)
    library.RHVoice_new_message.restype = c_void_p
    library.RHVoice_new_message.argtypes = (c_void_p, c_char_p, c_uint, c_int, POINTER(_SynthParams), c_void_p)
    library.RHVoice_speak.argtypes = (c_void_p,)
    library.RHVoice_delete_message.argtypes = (c_void_p,)
    return library
