# SPDX-License-Identifier: GPL-3.0-or-later
"""The module metadata of the practice mirrors: what AppStream's repodata says of streams, as a file of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smedoit.modularity.plain_yaml import format_documents
from smedoit.sample import catalogue

if TYPE_CHECKING:
    from smedoit.config.identity import ReleaseIdentity


def practice_modules(release: ReleaseIdentity) -> str:
    """Return the streams that the practice packages of a release belong to, and the default of each module, as YAML."""
    known = catalogue.find_catalogue(release.built_on)
    builds: dict[str, list[str]] = {}
    for tier in known.mirrors:
        for recipe in catalogue.practice_recipes(tier, release):
            if recipe.module:
                build = f"{recipe.version}-{recipe.release}.{recipe.arch}"
                builds.setdefault(recipe.module, []).append(f"{recipe.name}-{recipe.epoch}:{build}")
    streams = [_describe_stream(title, nevras, release) for title, nevras in sorted(builds.items())]
    first: dict[str, str] = {}
    for title in sorted(builds):
        first.setdefault(*title.split(":")[:2])
    defaults = [
        {
            "document": "modulemd-defaults",
            "version": 1,
            "data": {"module": module, "stream": stream, "profiles": {stream: ["common"]}},
        }
        for module, stream in first.items()
    ]
    return format_documents([*streams, *defaults])


def _describe_stream(title: str, nevras: list[str], release: ReleaseIdentity) -> dict[str, object]:
    """Return the document of one build of a stream."""
    module, stream, version, context = title.split(":")
    names = sorted({nevra.rsplit("-", 2)[0] for nevra in nevras})
    data = {
        "name": module,
        "stream": stream,
        "version": int(version),
        "context": context,
        "arch": release.arch,
        "summary": f"Practice packages of {module}",
        "description": f"{module} {stream}, worth nothing",
        "license": {"module": ["MIT"]},
        "dependencies": [{"requires": {"platform": [release.built_on.platform.partition(":")[2]]}}],
        "profiles": {"common": {"rpms": names}},
        "artifacts": {"rpms": sorted(nevras)},
    }
    return {"document": "modulemd", "version": 2, "data": data}
