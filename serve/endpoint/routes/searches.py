"""`/v1/deposition/search`: the best way to plate, as a job that is asked about until it is done."""

from http import HTTPStatus
from typing import Final, TypeVar

from fastapi import APIRouter, Request, Response

from serve.endpoint.asking import Asker, known_name
from serve.endpoint.body import read_body
from serve.endpoint.routes.model_range import of_search, outside_range_named
from serve.endpoint.routes.replies import WhichModel, json_bytes, responses
from serve.endpoint.settings import ServerSettings
from serve.messages.refusals import busy, parse, refused
from serve.messages.schemas import published_schema
from serve.messages.searches import SearchJob, SearchRequest
from serve.searches.asking import OVER, NotNowError, Searches
from simulate.errors import MisuseError

PATH: Final = "/v1/deposition/search"

Known = TypeVar("Known", SearchJob, bytes)


def routes(asker: Asker, searches: Searches, settings: ServerSettings) -> APIRouter:
    """The routes of searches."""
    router = APIRouter(tags=["deposition"])
    limits = settings.limits

    @router.post(
        PATH,
        status_code=HTTPStatus.ACCEPTED,
        responses={
            HTTPStatus.ACCEPTED: {"model": SearchJob, "description": "It waits or runs."},
            **responses(SearchJob, 401, 404, 408, 413, 422, 503),
        },
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": published_schema(SearchRequest)}},
            }
        },
    )
    async def submit(request: Request, model: WhichModel = None) -> Response:
        """Make a job of a search; the same search is the same job. Its address is in `Location`."""
        body = await read_body(request, limits.body_bytes, limits.body_s)
        async with outside_range_named(asker, model, body, of_search):
            asked = parse(SearchRequest, body)
            job = await searches.submit(asked.config, known_name(model, asker.names))
            if isinstance(job, MisuseError):
                raise job
        if isinstance(job, NotNowError):
            raise busy(str(job))
        location = {"Location": f"{PATH}/{job.id}"}
        if job.state in OVER:  # with its result
            return json_bytes(_known(job.id, await searches.state_json(job.id)), location)
        return Response(
            job.model_dump_json(), HTTPStatus.ACCEPTED, location, media_type="application/json"
        )

    @router.get(f"{PATH}/{{job_id}}", responses=responses(SearchJob, 401, 404, 503))
    async def state(job_id: str) -> Response:
        """How far a search is; its result once it is done."""
        return json_bytes(_known(job_id, await searches.state_json(job_id)))

    @router.delete(f"{PATH}/{{job_id}}", responses=responses(SearchJob, 401, 404, 503))
    async def cancel(job_id: str) -> Response:
        """Stop a search; submitted again, it goes on where it stopped."""
        job = _known(job_id, await searches.cancel(job_id))
        return json_bytes(job.model_dump_json().encode())

    return router


def _known(job_id: str, found: Known | NotNowError | None) -> Known:
    """What is there of a job.

    Raises:
        RequestError: 404, nothing is; 503, it cannot be told now.
    """
    if isinstance(found, NotNowError):
        raise busy(str(found))
    if found is None:
        message = (
            "`job_id` must be of a search that was submitted here and is still kept, but this one "
            f"is not known. Submit the search with POST {PATH}."
        )
        raise refused(HTTPStatus.NOT_FOUND, "job_id", message, job_id)
    return found
