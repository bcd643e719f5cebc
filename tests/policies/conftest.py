"""Fixtures of the policy tests."""

from __future__ import annotations

import pytest

from policies.catalogue import Catalogue, load


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return load()
