"""The plugin never speaks to another machine, whatever it is told and whatever the environment says."""

from __future__ import annotations

import ipaddress
import os
import subprocess
import sys

import pytest
from botocore.awsrequest import AWSPreparedRequest
from botocore.compat import HTTPHeaders
from hypothesis import given
from hypothesis import strategies as st

from idp.loopback.aws import client
from idp.loopback.aws.client import Client, Credentials
from idp.loopback.aws.leftovers import leftovers
from idp.loopback.provider import loopback

CREDENTIALS = Credentials("a", "b")

FOREIGN = [
    "https://ec2.eu-central-1.amazonaws.com",
    "http://localhost:5000",
    "http://127.0.0.1.example.com",
    "http://127.0.0.1@192.0.2.1",
    "http://192.0.2.1#@127.0.0.1",
    "http://user:pass@127.0.0.1",
    "http://0.0.0.0:5000",
    "http://169.254.169.254",
    "http://[::ffff:127.0.0.1]:5000",
    "http://[::]:80",
    "http://2130706433",
    "http://0x7f.1",
    "http://127.1",
    "ftp://127.0.0.1",
    "127.0.0.1:5000",
    "http://",
    "",
    "http://127.0.0.1:99999",
]


@pytest.mark.parametrize("url", FOREIGN)
def test_foreign(url: str) -> None:
    assert loopback.problem(url) is not None
    with pytest.raises(loopback.ForeignAddressError):
        Client("eu-central-1", CREDENTIALS, {"ec2": url})
    with pytest.raises(loopback.ForeignAddressError):
        leftovers(url)


@given(st.ip_addresses(v=4), st.integers(1, 65535))
def test_of_all_ipv4_addresses_only_loopback(address: ipaddress.IPv4Address, port: int) -> None:
    allowed = str(address).startswith("127.")
    assert (loopback.problem(f"http://{address}:{port}") is None) == allowed


@given(st.ip_addresses(v=6))
def test_of_all_ipv6_addresses_only_loopback(address: ipaddress.IPv6Address) -> None:
    assert (loopback.problem(f"http://[{address}]:1") is None) == (address == ipaddress.IPv6Address("::1"))


@given(st.ip_addresses(v=4, network="127.0.0.0/8"))
def test_all_of_loopback(address: ipaddress.IPv4Address) -> None:
    assert loopback.problem(f"https://{address}/path") is None


@given(st.text(max_size=60))
def test_no_text_ends_in_another_error(text: str) -> None:
    loopback.problem(text)


def test_a_password_in_a_url_is_not_repeated() -> None:
    assert "hush" not in str(loopback.problem("http://user:hush@192.0.2.1"))


def test_each_request_is_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even if an address were smuggled in later, the request does not leave."""
    fenced = Client("eu-central-1", CREDENTIALS, {"sts": "http://127.0.0.1:1"})
    fenced._endpoints["sts"] = "http://192.0.2.1"
    with pytest.raises(loopback.ForeignAddressError):
        fenced.send("sts", "get_caller_identity", {}, "eu-central-1")
    seen: list[str] = []
    monkeypatch.setattr(loopback, "require", seen.append)
    request = AWSPreparedRequest("GET", "http://x", HTTPHeaders(), None, stream_output=False)
    client._refuse_foreign(request)
    assert seen == ["http://x"]


ENVIRONMENT = {
    "AWS_ENDPOINT_URL": "http://192.0.2.1",
    "AWS_ENDPOINT_URL_STS": "http://192.0.2.1",
    "AWS_PROFILE": "nobody",
    "AWS_CONFIG_FILE": "/nonexistent/config",
    "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent/credentials",
    "AWS_DEFAULT_REGION": "us-gov-west-1",
    "AWS_ACCESS_KEY_ID": "somebody-elses",
    "AWS_SECRET_ACCESS_KEY": "somebody-elses",
    "AWS_MAX_ATTEMPTS": "many",
    "AWS_USE_FIPS_ENDPOINT": "true",
    "AWS_USE_DUALSTACK_ENDPOINT": "true",
    "HTTP_PROXY": "http://192.0.2.1:1",
    "http_proxy": "http://192.0.2.1:1",
    "HTTPS_PROXY": "http://192.0.2.1:1",
    "ALL_PROXY": "http://192.0.2.1:1",
}


PROGRAM = """
import sys
from idp.loopback.aws.client import Client, Credentials
services = dict.fromkeys(("sts", "s3", "ec2", "eks"), sys.argv[1])
fenced = Client("eu-central-1", Credentials("a", "b"), services)
assert "Buckets" in fenced.send("s3", "list_buckets", {}, "eu-central-1")
assert fenced.send("ec2", "describe_vpcs", {}, "eu-central-1")["Vpcs"]
assert "clusters" in fenced.send("eks", "list_clusters", {}, "eu-central-1")
print(fenced.account)
"""


def test_the_environment_decides_nothing(endpoint: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, endpoint],
        env={**ENVIRONMENT, "PATH": os.defpath},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("111122223333\n", "")


def test_credentials_are_not_shown() -> None:
    assert "hush" not in repr(Credentials("hush", "hush", "hush"))
