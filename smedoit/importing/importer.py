# SPDX-License-Identifier: GPL-3.0-or-later
"""Import a release: look it through, have its keys confirmed, write its world, build it once, and compare."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from textwrap import indent

from smedoit.branding.rules import Branding
from smedoit.compare import differences, places, sides
from smedoit.compare.places import ReleasePlace
from smedoit.config.network import NetworkSettings, is_http_url
from smedoit.config.release import Release
from smedoit.config.tiers import PRACTICE_KEYS
from smedoit.errors import ConfigError, format_count, format_grouped
from smedoit.importing import explain, remote, survey, world
from smedoit.importing.keys import (
    CandidateKey,
    confirm_keys,
    count_signers,
    name_signer,
    parse_candidate,
    separate_practice,
)
from smedoit.importing.layout import Layer
from smedoit.importing.survey import MediumSurvey
from smedoit.importing.world import ImportedWorld
from smedoit.keys import key_files
from smedoit.runtime import files, progress
from smedoit.runtime.process import ProgramError, run_program
from smedoit.sample.packages import KEYS


@dataclass(frozen=True)
class ImportRequest:
    """What was asked for.

    place      a path, or an address
    home       the empty directory that becomes a world
    trust      whether the keys that are found are trusted without asking
    key_files  further files of keys
    pool       where links of a tree may lead, besides below itself
    build      whether a first medium is built, and compared
    """

    place: str
    home: Path
    trust: bool = False
    key_files: Sequence[Path] = ()
    pool: Path | None = None
    build: bool = True
    network: NetworkSettings = field(default_factory=NetworkSettings)


def import_release(
    request: ImportRequest, on_medium: Callable[[str], bool], ask: Callable[[str], str] | None = None
) -> str:
    """Make a world of a release that somebody made before; return what that came to.

    ask  asks a person who sits there; None if nobody does

    Nothing is written before the medium has been looked through and its keys are confirmed, but for what comes from an
    address. Raises SmeError.
    """
    is_remote = is_http_url(request.place)
    world.check_home(request.home)
    if is_remote:
        world.begin_world(request.home, request.place)
    path = (
        remote.fetch_place(request.place, request.home / world.ROOT / world.FETCHED, request.network)
        if is_remote
        else Path(request.place)
    )
    path = places.find_release_tree(path)
    place = places.open_release_place(path, request.pool)
    looked = survey.survey_place(place, request.place)
    identity = survey.identify_medium(looked, path.name if place.kind == places.ISO else "")
    trusted = _find_trusted_keys(request, looked, ask)
    if not is_remote:
        world.begin_world(request.home, request.place)
    made = world.write_world(request.home, looked, identity, trusted)
    good, keys, date = world.verify_packages(made, looked, identity, trusted)
    identity = replace(identity, release={**identity.release, "date": date})
    rel = world.finish_world(made, looked, identity, good, keys, request.place)
    report = list(_describe_world(request, rel, made))
    progress.show_report("\n".join(report))
    if request.build:
        compared = list(_build_and_compare(rel, made, place, on_medium))
        progress.show_report("\n".join(compared))
        report += compared
    files.write_file(request.home / world.REPORT, "\n".join([*report, ""]))
    return f"{rel.release.product} {rel.release.title} imported into {request.home}, see {world.REPORT} there"


def _find_trusted_keys(
    request: ImportRequest, looked: MediumSurvey, ask: Callable[[str], str] | None
) -> list[CandidateKey]:
    """Return the keys that a person confirms. Raises ConfigError if there are none, or nobody confirms any."""
    found: list[CandidateKey] = []
    for name in looked.layers.get(Layer.KEY, []):
        data = looked.place.part(name, 0, key_files.LOOKED_INTO + 1)
        candidate = parse_candidate(name, "of the medium", data)
        if isinstance(candidate, str):
            looked.unexplained[name] = candidate
        else:
            found.append(candidate)
    for path in request.key_files:
        candidate = parse_candidate(path.name, "as given", files.read_file_bytes(path))
        if isinstance(candidate, str):
            raise ConfigError(f"{path}: {candidate}", hint="give files that hold one armored public key each")
        found.append(candidate)
    counted, unknown = count_signers([*found, *_practice_candidates()], looked.signatures)
    given = {key.fingerprint for key in found}
    wanted = [key for key in counted if key.signed or key.fingerprint in given]
    offered, others = separate_practice(wanted)
    looked.unexplained.update({name: reason for name, reason in others.items() if name in looked.place.names()})
    for key_id, packages in unknown.items():
        progress.show_line(f"{format_count(len(packages), 'package')} {name_signer(key_id)}: no key at hand")
    if not offered:
        raise ConfigError(
            f"{request.place}: has no key that packages could be trusted by, and none was given",
            hint="get the key files from their owners, and name them: doit import PLACE --keys FILE,FILE",
        )
    return confirm_keys(offered, request.trust, ask, progress.show_line)


def _practice_candidates() -> list[CandidateKey]:
    """Return the keys of doit sample; they count where they signed packages."""
    paths = [KEYS / f"RPM-GPG-KEY-practice-{name}" for name in PRACTICE_KEYS]
    found = [parse_candidate(path.name, "of doit sample", files.read_file_bytes(path)) for path in paths]
    return [candidate for candidate in found if isinstance(candidate, CandidateKey)]


def _describe_world(request: ImportRequest, rel: Release, made: ImportedWorld) -> Iterator[str]:
    """Yield what was found, and what nothing became of, as lines."""
    counts = ", ".join(f"{count} {what}" for what, count in made.counts.items())
    yield f"{request.place} -> {request.home}"
    yield f"  {rel.release.product} {rel.release.title}, {rel.release.arch}, label {rel.release.volume}"
    yield f"  files: {counts}"
    for remark in made.remarks:
        yield f"  {remark}"
    if not made.left:
        yield "  every file is explained"
        return
    yield f"  not carried over ({len(made.left)}):"
    reasons: dict[str, list[str]] = {}
    for name, reason in made.left.items():
        reasons.setdefault(reason, []).append(name)
    yield indent(format_grouped(reasons), "  ")


def _build_and_compare(
    rel: Release, made: ImportedWorld, original: ReleasePlace, on_medium: Callable[[str], bool]
) -> Iterator[str]:
    """Build the first medium of the world; yield how it differs from the original, each difference explained."""
    task, result = ("iso", rel.iso) if made.counts["packages"] else ("netinstall", rel.netinstall_iso)
    progress.show_line(f"  the first own build: doit {task}")
    try:
        run_program(
            [sys.executable, "-m", "smedoit", task],
            cwd=rel.file.parent, env={"SMEDOIT_RELEASE": str(rel.file)}, log=rel.logs / "import.doit.log",
        )  # fmt: skip
    except ProgramError as error:
        yield f"  it failed, so nothing is compared yet:\n{indent(str(error), '    ')}"
        yield f"  mend what it says, run doit {task} there, then doit compare {original.path} {result}"
        return
    place = result if original.kind == places.ISO else rel.tree
    before, after = sides.read_place_side(original, on_medium), sides.read_compared_side(place, on_medium)
    found = differences.compare_sides(before, after)
    if not found:
        yield f"  {place} is the same as {original.path}"
        return
    left = {**made.left, **made.refused}
    explained, unexplained = explain.explain_differences(found, Branding(rel.release, rel.rules), left)
    yield f"  {place} differs from {original.path}, {differences.summarize_differences(found)}"
    if explained:
        yield indent(format_grouped(explained), "  ")
    if unexplained:
        yield indent(format_grouped({f"without an explanation ({len(unexplained)})": unexplained}), "  ")
    else:
        yield "  all of these differences are explained"
