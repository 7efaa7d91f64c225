"""What tests of pages share."""

from __future__ import annotations

import pytest
from page_browser import open_browser


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    with open_browser(tmp_path_factory.mktemp("browser")) as browser:
        yield browser
