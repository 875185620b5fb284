# SPDX-License-Identifier: GPL-3.0-or-later
"""Which packages changed since the last release, and who verified each of them.

A package counts as verified when a list names it with its version, or when every bug that its
changelog names since the last release is VERIFIED or CLOSED in a saved result of a Bugzilla query.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path

from smedoit.checks import previous_release, qa_lists
from smedoit.checks.closure import Places
from smedoit.checks.previous_release import ReleaseComparison, list_repo_packages
from smedoit.checks.qa_lists import BugzillaBug, QaLists
from smedoit.checks.result import CheckResult, report_check
from smedoit.config.checks import QaSettings, QaWaiver
from smedoit.errors import ContentError, format_grouped
from smedoit.package import Evr, Package
from smedoit.packages import changes, lock
from smedoit.packages.select import SelectedPackage
from smedoit.repodata.inputs import RepoReader, RepoSource
from smedoit.rpm import changelog
from smedoit.rpm.changelog import rpm_changelog
from smedoit.runtime import files, foreign

HINT_LISTS = (
    "verify them in smeupdates-testing and add them to a list of [quality] verified, or waive them with a reason"
)


def _accepted_spellings(package: Package) -> set[str]:
    """Return all the ways in which a list may name this very package."""
    evr = package.evr
    bare = f"{package.name}-{evr.version}-{evr.release}"
    return {f"{package.name}-{evr}", package.nevra, bare, f"{bare}.{package.arch}"}


def packages_to_verify(picks: Iterable[SelectedPackage], before: Mapping[str, str]) -> list[SelectedPackage]:
    """Return the picks that the last release did not have.

    before  NEVRA -> SHA-256, "" where that is not known; the same NEVRA with other bytes has changed, too
    """
    return [selected for selected in picks if before.get(selected.package.nevra) not in ("", selected.package.sha256)]


def check_qa(
    picks: Sequence[SelectedPackage],
    lists: QaLists,
    waivers: Sequence[QaWaiver],
    named: Mapping[str, Collection[int]],
) -> CheckResult:
    """Return which of the changed packages nobody verified; the notes say who verified the others.

    named  NEVRA -> numbers of the bugs that its changelog names since the last release
    """
    records = {record.package: record for record in lists.records}
    unverified: dict[str, str] = {}
    verified: dict[str, str] = {}
    waived: dict[str, QaWaiver] = {}
    for pick in picks:
        package = pick.package
        record = next(
            (records[spelling] for spelling in sorted(_accepted_spellings(package)) if spelling in records), None
        )
        waiver = next((candidate for candidate in waivers if _is_waived_by(candidate, pick)), None)
        numbers = named.get(package.nevra, ())
        if record:
            verified[package.nevra] = str(record)
        elif numbers and all(number in lists.bugs and lists.bugs[number].is_verified for number in numbers):
            verified[package.nevra] = _describe_verifiers(lists.bugs[number] for number in sorted(numbers))
        elif waiver:
            waived[package.nevra] = waiver
        else:
            unverified[package.nevra] = _unverified_reason(package, lists, numbers)
    used = set(waived.values())
    return CheckResult(
        name="quality",
        summary=f"{len(unverified)} of {len(picks)} packages that changed are not verified"
        if unverified
        else f"{len(verified)} of {len(picks)} packages that changed are verified",
        failures=tuple(f"{nevra}: {reason}" for nevra, reason in unverified.items()),
        fix=HINT_LISTS,
        waivers=tuple((nevra, waiver.reason) for nevra, waiver in waived.items()),
        unused=tuple(f"[[quality.waived]] {waiver}" for waiver in waivers if waiver not in used),
        details=format_grouped(_group_by_reason(unverified)),
        notes=tuple(f"verified: {nevra}: {who}" for nevra, who in verified.items()),
    )


def _is_waived_by(waiver: QaWaiver, pick: SelectedPackage) -> bool:
    """Return whether a waiver names a pick."""
    package = pick.package
    return waiver.matches(package.name, package.nevra, pick.tier, package.key)


def _describe_verifiers(bugs: Iterable[BugzillaBug]) -> str:
    """Return who verified what, in words."""
    return "; ".join(
        f"bug {bug.number} {bug.status} {' '.join(filter(None, (bug.who, bug.when)))}".strip() for bug in bugs
    )


def _unverified_reason(package: Package, lists: QaLists, numbers: Collection[int]) -> str:
    """Return why a package does not count as verified."""
    reasons = []
    for number in sorted(numbers):
        bug = lists.bugs.get(number)
        if bug is None or not bug.is_verified:
            reasons.append(f"bug {number} is {bug.status if bug else 'in none of the lists'}")
    others = [record.package for record in lists.records if _name_without_version(record.package) == package.name]
    if others:
        reasons.append(f"the lists have {', '.join(sorted(others))}")
    return "; ".join(reasons) or "no list names it"


def _name_without_version(spelled: str) -> str:
    """Return the package name in NAME-VERSION-RELEASE[.ARCH], "" if it has no version."""
    parts = spelled.rsplit("-", 2)
    return parts[0] if len(parts) == 3 else ""


def unknown_entries(lists: QaLists, known: Iterable[Package]) -> dict[str, list[str]]:
    """Return complaint -> entries of the lists that name packages which do not exist.

    An older version than any that is known is history, not a mistake.

    known  whatever any tier, the medium or the last release holds
    """
    spelled: set[str] = set()
    newest: dict[str, Evr] = {}
    for package in known:
        spelled |= _accepted_spellings(package)
        if package.name not in newest or package.evr > newest[package.name]:
            newest[package.name] = package.evr
    complaints: dict[str, list[str]] = {}
    for record in lists.records:
        if record.package not in spelled and (reason := _unknown_entry_reason(record.package, newest)):
            complaints.setdefault(reason, []).append(f"{record.package} ({record.file})")
    return complaints


def _unknown_entry_reason(spelled: str, newest: Mapping[str, Evr]) -> str:
    """Return what is wrong with an entry that matches no package, "" if it is only old."""
    name = _name_without_version(spelled)
    if spelled in newest or not name:
        return "say no version, but a verified package is one of a certain version: NAME-VERSION-RELEASE"
    if name not in newest:
        near = get_close_matches(name, newest, n=1)
        return "name a package that does not exist" + (f", did you mean {near[0]}?" if near else "")
    version, release = spelled.rsplit("-", 2)[1:]
    epoch, _, version = version.rpartition(":")
    number = foreign.parse_decimal(epoch)
    claimed = Evr(newest[name].epoch if number is None else number, version, release)
    return f"name a version that does not exist, the newest is {newest[name]}" if claimed > newest[name] else ""


def verify_changed_packages(
    compared: ReleaseComparison, settings: QaSettings, bugs: Sequence[str], tiers: Places, is_final: bool
) -> Mapping[str, str]:
    """Say which packages changed since the last release and who verified them; a final release refuses the others.

    bugs   regular expressions with one group, the number of a bug in a changelog
    tiers  where a package that a list names may be, if not on the medium

    Raises ContentError for a list that names a package which does not exist, CheckError for a final release.
    """
    lock_file, root, previous = compared.lock, compared.root, compared.previous
    if not previous.place:
        return {"did": "not checked: release.toml names no [quality] previous_release"}
    picks = lock.parse_lock(files.read_file_text(lock_file), lock_file)
    with previous_release.open_previous_release(previous) as last:
        before = previous_release.previous_release_packages(last, previous.reader)
    lists = qa_lists.parse_qa_lists({file: files.read_file_text(file) for file in settings.verified})
    _refuse_unknown_packages(lists, [*(pick.package for pick in picks), *before], tiers, previous.reader)
    changed = packages_to_verify(picks, {package.nevra: package.sha256 for package in before})
    named = _changelog_bugs(changed, before, root, bugs) if lists.bugs else {}
    return report_check(check_qa(changed, lists, settings.waived, named), blocks=is_final)


def _group_by_reason(unverified: Mapping[str, str]) -> dict[str, list[str]]:
    """Return reason -> NEVRAs of what is NEVRA -> reason."""
    found: dict[str, list[str]] = {}
    for nevra, reason in unverified.items():
        found.setdefault(reason, []).append(nevra)
    return found


def _refuse_unknown_packages(lists: QaLists, known: Sequence[Package], tiers: Places, reader: RepoReader) -> None:
    """Raise ContentError if a list names what neither the medium, the last release nor any tier has."""
    if not unknown_entries(lists, known):
        return
    sources = [RepoSource(name, place, reader.arch) for name, place in tiers if place.is_dir()]
    elsewhere = list_repo_packages(sources, reader)
    if complaints := unknown_entries(lists, [*known, *elsewhere]):
        raise ContentError(
            f"the lists of [quality] verified have entries that\n{format_grouped(complaints)}",
            hint="write NAME-VERSION-RELEASE as rpm -qp shows it",
        )


def _changelog_bugs(
    changed: Iterable[SelectedPackage], before: Sequence[Package], root: Path, patterns: Sequence[str]
) -> dict[str, set[int]]:
    """Return NEVRA -> bugs that the changelog names since the last release; all of it, for a new package."""
    held: dict[str, Evr] = {}
    for package in before:
        held[package.name] = max(held.get(package.name, package.evr), package.evr)
    found = {}
    for package in (pick.package for pick in changed):
        entries = list(rpm_changelog(root / package.file))
        since = held.get(package.name)
        fresh = changes.entries_between(entries, since)[0] if since is not None else entries
        found[package.nevra] = changelog.bug_numbers("\n".join(entry.text for entry in fresh), patterns)
    return found
