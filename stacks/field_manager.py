"""Under which name the API server writes down what a stack has set."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

ANNOTATION = "pulumi.com/patchFieldManager"
"""Where the Kubernetes provider reads the field manager's name from, for resources of every kind."""


def fix() -> None:
    """Give every Kubernetes object of the running stack one field manager, the stack's own.

    The provider makes up a new name for each creation. An object that was created a moment before a crash is created
    again afterwards, under another name; what the first one set then belongs to it for ever, and can be neither
    changed nor removed: "Apply failed with 1 conflict", or a port that stays.
    """
    manager = f"idp-{pulumi.get_stack()}"

    def transform(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        if not _is_object(args.type_, args.props):
            return None
        metadata = _managed(args.props["metadata"], manager)
        return pulumi.ResourceTransformationResult({**args.props, "metadata": metadata}, args.opts)

    pulumi.runtime.register_stack_transformation(transform)


def _is_object(token: str, props: Mapping[str, object]) -> bool:
    # A patch sets fields of somebody else's object; under the owner's name it would take the rest away from it.
    return token.startswith("kubernetes:") and not token.endswith("Patch") and "metadata" in props


def _managed(metadata: object, manager: str) -> dict[str, object]:
    """Return `metadata` as a dictionary with the annotation; raises TypeError for what can't be looked into."""
    if isinstance(metadata, ObjectMetaArgs):
        fields = {name: value for name, value in vars(metadata).items() if value is not None}
    elif isinstance(metadata, Mapping):
        fields = dict(metadata)
    elif metadata is None:
        fields = {}
    else:
        raise TypeError(f"metadata: {type(metadata).__name__} is not allowed: a mapping or ObjectMetaArgs")
    annotations = pulumi.Output.from_input(fields.get("annotations") or {})
    return {**fields, "annotations": annotations.apply(lambda known: {**known, ANNOTATION: manager})}
