"""`python -m benchmarks.replay CALLS ENDPOINT`: recorded calls once more, one after the other, in plain boto3."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3  # type: ignore[import-untyped]  # it has no types, botocore has
from botocore.config import Config
from botocore.exceptions import ClientError

SHORTEST = 6
"""Characters of an answer's text that may be an id; shorter ones are words such as `true` or `tcp`."""


class Replay:
    """Sends calls; what the first run was given as ids becomes what this run is given."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._clients: dict[tuple[str, str], Any] = {}
        self._now: dict[str, str] = {}
        """Text of the recorded answers -> text of this run's, where they differ."""

    def send(self, call: Mapping[str, Any]) -> None:
        """Send one call. Raises ClientError for one that was answered when it was recorded."""
        method = getattr(self._client(call["service"], call["region"]), call["operation"])
        try:
            answer = method(**self._renamed(call["request"]))
        except ClientError:
            if call["answer"] is None:
                return
            raise
        self._learn(call["answer"], answer)

    def _client(self, service: str, region: str) -> Any:  # noqa: ANN401 - boto3's clients have no types
        if (service, region) not in self._clients:
            self._clients[service, region] = boto3.client(
                service,
                region_name=region,
                endpoint_url=self._endpoint,
                aws_access_key_id="benchmark",
                aws_secret_access_key="benchmark",  # noqa: S106 (the emulator takes any)
                config=Config(s3={"addressing_style": "path"}, proxies={}),
            )
        return self._clients[service, region]

    def _renamed(self, value: Any) -> Any:  # noqa: ANN401 - any JSON
        if isinstance(value, dict):
            return {key: self._renamed(each) for key, each in value.items()}
        if isinstance(value, list):
            return [self._renamed(each) for each in value]
        if not isinstance(value, str):
            return value
        if value in self._now:
            return self._now[value]
        for before, now in self._now.items():
            if before in value:
                value = value.replace(before, now)
        return value

    def _learn(self, before: Any, now: Any) -> None:  # noqa: ANN401 - any JSON
        if isinstance(before, dict) and isinstance(now, dict):
            for key in before.keys() & now.keys():
                self._learn(before[key], now[key])
        elif isinstance(before, list) and isinstance(now, list):
            for one, other in zip(before, now, strict=False):
                self._learn(one, other)
        elif isinstance(before, str) and isinstance(now, str) and before != now and len(before) >= SHORTEST:
            self._now.setdefault(before, now)
            # An ARN or path may be told, and its last part asked with.
            if "/" in before:
                self._learn(before.rpartition("/")[2], now.rpartition("/")[2])


def main() -> None:
    """Replay a file of calls against an endpoint."""
    replay = Replay(sys.argv[2])
    for line in Path(sys.argv[1]).read_text().splitlines():
        replay.send(json.loads(line))


if __name__ == "__main__":
    main()
