"""The routes of `/v1` that FastAPI serves."""

from fastapi import APIRouter

from sanderling.api import (
    account_routes,
    call_routes,
    config_routes,
    execution_routes,
    function_routes,
    job_routes,
    record_event_routes,
    record_routes,
    trigger_routes,
    whoami_route,
)

_ROUTERS = (
    function_routes.router,
    call_routes.router,
    execution_routes.router,
    trigger_routes.router,
    record_event_routes.router,
    config_routes.router,
    job_routes.router,
    account_routes.router,
    record_routes.router,
    whoami_route.router,
)


def v1_router() -> APIRouter:
    """Return one router over all of them; it takes no address but those it lists."""
    router = APIRouter(redirect_slashes=False)
    for each in _ROUTERS:
        router.routes.extend(each.routes)
    return router
