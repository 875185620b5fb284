# SPDX-License-Identifier: GPL-3.0-or-later
"""Publish a release, move it between channels, and take that back; plans are made here and carried out by apply."""

from __future__ import annotations

import difflib
import hashlib
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from smedoit.artifacts.verify import verify_media
from smedoit.checks.result import CheckResult, waive_failures
from smedoit.config.identity import CHANNELS, FINAL, TESTING
from smedoit.config.publish import PublishSettings
from smedoit.config.release import Release
from smedoit.errors import FileError, PublishError, format_grouped
from smedoit.publish import announcement, apply, channels, checks, packages, plan, records, remote
from smedoit.publish.addresses import check_addresses
from smedoit.publish.channels import PublishLocation
from smedoit.publish.plan import FROZEN, PublishedFile, PublishPlan
from smedoit.publish.records import PublishHistory, PublishRecord
from smedoit.runtime import journal, progress, steps
from smedoit.runtime.digests import DigestCache
from smedoit.runtime.files import read_file_text, remove_file, walk_files, wrap_os_errors, write_file

Said = Mapping[str, str]
CheckConfigs = checks.CheckConfigs


def show_publish_plan(rel: Release, configs: CheckConfigs, source: str, to: str) -> Said:
    """Show what doit publish will do, and remember it, so that it will do just that.

    configs  check -> the configuration of its task now
    """
    records.check_publish_target(rel.publish)
    history = PublishHistory(rel.publish.target)
    pending = history.under_way()
    if pending:
        progress.show_line(
            f"the {pending.words} was interrupted: doit publish goes on with it, doit rollback takes it back"
        )
    made = _make_plan(rel, history, configs, source, to)
    write_file(_saved_plan_path(rel), plan.plan_fingerprint(made))
    _show_plan(made)
    packages.refuse_untrusted_packages(made, rel, rel.fact_cache)
    failed = [check.name for check in made.checks if check.failed]
    said = "nothing to publish, already up to date" if made.idle else f"{len(made.changes)} files would change"
    return {
        "did": f"{said}; failed checks: {', '.join(failed)}" if failed else f"{said}; every check passed or is waived"
    }


def publish_release(
    rel: Release, configs: CheckConfigs, on_medium: Callable[[str], bool], source: str, to: str, dry_run: bool
) -> Said:
    """Do what the plan says, and bring it to the remote target; a publish that was interrupted is finished first.

    configs    check -> the configuration of its task now
    on_medium  whether a file of the tree goes on the installation medium
    """
    if dry_run:
        return show_publish_plan(rel, configs, source, to)
    with records.open_publish_history(rel.publish) as history:
        if words := history.resume():
            progress.show_line(words)
            remove_file(_saved_plan_path(rel))  # the plan that was shown is done
        made = _make_plan(rel, history, configs, source, to)
        _refuse_changed_plan(rel, made)
        plan.refuse_failed_checks(made.checks)
        _refuse_interrupted(history, made)
        _show_plan(made)
        if not made.idle:
            _verify_again(rel, made, on_medium)
            carry_out_publish(rel.publish, history, made, source, rel.release.arch)
        remove_file(_saved_plan_path(rel))
        log = rel.logs / "publish.rsync.log"
        afar = remote.push_release(rel.publish, made.place, log) if rel.publish.remote else ""
    texts = announcement.write_announcement(rel, made)
    did = "nothing to publish, already up to date" if made.idle else f"{len(made.changes)} files"
    return {"did": f"{did}{afar}", "result": "\n".join([f"{made.target / made.place.path} is published", *texts])}


def _verify_again(rel: Release, made: PublishPlan, on_medium: Callable[[str], bool]) -> None:
    """Read media and packages once more before anybody sees them: what state says of them is no proof."""
    packages.verify_arriving_packages(made, rel)
    if any(check.name == "verify" and check.passed for check in made.checks):
        verify_media(rel, on_medium)


def _show_plan(made: PublishPlan) -> None:
    """Show a plan, and what it leaves out."""
    for line in [*plan.format_publish_plan(made), *plan.format_unpublished(made)]:
        progress.show_line(f"  {line}")
    for change in made.changes:
        progress.log_line(f"{plan.WORDS[change.kind]} {change.path}")
    for path in made.unpublished:
        progress.log_line(f"stays unpublished: {path}")


def carry_out_publish(
    settings: PublishSettings, history: PublishHistory, made: PublishPlan, source: str, arch: str
) -> PublishRecord:
    """Do a plan, and return its record."""
    record = history.begin_record(_record_kind(made, source), made.place.path, time.time())
    digest = hashlib.sha256(plan.plan_fingerprint(made).encode()).hexdigest()
    history.sweep()
    directories = apply.release_directories(arch, settings.tiers)
    return apply.apply_publish_plan(made, history, replace(record, plan=digest), directories)


def _record_kind(made: PublishPlan, source: str) -> str:
    """Return what a plan is called in its record."""
    return "move" if source else "publish" if made.fresh else "update"


def _saved_plan_path(rel: Release) -> Path:
    """Return where the plan lies that somebody was shown."""
    return rel.state / "publish-plan.txt"


def _refuse_changed_plan(rel: Release, made: PublishPlan) -> None:
    """Raise PublishError if somebody was shown another plan."""
    if made.idle or not _saved_plan_path(rel).exists():
        return
    before, now = read_file_text(_saved_plan_path(rel)).splitlines(), plan.plan_fingerprint(made).splitlines()
    if before != now:
        lines = list(difflib.unified_diff(before, now, "shown", "now", n=0, lineterm=""))[2:]
        raise PublishError(
            "the plan is not what doit plan_publish has shown\n" + format_grouped({"it differs in": lines}),
            hint="look again: doit plan_publish",
        )


def _refuse_interrupted(history: PublishHistory, made: PublishPlan) -> None:
    """Raise PublishError if another release was being prepared when it was interrupted."""
    record = history.under_way()
    if record and record.place != made.place.path:
        raise PublishError(
            f"the {record.words} was interrupted, and this is {made.place.path}",
            hint="doit rollback forgets what was prepared; nobody has seen any of it",
        )


def _make_plan(rel: Release, history: PublishHistory, configs: CheckConfigs, source: str, to: str) -> PublishPlan:
    """Return what publishing means now. Raises SmeError for what could not be done."""
    records.refuse_practice_release(rel)
    known = DigestCache(rel.fact_cache)
    made = (
        _plan_from_testing(rel, history, source, to, known)
        if source
        else _plan_from_stage(rel, history, configs, to, known)
    )
    known.save()
    apply.check_release_repodata(made.files)
    plan.refuse_mass_deletion(made, rel.publish.max_delete)
    return made


def _plan_from_stage(
    rel: Release, history: PublishHistory, configs: CheckConfigs, to: str, known: DigestCache
) -> PublishPlan:
    """Return the plan for what was built last."""
    place = channels.publish_location(rel.release, to, rel.publish)
    before = apply.linked_release(history, place.link)
    present = present_files(history, place, known)
    again = present is not None and _check_same_bits(history, place, present)
    published = _frozen_files(present) if present is not None and again and again.passed else None
    files = _staged_files(rel, known) if published is None else dict(published)
    origin = tier_origin_release(rel.publish, place, before)
    for tier in rel.publish.tiers:
        root = _tier_source(rel, tier, history.target / place.path if present is not None else origin)
        files |= _tier_release_files(tier, root, history, known) if root else {}
    results = (again,) if again and again.passed else checks.evaluate_publish_checks(rel, configs, place, files, known)
    words = str(origin) if origin else "nowhere: there is no release before this one"
    return PublishPlan(
        place,
        history.target,
        words,
        before,
        files,
        plan.publish_changes(files, present),
        results,
        fresh=present is None,
        unpublished=() if published is None else _unpublished_files(rel, published, known),
    )


def _frozen_files(files: Mapping[str, PublishedFile]) -> dict[str, PublishedFile]:
    """Return those files of a release that never change."""
    return {path: file for path, file in files.items() if path.startswith(FROZEN)}


def _unpublished_files(rel: Release, published: Mapping[str, PublishedFile], known: DigestCache) -> tuple[str, ...]:
    """Return what the stage has otherwise than the release that was published from it, which never changes."""
    if not rel.iso.is_file():
        return ()
    staged = {path: file.sha256 for path, file in _staged_files(rel, known).items()}
    return tuple(
        sorted({path for path, _ in staged.items() ^ {(path, file.sha256) for path, file in published.items()}})
    )


def _plan_from_testing(rel: Release, history: PublishHistory, source: str, to: str, known: DigestCache) -> PublishPlan:
    """Return the plan for the bits that are in testing. Raises PublishError if they are no final release."""
    if source != TESTING or to not in ("", FINAL):
        raise PublishError(f"publish --from {source}: only {TESTING} is moved, and only to {FINAL}")
    place, here = channels.publish_location(rel.release, FINAL, rel.publish), PublishLocation(TESTING, rel.release.full)
    root = history.target / here.path
    if not root.is_dir():
        raise PublishError(f"{root}: is not there", hint="publish it in testing first: doit publish --to testing")
    files = apply.list_published_files(root, known, history.target.stat().st_dev)
    present = present_files(history, place, known)
    before = apply.linked_release(history, place.link)
    changed = plan.publish_changes(files, present)
    results = (
        _check_same_bits(history, here, files),
        waive_failures(
            check_addresses(rel, files, root / "smeos" / rel.release.arch), rel.publish.waived.get("addresses", "")
        ),
        CheckResult("channel", f"no label fits {FINAL}"),
    )
    return PublishPlan(place, history.target, str(root), before, files, changed, results, fresh=present is None)


def _check_same_bits(history: PublishHistory, here: PublishLocation, files: Mapping[str, PublishedFile]) -> CheckResult:
    """Return whether a release that is updated or moved has the bits that were published and passed the checks."""
    record = next(
        (
            candidate
            for candidate in history.closed()
            if candidate.place == here.path and candidate.state == journal.DONE
        ),
        None,
    )
    if record is None:
        return _same_bits_failure(f"no record says that {here.path} was published from here")
    then = {path: recorded["sha256"] for path, recorded in record.files.items() if path.startswith(FROZEN)}
    now = {path: file.sha256 for path, file in _frozen_files(files).items()}
    changed = sorted(dict(then.items() ^ now.items()))
    if changed:
        return _same_bits_failure(f"{progress.join_names(changed, 1)} changed since {record.name}")
    return CheckResult("same_bits", f"the bits of {record.name}, which passed its checks")


def _same_bits_failure(failure: str) -> CheckResult:
    """Return that published bits are not what they were."""
    return CheckResult("same_bits", failure, (failure,), "publish it under a new version or label")


def _staged_files(rel: Release, known: DigestCache) -> dict[str, PublishedFile]:
    """Return what the stage gives to a release: media, tree and sources."""
    if not rel.iso.is_file():
        raise PublishError(f"{rel.iso}: there is nothing to publish yet", hint="run doit release first")
    device = rel.publish.target.stat().st_dev
    with wrap_os_errors(rel.isos, "read"):
        media = [name for name, _ in walk_files(rel.isos) if announcement.belongs_to_release(rel.release, name)]
    files = {f"iso/{name}": file for name, file in apply.list_published_files(rel.isos, known, device, media).items()}
    for name, root in ((rel.release.arch, rel.tree), ("SRPMS", rel.srpms)):
        if root.is_dir():
            files |= {
                f"smeos/{name}/{path}": file for path, file in apply.list_published_files(root, known, device).items()
            }
    return files


def present_files(
    history: PublishHistory, place: PublishLocation, known: DigestCache
) -> dict[str, PublishedFile] | None:
    """Return what is published at a place, None if nothing is."""
    root = history.target / place.path
    if not os.path.lexists(root):
        return None
    if root.is_symlink() or not root.is_dir():
        raise PublishError(f"{root}: is no directory", hint="move it away")
    return apply.list_published_files(root, known, history.target.stat().st_dev)


def tier_origin_release(settings: PublishSettings, place: PublishLocation, before: str) -> Path | None:
    """Return the release that tiers are carried over from, None if there is none."""
    if settings.carry_from:
        found = Path(os.path.normpath(settings.target / settings.carry_from))
        if not found.is_dir():
            raise PublishError(
                f"{found}: the release to carry tiers over from is not there", hint="correct [publish] carry_from"
            )
        return found
    return (settings.target / place.link).parent / before if before else None


def _tier_source(rel: Release, tier: str, origin: Path | None) -> Path | None:
    """Return where a tier of the release comes from: the live one if it lies elsewhere, else that of origin."""
    target = os.path.realpath(rel.publish.target)
    for configured in rel.tiers:
        if (
            configured.name == tier
            and configured.path.is_dir()
            and not Path(os.path.realpath(configured.path)).is_relative_to(target)
        ):
            return configured.path
    return origin / tier if origin and (origin / tier).is_dir() else None


def _tier_release_files(tier: str, root: Path, history: PublishHistory, known: DigestCache) -> dict[str, PublishedFile]:
    """Return the files of a tier as the release will have them. Raises PublishError if they cannot be read."""
    try:
        found = apply.list_published_files(root, known, history.target.stat().st_dev)
    except FileError as error:
        raise PublishError(f"{root}: the tier {tier} cannot be read\n  {error}") from None
    return {f"{tier}/{path}": file for path, file in found.items()}


def rollback_publish(rel: Release, log: Path, dry_run: bool) -> Said:
    """Take back what was interrupted; if nothing was, what was done last."""
    with records.open_publish_history(rel.publish) as history:
        pending = history.under_way()
        record = pending or history.undoable()
        lines = steps.describe_undo(history.roots, record.steps)
        lines = lines or ["nothing that readers see: it was only prepared"]
        progress.show_report("\n  ".join([f"to be rolled back: the {record.words}", *lines]))
        if dry_run:
            return {"did": "dry run: nothing was changed"}
        if pending:
            return {"did": history.undo() + _roll_back_remote(rel, record, log)}
        history.take_back(record)
        return {"did": f"rolled back the {record.words}" + _roll_back_remote(rel, record, log)}


def _roll_back_remote(rel: Release, record: PublishRecord, log: Path) -> str:
    """Let the remote target follow a rollback; return what that came to, in words."""
    if not rel.publish.remote or record.state == journal.PREPARING:
        return ""
    channel = next(name for name, top in CHANNELS.items() if top == str(Path(record.place).parent).strip("."))
    return remote.push_rollback(rel.publish, PublishLocation(channel, Path(record.place).name), log)
