"""A phone that draws HTML."""

from collections.abc import Callable

import pytest

from tests.tools.phone import Phone, draw


@pytest.fixture
def phone() -> Callable[[str], Phone]:
    """Draw HTML and hand over the phone."""
    return draw
