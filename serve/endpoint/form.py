"""A form of several parts, one a file, counted and timed while it arrives; nothing goes to disk."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, cast

from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from serve.endpoint.body import limited_stream
from serve.endpoint.settings import Limits
from serve.messages.refusals import refused, unanswerable
from serve.uploads.limits import MEBIBYTE
from simulate.design import parse_json
from simulate.errors import MisuseError

PART_BYTES: Final = MEBIBYTE
"""Of every part but the file."""

MAX_PARTS: Final = 300
"""A frame may be a part of its own."""

MULTIPART: Final = "multipart/form-data"

TEXT_PARTS: Final = frozenset({"format", "stage"})
"""Every other part but the file is JSON."""


class FormParser(MultiPartParser):
    """Starlette's, but a file stays in memory: its size is limited while it arrives."""

    spool_max_size = 1 << 40


@dataclass(frozen=True, slots=True)
class Form:
    """What arrived.

    Attributes:
        file: Content of the part `file`.
        file_name: As the client calls it.
        values: The other parts by name, read as JSON.
    """

    file: bytes
    file_name: str
    values: dict[str, Any]


async def read_form(request: Request, limits: Limits) -> Form:
    """The form in a request body.

    Raises:
        RequestError: 408 too slow, 413 too large, 415 no form, 422 no file or a part is no JSON.
    """
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind != MULTIPART:
        raise refused(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "Content-Type",
            f"the body must be {MULTIPART}, but is {kind[:80] or 'unnamed'}. Send a form.",
            kind or None,
            {"enum": [MULTIPART]},
        )
    most_bytes = limits.upload_bytes + PART_BYTES
    stream = cast("AsyncGenerator[bytes, None]", limited_stream(request, most_bytes, limits.body_s))
    parser = FormParser(
        request.headers, stream, max_files=1, max_fields=MAX_PARTS, max_part_size=PART_BYTES
    )
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise unanswerable(f"the form cannot be read: {error.message} Mend it.") from error
    try:
        return await _form(form)
    finally:
        await form.close()


async def _form(form: FormData) -> Form:
    file = form.get("file")
    if not isinstance(file, UploadFile):
        raise unanswerable(
            "`file` must be a part with a file name, but is missing. Add the structure file.",
            "file",
        )
    values: dict[str, Any] = {}
    for name, text in form.multi_items():
        if isinstance(text, UploadFile):
            if name != "file":
                raise unanswerable(f"`{name[:80]}` must be no file, but is one.", name[:80])
            continue
        value = text if name in TEXT_PARTS else _json(name, text)
        # A list may come whole, or part by part.
        values[name] = values[name] + value if _are_lists(values.get(name), value) else value
    return Form(await file.read(), file.filename or "", _given(values))


def _json(name: str, text: str) -> Any:  # noqa: ANN401 - any JSON value
    try:
        value = parse_json(text, f"`{name[:80]}`") if text.strip() else None
    except MisuseError as error:
        raise unanswerable(str(error), name[:80]) from error
    except RecursionError as error:
        message = f"`{name[:80]}` must be valid JSON, but nests too deeply."
        raise unanswerable(message, name[:80]) from error
    return [value] if name == "frames" and isinstance(value, int) else value


def _are_lists(before: object, after: object) -> bool:
    return isinstance(before, list) and isinstance(after, list)


def _given(values: dict[str, Any]) -> dict[str, Any]:
    """Without parts that a page leaves empty."""
    return {name: value for name, value in values.items() if value not in (None, "")}
