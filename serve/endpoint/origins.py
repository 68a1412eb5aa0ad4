"""Which pages and which names a server is asked through: its own.

Browsers let every page send simple requests to any server that they reach, one at 127.0.0.1 too,
and a page can give its own name that address (DNS rebinding). Both would start searches, or read
answers, for whoever runs the page. Programs send no `Origin` and the name that they were given.
"""

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from serve.endpoint.loopback import is_loopback
from serve.endpoint.refusals import as_response, foreign_name, foreign_page
from serve.messages.refusals import RequestError


class OwnPagesOnly:
    """ASGI middleware: refuses with 403 what pages of other sites send.

    Args:
        app: What is protected.
        is_local: Whether requests must also name this machine by a loopback name or address.
    """

    def __init__(self, app: ASGIApp, *, is_local: bool) -> None:
        self.app = app
        self._is_local = is_local

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        refusal = self._refusal(Headers(scope=scope)) if scope["type"] == "http" else None
        if refusal is None:
            await self.app(scope, receive, send)
            return
        await as_response(refusal)(scope, receive, send)

    def _refusal(self, headers: Headers) -> RequestError | None:
        host, origin = headers.get("host", ""), headers.get("origin")
        if self._is_local and host and not is_loopback(_name(host)):
            return foreign_name(host)
        if origin is not None and _place(origin) != host.lower():
            return foreign_page(origin)
        return None


def _place(origin: str) -> str:
    """`host:port` of an origin, as `Host` says it; empty for `null`."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def _name(host: str) -> str:
    """The name in a `Host` header, without its port."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
