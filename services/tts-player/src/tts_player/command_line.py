"""``say`` speaks a text into a file; ``prepare`` makes the sounds of many texts ahead."""

import argparse
import asyncio
import sys
import wave
from collections.abc import Iterator, Sequence
from pathlib import Path

from tts_player.cache import Prompt, PromptCache, PromptFailed, Sentence
from tts_player.engine import Engine, Speech
from tts_player.loudness import NoSpeech, duration_ms, shaped
from tts_player.names import SUFFIX, spoken
from tts_player.serve import running_engines
from tts_player.settings import TtsPlayerSettings
from tts_player.slots import Errand, Urgency
from tts_player.store import SoundStore
from tts_player.voice import SAMPLE_RATE_HZ, VoiceError, base_language


class CommandFailed(Exception):
    """The command could not do what it was asked; the text says why."""


def parsed(arguments: Sequence[str]) -> argparse.Namespace | None:
    """The command, or None for the service; ends the process with code 2 and the usage where it is none."""
    parser = argparse.ArgumentParser(prog="python -m tts_player", description=__doc__)
    commands = parser.add_subparsers(dest="command", description="without a command: run the service")
    say = commands.add_parser("say", help="speak a text into a file")
    say.add_argument("text")
    say.add_argument("--out", type=Path, required=True, help="*.wav, or *.sln16 for raw PCM16 at 16 kHz")
    prepare = commands.add_parser("prepare", help="make the sounds of many texts ahead")
    prepare.add_argument("--texts", type=Path, required=True, help="one text a line, or LANGUAGE<tab>TEXT; - for stdin")
    for one in (say, prepare):
        one.add_argument("--language", default="ru", help="default: ru")
        one.add_argument("--voice", help="default: the language's voice of the settings")
    options = parser.parse_args(arguments)
    return options if options.command else None


async def run(options: argparse.Namespace, settings: TtsPlayerSettings) -> int:
    """Run a parsed command; returns the exit code."""
    async with running_engines(settings) as engines:
        if options.command == "say":
            sentence = Sentence(options.text, options.language, options.voice)
            return await _say(engines, sentence, options.out)
        store = SoundStore(settings.sounds_dir)
        store.open()
        return await _prepare(PromptCache(engines, store), store, list(_sentences(options)))


async def _say(engines: Sequence[Engine], sentence: Sentence, out: Path) -> int:
    if out.suffix not in {".wav", SUFFIX}:
        raise CommandFailed(f"--out {out}: the name must end in .wav or {SUFFIX}")
    engine, speech = await _spoken(engines, sentence)
    pcm = shaped(speech.pcm)
    try:
        await asyncio.to_thread(_write, out, pcm)
    except OSError as error:
        raise CommandFailed(f"--out {out}: {error.strerror}") from None
    print(f"{out}: {duration_ms(len(pcm)) / 1000:.2f} s by {engine}, first audio after {speech.first_byte_ms:.0f} ms")
    return 0


async def _spoken(engines: Sequence[Engine], sentence: Sentence) -> tuple[str, Speech]:
    failures: list[str] = []
    for engine in engines:
        try:
            rendition = engine.voice.rendition(sentence.language, sentence.voice)
            return engine.name, await engine.speak(spoken(sentence.text), rendition, Errand(Urgency.LIVE))
        except (VoiceError, NoSpeech) as error:
            failures.append(str(error))
    raise CommandFailed("; ".join(failures))


async def _prepare(cache: PromptCache, store: SoundStore, sentences: Sequence[Sentence]) -> int:
    failed = 0
    for sentence in sentences:
        try:
            prompt = await cache.obtain(sentence, Urgency.AHEAD)
        except PromptFailed as failure:
            failed += 1
            print(f"FAILED  {sentence.text[:60]!r}: {failure}")
        else:
            print(_line(prompt, store, sentence))
    print(f"{len(sentences) - failed} of {len(sentences)} texts are ready in {store.root}")
    return 1 if failed else 0


def _line(prompt: Prompt, store: SoundStore, sentence: Sentence) -> str:
    state = "kept" if prompt.cached else prompt.engine
    return f"{state:<10} {prompt.sound.audio_ms / 1000:6.2f} s  {store.path(prompt.sound.name)}  {sentence.text[:60]}"


def _sentences(options: argparse.Namespace) -> Iterator[Sentence]:
    try:
        text = sys.stdin.read() if str(options.texts) == "-" else options.texts.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandFailed(f"--texts {options.texts}: {error}; give a readable file in UTF-8") from None
    for line in filter(None, (one.strip() for one in text.splitlines())):
        first, tab, rest = line.partition("\t")
        language, said = (base_language(first), rest) if tab else (options.language, line)
        yield Sentence(said, language, options.voice)


def _write(out: Path, pcm: bytes) -> None:
    if out.suffix == SUFFIX:
        out.write_bytes(pcm)
        return
    with out.open("wb") as file, wave.open(file, "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(SAMPLE_RATE_HZ)
        wav.writeframes(pcm)
