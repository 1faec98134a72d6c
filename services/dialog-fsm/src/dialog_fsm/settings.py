"""The settings of the dialog."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator
from pydantic_settings import NoDecode

from callbus.settings import Settings

SERVICE = "dialog-fsm"


class DialogSettings(Settings):
    """From the environment; each has its unit in its name."""

    redis_url: str = Field("redis://127.0.0.1:6379/0", validation_alias="REDIS_URL")
    scenarios_dir: Path = Path("scenarios")
    scenario: str = "clinic-ru"
    scenario_by_number: Annotated[dict[str, str], NoDecode] = Field(default_factory=dict)
    dialog_max_age_seconds: float = Field(120.0, ge=1, le=3600)
    """A call that waited longer for its greeting is hung up."""
    health_port: int = Field(0, ge=0, le=65535)
    log_format: Literal["pretty", "json"] = "pretty"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @field_validator("scenario_by_number", mode="before")
    @classmethod
    def _pairs(cls, value: Any) -> Any:
        """``+74951234567=clinic-ru,100=clinic-en``."""
        if not isinstance(value, str):
            return value
        pairs = [pair.strip() for pair in value.split(",") if pair.strip()]
        for pair in pairs:
            if pair.count("=") != 1 or not all(pair.split("=")):
                raise ValueError(f"{pair!r} is no pair; write number=scenario,number=scenario")
        return {number.strip(): name.strip() for number, name in (pair.split("=") for pair in pairs)}
