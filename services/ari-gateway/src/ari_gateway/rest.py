"""HTTP to Asterisk: one request, its answer as JSON, its failure as a typed exception."""

import json
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import aiohttp
from yarl import URL

from ari_gateway.errors import ARIProtocolError, ARIUnavailable, from_status

# Below the 15 s after which Asterisk closes an idle connection, so that no request meets a closing one.
KEEP_ALIVE_SECONDS = 10.0
CONNECTIONS = 64
REQUEST_TIMEOUT_SECONDS = 5.0


class Rest:
    """Requests under ``<base>/ari``; ``headers`` hold the authorization."""

    def __init__(self, base_url: str, headers: Mapping[str, str]) -> None:
        self._base = URL(base_url.rstrip("/") + "/ari/")
        self._headers = headers
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            headers=self._headers,
            connector=aiohttp.TCPConnector(limit=CONNECTIONS, keepalive_timeout=KEEP_ALIVE_SECONDS),
            timeout=aiohttp.ClientTimeout(total=REQUEST_TIMEOUT_SECONDS),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    @property
    def where(self) -> str:
        """The server, for log lines."""
        return str(self._base.origin())

    async def request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Any:
        """The JSON of the answer, None when it has none; ``path`` is already quoted, relative to ``/ari/``.

        Cancelling it leaves unknown whether Asterisk did it.

        :raises ARIError: see :mod:`ari_gateway.errors`.
        """
        if self._session is None:
            raise ARIUnavailable(f"{method} {path}: the client is not open")
        url = self._base.join(URL(path, encoded=True))
        try:
            async with self._session.request(method, url, params=query, json=body) as response:
                text = await response.text()
        except TimeoutError:
            raise ARIUnavailable(f"{method} {path}: no answer in {REQUEST_TIMEOUT_SECONDS:g} s") from None
        except (aiohttp.ClientError, OSError) as error:
            raise ARIUnavailable(f"{method} {path}: {_plain(error)}") from None
        if response.status >= 400:
            raise from_status(response.status, f"{method} {path}", _reason(text))
        return _json(text, f"{method} {path}")


def _plain(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"cannot connect to {error.host}:{error.port} ({error.os_error.strerror or error.os_error})"
    return str(error) or type(error).__name__


def _reason(text: str) -> str:
    """Asterisk's own words for a refusal: ``{"message": ...}``, sometimes ``error`` beside it."""
    try:
        answer = json.loads(text)
    except ValueError:
        return ""
    if not isinstance(answer, dict):
        return ""
    return str(answer.get("message") or answer.get("error") or "")


def _json(text: str, what: str) -> Any:
    if not text:
        return None
    try:
        return json.loads(text)
    except ValueError:
        raise ARIProtocolError(f"{what}: the answer is no JSON; is ASTERISK_ARI_URL an Asterisk?") from None
