"""Who may ask: everybody, or whoever has the key of the environment variable `GLASSYLI_API_KEY`.

Only the digest of the key is held and sent about; comparing takes the same time whatever was wrong.
"""

import hmac
import os
from hashlib import sha256
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from serve.endpoint.refusals import as_response, key_needed
from serve.messages.service import KEY_VARIABLE

OPEN: Final = ("/", "/healthz", "/readyz")
"""Answered without the key: the page, and whether the server is there, without a model's name."""

OPEN_BELOW: Final = "/assets/"

MAY_KNOW: Final = "glassyli.may_know"
"""In the scope of a request: whether it showed the key; missing where there is none."""


def digest_from_environment() -> bytes | None:
    """Digest of the key; None where none is set."""
    key = os.environ.get(KEY_VARIABLE)
    return digest(os.fsencode(key)) if key else None


def digest(key: bytes) -> bytes:
    """SHA-256 of a key: equally long for every key, and the key cannot be read off it."""
    return sha256(key).digest()


class KeyNeeded:
    """ASGI middleware: refuses with 401 whoever does not show the key.

    Args:
        app: What is protected.
        key_digest: See `digest`.
    """

    def __init__(self, app: ASGIApp, key_digest: bytes) -> None:
        self.app = app
        self._digest = key_digest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path = scope["path"]
        may_know = self._shows_key(scope)
        if may_know or path in OPEN or path.startswith(OPEN_BELOW):
            scope[MAY_KNOW] = may_know
            await self.app(scope, receive, send)
            return
        await as_response(key_needed())(scope, receive, send)

    def _shows_key(self, scope: Scope) -> bool:
        headers = Headers(scope=scope)
        scheme, _, token = headers.get("authorization", "").partition(" ")
        shown = token.strip() if scheme.lower() == "bearer" else headers.get("x-api-key", "")
        return hmac.compare_digest(digest(shown.encode("latin-1")), self._digest)
