"""ACM: certificates and the wait for their validation."""

from __future__ import annotations

from idp.loopback.aws.tables.common import TAGS
from idp.loopback.provider.context import Context
from idp.loopback.provider.table import Call, If, Prop, Quirk, Ready, Row
from idp.loopback.provider.values import Properties

_CERTIFICATE = {"CertificateArn": "$id"}
_ISSUE_SECONDS = 4500.0
"""The official provider waits 75 minutes: the longest that validation by DNS usually takes."""


def _alternative_names(context: Context) -> Properties:
    """Return the names without the domain itself, which ACM lists among them and programs may or may not."""
    certificate = context.send("describe_certificate", CertificateArn=context.id)["Certificate"]
    if not isinstance(certificate, dict):
        return {}
    wanted = context.inputs.get("subjectAlternativeNames") or context.state.get("subjectAlternativeNames") or []
    domain = certificate["DomainName"]
    keeps = isinstance(wanted, list) and domain in wanted
    names = certificate.get("SubjectAlternativeNames", [])
    return {"AlternativeNames": [name for name in names if keeps or name != domain]}


CERTIFICATE = Row(
    type="aws:acm/certificate:Certificate",
    service="acm",
    identity="CertificateArn",
    create=(Call("request_certificate", {"Tags": If("$tagsAll", "$tagsAll")}),),
    read=(
        Call("describe_certificate", _CERTIFICATE, pick="Certificate"),
        Quirk(_alternative_names),
        Call("list_tags_for_certificate", _CERTIFICATE, pick="{Tags: Tags}"),
    ),
    update=(
        Call("update_certificate_options", _CERTIFICATE, on=("options",), needs="$options"),
        Call(
            "remove_tags_from_certificate",
            {**_CERTIFICATE, "Tags": "$removed.tagsAll"},
            on=("tagsAll",),
            needs="$removed.tagsAll",
            by_name=False,
        ),
        Call(
            "add_tags_to_certificate",
            {**_CERTIFICATE, "Tags": "$changed.tagsAll"},
            on=("tagsAll",),
            needs="$changed.tagsAll",
            by_name=False,
        ),
    ),
    delete=(Call("delete_certificate", _CERTIFICATE),),
    properties={
        "domainName": Prop(),
        "subjectAlternativeNames": Prop(out="AlternativeNames"),
        "validationMethod": Prop(out="DomainValidationOptions[0].ValidationMethod", default="DNS"),
        # moto answers RSA_2048 whatever was asked for.
        "keyAlgorithm": Prop(out=None, default="RSA_2048"),
        "options": Prop(kept=True, kept_inside=("certificateTransparencyLoggingPreference", "export")),
        **TAGS,
    },
    computed={
        "arn": "$id",
        "domainValidationOptions": "DomainValidationOptions[].{domainName: DomainName, "
        "resourceRecordName: ResourceRecord.Name, resourceRecordType: ResourceRecord.Type, "
        "resourceRecordValue: ResourceRecord.Value}",
    },
    absent=(
        "certificateAuthorityArn",
        "certificateBody",
        "certificateChain",
        "earlyRenewalDuration",
        "pendingRenewal",
        "privateKey",
        "privateKeyWo",
        "privateKeyWoVersion",
        "renewalSummaries",
        "validationEmails",
        "validationOptions",
    ),
    # The records that prove the domain come a moment after the certificate.
    ready=Ready(
        "DomainValidationOptions[?ValidationMethod=='DNS' && !ResourceRecord] | [0] && 'pending' || 'known'",
        ("known",),
        seconds=300,
    ),
)

VALIDATION = Row(
    type="aws:acm/certificateValidation:CertificateValidation",
    service="acm",
    identity="{certificateArn}",
    # It is a wait and nothing else; its deletion leaves the certificate alone.
    create=(Call("describe_certificate", {"CertificateArn": "$certificateArn"}),),
    read=(Call("describe_certificate", {"CertificateArn": "$certificateArn"}, pick="Certificate", by_name=False),),
    delete=(),
    properties={"certificateArn": Prop(), "validationRecordFqdns": Prop(out=None)},
    ready=Ready("Status", ("ISSUED",), ("FAILED", "VALIDATION_TIMED_OUT", "REVOKED"), seconds=_ISSUE_SECONDS),
    gone="Status != 'ISSUED' && Status != 'PENDING_VALIDATION'",
)

ROWS = (CERTIFICATE, VALIDATION)
