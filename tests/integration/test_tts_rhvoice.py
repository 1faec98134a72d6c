"""The RHVoice voice with the real library in its own processes."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest

from provision import rhvoice
from provision.cache import ProvisionError
from tts_player import rhvoice_process
from tts_player.loudness import shaped
from tts_player.rhvoice_process import RHVoiceFiles
from tts_player.rhvoice_voice import PACKAGED_CONFIG, RHVoiceVoice
from tts_player.voice import EngineUnavailable, TextRejected

GREETING = "Здравствуйте! Чем могу помочь?"
LONG = "Мы работаем каждый день с восьми утра до восьми вечера, без перерыва и выходных. " * 4


@pytest.fixture(scope="module")
def files() -> RHVoiceFiles:
    try:
        provided = rhvoice.ensure()
    except ProvisionError as error:
        if os.environ.get("CI", "").lower() in {"1", "true"}:
            pytest.fail(str(error))
        pytest.skip(str(error))
    return RHVoiceFiles(provided.library, provided.data_dir, PACKAGED_CONFIG)


@pytest.fixture
async def voice(files: RHVoiceFiles) -> AsyncIterator[RHVoiceVoice]:
    voice = RHVoiceVoice(files, {"ru": "anna", "en": "slt"}, processes=2)
    yield voice
    await voice.close()


async def said(voice: RHVoiceVoice, text: str = GREETING, language: str = "ru") -> bytes:
    async with aclosing(voice.synthesise(text, voice.rendition(language, None))) as pieces:
        return b"".join([piece async for piece in pieces])


def seconds(pcm: bytes) -> float:
    return len(pcm) / 32000


@pytest.mark.parametrize(
    ("text", "language", "low", "high"),
    [
        (GREETING, "ru", 1.5, 4.0),
        ("Hello, how can I help you?", "en", 1.0, 3.0),
        ("Ваш номер 4821.", "ru", 1.5, 4.0),
        ("Да", "ru", 0.2, 0.8),
    ],
)
async def test_it_speaks_at_16_khz(voice: RHVoiceVoice, text: str, language: str, low: float, high: float) -> None:
    pcm = await said(voice, text, language)

    assert low < seconds(pcm) < high
    assert seconds(shaped(pcm)) > 0.2


async def test_it_streams_in_pieces_of_whole_samples(voice: RHVoiceVoice) -> None:
    pieces = [piece async for piece in voice.synthesise(LONG, voice.rendition("ru", None))]

    assert len(pieces) > 20
    assert all(0 < len(piece) <= 3200 and len(piece) % 2 == 0 for piece in pieces)


async def test_every_free_voice_is_there_and_differs(voice: RHVoiceVoice) -> None:
    spoken = {
        name: b"".join([piece async for piece in voice.synthesise("Да.", voice.rendition("ru", name))])
        for name in ("anna", "elena", "irina", "aleksandr")
    }

    assert len(set(spoken.values())) == 4


async def test_an_english_voice_does_not_leave_out_a_cyrillic_name(voice: RHVoiceVoice) -> None:
    with_name, without = await said(voice, "Thank you, Иванов.", "en"), await said(voice, "Thank you.", "en")

    assert seconds(with_name) > seconds(without) + 0.3


async def test_a_data_folder_at_24_khz_is_resampled(voice: RHVoiceVoice, files: RHVoiceFiles, tmp_path: Path) -> None:
    (tmp_path / "RHVoice.conf").write_text("quality=standard\n", encoding="utf-8")
    other = RHVoiceVoice(replace(files, config=tmp_path), {})
    try:
        pcm = await said(other)
    finally:
        await other.close()

    assert seconds(pcm) == pytest.approx(seconds(await said(voice)), rel=0.1)


async def test_a_text_without_a_word_gives_nothing(voice: RHVoiceVoice) -> None:
    assert await said(voice, "...") == b""


async def test_a_text_that_is_too_long_is_refused(voice: RHVoiceVoice) -> None:
    with pytest.raises(TextRejected, match="2000 are allowed"):
        await said(voice, "а" * 2001)


async def test_warming_starts_one_process_and_only_once(voice: RHVoiceVoice) -> None:
    await voice.warm()
    before = voice.process_ids
    await voice.warm()

    assert len(before) == 1
    assert voice.process_ids == before


async def test_leaving_in_mid_sentence_stops_it_and_keeps_the_process(voice: RHVoiceVoice) -> None:
    await voice.warm()
    before, expected = voice.process_ids, await said(voice)

    async with aclosing(voice.synthesise(LONG, voice.rendition("ru", None))) as pieces:
        async for _ in pieces:
            break

    assert voice.process_ids == before
    assert await said(voice) == expected


async def test_a_cancelled_sentence_leaves_nothing_in_the_pipe(voice: RHVoiceVoice) -> None:
    await voice.warm()
    expected = await said(voice)
    begun = asyncio.Event()

    async def speak() -> None:
        async with aclosing(voice.synthesise(LONG, voice.rendition("ru", None))) as pieces:
            async for _ in pieces:
                begun.set()

    task = asyncio.create_task(speak())
    await begun.wait()
    task.cancel()
    await asyncio.wait({task})

    assert await said(voice) == expected


async def test_a_process_that_died_between_sentences_is_replaced_unheard(voice: RHVoiceVoice) -> None:
    expected = await said(voice)
    (process_id,) = voice.process_ids
    os.kill(process_id, signal.SIGKILL)

    assert await said(voice) == expected
    assert voice.process_ids != [process_id]


async def test_a_process_that_dies_in_mid_sentence_fails_that_sentence_only(voice: RHVoiceVoice) -> None:
    await voice.warm()
    (process_id,) = voice.process_ids

    async def speak_and_kill() -> None:
        async with aclosing(voice.synthesise(LONG, voice.rendition("ru", None))) as pieces:
            async for _ in pieces:
                os.kill(process_id, signal.SIGKILL)

    with pytest.raises(EngineUnavailable, match="ended in mid-sentence"):
        await speak_and_kill()

    assert seconds(await said(voice)) > 1


async def test_a_process_that_hangs_is_replaced(voice: RHVoiceVoice, monkeypatch: pytest.MonkeyPatch) -> None:
    await voice.warm()
    (process_id,) = voice.process_ids
    os.kill(process_id, signal.SIGSTOP)
    monkeypatch.setattr(rhvoice_process, "FIRST_PIECE_SECONDS", 2.0)

    assert seconds(await said(voice)) > 1
    assert process_id not in voice.process_ids


async def test_two_sentences_at_once_have_a_process_each(voice: RHVoiceVoice) -> None:
    expected = await said(voice)

    assert list(await asyncio.gather(said(voice), said(voice))) == [expected, expected]
    assert len(voice.process_ids) == 2


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [("library", "check TRUNKLINE_RHVOICE_LIBRARY"), ("data", "check TRUNKLINE_RHVOICE_DATA")],
)
async def test_a_wrong_setting_is_named(files: RHVoiceFiles, tmp_path: Path, wrong: str, reason: str) -> None:
    (tmp_path / "nothing").mkdir()
    voice = RHVoiceVoice(replace(files, **{wrong: tmp_path / "nothing"}), {})

    with pytest.raises(EngineUnavailable, match=reason):
        await said(voice)
    await voice.close()


async def test_closing_ends_the_processes(voice: RHVoiceVoice) -> None:
    await asyncio.gather(said(voice), said(voice))
    process_ids = voice.process_ids

    await voice.close()

    for process_id in process_ids:
        with pytest.raises(ProcessLookupError):
            os.kill(process_id, 0)
