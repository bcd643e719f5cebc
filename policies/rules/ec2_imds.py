"""A machine's credentials are for the machine: not for its pods, nor for whoever makes it fetch a URL."""

from __future__ import annotations

from policies.condition import Condition, Field, Filled, any_of, one_of
from policies.demand import ITEM, WHOLE, Demand, demands
from policies.kinds import exactly
from policies.plain import Plain
from policies.rule import Resource, Rule, Severity
from policies.samples import declared

_TEMPLATE, _INSTANCE, _CONFIGURATION = (
    "aws:ec2/launchTemplate:LaunchTemplate",
    "aws:ec2/instance:Instance",
    "aws:ec2/launchConfiguration:LaunchConfiguration",
)


def _demand(key: str, holds: Condition, says: str) -> Demand:
    elsewhere = any_of(
        one_of(Field(ITEM, "metadataOptions", "httpEndpoint"), "disabled"),
        # An instance of a template has the template's options.
        Filled(Field(ITEM, "launchTemplate")),
    )
    return Demand(WHOLE, any_of(holds, elsewhere), says, at=("metadataOptions", key))


def _template(**options: Plain) -> Resource:
    return declared(_TEMPLATE, metadataOptions=options)


RULE = Rule(
    id="ec2_imds",
    title="Instance metadata takes tokens only, and one hop",
    severity=Severity.HIGH,
    why="Version 1 gives a node's credentials to any page that makes a server fetch a URL; two hops give them to pods.",
    remedy="Set `http_tokens='required'` and `http_put_response_hop_limit=1` in `metadata_options`.",
    standards=(
        "FSBP 1.0.0 EC2.8",
        "AWS SecurityHub EC2.170",
        "FSBP 1.0.0 AutoScaling.3",
        "CIS AWS 3.0.0 5.6",
        "CIS AWS 5.0.0 5.7",
    ),
    types=exactly(LaunchTemplate=_TEMPLATE, Instance=_INSTANCE, LaunchConfiguration=_CONFIGURATION),
    check=demands(
        _demand(
            "httpTokens",
            one_of(Field(ITEM, "metadataOptions", "httpTokens"), "required"),
            "is not `required`; allowed is `required`, or the endpoint `disabled`",
        ),
        _demand(
            # An absent limit is the image's, and that of Amazon Linux 2023 is 2.
            "httpPutResponseHopLimit",
            one_of(Field(ITEM, "metadataOptions", "httpPutResponseHopLimit"), 1),
            "is not 1; allowed is 1, or the endpoint `disabled`",
        ),
    ),
    passing=(
        _template(httpTokens="required", httpPutResponseHopLimit=1),
        _template(httpEndpoint="disabled"),
        declared(_INSTANCE, metadataOptions={"httpTokens": "required", "httpPutResponseHopLimit": 1}),
        declared(_INSTANCE, launchTemplate={"id": "lt-1"}),
    ),
    failing=(
        declared(_TEMPLATE),
        _template(httpPutResponseHopLimit=1),
        _template(httpTokens="optional", httpPutResponseHopLimit=1),
        _template(httpTokens="required"),
        _template(httpTokens="required", httpPutResponseHopLimit=2),
        _template(httpEndpoint="enabled", httpTokens="required", httpPutResponseHopLimit=2),
        declared(_INSTANCE),
        declared(_INSTANCE, launchTemplate={}),
        declared(_INSTANCE, metadataOptions={"httpTokens": "optional"}),
        declared(_CONFIGURATION, metadataOptions={"httpTokens": "required", "httpPutResponseHopLimit": 64}),
    ),
)
