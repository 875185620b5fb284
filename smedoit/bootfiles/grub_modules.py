# SPDX-License-Identifier: GPL-3.0-or-later
"""Which modules a grub.cfg makes GRUB load, of those beside it. Source: GRUB 2.12, grub-core/normal/dyncmd.c, kern/dl.c

command.lst says which module has a command, moddep.lst which modules a module needs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from smedoit.bootfiles.grub import INITRDS, KERNELS, GrubCommand

COMMANDS, DEPENDENCIES = "command.lst", "moddep.lst"
LINE = re.compile(r"\*?(?P<name>[^\s:]+):[ \t]*(?P<words>[^\r\n]*)")
FOR_EFI = "efi"  # behind linux and initrd


@dataclass(frozen=True)
class GrubModules:
    """The modules beside a GRUB.

    place     their directory on the medium
    commands  command -> its module, by command.lst
    needs     module -> the modules that it needs, by moddep.lst
    has       whether a path is on the medium
    """

    place: str
    commands: Mapping[str, str]
    needs: Mapping[str, tuple[str, ...]]
    has: Callable[[str], bool]

    def missing_paths(self, module: str) -> Iterator[str]:
        """Yield the paths that a module, with all that it needs, lacks on the medium."""
        waiting, seen = [module], {module}
        while waiting:
            name = waiting.pop(0)
            path = f"{self.place}/{name}.mod"
            if not self.has(path):
                yield path
            new = [other for other in self.needs.get(name, ()) if other not in seen]
            seen.update(new)
            waiting += new


def parse_module_list(text: str) -> dict[str, tuple[str, ...]]:
    """Return name -> what stands behind its colon, of command.lst or moddep.lst."""
    found = (LINE.fullmatch(line) for line in text.splitlines())
    return {line["name"]: tuple(line["words"].split()) for line in found if line}


def command_faults(commands: Iterable[tuple[str, GrubCommand]], modules: GrubModules) -> Iterator[str]:
    """Yield which commands GRUB would not know, each once.

    commands  each with the file that it stands in
    """
    given, said = set[str](), set[str]()
    for file, command in commands:
        name = command.name
        if name == "insmod":
            given.update(command.given)
        if name in said or command.depends:
            continue
        where = f"{file}, line {command.line}: {name}"
        if name in (*KERNELS, *INITRDS) and name.endswith(FOR_EFI) and name not in modules.commands:
            yield f"{where} is a command of GRUB for UEFI alone: write {name.removesuffix(FOR_EFI)}"
        elif module := modules.commands.get(name):
            if missing := sorted(modules.missing_paths(module)):
                yield f"{where} needs {missing[0]}, which is not on the medium"
        elif name in (*KERNELS, *INITRDS) and not modules.commands and "linux" not in given:
            path = f"{modules.place}/{COMMANDS}"
            yield f"{where} is unknown to GRUB without {path}, which is not on the medium, or says nothing"
        else:
            continue
        said.add(name)


def insmod_remarks(commands: Iterable[tuple[str, GrubCommand]], modules: GrubModules) -> Iterator[str]:
    """Yield which modules GRUB would look for in vain; it says so, and goes on."""
    for file, command in commands:
        for name in command.given if command.name == "insmod" and not command.depends else ():
            if "$" not in name and (missing := sorted(modules.missing_paths(name.rpartition("/")[2]))):
                where = f"{file}, line {command.line}: insmod {name[:40]}"
                yield f"{where} needs {missing[0]}, which is not on the medium: GRUB says so, and goes on"
