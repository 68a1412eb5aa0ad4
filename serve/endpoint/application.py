"""The server as Ray Serve deploys it: `import_path: serve.endpoint.application:build`.

A light ingress checks questions and passes them on to replicas that hold the models. The API key is
read here, from the environment of whoever deploys, and only its digest travels.
"""

from pathlib import Path
from typing import Any, Final

from serve.endpoint.ingress_replica import IngressReplica
from serve.endpoint.keys import digest_from_environment
from serve.endpoint.model_replica import ModelReplica
from serve.endpoint.packages import files_of, named
from serve.endpoint.settings import ServerSettings

DRAIN_TIMEOUT_S: Final = 20.0
"""Questions in hand at the end get this long to be answered."""

INGRESS_LINE: Final = 1024
"""Requests in hand at the ingress, slow uploads among them; models limit the heavy ones."""


def build(settings: ServerSettings) -> Any:  # noqa: ANN401 - Ray Serve's Application
    """The application, not yet running.

    Raises:
        PackageError: A package is missing, damaged or foreign.
    """
    from ray import serve as ray_serve

    settings = named(settings)
    spares = {name: files_of(folder) for name, folder in settings.models.items()}
    ending = {
        "graceful_shutdown_wait_loop_s": 0.1,
        "graceful_shutdown_timeout_s": DRAIN_TIMEOUT_S,
    }
    models = ray_serve.deployment(
        ModelReplica,
        name="models",
        ray_actor_options={"num_cpus": settings.replicas.cpus},
        max_ongoing_requests=settings.batching.ongoing,
        max_queued_requests=settings.batching.queued,
        **_how_many(settings),
        **ending,
    )
    ingress = ray_serve.deployment(
        ray_serve.ingress()(IngressReplica),
        name="ingress",
        ray_actor_options={"num_cpus": 0},
        max_ongoing_requests=INGRESS_LINE,
        max_queued_requests=INGRESS_LINE,
        **ending,
    )
    searches = None
    if settings.searches is not None:
        from serve.searches.jobs import SearchJobs

        # One: it owns their folder, which Ray's processes must find from wherever they start.
        folder = str(Path(settings.searches.folder).absolute())
        searches = ray_serve.deployment(
            SearchJobs, name="searches", ray_actor_options={"num_cpus": 0}, **ending
        ).bind(settings.models, settings.searches.model_copy(update={"folder": folder}))
    key_digest = digest_from_environment()
    return ingress.bind(models.bind(settings, spares), searches, settings, key_digest)


def _how_many(settings: ServerSettings) -> dict[str, Any]:
    replicas = settings.replicas
    if replicas.least == replicas.most:
        return {"num_replicas": replicas.least}
    return {
        "autoscaling_config": {
            "min_replicas": replicas.least,
            "max_replicas": replicas.most,
            "target_ongoing_requests": replicas.busy_at,
        }
    }
