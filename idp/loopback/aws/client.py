"""AWS operations through botocore, to loopback addresses only."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import TYPE_CHECKING, cast

import botocore.session
from botocore.awsrequest import AWSPreparedRequest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.model import OperationModel, ServiceModel, StructureShape

from idp.loopback.aws import shapes
from idp.loopback.provider import loopback
from idp.loopback.provider.api import ApiError, InvalidRequestError
from idp.loopback.provider.values import Properties, Value

if TYPE_CHECKING:
    from botocore.client import BaseClient

_ATTEMPTS = 2
_FILES = ("config_file", "credentials_file")
"""Names of botocore's settings whose value is a file of the user."""
_EXPIRED = ("ExpiredToken", "ExpiredTokenException", "RequestExpired")
"""Codes of expired credentials: of query and XML services, of JSON services, of EC2."""
_EXPLAINED = "The credentials have expired: with new ones the next update goes on where this one stopped"
_CONNECT_SECONDS = 5
_READ_SECONDS = 60


@dataclass(frozen=True)
class Credentials:
    """Who asks. Never printed."""

    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    token: str | None = field(default=None, repr=False)


class Client:
    """The operations of all services that have an endpoint; one for each configured provider.

    Endpoints, region and credentials are given, never looked up: no environment variable, file or metadata service
    decides where a request goes. A last look at each request refuses any other address.
    """

    def __init__(self, region: str, credentials: Credentials, endpoints: Mapping[str, str]) -> None:
        for url in endpoints.values():
            loopback.require(url)
        self._region = region
        self._credentials = credentials
        self._endpoints = dict(endpoints)
        self._clients: dict[tuple[str, str], BaseClient] = {}
        self._lock = threading.Lock()
        self._account: str | None = None

    @property
    def region(self) -> str:
        """The provider's region."""
        return self._region

    @property
    def account(self) -> str:
        """The account of the credentials. Raises ApiError."""
        if self._account is None:
            self._account = str(self.send("sts", "get_caller_identity", {}, self._region)["Account"])
        return self._account

    def member(self, service: str, operation: str, within: str, name: str) -> str | None:
        """Return the request member that a property of this name is."""
        shape = input_shape(service, operation)
        if within and shape is not None:
            shape = cast("StructureShape", shape.members[within])
        return shapes.member(shape, name)

    def encode(self, service: str, operation: str, members: Mapping[str, Value]) -> Properties:
        """Return the request. Raises InvalidRequestError."""
        try:
            return shapes.encode(input_shape(service, operation), members)
        except InvalidRequestError as error:
            raise InvalidRequestError([f"{operation}: {line}" for line in error.findings]) from error

    def send(self, service: str, operation: str, request: Properties, region: str) -> Properties:
        """Send a request. Raises ApiError, also when nobody answers."""
        method = getattr(self._client(service, operation, region), operation)
        try:
            return cast("Properties", method(**request))
        except ClientError as error:
            code = error.response["Error"].get("Code", "Unknown")
            message = error.response["Error"].get("Message", "no message")
            if code in _EXPIRED:
                message = f"{message.rstrip('.')}. {_EXPLAINED}"
            raise ApiError(operation, code, message) from error
        except BotoCoreError as error:
            raise ApiError(operation, type(error).__name__, str(error)) from error

    def _client(self, service: str, operation: str, region: str) -> BaseClient:
        if service not in self._endpoints:
            raise ApiError(operation, "NoEndpoint", f"the provider's endpoints do not name {service}")
        with self._lock:
            if (service, region) not in self._clients:
                self._clients[service, region] = self._build(service, region)
            return self._clients[service, region]

    def _build(self, service: str, region: str) -> BaseClient:
        client: BaseClient = _session().create_client(
            service,
            region_name=region,
            endpoint_url=self._endpoints[service],
            aws_access_key_id=self._credentials.access_key,
            aws_secret_access_key=self._credentials.secret_key,
            aws_session_token=self._credentials.token,
            config=Config(
                proxies={},
                retries={"total_max_attempts": _ATTEMPTS, "mode": "standard"},
                connect_timeout=_CONNECT_SECONDS,
                read_timeout=_READ_SECONDS,
                s3={"addressing_style": "path"},
            ),
        )
        client.meta.events.register_last(f"before-send.{service}", _refuse_foreign)
        return client


@lru_cache(maxsize=1)
def _session() -> botocore.session.Session:
    """Return a session that no environment variable and no file of the user can change."""
    variables = {
        name: (None, None, os.devnull if name in _FILES else default, convert)
        for name, (_, _, default, convert) in botocore.session.Session.SESSION_VARIABLES.items()
    }
    return botocore.session.Session(session_vars=variables)


_model_lock = threading.Lock()


@cache
def _service_model(service: str) -> ServiceModel:
    with _model_lock:
        return _session().get_service_model(service)


@cache
def operation_model(service: str, operation: str) -> OperationModel:
    """Return the model of an operation by its Python name (`create_vpc`). Raises KeyError if there is none."""
    model = _service_model(service)
    return model.operation_model(_operation_names(service)[operation])


@cache
def input_shape(service: str, operation: str) -> StructureShape | None:
    """Return what an operation takes."""
    return operation_model(service, operation).input_shape


@cache
def _operation_names(service: str) -> dict[str, str]:
    return {botocore.xform_name(name): name for name in _service_model(service).operation_names}


def _refuse_foreign(request: AWSPreparedRequest, **_: object) -> None:
    loopback.require(request.url)
