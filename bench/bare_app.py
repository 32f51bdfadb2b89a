"""The least that a Starlette server can do for the same request: the base of `bench http`."""

import json

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


async def answer(request: Request) -> Response:
    """Parse the event, sum its numbers, return JSON: no key, no limit, no wall, no record."""
    event = json.loads(await request.body())
    result = {"id": event["id"], "total": sum(event["numbers"])}
    return Response(json.dumps(result), media_type="application/json")


app = Starlette(routes=[Route("/call", answer, methods=["POST"])])
