# SPDX-License-Identifier: GPL-3.0-or-later
"""python -m tests.fuzz [PARSER …] [--runs N] [--seed S] [--input N] [--keep DIR]: N inputs, shared by the parsers."""

from __future__ import annotations

import argparse
import fnmatch
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.fuzz.runner import Failure, Target, keep_failure, run_target
from tests.fuzz.seeds import Seeds
from tests.fuzz.targets import all_targets


def main() -> int:
    """Run what is asked for; return 1 if any input failed."""
    options = _parse_options()
    with TemporaryDirectory(prefix="smedoit-fuzz-") as place:
        targets = all_targets(Seeds.build(Path(place) / "project"))
        patterns = options.parsers or ["*"]
        targets = [target for target in targets if any(fnmatch.fnmatch(target.name, one) for one in patterns)]
        if options.list or not targets:
            print(*(target.name for target in targets), sep="\n")
            return 0 if targets else 2
        failures = 0
        for target in targets:
            failures += _run(target, -(-options.runs // len(targets)), options)
    print(f"{failures} kinds of failure" if failures else "no failure")
    return 1 if failures else 0


def _run(target: Target, count: int, options: argparse.Namespace) -> int:
    """Run one target and report; return how many kinds of failure it has."""
    started = time.monotonic()
    numbers = [options.input] if options.input is not None else range(count)
    kinds: dict[str, list[Failure]] = {}
    for failure in run_target(target, options.seed, numbers):
        kinds.setdefault(failure.kind, []).append(failure)
    found = sum(map(len, kinds.values()))
    print(f"{target.name}: {len(numbers)} inputs, {found} failures, {time.monotonic() - started:.1f} s", flush=True)
    for kind, failures in sorted(kinds.items(), key=lambda item: -len(item[1])):
        first = min(failures, key=lambda failure: len(failure.data))
        file = keep_failure(target, first, options.keep)
        print(
            f"  {len(failures)} times: {kind}\n    {file}, {file.stat().st_size} bytes;"
            f" again: python -m tests.fuzz {target.name} --seed {options.seed} --input {first.number}"
        )
        if options.verbose:
            print("\n".join(f"      {line}" for line in first.report.splitlines()))
    return len(kinds)


def _parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("parsers", nargs="*", help="which; patterns are allowed, none means all")
    parser.add_argument("--runs", type=int, default=10_000, help="inputs in all")
    parser.add_argument("--seed", type=int, default=0, help="another one gives other inputs, the same one the same")
    parser.add_argument("--input", type=int, help="this one input alone")
    parser.add_argument("--keep", type=Path, default=Path("build/fuzz"), help="where inputs that fail are kept")
    parser.add_argument("--list", action="store_true", help="the names of the parsers")
    parser.add_argument("--verbose", action="store_true", help="show tracebacks")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
