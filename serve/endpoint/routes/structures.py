"""`POST /v1/structures/predict`: what becomes of these atoms?"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from itertools import product
from typing import Any, Final

from fastapi import APIRouter, FastAPI, Request, Response

from serve.endpoint.asking import Asker
from serve.endpoint.form import MULTIPART, TEXT_PARTS, Form, read_form
from serve.endpoint.kinds.structures import StructuresQuestion
from serve.endpoint.routes.replies import WhichModel, json_bytes, responses
from serve.endpoint.settings import Limits, ServerSettings
from serve.messages.refusals import busy, checked, refused
from serve.messages.schemas import JSONSchema, published_schema
from serve.messages.structures import StructuresReply, StructuresRequest
from serve.uploads.asked import asked_frames
from serve.uploads.designs import before_reading
from serve.uploads.file_question import FileQuestion
from serve.uploads.formats import FORMATS, NAMES_TOLD, format_of
from serve.uploads.limits import UploadError, UploadLimits, too_much
from serve.uploads.readers import NoReaderError, Readers
from serve.uploads.reading import NumberedSnapshot

MOST_ARRIVING: Final = 64
"""Files on their way in: slow clients hold little each, and must not keep the others out."""

MOST_ARRIVED: Final = 16
"""Files that wait to be read or are; each may take the memory of the largest."""


def routes(asker: Asker, settings: ServerSettings) -> APIRouter:
    """The route of uploaded structures."""
    readers, limits = Readers(), settings.limits
    router = APIRouter(tags=["structures"], lifespan=_kept_by(readers))
    arriving = Places(MOST_ARRIVING, "sent")
    arrived = Places(MOST_ARRIVED, "read")

    @router.post(
        "/v1/structures/predict",
        responses=responses(StructuresReply, 401, 404, 408, 413, 415, 422, 503),
        openapi_extra={"requestBody": _request_body()},
    )
    async def predict(request: Request, model: WhichModel = None) -> Response:
        """Outcome, survival and incubation of uploaded atoms, frame by frame."""
        try:
            async with asyncio.timeout(limits.request_s) as whole:
                with arriving.taken():
                    form = await read_form(request, limits)
                with arrived.taken():
                    question = await _question(form, readers, limits)
                del form
                return json_bytes(await asker.ask("structures", question, model))
        except TimeoutError as error:
            if not whole.expired():
                raise
            raise busy(
                f"an answer may take at most {limits.request_s:g} s, but this one was not there. "
                "Send less at once, or try again later."
            ) from error

    return router


@dataclass
class Places:
    """So many at a time; who finds none free is sent away."""

    most: int
    doing: str
    n_taken: int = 0

    @contextmanager
    def taken(self) -> Iterator[None]:
        """One of them, for the length of a `with` block.

        Raises:
            RequestError: 503, none is free.
        """
        if self.n_taken >= self.most:
            raise busy(
                f"at most {self.most} files are {self.doing} at once, and that many are. "
                "Try again later."
            )
        self.n_taken += 1
        try:
            yield
        finally:
            self.n_taken -= 1


def _kept_by(readers: Readers) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """Readers live as long as the application."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        starting = asyncio.create_task(readers.start())
        yield
        starting.cancel()
        readers.close()

    return lifespan


async def _question(form: Form, readers: Readers, limits: Limits) -> StructuresQuestion:
    """What a model is to be asked about a file.

    Raises:
        RequestError: 413 or 422, with what is wrong with the form or the file; 503 no reader.
    """
    asked = checked(StructuresRequest, form.values)
    form_of_file = asked.format or format_of(form.file_name)
    if form_of_file is None:
        raise refused(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "format",
            f"`format` must be one of {', '.join(FORMATS)} where the name of the file does not "
            f"{NAMES_TOLD}. Add it; other formats, as POSCAR and CIF, are not read: convert them.",
            form.file_name,
            {"enum": list(FORMATS)},
        )
    said = before_reading(asked.design)
    within = UploadLimits(atoms=min(limits.atoms, UploadLimits().atoms), frames=limits.frames)
    question = FileQuestion.of(form_of_file, said).model_copy(
        update={"frames": asked.frames, "limits": within}
    )
    try:
        frames = await readers.read(form.file, question)
        _check_atoms(frames, limits.atoms)
    except NoReaderError as error:
        raise busy(str(error)) from error
    except UploadError as error:
        raise refused(error.status, "file", str(error), error.found, error.allowed) from error
    return StructuresQuestion(
        format=form_of_file,
        frames=asked_frames(frames, asked, form_of_file),
        horizon_ps=asked.horizon_ps,
        with_atoms=asked.with_atoms,
    )


def _check_atoms(frames: list[NumberedSnapshot], most: int) -> None:
    n_atoms = sum(frame.snapshot.n_atoms for frame in frames)
    if n_atoms > most:
        raise too_much(
            f"the frames asked for must hold at most {most} atoms together, but hold {n_atoms}. "
            "Name fewer of them in `frames`.",
            n_atoms,
            most,
        )


def example_file() -> str:
    """A simple cubic droplet of 125 atoms in a periodic cell, as extended XYZ."""
    spacing_A, edge_A = 3.1, 26.0
    rows = (
        " ".join(["Li", *(f"{spacing_A * step:.1f}" for step in place)])
        for place in product(range(5), repeat=3)
    )
    head = f'125\nLattice="{edge_A} 0 0 0 {edge_A} 0 0 0 {edge_A}" Properties=species:S:1:pos:R:3\n'
    return head + "\n".join(rows) + "\n"


def _request_body() -> dict[str, Any]:
    """The form as OpenAPI describes it."""
    schema: JSONSchema = published_schema(StructuresRequest)
    file = {"type": "string", "format": "binary", "description": "The structure file."}
    fields = {"file": file, **schema["properties"]}
    examples = [{"file": example_file(), **each} for each in schema["examples"]]
    return {
        "required": True,
        "content": {
            MULTIPART: {
                "schema": schema
                | {"properties": fields, "required": ["file", "design"], "examples": examples},
                "encoding": {
                    name: {"contentType": "application/json"}
                    for name in schema["properties"]
                    if name not in TEXT_PARTS
                },
            }
        },
    }
