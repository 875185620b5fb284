# SPDX-License-Identifier: GPL-3.0-or-later
"""Kickstart files as the installer of each base reads them; pykickstart is the second reader."""

from __future__ import annotations

import random
import warnings
from typing import Any

import pytest

from smedoit.bases.known import BASES
from smedoit.installer.kickstart import Kickstart, parse_kickstart
from smedoit.installer.kickstart_syntaxes import find_syntax

NEWER = [base for base in BASES.values() if base.kickstart != "RHEL7"]
EACH = pytest.mark.parametrize("base", NEWER, ids=lambda base: base.name)
OF_ALL = """\
text
lang en_US.UTF-8
keyboard --xlayouts=us
timezone Europe/Berlin --utc
rootpw --lock
zerombr
clearpart --all --initlabel
autopart --type=lvm --noswap
bootloader --append="quiet"
network --bootproto=dhcp --device=link --activate
cdrom
poweroff
%packages --ignoremissing
@^sme-server-environment
@core --nodefaults
-plymouth
%end
%post --log=/root/post.log
echo "not closed
%end
%addon com_redhat_kdump --disable
%end
"""
BAD = {  # line -> base -> what is said of it; a base that is not named takes it without a word
    "install": {
        "el8": "told: install does nothing on Enterprise Linux 8: leave it out",
        "el9": "install is no command of anaconda's on Enterprise Linux 9: leave it out",
        "el10": "install is no command of anaconda's on Enterprise Linux 10: leave it out",
    },
    "auth --enableshadow": {
        "el10": "auth is no command of anaconda's on Enterprise Linux 10: write authselect",
    },
    "authconfig --enableshadow": {"el10": "write authselect"},
    "autostep": {"el9": "told: autostep does nothing", "el10": "autostep is no command of anaconda's on"},
    "btrfs none --data=0 part.1": {
        "el8": "told: btrfs does nothing on Enterprise Linux 8",
        "el9": "told: btrfs does nothing",
        "el10": "btrfs is no command of anaconda's on",
    },
    "dmraid --name=a --dev=b": {
        "el8": "told: dmraid does nothing",
        "el9": "dmraid is no command",
        "el10": "is no command",
    },
    "nvdimm use --namespace=a": {"el10": "nvdimm is no command of anaconda's on Enterprise Linux 10: leave it out"},
    "timezone Europe/Berlin --isUtc": {
        "el10": "timezone has no option --isUtc on Enterprise Linux 10: write --utc",
    },
    "timezone Europe/Berlin --nontp": {"el10": "has no option --nontp on Enterprise Linux 10: write timesource"},
    "timesource --ntp-disable": {"el8": "timesource is no command of anaconda's"},
    "vnc --password=secret12": {"el10": "told: vnc does nothing on Enterprise Linux 10: write rdp"},
    "rdp --username=a --password=b": {"el8": "rdp is no command of anaconda's", "el9": "rdp is no command"},
    "module --name=php --stream=8.2": {"el10": "told: module does nothing on Enterprise Linux 10: leave it out"},
    "module --stream=8.2": {"el8": "module needs --name", "el9": "module needs --name", "el10": "told: module does"},
    "part / --size=1 --active": {
        "el8": "told: part --active does nothing on Enterprise Linux 8: leave it out",
        "el9": "part has no option --active on Enterprise Linux 9: leave it out",
        "el10": "part has no option --active on Enterprise Linux 10: leave it out",
    },
    "unsupported_hardware": dict.fromkeys(("el8", "el9", "el10"), "unsupported_hardware is no command"),
    "harddrive --dir=/a --biospart=x": {"el9": "harddrive has no option --biospart", "el10": "harddrive has no option"},
    "rootpwd x": dict.fromkeys(("el8", "el9", "el10"), "is no command of anaconda's; did you mean rootpw?"),
    "%packages --instLangs=de\n%end": {
        "el10": "%packages has no option --instLangs on Enterprise Linux 10: write --inst-langs",
    },
    "%packages --inst-langs=de\n%end": {"el8": "%packages has no option --inst-langs"},
    "%packages --exclude-weakdeps\n%end": {"el8": "%packages has no option --exclude-weakdeps; did you mean"},
    "%packages --nobase\n%end": {
        name: f"%packages has no option --nobase on {BASES[name].words}: leave it out"
        for name in ("el8", "el9", "el10")
    },
    "%anaconda\npwpolicy root --minlen=6\n%end": {
        "el10": "%anaconda is no section on Enterprise Linux 10: leave it out",
    },
    "%certificate --filename=a.pem --dir=/etc\n%end": {"el8": "%certificate is no section"},
}


def read_for(base: str, text: str) -> Kickstart:
    return parse_kickstart(text.encode(), "ks.cfg", base=BASES[base])


@EACH
def test_a_file_that_is_valid_for_all_bases_passes_without_a_word(base: Any) -> None:
    found = read_for(base.name, OF_ALL)
    assert (found.faults, found.remarks) == ([], [])
    assert [name for _, name in found.environments] == ["sme-server-environment"]


@EACH
@pytest.mark.parametrize("text", BAD)
def test_what_is_refused_or_does_nothing_is_told_by_base(base: Any, text: str) -> None:
    found = read_for(base.name, text)
    told = [f"told: {remark.partition(': ')[2]}" for remark in found.remarks]
    said = "\n".join([*(fault.partition(": ")[2] for fault in found.faults), *told])
    assert (BAD[text].get(base.name, "") in said) if base.name in BAD[text] else said == "", said


@EACH
def test_a_file_that_is_not_utf_8_is_refused_with_its_line(base: Any) -> None:
    said = "ks.cfg, line 2: is not UTF-8, and anaconda reads nothing else: save the file as UTF-8"
    assert parse_kickstart("text\n# für\n".encode("latin-1"), "ks.cfg", base=base).faults == [said]
    assert parse_kickstart("text\n# für\n".encode(), "ks.cfg", base=base).faults == []
    assert parse_kickstart("text\n# für\n".encode("latin-1"), "ks.cfg").faults == []


def test_a_module_stream_is_none_where_dnf_knows_no_modules() -> None:
    text = "%packages\n@perl:5.26/minimal\n@core\n%end\n"
    streams = {base: [name for _, name in read_for(base, text).streams] for base in BASES}
    assert streams == {"el7": [], "el8": ["perl:5.26/minimal"], "el9": ["perl:5.26/minimal"], "el10": []}


def test_what_commands_make_the_installer_add_follows_the_base() -> None:
    text = "auth --x\nauthselect select sssd\nfirewall --enabled\n"
    added = {base: sorted(read_for(base, text).added) for base in BASES}
    assert added["el7"] == ["authconfig", "firewalld"]
    assert added["el8"] == added["el9"] == ["authselect", "authselect-compat", "firewalld"]
    assert added["el10"] == ["authselect", "firewalld"]


# The second reader


def make_handler(name: str) -> Any:
    version = pytest.importorskip("pykickstart.version")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return version.makeVersion(getattr(version, name))


def classes_of(command: Any) -> set[str]:
    return {each.__name__ for each in type(command).__mro__}


def refused_by_pykickstart(base: Any, text: str) -> bool:
    parser = pytest.importorskip("pykickstart.parser")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            reader = parser.KickstartParser(make_handler(base.kickstart), missingIncludeIsFatal=False)
            reader.readKickstartFromString(text)
        except (Exception, SystemExit):
            return True
    return False


@EACH
def test_the_commands_and_their_options_are_those_of_pykickstart(base: Any) -> None:
    known, handler = find_syntax(base.kickstart).commands, make_handler(base.kickstart)
    removed = {name for name, command in handler.commands.items() if "RemovedCommand" in classes_of(command)}
    assert set(known) == set(handler.commands) - removed - {"method"}
    for name, command in known.items():
        actions = getattr(getattr(handler.commands[name], "op", None), "_actions", ())
        options = {option for action in actions for option in action.option_strings}
        assert command.is_free or set(command.options) == options, name
        required = {option for action in actions if action.required for option in action.option_strings}
        assert command.is_free or set(command.required) == required, name


@EACH
def test_what_does_nothing_is_what_pykickstart_calls_deprecated(base: Any) -> None:
    syntax, handler = find_syntax(base.kickstart), make_handler(base.kickstart)
    found = set[str]()
    for name, command in handler.commands.items():
        names = classes_of(command)
        if "DeprecatedCommand" in names and "RemovedCommand" not in names and name != "method":
            found.add(name)
        elif "RemovedCommand" not in names:
            actions = getattr(getattr(command, "op", None), "_actions", ())
            found |= {f"{name} {each}" for action in actions if action.deprecated for each in action.option_strings}
        else:
            assert name in syntax.removed or name == "method"
    assert set(syntax.deprecated) == found


@EACH
def test_the_options_of_packages_are_those_of_pykickstart(base: Any) -> None:
    sections = pytest.importorskip("pykickstart.sections")
    section = sections.PackageSection(make_handler(base.kickstart))
    options = {option for action in section._getParser()._actions for option in action.option_strings}
    assert set(find_syntax(base.kickstart).sections["%packages"].options) == options


@EACH
def test_what_pykickstart_takes_and_refuses_is_what_is_taken_and_refused_here(base: Any) -> None:
    own = ("%anaconda", "%certificate")  # whose sections anaconda chooses itself
    assert not refused_by_pykickstart(base, OF_ALL)
    for text in BAD:
        if not text.startswith(own):
            assert bool(read_for(base.name, text).faults) == refused_by_pykickstart(base, f"{text}\n"), text


@EACH
def test_of_random_lines_no_base_refuses_one_that_pykickstart_takes(base: Any) -> None:
    chance, known = random.Random(11), find_syntax(base.kickstart).commands
    lines = [random_line_of(known, chance) for _ in range(250)]
    assert [
        line for line in lines if read_for(base.name, line).faults and not refused_by_pykickstart(base, f"{line}\n")
    ] == []


def random_line_of(known: Any, chance: random.Random) -> str:
    """Return a line that is right, or nearly so."""
    name = chance.choice(sorted(known))
    command = known[name]
    words = [name, *(f"{option}=a" for option in command.required if chance.random() < 0.95)]
    if command.one_of and (option := chance.choice(command.one_of)) != "*":
        words.append(option if command.options[option] is None else f"{option}=a")
    for option in chance.sample(sorted(command.options), min(len(command.options), chance.randrange(3))):
        kind = command.options[option]
        value = "5" if kind == "#" else "yes" if kind == "bool" else kind.split("|")[0] if kind else "a"
        words.append(option if kind is None else f"{option}={value}")
    return " ".join([*words, *["/a"] * command.least])
