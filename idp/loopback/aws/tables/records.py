"""Route 53: record sets, whose every change is one operation with a batch."""

from __future__ import annotations

from idp.loopback.provider.context import Context
from idp.loopback.provider.values import Properties, Value

_QUOTED = ("TXT", "SPF")
"""Types whose values Route 53 wants in quotes and the SDK has without."""
_APEX = ("NS", "SOA")
"""Types a zone has by itself."""
_PAGE = 100
_MOST_PAGES = 1000


def fqdn(name: str, zone: str) -> str:
    """Return the full name, without the last dot, of a record whose name may leave out the zone's."""
    name, zone = name.rstrip(".").lower(), zone.rstrip(".").lower()
    if name == zone or name.endswith(f".{zone}"):
        return name
    return f"{name}.{zone}" if name else zone


def create(context: Context) -> Properties:
    """Create the record set; an existing one is an error unless `allowOverwrite` says otherwise."""
    action = "UPSERT" if context.inputs.get("allowOverwrite") else "CREATE"
    return _change(context, action, _wanted(context))


def update(context: Context) -> None:
    """Replace the record set's values."""
    _change(context, "UPSERT", _wanted(context))


def read(context: Context) -> Properties | None:
    """Return the record set, with values as the SDK has them."""
    found = _find(context)
    if found is None:
        return None
    listed = found.get("ResourceRecords")
    values = [str(item["Value"]) for item in listed] if isinstance(listed, list) else []
    if context.value("type") in _QUOTED:
        values = [value.strip('"').replace('""', "") for value in values]
    return {**found, "Values": values or None, "Fqdn": _name(context)}


def delete(context: Context) -> None:
    """Delete the record set, whatever it is by now."""
    found = _find(context)
    if found is not None:
        _change(context, "DELETE", found)


def empty_zone(context: Context) -> None:
    """Delete every record set of a zone that goes, if `forceDestroy` says so."""
    if not context.inputs.get("forceDestroy"):
        return
    apex = _zone(context, context.id)
    for item in _every(context, context.id):
        if item["Type"] not in _APEX or str(item["Name"]).rstrip(".") != apex:
            _change(context, "DELETE", item, context.id)


def _every(context: Context, zone: Value) -> list[Properties]:
    found: list[Properties] = []
    members: Properties = {"HostedZoneId": zone}
    for _ in range(_MOST_PAGES):
        answer = context.send("list_resource_record_sets", **members)
        sets = answer["ResourceRecordSets"]
        found += [dict(item) for item in sets] if isinstance(sets, list) else []
        if not answer.get("IsTruncated"):
            break
        members |= {"StartRecordName": answer["NextRecordName"], "StartRecordType": answer["NextRecordType"]}
    return found


def _wanted(context: Context) -> Properties:
    kind = context.inputs["type"]
    records = context.inputs.get("records")
    aliases = context.inputs.get("aliases")
    record: Properties = {"Name": _name(context), "Type": kind}
    if isinstance(aliases, list) and aliases:
        alias = aliases[0]
        record["AliasTarget"] = {
            "DNSName": alias["name"],
            "HostedZoneId": alias["zoneId"],
            "EvaluateTargetHealth": alias["evaluateTargetHealth"],
        }
        return record
    values = [str(item) for item in records] if isinstance(records, list) else []
    if kind in _QUOTED:
        values = [value if value.startswith('"') else f'"{value}"' for value in values]
    return {**record, "TTL": context.inputs.get("ttl"), "ResourceRecords": [{"Value": value} for value in values]}


def _change(context: Context, action: str, record: Properties, zone: Value = None) -> Properties:
    change: Properties = {"Action": action, "ResourceRecordSet": record}
    zone = zone or context.value("zoneId")
    return context.send("change_resource_record_sets", HostedZoneId=zone, ChangeBatch={"Changes": [change]})


def _find(context: Context) -> Properties | None:
    name, kind = _name(context), context.value("type")
    answer = context.send(
        "list_resource_record_sets",
        HostedZoneId=context.value("zoneId"),
        StartRecordName=name,
        StartRecordType=kind,
        MaxItems=str(_PAGE),
    )
    sets = answer["ResourceRecordSets"]
    for item in sets if isinstance(sets, list) else []:
        # Route 53 writes the asterisk as an octal escape.
        told = str(item["Name"]).rstrip(".").replace("\\052", "*").lower()
        if told == name and item["Type"] == kind:
            return dict(item)
    return None


def _name(context: Context) -> str:
    zone = context.value("zoneId")
    return fqdn(str(context.value("name") or ""), _zone(context, zone))


def _zone(context: Context, zone: Value) -> str:
    found = context.send("get_hosted_zone", Id=zone)["HostedZone"]
    return str(found["Name"]).rstrip(".") if isinstance(found, dict) else ""
