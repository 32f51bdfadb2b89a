"""Holds requests and answers against Google's published description of an API.

Strict where Google's own client is not: unknown members and parameters, formats that numbers,
bytes and moments have as text, and values that are none of an enumeration.
"""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any, cast

_RANGES = {
    "int32": (-(2**31), 2**31 - 1),
    "uint32": (0, 2**32 - 1),
    "int64": (-(2**63), 2**63 - 1),
    "uint64": (0, 2**64 - 1),
}
_TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
    "object": dict,
    "array": list,
}


class Description:
    """One API: its methods by name, and what their requests and answers may hold."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        """Take the published document."""
        self._schemas: dict[str, Any] = document["schemas"]
        self._base: str = document["servicePath"]
        self._common: dict[str, Any] = document["parameters"]
        self.methods: dict[str, Any] = dict(_methods(document["resources"]))

    def method_of(self, verb: str, path: str) -> str | None:
        """Return the name of the method that a request is for."""
        for name, method in self.methods.items():
            pattern = re.sub(r"\{\+?\w+\}", "[^/]+", f"/{self._base}{method['path']}")
            if method["httpMethod"] == verb and re.fullmatch(pattern, path):
                return name
        return None

    def wrong_with_request(self, name: str, query: tuple[tuple[str, str], ...]) -> list[str]:
        """Return what is wrong with the query of a request for a method."""
        known = {**self._common, **self.methods[name].get("parameters", {})}
        found: list[str] = []
        names = [key for key, _ in query]
        for key, value in query:
            if key not in known:
                found.append(f"{name} knows no parameter {key}")
                continue
            found += _wrong_text(f"{name}?{key}", value, known[key])
            if names.count(key) > 1 and not known[key].get("repeated"):
                found.append(f"{name}?{key} is given {names.count(key)} times")
        required = {
            key
            for key, spec in self.methods[name].get("parameters", {}).items()
            if spec.get("required") and spec["location"] == "query"
        }
        return [*found, *(f"{name} lacks {key}" for key in sorted(required - {*names}))]

    def wrong_with_body(self, name: str, value: object) -> list[str]:
        """Return what is wrong with the body of a request for a method."""
        return list(self._wrong(name, value, self.methods[name]["request"]))

    def wrong_with(self, schema: str, value: object) -> list[str]:
        """Return what is wrong with a value that is described by this name."""
        return list(self._wrong(schema, value, {"$ref": schema}))

    def wrong_with_answer(self, name: str, value: object) -> list[str]:
        """Return what is wrong with the body of a method's answer."""
        return list(self._wrong(name, value, self.methods[name]["response"]))

    def _wrong(self, where: str, value: object, spec: Mapping[str, Any]) -> Iterator[str]:
        if "$ref" in spec:
            spec = self._schemas[spec["$ref"]]
        kind = spec.get("type", "any")
        expected = _TYPES.get(kind, object)
        is_bool = isinstance(value, bool) and kind in {"integer", "number"}
        if not isinstance(value, expected) or is_bool:
            yield f"{where} is {value!r}, not of type {kind}"
            return
        match value:
            case dict():
                yield from self._wrong_object(where, value, spec)
            case list():
                for at, item in enumerate(cast("Any", value)):
                    yield from self._wrong(f"{where}[{at}]", item, spec["items"])
            case str():
                yield from _wrong_text(where, value, spec)
            case _:
                low, high = _RANGES.get(spec.get("format", ""), (None, None))
                if low is not None and high is not None and not low <= int(str(value)) <= high:
                    yield f"{where} is {value}, out of range"

    def _wrong_object(self, where: str, value: Any, spec: Mapping[str, Any]) -> Iterator[str]:
        properties, additional = spec.get("properties", {}), spec.get("additionalProperties")
        for name, member in value.items():
            inner = properties.get(name, additional)
            if inner is None:
                yield f"{where} has an unknown member {name}"
            else:
                yield from self._wrong(f"{where}.{name}", member, inner)


def _methods(resources: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for resource in resources.values():
        for method in resource.get("methods", {}).values():
            yield method["id"], method
        yield from _methods(resource.get("resources", {}))


def _wrong_text(where: str, text: str, spec: Mapping[str, Any]) -> list[str]:
    if "enum" in spec and text not in spec["enum"]:
        return [f"{where} is {text!r}, none of {spec['enum']}"]
    form = spec.get("format", spec.get("type"))
    if spec.get("type") == "boolean":
        return [] if text in {"true", "false"} else [f"{where} is {text!r}, no boolean"]
    return [] if _is_of_form(text, str(form), spec) else [f"{where} is {text!r}, no {form}"]


def _is_of_form(text: str, form: str, spec: Mapping[str, Any]) -> bool:
    if form in _RANGES:
        low, high = _RANGES[form]
        low = max(low, int(spec.get("minimum", low)))
        high = min(high, int(spec.get("maximum", high)))
        return re.fullmatch(r"-?(0|[1-9]\d*)", text) is not None and low <= int(text) <= high
    try:
        match form:
            case "byte":
                base64.b64decode(text, altchars=b"-_", validate=True)
            case "date":
                date.fromisoformat(text)
            case "date-time":
                return datetime.fromisoformat(text).tzinfo is not None
            case _:
                pass
    except (ValueError, binascii.Error):
        return False
    return True
