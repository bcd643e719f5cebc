"""The part `policies` of an environment's file, read by the pack itself.

The engine starts the pack for `idp` and for stock `pulumi` alike, so nobody hands the part over. It is read without the
environments' model, which takes longer to import than the pack to start; the stack's program loads the file with the
model before it makes anything. What cannot be read is an error, never an environment without exemptions.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

from policies import baseline
from policies.enforcement import Level
from policies.enforcer import Exemption, Known, Policies
from policies.pattern import ALLOWED, pattern
from policies.settings import Settings

FOLDER = Path(__file__).resolve().parent.parent / "environments"

_LONGEST_VALUE = 60
_STACK = re.compile(r"([a-z](?:[a-z0-9-]{0,18}[a-z0-9])?)\.[a-z]+")
_CONTROL = re.compile("[a-z][a-z0-9_]{0,59}")
_OWNER = re.compile("(?=.{1,40}$)[a-z0-9]+(-[a-z0-9]+)*")
_REASON = re.compile(r"(?=.{1,200}$)[^\x00-\x20\x7f]([^\x00-\x1f\x7f]*[^\x00-\x20\x7f])?")
_REGISTRY = re.compile(r"[^\x00-\x20\x7f]{1,250}/")
_DAY = re.compile("20[0-9]{2}-[0-9]{2}-[0-9]{2}")
_BASELINE = re.compile(r"(?=.{1,60}$)[a-z0-9][a-z0-9._-]*\.json")
_KEYS = ("enforcement", "controls", "strict", "exemptions", "baseline")


class Unusable(Exception):  # noqa: N818 - named for what it says
    """The part cannot be used; the text is one line: file, place, value, what is allowed."""


def policies_of(stack: str, controls: Collection[str], folder: Path = FOLDER) -> Policies:
    """Return what the environment of a stack named ENV.LAYER says of policies.

    `controls` are the ids there are. A stack without an environment file has the defaults, which refuse everything.
    Raises Unusable.
    """
    named = _STACK.fullmatch(stack)
    if named is None:
        return Policies()
    file = folder / f"{named[1]}.yaml"
    try:
        document = _document(file)
    except FileNotFoundError:
        return Policies()
    if not isinstance(document, dict):
        raise Unusable(f"{file.name}: is no mapping of keys and values")
    try:
        settings = _settings(document)
        if "policies" not in document:
            return Policies(settings=settings)
        return replace(_part(document["policies"], named[1], controls, folder), settings=settings)
    except ValueError as error:
        raise Unusable(f"{file.name}: {error}") from None


def _document(file: Path) -> object:
    # Not before it is needed: the rules are also used where there is no file to be read.
    import yaml

    try:
        text = file.read_bytes()
        return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe
    except FileNotFoundError:
        raise
    except OSError as error:
        raise Unusable(f"{file.name}: cannot be read: {error.strerror}") from None
    except (yaml.YAMLError, ValueError, RecursionError):
        raise Unusable(f"{file.name}: is not YAML") from None


def _settings(document: Mapping[str, object]) -> Settings:
    place = "platform.registries"
    platform = document.get("platform")
    # Without the part no registry is known, and no image comes from one.
    listed = _list(platform.get("registries", []) if isinstance(platform, dict) else [], place)
    return Settings(
        tuple(_text(one, f"{place}[{i}]", _REGISTRY, "a prefix that ends in `/`") for i, one in enumerate(listed))
    )


def _part(value: object, environment: str, controls: Collection[str], folder: Path) -> Policies:
    part = _mapping(value, "policies", _KEYS)
    levels = _levels(part.get("controls", []), controls)
    strict = part.get("strict", False)
    if not isinstance(strict, bool):
        raise _refused("policies.strict", strict, "true or false")
    listed = _list(part.get("exemptions", []), "policies.exemptions")
    exemptions = tuple(_exemption(one, i, environment, controls) for i, one in enumerate(listed))
    if len({(one.control, one.resource.text) for one in exemptions}) < len(exemptions):
        raise ValueError("policies.exemptions: allowed: a resource once for each control")
    name = part.get("baseline")
    return Policies(
        level=_level(part.get("enforcement", Level.MANDATORY.value), "policies.enforcement"),
        controls=levels,
        strict=strict,
        exemptions=exemptions,
        baseline=_baseline(name, folder) if name is not None else (),
        baseline_file=name if isinstance(name, str) else "",
    )


def _levels(value: object, controls: Collection[str]) -> Mapping[str, Level]:
    levels: dict[str, Level] = {}
    for position, one in enumerate(_list(value, "policies.controls")):
        place = f"policies.controls[{position}]"
        entry = _mapping(one, place, ("control", "enforcement"), whole=True)
        control = _control(entry["control"], f"{place}.control", controls)
        if control in levels:
            raise _refused(f"{place}.control", control, "a control that is not taken yet")
        levels[control] = _level(entry["enforcement"], f"{place}.enforcement")
    return levels


def _exemption(value: object, position: int, environment: str, controls: Collection[str]) -> Exemption:
    place = f"policies.exemptions[{position}]"
    entry = _mapping(value, place, ("control", "resource", "owner", "reason", "expires"), whole=True)
    resource = pattern(entry["resource"])
    if resource is None:
        raise _refused(f"{place}.resource", entry["resource"], ALLOWED)
    if resource.environment not in (None, environment):
        raise _refused(f"{place}.resource", resource.text, f"a URN of this environment, urn:pulumi:{environment}.LAYER")
    return Exemption(
        _control(entry["control"], f"{place}.control", controls),
        resource,
        _text(entry["owner"], f"{place}.owner", _OWNER, "words of a-z and 0-9 joined by single hyphens"),
        _text(entry["reason"], f"{place}.reason", _REASON, "one line of 1 to 200 characters"),
        _day(entry["expires"], f"{place}.expires"),
    )


def _baseline(value: object, folder: Path) -> tuple[Known, ...]:
    place = "policies.baseline"
    name = _text(value, place, _BASELINE, "the name of a JSON file beside this one, without a folder")
    try:
        return baseline.read((folder / name).read_text(encoding="utf-8"))
    except OSError as error:
        raise _refused(place, name, f"a file that can be read ({error.strerror})") from None
    except ValueError as error:
        raise ValueError(f"{place}: {name}: {error}") from None


def _control(value: object, place: str, controls: Collection[str]) -> str:
    control = _text(value, place, _CONTROL, "the id of a control")
    if control not in controls:
        # Not before it is needed: no start of the pack waits for it.
        from difflib import get_close_matches

        close = get_close_matches(control, controls, 1)
        hint = f", did you mean {close[0]}" if close else ""
        raise _refused(place, control, f"the id of a control (docs/policies.md has all{hint})")
    return control


def _level(value: object, place: str) -> Level:
    if value not in [level.value for level in Level]:
        raise _refused(place, value, "mandatory or advisory; an exemption switches off")
    return Level(value)


def _day(value: object, place: str) -> date:
    allowed = "a day in quotes, as YEAR-MONTH-DAY, such as '2027-03-31'"
    text = _text(value, place, _DAY, allowed)
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise _refused(place, text, allowed) from None


def _text(value: object, place: str, expression: re.Pattern[str], allowed: str) -> str:
    if not isinstance(value, str) or not expression.fullmatch(value):
        raise _refused(place, value, allowed)
    return value


def _list(value: object, place: str) -> list[object]:
    if not isinstance(value, list):
        raise _refused(place, value, "a list")
    return value


def _mapping(value: object, place: str, keys: Collection[str], *, whole: bool = False) -> dict[str, object]:
    """Return a mapping of no keys but `keys`, and of all of them where it must be whole."""
    if not isinstance(value, dict) or not set(value) <= set(keys) or (whole and len(value) < len(keys)):
        raise ValueError(f"{place}: allowed: a mapping of {', '.join(keys)}")
    return value


def _refused(place: str, value: object, allowed: str) -> ValueError:
    shown = repr(value)
    short = shown if len(shown) <= _LONGEST_VALUE else f"{shown[: _LONGEST_VALUE - 3]}..."
    return ValueError(f"{place}: {short} is not allowed: {allowed}")
