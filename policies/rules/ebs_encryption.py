"""Disks are encrypted."""

from __future__ import annotations

from collections.abc import Iterator

from policies.iam import listed
from policies.kinds import exactly
from policies.plain import UNKNOWN, Plain, at, join
from policies.rule import Finding, NotYetKnown, Resource, Rule, Severity, Violation
from policies.samples import declared

_VOLUME, _TEMPLATE, _INSTANCE, _DEFAULT = (
    "aws:ebs/volume:Volume",
    "aws:ec2/launchTemplate:LaunchTemplate",
    "aws:ec2/instance:Instance",
    "aws:ebs/encryptionByDefault:EncryptionByDefault",
)


def _check(resource: Resource) -> Iterator[Finding]:
    props = resource.props
    match resource.kind:
        case "Volume":
            yield from _judge(props, "", ("encrypted",))
        case "EncryptionByDefault":
            # It is on where nothing else is said.
            yield from _judge({"enabled": True, **props}, "", ("enabled",))
        case "LaunchTemplate":
            yield from _each(props, "blockDeviceMappings", ("ebs", "encrypted"))
        case "Instance":
            yield from _each(props, "ebsBlockDevices", ("encrypted",))
            # A template can say it as well; without one the account's default decides, which nobody sees here.
            if at(props, "launchTemplate") is None:
                yield from _judge(props, "", ("rootBlockDevice", "encrypted"))


def _each(props: Plain, key: str, keys: tuple[str, ...]) -> Iterator[Finding]:
    devices = at(props, key)
    for index, device in enumerate(listed(devices)):
        # A device without `ebs` is a disk of the machine itself, which is always encrypted, or none.
        if len(keys) == 1 or at(device, keys[0]) is not None:
            yield from _judge(device, key if devices is UNKNOWN else join(key, index), keys)


def _judge(item: Plain, path: str, keys: tuple[str, ...]) -> Iterator[Finding]:
    value = at(item, *keys)
    if value is UNKNOWN:
        yield NotYetKnown(join(path, *keys))
    # A template's flags are texts.
    elif value is not True and value != "true":
        yield Violation("is not on; allowed is true", join(path, *keys))


def _template(*mappings: Plain) -> Resource:
    return declared(_TEMPLATE, blockDeviceMappings=list(mappings))


RULE = Rule(
    id="ebs_encryption",
    title="Disks of EBS are encrypted",
    severity=Severity.HIGH,
    why="What is on an unencrypted disk is in its snapshots, too, and those are shared with one click.",
    remedy="Set `encrypted` on volumes and block devices, with a key of KMS, and EBS encryption by default.",
    standards=("FSBP 1.0.0 EC2.3", "FSBP 1.0.0 EC2.7", "CIS AWS 3.0.0 2.2.1", "CIS AWS 5.0.0 5.1.1"),
    types=exactly(Volume=_VOLUME, LaunchTemplate=_TEMPLATE, Instance=_INSTANCE, EncryptionByDefault=_DEFAULT),
    check=_check,
    passing=(
        declared(_VOLUME, encrypted=True),
        declared(_DEFAULT),
        declared(_DEFAULT, enabled=True),
        _template(),
        _template({"ebs": {"encrypted": "true"}}, {"ebs": {"encrypted": True}}, {"virtualName": "ephemeral0"}),
        declared(_INSTANCE, rootBlockDevice={"encrypted": True}, ebsBlockDevices=[{"encrypted": True}]),
        declared(_INSTANCE, launchTemplate={"id": "lt-1"}),
    ),
    failing=(
        declared(_VOLUME),
        declared(_VOLUME, encrypted=False),
        declared(_DEFAULT, enabled=False),
        _template({"ebs": {"encrypted": "true"}}, {"ebs": {"volumeSize": 50}}),
        _template({"ebs": {"encrypted": "false"}}),
        declared(_INSTANCE),
        declared(_INSTANCE, rootBlockDevice={"encrypted": False}),
        declared(_INSTANCE, rootBlockDevice={"encrypted": True}, ebsBlockDevices=[{"encrypted": True}, {}]),
        declared(_INSTANCE, launchTemplate={"id": "lt-1"}, ebsBlockDevices=[{"encrypted": False}]),
    ),
)
