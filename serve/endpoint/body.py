"""The body of a request, counted and timed while it arrives.

What a client says about the length proves nothing: a chunked body says none.
"""

import asyncio
from collections.abc import AsyncIterator

from starlette.requests import Request

from serve.endpoint.refusals import too_slow
from serve.messages.refusals import too_large


async def read_body(request: Request, most_bytes: int, limit_s: float) -> bytes:
    """The whole body.

    Raises:
        RequestError: 413 above `most_bytes`, 408 after `limit_s`.
    """
    return b"".join([chunk async for chunk in limited_stream(request, most_bytes, limit_s)])


async def limited_stream(request: Request, most_bytes: int, limit_s: float) -> AsyncIterator[bytes]:
    """The body piece by piece, for parsers that read as it comes.

    Raises:
        RequestError: 413 above `most_bytes`, 408 after `limit_s`.
    """
    chunks = request.stream()
    deadline = asyncio.get_running_loop().time() + limit_s
    n_bytes = 0
    while True:
        try:
            async with asyncio.timeout_at(deadline):
                chunk = await anext(chunks, None)
        except TimeoutError as error:
            raise too_slow(limit_s) from error
        if chunk is None:
            return
        n_bytes += len(chunk)
        if n_bytes > most_bytes:
            raise too_large(n_bytes, most_bytes)
        yield chunk
