"""YAML as plain data that remembers the line of everything.

Only ``true``, ``false``, ``null`` and plain numbers are more than text: YAML 1.1 would make ``on``, ``yes`` and ``no``
booleans, ``09:30`` a number of minutes and ``2026-06-15`` a date.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

_INTEGER = re.compile(r"-?(0|[1-9]\d{0,15})")
_DECIMAL = re.compile(r"-?(0|[1-9]\d*)\.\d+")
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}
_MAX_DEPTH = 20

Path_ = tuple[str | int, ...]


class SourceError(Exception):
    """A file is no YAML that can be used; the text names file and line."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file's data, and the line (from 1) of each path in it."""

    name: str
    data: Any
    lines: dict[Path_, int]

    def line(self, path: Path_) -> int:
        """The line of the nearest part of the path that exists."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def read_source(path: Path, name: str | None = None) -> Source:
    """Read a file.

    :raises SourceError: it cannot be read, is no UTF-8, no YAML, or repeats a key.
    """
    name = name or str(path)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise SourceError(f"{name}: cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise SourceError(f"{name}: is not UTF-8 at byte {error.start}; save it as UTF-8") from None
    return parse_source(text, name)


def parse_source(text: str, name: str) -> Source:
    """The same from a text."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise SourceError(f"{name}:{mark.line + 1 if mark else 1}: no YAML: {error.problem}") from None
    except yaml.YAMLError as error:
        raise SourceError(f"{name}: no YAML: {error}") from None
    if node is None:
        raise SourceError(f"{name}: is empty")
    lines: dict[Path_, int] = {}
    return Source(name, _Reader(name, lines).read(node, ()), lines)


@dataclass(frozen=True, slots=True)
class _Reader:
    name: str
    lines: dict[Path_, int]

    def read(self, node: yaml.Node, path: Path_) -> Any:
        self.lines.setdefault(path, node.start_mark.line + 1)
        if len(path) > _MAX_DEPTH:
            raise SourceError(f"{self.name}:{node.start_mark.line + 1}: nested too deeply")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.read(item, (*path, index)) for index, item in enumerate(node.value)]
        return _scalar(node)

    def _mapping(self, node: yaml.MappingNode, path: Path_) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                raise SourceError(f"{self.name}:{line}: a key must be a word")
            key = str(key_node.value)
            if key in data:
                raise SourceError(f'{self.name}:{line}: the key "{key}" stands here twice')
            self.lines[(*path, key)] = line
            data[key] = self.read(value_node, (*path, key))
        return data


def _scalar(node: yaml.Node) -> Any:
    text = str(node.value)
    if not isinstance(node, yaml.ScalarNode) or node.style is not None:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _DECIMAL.fullmatch(text) else text
