"""Routes of `/v1`: who may use one is settled before a byte of its body is read."""

from collections.abc import Callable, Coroutine, Iterator
from typing import Any, cast

from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from runner.gate import Admitted
from sanderling.access.permission import Permission
from sanderling.access.principal import Principal
from sanderling.api.bearer import bearer_key
from sanderling.api.body import check_json_type, read_body
from sanderling.api.exchange import exchange_of
from sanderling.api.query import read_query
from sanderling.api.services import Services
from sanderling.kernel.jsontext import JSON, decode

_EXTENSION = "x-sanderling-permission"
_PRINCIPAL = "sanderling.principal"

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


def needs(permission: Permission) -> dict[str, Any]:
    """Return the `openapi_extra` that puts a route behind `permission`."""
    return {_EXTENSION: permission.value, "security": [{"apiKey": []}]}


def services_of(request: Request) -> Services:
    """Return the services that the app was created with."""
    return cast("Services", request.app.state.services)


def principal_of(request: Request) -> Principal:
    """Return who passed the gate for this request."""
    return cast("Principal", request.scope[_PRINCIPAL])


class _ReadRequest(Request):
    """A request whose body was read and decoded, strictly, before FastAPI asks for it."""

    def __init__(self, request: Request, body: bytes, value: JSON) -> None:
        super().__init__(request.scope, request.receive)
        self._body = body
        self._value = value

    async def json(self) -> JSON:
        return self._value


def _query_of(dependant: Dependant) -> Iterator[str]:
    """Yield the query parameters of an endpoint and of what it depends on."""
    yield from (param.alias for param in dependant.query_params)
    for each in dependant.dependencies:
        yield from _query_of(each)


class PermittedRoute(APIRoute):
    """Pass the gate, then check the query and the body, then run the endpoint.

    A route without `needs(…)` cannot be made.
    """

    def get_route_handler(self) -> Handler:
        """Return FastAPI's handler behind our own checks."""
        handle = super().get_route_handler()
        permission = Permission((self.openapi_extra or {})[_EXTENSION])
        known = frozenset(_query_of(self.dependant))
        has_body = self.body_field is not None

        async def serve(request: Request) -> Response:
            exchange = exchange_of(request.scope)
            admitted: Admitted = await services_of(request).gate.admit(
                bearer_key(exchange.authorization), permission
            )
            exchange.count(admitted.admission)
            request.scope[_PRINCIPAL] = admitted.principal
            read_query(request.scope, known)
            if has_body:
                check_json_type(exchange)
                body = await read_body(request.receive)
                request = _ReadRequest(request, body, decode(body))
            return await handle(request)

        return serve
