# SPDX-License-Identifier: GPL-3.0-or-later
"""The syntax of kickstart files by base: what each has that the one before has not.

Facts from pykickstart's handlers for RHEL 8, 9 and 10, and the sections from anaconda's kickstart.py: 33.16.10.5,
34.25.7.19, 40.22.3.57. The tests hold the tables against pykickstart itself.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from smedoit.installer.kickstart_commands import (
    ANACONDA_COMMANDS,
    COMMANDS,
    GROUP_OPTIONS,
    SECTIONS,
    KickstartCommand,
    kickstart_commands,
    parse_command_words,
)


@dataclass(frozen=True)
class KickstartSyntax:
    """What a kickstart file may say.

    anaconda    commands within %anaconda
    group       what may stand behind @GROUP
    deprecated  commands, and "COMMAND OPTION", that are taken and do nothing -> what to write, "" for nothing
    removed     commands, and options, that are refused and were once taken -> what to write, "" for nothing
    added       command -> the package that the installer then adds
    is_text     whether the file is read as UTF-8, and not by single bytes
    """

    commands: Mapping[str, KickstartCommand]
    anaconda: Mapping[str, KickstartCommand]
    sections: Mapping[str, KickstartCommand]
    group: KickstartCommand
    deprecated: Mapping[str, str]
    removed: Mapping[str, str]
    added: Mapping[str, str]
    is_text: bool


@dataclass(frozen=True)
class _Changes:
    """What a syntax has otherwise than the one before it.

    commands  lines as in COMMANDS for new ones; else NAME +OPTION… -OPTION…, and -NAME for one that is gone
    """

    commands: str
    sections: str
    deprecated: Mapping[str, str]
    removed: Mapping[str, str]
    added: Mapping[str, str]


LUKS = "+--luks-version= +--pbkdf= +--pbkdf-iterations=# +--pbkdf-memory=# +--pbkdf-time=#"
TLS = "+--metalink= +--sslcacert= +--sslclientcert= +--sslclientkey="
RHEL8 = _Changes(
    commands=f"""
authselect *
autopart {LUKS} +--noboot +--noswap
btrfs *
cmdline +--non-interactive
device *
dmraid *
graphical +--non-interactive
ignoredisk ---nonfatal
install *
logvol {LUKS}
module 0 --disable !--name= --stream=
multipath *
part {LUKS}
partition {LUKS}
raid {LUKS}
repo {TLS} ^--baseurl|--mirrorlist|--metalink
rhsm 0 !--activation-key= --connect-to-insights !--organization= --proxy= --rhsm-baseurl= --server-hostname=
syspurpose 0 --addon= --role= --sla= --usage=
text +--non-interactive
-unsupported_hardware
url {TLS} ?--url|--mirrorlist|--metalink ^--url|--mirrorlist|--metalink
xconfig ---server
zipl 0 --force-secure-boot --no-secure-boot --secure-boot
""",
    sections="%packages +--excludeWeakdeps ---nobase",
    deprecated={
        **dict.fromkeys(("btrfs", "device", "deviceprobe", "dmraid", "install", "multipath"), ""),
        **dict.fromkeys(
            ("bootloader --upgrade", "ignoredisk --interactive", "part --active", "partition --active"), ""
        ),
    },
    removed={"unsupported_hardware": "", "--nobase": ""},
    added={"auth": "authselect-compat", "authconfig": "authselect-compat", "authselect": "authselect"},
)
RHEL9 = _Changes(
    commands="""
autostep *
bootloader ---upgrade
-device
-deviceprobe
-dmraid
harddrive ---biospart +!--partition= ?
ignoredisk ---interactive ?--drives|--only-use
-install
logging ---level +--level=
-multipath
network +--ipv4-dns-search= +--ipv4-ignore-auto-dns +--ipv6-dns-search= +--ipv6-ignore-auto-dns
ostreecontainer 0 --no-signature-verification --remote= --stateroot= --transport= !--url=
part ---active
partition ---active
rootpw +--allow-ssh
timesource 0 --ntp-disable --ntp-pool= --ntp-server= --nts
zfcp ---fcplun ---wwpn +--fcplun= +--wwpn=
""",
    sections="%certificate 0 --dir= !--filename= --type=\n%packages +--exclude-weakdeps +--inst-langs=",
    deprecated={"autostep": "", "btrfs": "", "logging --level": "", "repo --ignoregroups": ""},
    removed=dict.fromkeys(
        ("device", "deviceprobe", "dmraid", "install", "multipath", "--upgrade", "--interactive", "--active"), ""
    ),
    added={},
)
RHEL10 = _Changes(
    commands="""
-auth
-authconfig
autopart +--hibernation
-autostep
bootc 0 !--source-imgref= --stateroot= --target-imgref=
bootloader +--sdboot
-btrfs
logging ---level
module *
-nvdimm
rdp 0 --password= --username=
repo ---ignoregroups
rhsm +--flatpak-registry-url=
timezone ---isUtc ---nontp ---ntpservers ?*|--utc ^
vnc *
""",
    sections="-%anaconda\n%packages ---excludeWeakdeps ---instLangs",
    deprecated={"module": "", "network --teamconfig": "", "network --teamslaves": "", "vnc": "rdp"},
    removed={
        **dict.fromkeys(("%anaconda", "autostep", "btrfs", "nvdimm", "--ignoregroups"), ""),
        **dict.fromkeys(("auth", "authconfig"), "authselect"),
        "--isUtc": "--utc",
        "--nontp": "timesource --ntp-disable",
        "--ntpservers": "timesource --ntp-server=",
        "--instLangs": "--inst-langs",
        "--excludeWeakdeps": "--exclude-weakdeps",
    },
    added={},
)
ORDER = {"RHEL8": RHEL8, "RHEL9": RHEL9, "RHEL10": RHEL10}  # each changes the one before it, the first RHEL7


@functools.cache
def find_syntax(name: str) -> KickstartSyntax:
    """Return a syntax by its name, as pykickstart has it. Raises KeyError."""
    found = KickstartSyntax(
        commands=kickstart_commands(COMMANDS),
        anaconda=kickstart_commands(ANACONDA_COMMANDS),
        sections=kickstart_commands(SECTIONS),
        group=kickstart_commands(GROUP_OPTIONS)["@"],
        deprecated={},
        removed={},
        added={"auth": "authconfig", "authconfig": "authconfig", "firewall": "firewalld", "realm": "realmd"},
        is_text=False,
    )
    if name == "RHEL7":
        return found
    for each, changes in ORDER.items():
        found = _apply_changes(found, changes)
        if each == name:
            return found
    raise KeyError(name)


def _apply_changes(before: KickstartSyntax, changes: _Changes) -> KickstartSyntax:
    """Return the syntax that changes make of the one before."""
    commands = dict(_changed_commands(before.commands, changes.commands))
    sections = dict(_changed_commands(before.sections, changes.sections))
    deprecated = {
        said: instead
        for said, instead in {**before.deprecated, **changes.deprecated}.items()
        if _is_known(said, commands)
    }
    added = {name: package for name, package in {**before.added, **changes.added}.items() if name in commands}
    removed = {**before.removed, **changes.removed}
    return replace(
        before,
        commands=commands,
        sections=sections,
        deprecated=deprecated,
        removed=removed,
        added=added,
        is_text=True,
        anaconda={name: command for name, command in before.anaconda.items() if name != "installclass"},
    )


def _is_known(said: str, commands: Mapping[str, KickstartCommand]) -> bool:
    """Return whether there is a command, or an option of it."""
    name, _, option = said.partition(" ")
    return name in commands and (not option or option in commands[name].options)


def _changed_commands(before: Mapping[str, KickstartCommand], table: str) -> Iterator[tuple[str, KickstartCommand]]:
    """Yield the commands that there are after the lines of a table."""
    lines = (line.split() for line in re.sub(r"\n +", " ", table).strip().splitlines())
    changes = {words[0]: words[1:] for words in lines}
    for name, command in before.items():
        if f"-{name}" not in changes and name not in changes:
            yield name, command
    for name, words in changes.items():
        if not name.startswith("-"):
            is_change = name in before and words[0] != "*"
            yield name, _changed_command(before[name], words) if is_change else parse_command_words(words)


def _changed_command(command: KickstartCommand, words: list[str]) -> KickstartCommand:
    """Return a command with options more and less."""
    gone = {word.removeprefix("-") for word in words if word.startswith("---")}
    new = parse_command_words(["0", *(word.removeprefix("+") for word in words if not word.startswith("---"))])
    options = {name: value for name, value in command.options.items() if name not in gone}
    return replace(
        command,
        options={**options, **new.options},
        required=(*(name for name in command.required if name not in gone), *new.required),
        one_of=new.one_of if any(word.startswith("?") for word in words) else command.one_of,
        at_most=new.at_most if any(word.startswith("^") for word in words) else command.at_most,
    )
