"""Settings from the environment, with secrets from files, and one clear line when one is wrong."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from pydantic import ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

EXIT_BAD_SETTING = 2


class Settings(BaseSettings):
    """What every service has; a field's environment name is its alias, or ``TRUNKLINE_<FIELD>``.

    An empty variable counts as one that is not set.
    """

    model_config = SettingsConfigDict(
        env_prefix="TRUNKLINE_", populate_by_name=True, extra="ignore", env_ignore_empty=True
    )

    @field_validator("log_level", mode="before", check_fields=False)
    @classmethod
    def _any_case(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value


S = TypeVar("S", bound=Settings)


def load(settings: type[S], service: str, environment: Mapping[str, str] | None = None) -> S:
    """Read the settings, or end the process with exit code 2 and a line for each that is wrong.

    ``<NAME>_FILE`` names a file whose content (without the last line break) is the value of ``<NAME>``.
    """
    try:
        _read_secret_files(os.environ if environment is None else environment, service)
        return settings()
    except ValidationError as error:
        for one in error.errors():
            name = _environment_name(settings, str(one["loc"][0]) if one["loc"] else "")
            print(f"{service}: setting {name}: {_reason(dict(one))}", file=sys.stderr)
        sys.exit(EXIT_BAD_SETTING)


def refuse(service: str, reason: str) -> NoReturn:
    """End the process with exit code 2 and one line."""
    print(f"{service}: {reason}", file=sys.stderr)
    sys.exit(EXIT_BAD_SETTING)


def _read_secret_files(environment: Mapping[str, str], service: str) -> None:
    for name, path in list(environment.items()):
        target = name.removesuffix("_FILE")
        if (
            target == name
            or not target.startswith(("TRUNKLINE_", "ASTERISK_ARI_", "ELEVENLABS_", "REDIS_"))
            or not path
        ):
            continue
        try:
            os.environ[target] = Path(path).read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            refuse(service, f"setting {name}: cannot read {path}: {error}; give the path of a readable text file")


def _environment_name(settings: type[Settings], field: str) -> str:
    info = settings.model_fields.get(field)
    if info is not None and isinstance(info.validation_alias, str):
        return info.validation_alias
    return field if field.isupper() else f"TRUNKLINE_{field.upper()}"


def _reason(error: Mapping[str, Any]) -> str:
    # The value itself is not shown: it may be a secret.
    if error["type"] == "missing":
        return "is not set; it has no default"
    return str(error["msg"]).removeprefix("Value error, ")
