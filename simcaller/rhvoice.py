"""RHVoice by ctypes: one engine in this process, sentence in, samples out (the C API of RHVoice.h, 1.8 and later)."""

import ctypes
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from simcaller.audio import Pcm16

# Loaded first, so that the loader finds them by name: they lie beside the library, not in the system's folders.
NEEDED = ("libsonic.so*", "libRHVoice_core.so*")
_TEXT_MESSAGE = 0

_SetSampleRate = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_void_p)
_PlaySpeech = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_uint, ctypes.c_void_p)


class VoiceError(Exception):
    """The caller's voice cannot be had; the text says why."""


class Files(Protocol):
    """Where RHVoice is, as `provision.rhvoice.ensure()` tells it."""

    @property
    def library(self) -> Path: ...
    @property
    def library_path(self) -> Path: ...
    @property
    def data_dir(self) -> Path: ...
    @property
    def config_dir(self) -> Path: ...


class _Callbacks(ctypes.Structure):
    _fields_ = (
        ("set_sample_rate", _SetSampleRate),
        ("play_speech", _PlaySpeech),
        *((name, ctypes.c_void_p) for name in ("process_mark", "word_starts", "word_ends")),
        *((name, ctypes.c_void_p) for name in ("sentence_starts", "sentence_ends", "play_audio", "done")),
    )


class _InitParams(ctypes.Structure):
    _fields_ = (
        ("data_path", ctypes.c_char_p),
        ("config_path", ctypes.c_char_p),
        ("resource_paths", ctypes.c_void_p),
        ("callbacks", _Callbacks),
        ("options", ctypes.c_uint),
    )


# People on the telephone speak faster than RHVoice reads.
PACE = 1.2


class _SynthParams(ctypes.Structure):
    _fields_ = (
        ("voice_profile", ctypes.c_char_p),
        *((f"absolute_{name}", ctypes.c_double) for name in ("rate", "pitch", "volume")),
        *((f"relative_{name}", ctypes.c_double) for name in ("rate", "pitch", "volume")),
        ("punctuation_mode", ctypes.c_int),
        ("punctuation_list", ctypes.c_char_p),
        ("capitals_mode", ctypes.c_int),
        ("flags", ctypes.c_int),
    )


class Engine:
    """RHVoice, loaded; `speak` may be called from any thread, one sentence at a time."""

    def __init__(self, files: Files) -> None:
        self._library = _load(files)
        self._lock = threading.Lock()
        self._rate_hz = 0
        self._chunks: list[Pcm16] = []
        # The structures hold pointers to these objects: they must live as long as the engine.
        self._callbacks = _Callbacks(_SetSampleRate(self._set_rate), _PlaySpeech(self._take))
        parameters = _InitParams(str(files.data_dir).encode(), str(files.config_dir).encode(), None, self._callbacks, 0)
        self._engine = self._library.RHVoice_new_tts_engine(ctypes.byref(parameters))
        if not self._engine:
            raise VoiceError(f"RHVoice finds no voices in {files.data_dir}")

    def speak(self, text: str, voice: str) -> tuple[Pcm16, int]:
        """Samples and their rate; raises VoiceError for an unknown voice or a text without anything to say."""
        with self._lock:
            self._chunks, self._rate_hz = [], 0
            self._speak(text.encode(), _SynthParams(voice.encode(), 0, 0, 0, PACE, 1, 1, 0, None, 0, 0))
            if not self._chunks:
                raise VoiceError(f"RHVoice's {voice} says nothing for {text!r}")
            return np.concatenate(self._chunks), self._rate_hz

    def _speak(self, text: bytes, parameters: _SynthParams) -> None:
        library = self._library
        message = library.RHVoice_new_message(
            self._engine, text, len(text), _TEXT_MESSAGE, ctypes.byref(parameters), None
        )
        if not message:
            raise VoiceError(f"RHVoice has no voice {parameters.voice_profile.decode()!r}, or its text is no UTF-8")
        try:
            library.RHVoice_speak(message)
        finally:
            library.RHVoice_delete_message(message)

    def _set_rate(self, rate_hz: int, _: int | None) -> int:
        self._rate_hz = rate_hz
        return 1

    def _take(self, samples: "ctypes._Pointer[ctypes.c_short]", count: int, _: int | None) -> int:
        self._chunks.append(np.ctypeslib.as_array(samples, (count,)).astype(np.int16))
        return 1


def _load(files: Files) -> ctypes.CDLL:
    try:
        for pattern in NEEDED:
            for path in sorted(files.library_path.glob(pattern), key=lambda path: len(path.name))[:1]:
                ctypes.CDLL(str(path), mode=ctypes.RTLD_GLOBAL)
        library = ctypes.CDLL(str(files.library))
    except OSError as error:
        raise VoiceError(f"RHVoice cannot be loaded: {error}") from error
    _declare(library.RHVoice_new_tts_engine, ctypes.c_void_p, [ctypes.c_void_p])
    _declare(library.RHVoice_speak, ctypes.c_int, [ctypes.c_void_p])
    _declare(library.RHVoice_delete_message, None, [ctypes.c_void_p])
    arguments = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_uint, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]
    _declare(library.RHVoice_new_message, ctypes.c_void_p, arguments)
    return library


def _declare(function: Callable[..., object], result: object, arguments: Sequence[object]) -> None:
    function.restype = result  # type: ignore[attr-defined]
    function.argtypes = arguments  # type: ignore[attr-defined]
