"""What packages say of themselves, read from a repository's metadata: one small file instead of 1,500 headers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from smedoit.decide.errors import VerifyError
from smedoit.decide.spdx import Described
from smedoit.do import tree


def read(repodata: Path) -> list[Described]:
    """Return the packages of a repository, sorted by NEVRA. Raises TreeError, VerifyError for broken metadata."""
    import createrepo_c as cr

    with tree.worded(repodata / "repomd.xml", "read"):
        (repodata / "repomd.xml").stat()
    found: list[Any] = []
    try:
        records = {one.type: one.location_href for one in cr.Repomd(str(repodata / "repomd.xml")).records}
        primary = repodata / Path(records["primary"]).name
        cr.xml_parse_primary(str(primary), pkgcb=found.append, do_files=False)
    except (cr.CreaterepoCError, OSError, KeyError) as error:
        again = "delete it, doit makes it again"
        raise VerifyError(f"{repodata}: cannot be read as repodata, {error}", hint=again) from None
    return sorted(map(described, found), key=lambda one: one.nevra)


def described(one: Any) -> Described:
    """Return a package as createrepo_c read it."""
    short = f"{one.version}-{one.release}"
    return Described(
        name=one.name,
        evr=short if one.epoch in ("", "0", None) else f"{one.epoch}:{short}",
        arch=one.arch,
        file=Path(one.location_href).name,
        sha256=one.pkgId,
        license=one.rpm_license or "",
        vendor=one.rpm_vendor or "",
        url=one.url or "",
        summary=one.summary or "",
        source_rpm=one.rpm_sourcerpm or "",
    )
