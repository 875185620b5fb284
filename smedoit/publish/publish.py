"""Publish a release, move it between channels, and take that back; plans are made here and done by placing."""

from __future__ import annotations

import difflib
import hashlib
import os
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from smedoit.config.publish import Publish
from smedoit.config.release import Release
from smedoit.errors import PublishError, TreeError, grouped
from smedoit.publish import announcement, apply, channels, checks, records, remote
from smedoit.publish.channels import FINAL, TESTING, Place
from smedoit.publish.plan import FROZEN, SHOWN, File, Gate, Plan, changes, refuse_many, refuse_open, shown, signature
from smedoit.publish.records import Ledger, Record
from smedoit.runtime import progress
from smedoit.runtime.digests import Digests
from smedoit.runtime.files import read_text, remove, walk, worded, write

Said = Mapping[str, str]
Told = checks.Told


def plan(rel: Release, told: Told, source: str, to: str) -> Said:
    """Show what doit publish will do, and remember it, so that it will do just that.

    told  gate -> what its task is told now
    """
    records.check(rel.publish)
    ledger = Ledger(rel.publish.target)
    pending = ledger.under_way()
    if pending:
        progress.say(f"the {pending.words} was interrupted: doit publish goes on with it, doit rollback takes it back")
    made = planned(rel, ledger, told, source, to)
    write(saved(rel), signature(made))
    for line in shown(made):
        progress.say(f"  {line}")
    still = [gate.name for gate in made.gates if gate.open]
    said = "nothing to publish, all is there" if made.idle else f"{len(made.changes)} files would change"
    return {"did": f"{said}; open gates: {', '.join(still)}" if still else f"{said}; every gate is closed or waived"}


def publish(rel: Release, told: Told, log: Path, source: str, to: str, dry_run: bool) -> Said:
    """Do what the plan says, and bring it to the remote target; a publish that was interrupted is finished first."""
    if dry_run:
        return plan(rel, told, source, to)
    with records.opened(rel.publish) as ledger:
        if words := ledger.resume():
            progress.say(words)
            remove(saved(rel))  # the plan that was shown is done
        made = planned(rel, ledger, told, source, to)
        refuse_otherwise(rel, made)
        refuse_open(made.gates)
        refuse_interrupted(ledger, made)
        for line in shown(made):
            progress.say(f"  {line}")
        if not made.idle:
            done(rel.publish, ledger, made, source, rel.release.arch)
        remove(saved(rel))
        afar = remote.push(rel.publish, made.place, log) if rel.publish.remote else ""
    texts = announcement.write(rel, made)
    did = "nothing to publish, all is there" if made.idle else f"{len(made.changes)} files"
    return {"did": f"{did}{afar}", "result": "\n".join([f"{made.target / made.place.path} is published", *texts])}


def done(settings: Publish, ledger: Ledger, made: Plan, source: str, arch: str) -> Record:
    """Do a plan, and return its record."""
    record = ledger.begun(kind(made, source), made.place.path, time.time())
    digest = hashlib.sha256(signature(made).encode()).hexdigest()
    ledger.sweep()
    directories = apply.directories(arch, settings.tiers)
    return apply.perform(made, ledger, replace(record, plan=digest), directories)


def kind(made: Plan, source: str) -> str:
    """Return what a plan is called in its record."""
    return "move" if source else "publish" if made.fresh else "update"


def saved(rel: Release) -> Path:
    """Return where the plan lies that somebody was shown."""
    return rel.state / "publish-plan.txt"


def refuse_otherwise(rel: Release, made: Plan) -> None:
    """Raise PublishError if somebody was shown another plan."""
    if made.idle or not saved(rel).exists():
        return
    before, now = read_text(saved(rel)).splitlines(), signature(made).splitlines()
    if before != now:
        lines = list(difflib.unified_diff(before, now, "shown", "now", n=0, lineterm=""))[2:]
        raise PublishError(
            "the plan is not what doit plan_publish has shown\n" + grouped({"it differs in": lines}),
            hint="look again: doit plan_publish",
        )


def refuse_interrupted(ledger: Ledger, made: Plan) -> None:
    """Raise PublishError if another release was being prepared when it was interrupted."""
    record = ledger.under_way()
    if record and record.place != made.place.path:
        raise PublishError(
            f"the {record.words} was interrupted, and this is {made.place.path}",
            hint="doit rollback forgets what was prepared; nobody has seen any of it",
        )


def planned(rel: Release, ledger: Ledger, told: Told, source: str, to: str) -> Plan:
    """Return what publishing means now. Raises SmeError for what could not be done."""
    known = Digests(rel.cache / "digests.json")
    made = from_testing(rel, ledger, source, to, known) if source else from_stage(rel, ledger, told, to, known)
    known.save()
    apply.check_repodata(made.files)
    refuse_many(made, rel.publish.deletions)
    return made


def from_stage(rel: Release, ledger: Ledger, told: Told, to: str, known: Digests) -> Plan:
    """Return the plan for what was built last."""
    place = channels.place(rel.release, to, rel.publish)
    before = apply.target_of(ledger, place.link)
    files = built(rel, known)
    present = presented(ledger, place, known)
    origin = previous(rel.publish, place, before)
    for tier in rel.publish.tiers:
        root = tier_source(rel, tier, ledger.target / place.path if present is not None else origin)
        files |= below(tier, root, ledger, known) if root else {}
    again = present is not None and same_bits(ledger, place, files)
    gates = (again,) if again and again.closed else checks.states(rel, told, place, known)
    words = str(origin) if origin else "nowhere: there is no release before this one"
    return Plan(place, ledger.target, words, before, files, changes(files, present), gates, fresh=present is None)


def from_testing(rel: Release, ledger: Ledger, source: str, to: str, known: Digests) -> Plan:
    """Return the plan for the bits that are in testing. Raises PublishError if they are no final release."""
    if source != TESTING or to not in ("", FINAL):
        raise PublishError(f"publish --from {source}: only {TESTING} is moved, and only to {FINAL}")
    place, here = channels.place(rel.release, FINAL, rel.publish), Place(TESTING, rel.release.full)
    root = ledger.target / here.path
    if not root.is_dir():
        raise PublishError(f"{root}: is not there", hint="publish it in testing first: doit publish --to testing")
    files = apply.listing(root, known, ledger.target.stat().st_dev)
    present = presented(ledger, place, known)
    before = apply.target_of(ledger, place.link)
    changed = changes(files, present)
    gates = (same_bits(ledger, here, files), Gate("channel", True, f"no label fits {FINAL}"))
    return Plan(place, ledger.target, str(root), before, files, changed, gates, fresh=present is None)


def same_bits(ledger: Ledger, here: Place, files: Mapping[str, File]) -> Gate:
    """Return the gate of a release that lives on or is moved: it is what was published, and passed its gates, then."""
    record = next((one for one in ledger.all() if one.place == here.path and one.state == records.DONE), None)
    if record is None:
        return Gate("same_bits", False, f"no record says that {here.path} was published from here")
    then = {path: one["sha256"] for path, one in record.files.items() if path.startswith(FROZEN)}
    now = {path: one.sha256 for path, one in files.items() if path.startswith(FROZEN)}
    changed = sorted(dict(then.items() ^ now.items()))
    if changed:
        return Gate("same_bits", False, f"{changed[0]} and {len(changed) - 1} more files are not what was published")
    return Gate("same_bits", True, f"the bits of {record.name}, which passed its gates")


def built(rel: Release, known: Digests) -> dict[str, File]:
    """Return what the stage gives to a release: media, tree and sources."""
    if not rel.iso.is_file():
        raise PublishError(f"{rel.iso}: there is nothing to publish yet", hint="run doit release first")
    device = rel.publish.target.stat().st_dev
    with worded(rel.isos, "read"):
        media = [name for name, _ in walk(rel.isos) if announcement.is_of(rel.release, name)]
    files = {f"iso/{name}": one for name, one in apply.listing(rel.isos, known, device, media).items()}
    for name, root in ((rel.release.arch, rel.tree), ("SRPMS", rel.srpms)):
        if root.is_dir():
            files |= {f"smeos/{name}/{path}": one for path, one in apply.listing(root, known, device).items()}
    return files


def presented(ledger: Ledger, place: Place, known: Digests) -> dict[str, File] | None:
    """Return what is published at a place, None if nothing is."""
    root = ledger.target / place.path
    if not os.path.lexists(root):
        return None
    if root.is_symlink() or not root.is_dir():
        raise PublishError(f"{root}: is no directory", hint="move it away")
    return apply.listing(root, known, ledger.target.stat().st_dev)


def previous(settings: Publish, place: Place, before: str) -> Path | None:
    """Return the release that tiers are carried over from, None if there is none."""
    if settings.previous:
        found = Path(os.path.normpath(settings.target / settings.previous))
        if not found.is_dir():
            raise PublishError(f"{found}: the previous release is not there", hint="correct [publish] previous")
        return found
    return (settings.target / place.link).parent / before if before else None


def tier_source(rel: Release, tier: str, origin: Path | None) -> Path | None:
    """Return where a tier of the release comes from: the live one if it lies elsewhere, else that of origin."""
    target = os.path.realpath(rel.publish.target)
    for one in rel.tiers:
        if one.name == tier and one.path.is_dir() and not Path(os.path.realpath(one.path)).is_relative_to(target):
            return one.path
    return origin / tier if origin and (origin / tier).is_dir() else None


def below(tier: str, root: Path, ledger: Ledger, known: Digests) -> dict[str, File]:
    """Return the files of a tier as the release will have them. Raises PublishError if they cannot be read."""
    try:
        found = apply.listing(root, known, ledger.target.stat().st_dev)
    except TreeError as error:
        raise PublishError(f"{root}: the tier {tier} cannot be read\n  {error}") from None
    return {f"{tier}/{path}": one for path, one in found.items()}


def rollback(rel: Release, log: Path, dry_run: bool) -> Said:
    """Take back what was interrupted; if nothing was, what was done last."""
    with records.opened(rel.publish) as ledger:
        pending = ledger.under_way()
        record = pending or ledger.undoable()
        progress.say(f"the {record.words} is taken back")
        for step in reversed(record.steps[-SHOWN:]):
            progress.say(f"  {step}")
        if dry_run:
            return {"did": "that was the plan; nothing has changed"}
        if pending:
            return {"did": ledger.undo() + withdrawn(rel, record, log)}
        ledger.take_back(record)
        return {"did": f"the {record.words} is taken back" + withdrawn(rel, record, log)}


def withdrawn(rel: Release, record: Record, log: Path) -> str:
    """Let the remote target follow a rollback; return what that came to, in words."""
    if not rel.publish.remote or record.state == records.PREPARING:
        return ""
    channel = next(
        name for name, top in channels.DIRECTORIES.items() if top == str(Path(record.place).parent).strip(".")
    )
    return remote.follow(rel.publish, Place(channel, Path(record.place).name), log)
