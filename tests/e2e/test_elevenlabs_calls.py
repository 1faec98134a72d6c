"""The same call over ElevenLabs' protocols, with the vendor failing in mid-utterance."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from callbus.events import FinalTranscript, SpeechFailed, SpeechSynthesised
from simcaller.audio import decode_mulaw, encode_mulaw
from simcaller.call import SipCall
from simcaller.measure import voicing
from simcaller.speech import Voice
from stack.whole import Stack
from tests.e2e.conftest import StartStack
from tests.e2e.record import Bus, assert_nothing_is_left
from tests.fakes.elevenlabs import ElevenLabsEmulator
from tests.fakes.elevenlabs.codebook import Codebook
from tests.fakes.elevenlabs.faults import Drop

pytestmark = pytest.mark.asyncio(loop_scope="module")

STACK = "elevenlabs_stack"

SENTENCE = "Я хочу записаться к терапевту на завтра в десять часов утра"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def codebook(voice: Voice) -> Codebook:
    """What the emulated recogniser can understand."""
    book = Codebook()
    book.register(decode_mulaw(encode_mulaw(voice.say(SENTENCE, "ru"))), SENTENCE)
    return book


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def emulator(codebook: Codebook) -> AsyncIterator[ElevenLabsEmulator]:
    async with ElevenLabsEmulator(transcriber=codebook) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def elevenlabs_stack(start_stack: StartStack, emulator: ElevenLabsEmulator) -> Stack:
    return await start_stack(
        "elevenlabs",
        ELEVENLABS_API_KEY=emulator.api_key,
        ELEVENLABS_BASE_URL=emulator.base_url,
        TRUNKLINE_ASR="elevenlabs",
        TRUNKLINE_TTS="elevenlabs",
    )


async def say_one_sentence(stack: Stack, bus: Bus, voice: Voice) -> FinalTranscript:
    """A call in which the caller says the sentence after the greeting; its transcript."""
    async with SipCall.place(stack.sip, "1001", "+79001234567") as call:
        await call.answered
        record = await bus.call(call.call_id)
        await call.wait_bot_silence(since=0.0)
        call.send_audio(encode_mulaw(voice.say(SENTENCE, "ru")))
        await call.audio_sent()
        transcript = (await record.wait_for(FinalTranscript))[0]
        answered_at = await call.wait_bot_speech(since=transcript.at)
        assert voicing(call.received).first_after(answered_at - 1.0) is not None
        (synthesised, *_) = await record.all(SpeechSynthesised)
        assert synthesised.engine.startswith("elevenlabs")
    await record.ended()
    await assert_nothing_is_left(stack, bus)
    return transcript


async def test_a_call_by_elevenlabs(elevenlabs_stack: Stack, bus: Bus, voice: Voice) -> None:
    transcript = await say_one_sentence(elevenlabs_stack, bus, voice)

    assert transcript.text == SENTENCE
    assert transcript.engine == "elevenlabs"


@pytest.mark.parametrize("after_seconds", [0.6, 1.7, 2.9])
async def test_a_socket_dropped_in_mid_utterance_loses_no_word(
    after_seconds: float, elevenlabs_stack: Stack, bus: Bus, voice: Voice, emulator: ElevenLabsEmulator
) -> None:
    emulator.realtime_faults.once(Drop(after_seconds))

    transcript = await say_one_sentence(elevenlabs_stack, bus, voice)

    assert transcript.text == SENTENCE
    assert transcript.engine == "elevenlabs"


async def test_a_vendor_that_refuses_the_key_in_mid_call_is_replaced(
    elevenlabs_stack: Stack, bus: Bus, voice: Voice, emulator: ElevenLabsEmulator
) -> None:
    from tests.fakes.elevenlabs.faults import FailAfter

    emulator.realtime_faults.always(FailAfter("auth_error", 1.0))
    try:
        transcript = await say_one_sentence(elevenlabs_stack, bus, voice)
    finally:
        emulator.realtime_faults.clear()

    failures = [m for m in await bus.messages() if isinstance(m, SpeechFailed)]
    assert "терапевту" in transcript.text.lower()
    assert transcript.engine != "elevenlabs"
    assert failures[-1].meaning == "auth"
    assert failures[-1].fallback
