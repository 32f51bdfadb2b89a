"""Holds requests and answers against Graph's metadata.

Strict where Microsoft's own library is not: unknown properties and query options, words that are
none of an enumeration, numbers and moments in another form, and annotations that nobody describes.
"""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time
from typing import Any, cast
from uuid import UUID

from support.graph_metadata import Metadata, Operation, Property

_ANNOTATIONS = {
    *("@odata.context", "@odata.type", "@odata.etag", "@odata.id", "@odata.count"),
    *("@odata.nextLink", "@odata.deltaLink", "@odata.mediaContentType", "@removed"),
}
_REASONS = {"deleted", "changed"}
_OPAQUE = frozenset({"$skiptoken", "$deltatoken"})
"""What stands in links that are followed as they are given, and in no metadata."""

_OPEN = {"models/o_data_errors/inner_error"}
"""Types that may hold more than their properties."""

_INT32 = range(-(2**31), 2**31)
_NUMBER = re.compile(r"0|[1-9]\d{0,8}")
_NESTED = re.compile(r"(\w+)(?:\(\$select=([\w,]+)\))?")


class Rules:
    """Say what is wrong with a request or an answer."""

    def __init__(self, metadata: Metadata) -> None:
        """Go by this metadata."""
        self._metadata = metadata

    def wrong_with_request(
        self, operation: Operation, query: tuple[tuple[str, str], ...]
    ) -> list[str]:
        """Return what is wrong with the query of a request."""
        names = [name for name, _ in query]
        is_carried_on = bool(_OPAQUE.intersection(names))
        known = operation.options | (_OPAQUE if operation.is_delta else frozenset[str]())
        found = [f"{name} is no option" for name in names if name not in known]
        found += [f"{name} is given twice" for name in {*names} if names.count(name) > 1]
        if not is_carried_on:
            found += [f"{name} is missing" for name in operation.required.difference(names)]
        for name, value in query:
            found += self._wrong_option(operation, name, value)
        return [f"{operation.path}: {each}" for each in found]

    def wrong_with_body(self, operation: Operation, value: object) -> list[str]:
        """Return what is wrong with what is written to a resource."""
        found = self._wrong_object("", value, operation.answers)
        return [f"{operation.path}: {each}" for each in found]

    def wrong_with_answer(self, operation: Operation, value: Mapping[str, Any]) -> list[str]:
        """Return what is wrong with the body of an answer."""
        found = list(self._wrong_object("", value, operation.answers))
        if "@odata.context" not in value:
            found.append("it has no @odata.context")
        links = {"@odata.nextLink", "@odata.deltaLink"}.intersection(value)
        if operation.is_delta and len(links) != 1:
            found.append(f"of a walk's two links it has {sorted(links)}")
        if operation.is_delta:
            found += ["an item has no id" for one in value["value"] if "id" not in one]
        return [f"{operation.path}: {each}" for each in found]

    def wrong_with_refusal(self, value: Mapping[str, Any]) -> list[str]:
        """Return what is wrong with the body of an error."""
        found = list(self._wrong_object("", value, "models/o_data_errors/o_data_error"))
        if not {"code", "message"} <= value.get("error", {}).keys():
            found.append(f"an error without code or message: {value!r}")
        return found

    def _wrong_option(self, operation: Operation, name: str, value: str) -> list[str]:
        match name:
            case "$select":
                return self._unknown(self._item_of(operation), value.split(","))
            case "$expand":
                return self._wrong_expand(self._item_of(operation), value)
            case "$top" | "$skip":
                return [] if _NUMBER.fullmatch(value) else [f"{name} is {value!r}, no number"]
            case "$count":
                return [] if value in {"true", "false"} else [f"{name} is {value!r}"]
            case "startDateTime" | "endDateTime":
                return [] if _is_moment(value) else [f"{name} is {value!r}, no moment"]
            case _:
                return []

    def _item_of(self, operation: Operation) -> str:
        value = self._metadata.shape(operation.answers).properties.get("value")
        is_list = value is not None and value.form == "collection_of_object_values"
        return value.of if value is not None and is_list else operation.answers

    def _unknown(self, shape: str, names: list[str]) -> list[str]:
        known = self._metadata.shape(shape).properties
        return [f"{name!r} is no property of {shape}" for name in names if name not in known]

    def _wrong_expand(self, shape: str, value: str) -> list[str]:
        nested = _NESTED.fullmatch(value)
        if nested is None:
            return [f"$expand is {value!r}"]
        unknown = self._unknown(shape, [nested[1]])
        if unknown or nested[2] is None:
            return unknown
        return self._unknown(
            self._metadata.shape(shape).properties[nested[1]].of, nested[2].split(",")
        )

    def _wrong_object(self, where: str, value: object, name: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield f"{where} is {value!r}, not of type {name}"
            return
        told = cast("Mapping[str, Any]", value)
        shape = self._metadata.shape(name)
        kind = told.get("@odata.type")
        if kind is not None:
            subtype = shape.subtypes.get(str(kind).removeprefix("#"))
            own = name.rpartition("/")[2].replace("_", "")
            if subtype is not None:
                shape = self._metadata.shape(subtype)
            elif str(kind).lower() != f"#microsoft.graph.{own}":
                yield f"{where}.@odata.type is {kind!r}, not of {name}"
        for key, member in told.items():
            at = f"{where}.{key}"
            if key in shape.properties:
                yield from self._wrong(at, member, shape.properties[key])
            elif key == "@removed":
                if member.get("reason") not in _REASONS:
                    yield f"{at} is {member!r}"
            elif key not in _ANNOTATIONS and name not in _OPEN:
                yield f"{at} is no property of {name}"

    def _wrong(self, where: str, value: object, spec: Property) -> Iterator[str]:
        if value is None:
            # The library says of no property that it is never null.
            return
        if spec.form.startswith("collection_of_"):
            if not isinstance(value, list):
                yield f"{where} is {value!r}, no list"
                return
            one = spec.form.removeprefix("collection_of_").removesuffix("s")
            inner = Property({"primitive_value": f"{spec.of}_value"}.get(one, one), spec.of)
            for at, item in enumerate(cast("list[object]", value)):
                yield from self._wrong(f"{where}[{at}]", item, inner)
        elif spec.form == "object_value":
            yield from self._wrong_object(where, value, spec.of)
        elif spec.form == "enum_value":
            if value not in self._metadata.shape(spec.of).words:
                yield f"{where} is {value!r}, no word of {spec.of}"
        elif not _is_of_form(value, spec.form):
            yield f"{where} is {value!r}, no {spec.form}"


def _is_of_form(value: object, form: str) -> bool:
    match form:
        case "bool_value":
            return isinstance(value, bool)
        case "int_value":
            return isinstance(value, int) and not isinstance(value, bool) and value in _INT32
        case "float_value":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case _:
            return isinstance(value, str) and _is_text_of_form(value, form)


def _is_text_of_form(text: str, form: str) -> bool:
    try:
        match form:
            case "datetime_value":
                return _is_moment(text)
            case "date_value":
                date.fromisoformat(text)
            case "time_value":
                time.fromisoformat(text)
            case "bytes_value":
                base64.b64decode(text, validate=True)
            case "uuid_value":
                UUID(text)
            case "str_value":
                pass
            case _:
                raise NotImplementedError(form)
    except (ValueError, binascii.Error):
        return False
    return True


def _is_moment(text: str) -> bool:
    try:
        return "T" in text and datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False
