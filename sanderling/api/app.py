"""The one ASGI app: health, metrics, the hot route and `/v1`."""

from collections.abc import Sequence

from fastapi.middleware.asyncexitstack import AsyncExitStackMiddleware
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp

from sanderling.api import metrics
from sanderling.api.edge import Edge
from sanderling.api.executions import PATH as EXECUTIONS
from sanderling.api.executions import Executions
from sanderling.api.health import Readiness, show_liveness
from sanderling.api.metrics import Metrics
from sanderling.api.openapi_document import openapi_text
from sanderling.api.services import Services
from sanderling.api.v1 import v1_router


class _App(Starlette):
    """Starlette inside our own edge.

    The edge answers every exception itself; Starlette's two layers that would do so stay out.
    """

    def __init__(self, services: Services, counted: Metrics, routes: Sequence[BaseRoute]) -> None:
        super().__init__(routes=routes)
        self.router.redirect_slashes = False
        self.state.services = services
        self._counted = counted

    def build_middleware_stack(self) -> ASGIApp:
        services: Services = self.state.services
        return Edge(
            self.router,
            ids=services.ids,
            clock=services.clock,
            metrics=self._counted,
            max_body_bytes=services.max_body_bytes,
        )


async def _show_openapi(_: Request) -> Response:
    return Response(openapi_text(), media_type="application/json")


def create_app(services: Services) -> Starlette:
    """Return the app over `services`; whoever opened those closes them after the app is gone."""
    counted = Metrics(version=services.version)
    counted.subscribe(services.bus)

    async def show_metrics(_: Request) -> Response:
        return Response(counted.text(), headers={"content-type": metrics.CONTENT_TYPE})

    return _App(
        services,
        counted,
        [
            Route(EXECUTIONS, Executions(services.pipeline)),
            Route("/health/live", show_liveness),
            Route("/health/ready", Readiness(services).show),
            Route("/metrics", show_metrics),
            Route("/openapi.json", _show_openapi),
            # FastAPI's routes ask for the stack on which uploaded files would be closed.
            Mount("", AsyncExitStackMiddleware(v1_router())),
        ],
    )
