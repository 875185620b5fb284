# SPDX-License-Identifier: GPL-3.0-or-later
""".buildstamp, read by Python 2.7's own ConfigParser as the installer of EL 7 reads it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from smedoit.branding.render import render_buildstamp
from smedoit.config.schema import InvalidValueError
from tests.harness.nouns import identity
from tests.harness.tools import need, read_with

PRODUCTS = (
    *("Koozali SME Server", "a;b", "a#b", "#x", "[x]", "x=y", "=x", "x:y", ":x", "a 'quoted' \"name\"", "C++ (free)"),
    *("Koozali ; Server", ";x", "x ;", "x\t;y", "50% off", "100%", "%(Version)s", "a%%b", "Été", "쿠잘리"),
)
READER = """\
import ConfigParser, json, sys
found = []
for name in sys.argv[1:]:
    config = ConfigParser.ConfigParser()
    config.read([name])
    try:
        found.append(config.get("Main", "Product"))
    except Exception:
        found.append(None)
print json.dumps(found)
"""


def test_a_product_that_is_accepted_reaches_the_installer_as_it_stands(tmp_path: Path) -> None:
    need("jython")
    accepted = {}
    for number, product in enumerate(PRODUCTS):
        try:
            release = identity(product=product)
        except InvalidValueError:
            continue
        accepted[product] = tmp_path / str(number)
        accepted[product].write_text(render_buildstamp("[Main]\n", release))
    (tmp_path / "reader.py").write_text(READER)
    found = json.loads(read_with("jython", tmp_path / "reader.py", *accepted.values()))
    assert found == list(accepted)
    assert {"Koozali SME Server", "a;b", "#x", "x=y", "[x]"} <= set(accepted)


@pytest.mark.parametrize("product", ["Koozali ; Server", ";x", "x\t;y", "50% off", "%(Version)s", "Été"])
def test_a_product_that_would_not_is_refused(product: str) -> None:
    with pytest.raises(InvalidValueError):
        identity(product=product)
