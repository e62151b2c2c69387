"""A sandbox with its real worker, shared by the tests of a file."""

from collections.abc import Iterator

import pytest

from core.prompts.sandbox import Sandbox


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    opened = Sandbox()
    yield opened
    opened.close()
