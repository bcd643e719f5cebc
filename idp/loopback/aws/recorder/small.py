"""Single operations that moto lacks on things it has: they change moto's own objects."""

from __future__ import annotations

from moto.acm.models import acm_backends
from moto.iam.models import OpenIDConnectProvider, iam_backends
from moto.logs.models import LogGroup, logs_backends
from moto.utilities.utils import get_partition

from idp.loopback.aws.recorder.message import Handler, Members, RefusedError, Request


def _add_client(request: Request) -> Members:
    clients = _provider(request).client_id_list
    if request.members["ClientID"] not in clients:
        clients.append(request.members["ClientID"])
    return {}


def _remove_client(request: Request) -> Members:
    clients = _provider(request).client_id_list
    if request.members["ClientID"] in clients:
        clients.remove(request.members["ClientID"])
    return {}


def _provider(request: Request) -> OpenIDConnectProvider:
    backend = iam_backends[request.scope.account][get_partition(request.scope.region)]
    found = backend.open_id_providers.get(request.members["OpenIDConnectProviderArn"])
    if found is None:
        raise RefusedError("NoSuchEntity", f"{request.members['OpenIDConnectProviderArn']} is not there", 404)
    return found


def _associate_key(request: Request) -> Members:
    _log_group(request).kms_key_id = request.members["kmsKeyId"]
    return {}


def _disassociate_key(request: Request) -> Members:
    _log_group(request).kms_key_id = None
    return {}


def _log_group(request: Request) -> LogGroup:
    name = request.members.get("logGroupName")
    found = logs_backends[request.scope.account][request.scope.region].groups.get(name or "")
    if found is None:
        raise RefusedError("ResourceNotFoundException", "The specified log group does not exist.")
    return found


def _certificate_options(request: Request) -> Members:
    arn = request.members["CertificateArn"]
    certificates = acm_backends[request.scope.account][request.scope.region]._certificates
    if arn not in certificates:
        raise RefusedError("ResourceNotFoundException", f"Certificate with arn {arn} not found")
    found = certificates[arn]
    found.cert_options = {**found.cert_options, **request.members["Options"]}
    return {}


HANDLERS: dict[tuple[str, str], Handler] = {
    ("iam", "AddClientIDToOpenIDConnectProvider"): _add_client,
    ("iam", "RemoveClientIDFromOpenIDConnectProvider"): _remove_client,
    ("logs", "AssociateKmsKey"): _associate_key,
    ("logs", "DisassociateKmsKey"): _disassociate_key,
    ("acm", "UpdateCertificateOptions"): _certificate_options,
}
