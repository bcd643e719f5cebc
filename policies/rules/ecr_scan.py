"""Images are looked through for known weaknesses when they are pushed."""

from __future__ import annotations

from policies.condition import Field, one_of
from policies.demand import ITEM, WHOLE, Demand, demands
from policies.kinds import exactly
from policies.plain import Plain
from policies.rule import Resource, Rule, Severity
from policies.samples import declared


def _repository(scanning: Plain) -> Resource:
    return declared("aws:ecr/repository:Repository", imageScanningConfiguration=scanning)


RULE = Rule(
    id="ecr_scan",
    title="Repositories scan images on push",
    severity=Severity.MEDIUM,
    why="Most weaknesses that are used are known ones in libraries, and a scan names them before anything runs.",
    remedy="Set `image_scanning_configuration={'scan_on_push': True}`.",
    standards=("FSBP 1.0.0 ECR.1", "CIS EKS 1.7.0 5.1.1"),
    types=exactly(Repository="aws:ecr/repository:Repository"),
    check=demands(
        Demand(
            WHOLE,
            one_of(Field(ITEM, "imageScanningConfiguration", "scanOnPush"), True),
            "is not on; allowed is true",
            at=("imageScanningConfiguration", "scanOnPush"),
        )
    ),
    passing=(
        _repository({"scanOnPush": True}),
        declared("aws:ecr/repository:Repository", name="a", imageScanningConfiguration={"scanOnPush": True}),
    ),
    failing=(
        declared("aws:ecr/repository:Repository"),
        _repository({}),
        _repository({"scanOnPush": False}),
    ),
)
