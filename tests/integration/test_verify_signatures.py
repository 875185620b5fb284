# SPDX-License-Identifier: GPL-3.0-or-later
"""doit verify believes the bytes of the media, and nothing that anybody wrote down about them."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from smedoit.packages.lock import read_lock
from smedoit.packages.scan import PACKAGES
from smedoit.runtime.cache import FactCache
from smedoit.runtime.digests import DigestCache
from smedoit.runtime.files import write_file
from tests.harness.project import Project


def forge_verdict(project: Project, package: Path, evil: bytes) -> None:
    """Put other bytes in a package's place, and have the cache say of them what it says of the good ones."""
    good = hashlib.sha256(package.read_bytes()).hexdigest()
    write_file(package, evil)
    with FactCache(project.release.fact_cache) as facts:
        verdict = facts.get_many(PACKAGES, [good])[good]
        facts.put(PACKAGES, hashlib.sha256(evil).hexdigest(), package, verdict)
    known = DigestCache(project.release.fact_cache)
    known.learn(package, sha256=hashlib.sha256(evil).hexdigest())
    known.save()


@pytest.mark.parametrize("kind", ["binary", "source"])
def test_a_forged_verdict_puts_a_package_on_the_iso_and_verify_finds_it_there(built: Project, kind: str) -> None:
    commands = ("iso",) if kind == "binary" else ("iso", "source_iso")
    built.build(*commands)
    rel = built.release
    package = rel.root / read_lock(rel.lock if kind == "binary" else rel.sources_lock)[0].package.file
    data = package.read_bytes()
    forge_verdict(built, package, data[:-1] + bytes([data[-1] ^ 1]))
    built.build(*commands)
    answer = built.doit("verify")
    assert answer.code != 0
    assert f"{package.name} is not to be trusted: its payload does not match" in answer.said
    assert "Traceback" not in answer.said


def test_verify_needs_no_cache(built: Project) -> None:
    built.release.fact_cache.unlink()
    answer = built.doit("verify")
    assert answer.code == 0, answer.said
    assert "locked packages" in answer.said


def test_a_final_release_believes_no_verdict_that_is_remembered(built: Project) -> None:
    package = built.release.root / read_lock(built.release.lock)[0].package.file
    data = package.read_bytes()
    forge_verdict(built, package, data[:-1] + bytes([data[-1] ^ 1]))
    built.build("packages")
    built.relabel(label="")
    answer = built.doit("packages")
    assert answer.code != 0
    assert "its payload does not match the digest in its signed header" in answer.said
