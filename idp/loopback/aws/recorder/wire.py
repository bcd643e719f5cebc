"""Requests read and answers written by botocore's models: REST-JSON, JSON and query protocols."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from urllib.parse import parse_qsl, unquote, urlsplit
from xml.sax.saxutils import escape

import botocore.session
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape
from botocore.validate import ParamValidator

from idp.loopback.aws.recorder.message import Members, RefusedError

_LABEL = re.compile(r"\{(\w+)\+?\}")
_SCOPE = re.compile(r"Credential=([^/]+)/\d+/([^/]+)/([^/]+)/aws4_request")


@dataclass(frozen=True)
class Signer:
    """Who signed a request, and for what."""

    access_key: str
    region: str
    service: str


def signer(authorization: str) -> Signer | None:
    """Return what a signature of version 4 says."""
    found = _SCOPE.search(authorization)
    return Signer(*found.groups()) if found else None


@cache
def model(service: str) -> ServiceModel:
    """Return botocore's model of a service."""
    return botocore.session.Session().get_service_model(service)


def operation(service: str, method: str, url: str, target: str, body: bytes) -> str | None:
    """Return the operation a request is for, by the service's protocol."""
    protocol = model(service).metadata["protocol"]
    if protocol == "json":
        return target.rpartition(".")[2] or None
    if protocol == "query":
        return dict(parse_qsl(body.decode())).get("Action")
    path = urlsplit(url).path
    for name, verb, pattern in _routes(service):
        if verb == method and pattern.fullmatch(path):
            return name
    return None


def members(service: str, name: str, url: str, body: bytes) -> Members:
    """Return the members of a request, checked. Raises RefusedError."""
    described = model(service).operation_model(name)
    shape = described.input_shape
    protocol = model(service).metadata["protocol"]
    if protocol == "query":
        found: Members = {key: value for key, value in parse_qsl(body.decode()) if key not in ("Action", "Version")}
    else:
        found = _json(body)
    if protocol == "rest-json":
        found |= _from_url(described, url)
    if shape is not None:
        problems = ParamValidator().validate(found, shape)
        if problems.has_errors():
            raise RefusedError("InvalidParameterException", " ".join(problems.generate_report().split()))
    return found


def answer(service: str, name: str, content: Members) -> tuple[str, bytes]:
    """Return content type and body of an answer."""
    described = model(service).operation_model(name)
    if model(service).metadata["protocol"] == "query":
        space = described.service_model.metadata["xmlNamespace"]
        # No query operation recorded here answers anything.
        text = f'<{name}Response xmlns="{space}"><ResponseMetadata/></{name}Response>'
        return "text/xml", text.encode()
    shape = described.output_shape
    told = _told(content, shape) if shape is not None else {}
    return _json_type(service), json.dumps(told).encode()


def error(service: str, refused: RefusedError) -> tuple[str, bytes]:
    """Return content type and body of an error."""
    if model(service).metadata["protocol"] == "query":
        text = (
            f"<ErrorResponse><Error><Type>Sender</Type><Code>{refused.code}</Code>"
            f"<Message>{escape(str(refused))}</Message></Error></ErrorResponse>"
        )
        return "text/xml", text.encode()
    return _json_type(service), json.dumps({"__type": refused.code, "message": str(refused)}).encode()


@cache
def _routes(service: str) -> list[tuple[str, str, re.Pattern[str]]]:
    routes = []
    for name in model(service).operation_names:
        http = model(service).operation_model(name).http
        path = http["requestUri"].split("?")[0]
        pattern = "".join("([^/]+)" if index % 2 else re.escape(part) for index, part in enumerate(_LABEL.split(path)))
        routes.append((name, http["method"], re.compile(pattern)))
    return routes


def _from_url(described: OperationModel, url: str) -> Members:
    """Return the members that are in the path and the query."""
    path = described.http["requestUri"].split("?")[0]
    pattern = next(
        pattern for name, _, pattern in _routes(described.service_model.service_name) if name == described.name
    )
    matched = pattern.fullmatch(urlsplit(url).path)
    values = [unquote(value) for value in matched.groups()] if matched else []
    labels = dict(zip(_LABEL.findall(path), values, strict=True))
    query = parse_qsl(urlsplit(url).query, keep_blank_values=True)
    found: Members = {}
    shape = described.input_shape
    for name, inner in shape.members.items() if shape is not None else ():
        location = inner.serialization.get("location")
        key = inner.serialization.get("name", name)
        if location == "uri" and key in labels:
            found[name] = labels[key]
        elif location == "querystring":
            given = [value for other, value in query if other == key]
            if given:
                found[name] = _from_text(given, inner)
    return found


def _from_text(values: list[str], shape: Shape) -> object:
    if isinstance(shape, ListShape):
        return values
    if shape.type_name == "boolean":
        return values[0] == "true"
    return int(values[0]) if shape.type_name in ("integer", "long") else values[0]


def _json(body: bytes) -> Members:
    try:
        content = json.loads(body or b"{}")
    except ValueError as problem:
        raise RefusedError("SerializationException", "the body is not JSON") from problem
    if not isinstance(content, dict):
        raise RefusedError("SerializationException", "the body is not an object")
    return content


def _json_type(service: str) -> str:
    metadata = model(service).metadata
    return f"application/x-amz-json-{metadata['jsonVersion']}" if "jsonVersion" in metadata else "application/json"


def _told(value: object, shape: Shape) -> object:
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        return {
            shape.members[key].serialization.get("name", key): _told(item, shape.members[key])
            for key, item in value.items()
            if key in shape.members and item is not None
        }
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [_told(item, shape.member) for item in value]
    if isinstance(shape, MapShape) and isinstance(value, Mapping):
        return {key: _told(item, shape.value) for key, item in value.items()}
    return value.timestamp() if isinstance(value, datetime.datetime) else value
