"""The one ASGI app: health, metrics, the hot route, `/v1`, and where providers send people back."""

from collections.abc import Sequence

from fastapi.middleware.asyncexitstack import AsyncExitStackMiddleware
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp

from sanderling.api import account_return, metrics
from sanderling.api.account_return import AccountReturn
from sanderling.api.edge import Edge
from sanderling.api.engine_metrics import watch_engine
from sanderling.api.executions import PATH as EXECUTIONS
from sanderling.api.executions import Executions
from sanderling.api.express import Express
from sanderling.api.health import Readiness, show_liveness
from sanderling.api.lost_callers import LostCallers
from sanderling.api.metrics import Metrics
from sanderling.api.openapi_document import openapi_text
from sanderling.api.push_metrics import count_notifications
from sanderling.api.push_routes import RECEPTIONS
from sanderling.api.replays import PATH as REPLAY
from sanderling.api.replays import Replay
from sanderling.api.services import Services
from sanderling.api.trigger_door import PATH as DOOR
from sanderling.api.trigger_door import TriggerDoor
from sanderling.api.v1 import v1_router


class App(Starlette):
    """Starlette inside our own edge, and where calls are served the short way past both.

    The edge answers every exception itself; Starlette's two layers that would do so stay out.
    `express` is for connections that know a call when they see one.
    """

    def __init__(
        self, services: Services, counted: Metrics, executions: Executions | None = None
    ) -> None:
        """Serve `services`, and count requests in `counted`; without `executions` only probes."""
        probes = _probes(services, counted)
        super().__init__(routes=_routes(services, executions, probes) if executions else probes)
        self.router.redirect_slashes = False
        self.state.services = services
        self._edge = Edge(
            self.router,
            ids=services.ids,
            clock=services.clock,
            metrics=counted,
            max_body_bytes=services.max_body_bytes,
        )
        self.express: Express | None = None
        if executions is not None:
            self.express = Express(
                self._edge,
                executions,
                metrics=counted,
                clock=services.clock,
                most_bytes=services.max_body_bytes,
            )

    def build_middleware_stack(self) -> ASGIApp:
        """Return what Starlette hands each request to."""
        return self._edge


async def _show_openapi(_: Request) -> Response:
    return Response(openapi_text(), media_type="application/json")


def _probes(services: Services, counted: Metrics) -> Sequence[BaseRoute]:
    async def show_metrics(_: Request) -> Response:
        return Response(counted.text(), headers={"content-type": metrics.CONTENT_TYPE})

    return [
        Route("/health/live", show_liveness),
        Route("/health/ready", Readiness(services).show),
        Route("/metrics", show_metrics),
    ]


def _routes(
    services: Services, executions: Executions, probes: Sequence[BaseRoute]
) -> Sequence[BaseRoute]:
    lost = LostCallers(services.gate, services.clock)
    return [
        Route(EXECUTIONS, executions),
        Route(REPLAY, Replay(services.replays, services.gate)),
        Route(f"{DOOR}/{{path:path}}", TriggerDoor(services)),
        *(
            Route(path, AccountReturn(services, provider), methods=["GET"])
            for provider, path in account_return.PATHS.items()
        ),
        *(Route(path, take(services, lost), methods=["POST"]) for path, take in RECEPTIONS.items()),
        *probes,
        Route("/openapi.json", _show_openapi),
        # FastAPI's routes ask for the stack on which uploaded files would be closed.
        Mount("", AsyncExitStackMiddleware(v1_router())),
    ]


def create_app(services: Services) -> App:
    """Return the app over `services`; whoever opened those closes them after the app is gone."""
    executions = Executions(services.pipeline, services.gate, services.submission, services.once)
    return App(services, _counted(services), executions)


def create_probe_app(services: Services) -> App:
    """Return an app that tells of `services` what probes and Prometheus ask, and serves no call."""
    return App(services, _counted(services))


def _counted(services: Services) -> Metrics:
    counted = Metrics(version=services.version)
    counted.subscribe(services.bus)
    counted.measure_functions(services.bus, limit=services.function_metrics_limit)
    count_notifications(services.bus, counted.registry)
    counted.watch_limits(services.gate.statistics)
    counted.watch_calls(services.pipeline.statistics)
    if services.engine is not None:
        watch_engine(services.engine, counted.registry)
    return counted
