"""The explorer: the page at `/`, its files, and nothing else from anywhere.

Files are read once, when the server is built, and found by name in a dictionary: what a client asks
for never becomes a path.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from importlib.resources import files
from typing import Final

from fastapi import APIRouter, HTTPException, Request, Response

PAGE: Final = "index.html"

MEDIA_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".gz": "application/gzip",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
"""Content-Security-Policy: only files of this server, no inline script or style, in no frame."""

SAFE: Final = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

ASK_EACH_TIME: Final = "no-cache"
FOR_EVER: Final = "public, max-age=31536000, immutable"
"""An asset's address holds the digest of all of them, so that what it names never changes."""


@dataclass(frozen=True, slots=True)
class Explorer:
    """The page and its assets.

    Attributes:
        page: HTML whose links to assets carry the digest.
        assets: Content by file name.
        digest: Of everything, 12 hexadecimal digits.
    """

    page: bytes
    assets: Mapping[str, bytes]
    digest: str

    @classmethod
    def read(cls) -> "Explorer":
        """What the package ships."""
        found = {
            each.name: each.read_bytes()
            for each in sorted(files("serve").joinpath("explorer").iterdir(), key=lambda e: e.name)
            if _suffix(each.name) in MEDIA_TYPES
        }
        digest = hashlib.sha256(b"\0".join(found.values())).hexdigest()[:12]
        # Named beforehand, modules are fetched all at once and not as each finds the next.
        modules = (name for name in found if _suffix(name) == ".js")
        early = "".join(f'<link rel="modulepreload" href="assets/{name}">\n' for name in modules)
        page = found.pop(PAGE).replace(b"</head>", early.encode() + b"</head>")
        return cls(page.replace(b"assets/", f"assets/{digest}/".encode()), found, digest)


def routes() -> APIRouter:
    """The page at `/` and its files below `/assets/`."""
    explorer = Explorer.read()
    tag = f'"{explorer.digest}"'
    router = APIRouter()

    @router.get("/", include_in_schema=False)
    async def page(request: Request) -> Response:
        headers = SAFE | {"Cache-Control": ASK_EACH_TIME, "ETag": tag}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        return Response(explorer.page, media_type=MEDIA_TYPES[".html"], headers=headers)

    @router.get("/assets/{digest}/{name}", include_in_schema=False)
    async def asset(digest: str, name: str) -> Response:
        content = explorer.assets.get(name)
        if content is None:
            raise HTTPException(HTTPStatus.NOT_FOUND, "No such file; load the page anew.")
        # A page kept from before an update asks for a digest that is gone: it gets today's file,
        # but must ask again.
        lasting = FOR_EVER if digest == explorer.digest else ASK_EACH_TIME
        return Response(
            content,
            media_type=MEDIA_TYPES[_suffix(name)],
            headers=SAFE | {"Cache-Control": lasting},
        )

    return router


def _suffix(name: str) -> str:
    return name[name.rfind(".") :]
