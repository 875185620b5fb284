# SPDX-License-Identifier: GPL-3.0-or-later
"""Small module metadata to test with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from smedoit.modularity.documents import ModuleMetadata, parse_module_metadata
from smedoit.modularity.plain_yaml import format_documents

PHP: Mapping[str, Any] = {
    "name": "php",
    "stream": "8.2",
    "version": 20260101,
    "context": "c0ffee00",
    "arch": "x86_64",
    "summary": "PHP scripting language",
    "description": "PHP in a version of its own.",
    "license": {"module": ["MIT"]},
    "dependencies": [{"requires": {"platform": ["el8"]}}],
    "profiles": {"common": {"rpms": ["php", "php-cli", "php-extra"]}},
    "artifacts": {"rpms": ["php-0:8.2.1-1.module_el8.x86_64", "php-cli-1:8.2.1-1.module_el8.x86_64"]},
}


def stream_text(data: Mapping[str, Any]) -> str:
    """Return a stream as YAML."""
    return format_documents([{"document": "modulemd", "version": 2, "data": data}])


def defaults_text(module: str, stream: str, *profiles: str) -> str:
    """Return defaults of a module as YAML."""
    data = {"module": module, "stream": stream, "profiles": {stream: list(profiles)}}
    return format_documents([{"document": "modulemd-defaults", "version": 1, "data": data}])


def build(title: str, *nevras: str, requires: Mapping[str, Iterable[str]] | None = None, **more: Any) -> str:
    """Return a build of MODULE:STREAM with these packages; it requires platform:el8 if nothing is said."""
    name, _, stream = title.partition(":")
    needs = {key: list(streams) for key, streams in (requires or {"platform": ["el8"]}).items()}
    data = {"name": name, "stream": stream, "artifacts": {"rpms": list(nevras)}, "dependencies": [{"requires": needs}]}
    return stream_text({**PHP, "profiles": {}, **data, **more})


def metadata(*texts: str) -> ModuleMetadata:
    """Return module metadata of these texts."""
    return parse_module_metadata("".join(texts).encode(), "modules.yaml")
