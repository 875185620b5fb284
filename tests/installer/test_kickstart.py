# SPDX-License-Identifier: GPL-3.0-or-later
"""Kickstart files as anaconda reads them; pykickstart is the second reader."""

from __future__ import annotations

import random
import warnings

import pytest

from smedoit.installer import kickstart, kickstart_commands
from smedoit.installer.kickstart import Kickstart

DEFAULTS = b"""\
# What anaconda 21 has itself
auth --enableshadow --passalgo=sha512
firstboot --enable

%anaconda
pwpolicy root --notstrict --minlen=6 --minquality=1 --nochanges --notempty
%end
"""
WHOLE = b"""\
#version=RHEL7
install
cdrom
lang en_US.UTF-8
keyboard --vckeymap=us --xlayouts='us'
timezone Europe/Berlin --isUtc
rootpw --lock
firewall --enabled --ssh
bootloader --location=mbr --append="quiet"
clearpart --all --initlabel
part /boot --fstype=xfs --size 500
part pv.1 --size=1 --grow
volgroup main pv.1
logvol / --vgname=main --name=root --size=1024 --grow
reboot --eject
%packages --nobase # of SME
@core
@sme-base --nodefaults
@^sme-server-environment
-plymouth
kernel
%end
%pre --interpreter=/bin/bash
echo 'not closed
%notasection
%end
%post --nochroot --log=/mnt/sysimage/root/post.log
cat <<X
"
X
%end
%addon com_redhat_kdump --disable
%end
"""


def read(text: str | bytes) -> Kickstart:
    return kickstart.parse_kickstart(text.encode() if isinstance(text, str) else text, "ks.cfg")


def test_the_installers_own_defaults_and_a_whole_file_pass() -> None:
    assert read(DEFAULTS).faults == []
    assert read(WHOLE).faults == []
    assert read(WHOLE.replace(b"\n", b"\r\n")).faults == []


def test_what_a_file_asks_for_is_found_with_its_line() -> None:
    found = read(WHOLE)
    assert [(where.number, name) for where, name in found.groups] == [(17, "core"), (18, "sme-base")]
    assert [name for _, name in found.environments] == ["sme-server-environment"]
    assert [name for _, name in found.packages] == ["-plymouth", "kernel"]
    assert set(found.added) == {"firewalld"}
    assert found.has_pre and not found.is_patient and not found.remote


BAD = {
    "rootpasswd x": "line 1: rootpasswd is no command of anaconda's; did you mean rootpw?",
    "#\n\nrootpw a b": "line 3: rootpw takes 1 word beside its options, and has 2",
    "network --bootproto=dhpc": "network has --bootproto 'dhpc', which is none of dhcp, bootp",
    "part / --size=5g": "part has --size '5g', which is no whole number",
    "part / --sise=5": "part has no option --sise; did you mean --size?",
    "part --size=5": "part needs 1 word beside its options, and has 0",
    "url --noverifyssl": "url needs one of --url, --mirrorlist",
    "url --url=x --mirrorlist=y": "url takes one only of --url, --mirrorlist",
    "user --uid=5": "user needs --name",
    "user --name": "user needs a value for --name",
    "network --onboot=maybe": "which is neither on nor off",
    "autopart --nohome=1": "autopart takes no value for --nohome",
    "cdrom /dev/sr0": "cdrom takes no word beside its options, and has 1",
    "user --name='x": "no closing quotation: user --name='x",
    "%packages\n@core\n": "line 1: section %packages has no %end",
    "%post\n%pre\n%end": "line 1: section %post has no %end before ks.cfg, line 2",
    "%package\n%end": "line 1: %package is no section; did you mean %packages?",
    "%end": "%end is no section",
    "%pre --nochroot\n%end": "%pre has no option --nochroot",
    "%packages\n-\n%end": "line 2: a - without a name",
    "%packages\n@core --optionl\n%end": "group has no option --optionl; did you mean --optional?",
    "%packages --default --nocore\n%end": "cannot have --default together with --nobase or --nocore",
    "%anaconda\nauth\n%end": "line 2: auth is no command of %anaconda",
    "%include": "%include names no file",
    '""': "begins with an empty word",
    "\ufeffauth": "begins with a byte order mark",
    "auth\u00a0--enableshadow": "auth\u00a0--enableshadow is no command",
}


@pytest.mark.parametrize("text", BAD)
def test_what_the_installer_would_refuse_is_refused(text: str) -> None:
    assert BAD[text] in "\n".join(read(text).faults)


def test_a_file_in_utf_16_is_told_as_such_once() -> None:
    assert read("auth --x\nreboot\n".encode("utf-16")).faults == [
        "ks.cfg, line 1: is UTF-16, and anaconda reads single bytes: save the file as UTF-8"
    ]


def test_all_faults_are_told_together() -> None:
    assert len(read("\n".join(("rootpasswd", "part", "%foo", "%post"))).faults) == 4


def test_a_script_with_ends_of_windows_is_told_once() -> None:
    assert read("%post\r\ncd /\r\nls\r\n%end\r\n").remarks == [
        "ks.cfg, line 2: ends as in Windows, and a shell takes that for a letter"
    ]


@pytest.mark.parametrize("text", ["url --url=http://a/b", "repo --name=x --baseurl=ftp://a", "nfs --server=a --dir=/b"])
def test_what_installs_from_elsewhere_is_found(text: str) -> None:
    assert [said for _, said in read(text).remote] == [text]


def test_files_that_include_each_other_come_to_an_end() -> None:
    found = kickstart.parse_kickstart(b"%include b\n", "a", lambda _, path: (path, b"%include b\n%include b\n"))
    assert found.faults == [f"b, line {line}: %include b goes in a circle" for line in (1, 2)]
    found = kickstart.parse_kickstart(
        b"%include b\n", "a", lambda file, path: (file + path, b"%include b\n%include b\n")
    )
    assert "goes too deep, or is one of too many" in found.faults[0]


def test_a_file_that_is_not_there_is_noted() -> None:
    [(where, path)] = read("\n%include /tmp/parts\n").includes
    assert (str(where), path) == ("ks.cfg, line 2", "/tmp/parts")


# The second reader

NOT_OF_RHEL_7 = ("method", "upgrade")


def refused_by_pykickstart(text: str) -> bool:
    parser = pytest.importorskip("pykickstart.parser")
    version = pytest.importorskip("pykickstart.version")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            reader = parser.KickstartParser(version.makeVersion(version.RHEL7), missingIncludeIsFatal=False)
            reader.readKickstartFromString(text)
        except (Exception, SystemExit):
            return True
    return False


def test_pykickstart_takes_and_refuses_the_same() -> None:
    assert not refused_by_pykickstart(WHOLE.decode())
    others = ("%anaconda", "%include", "--optionl")  # anaconda's own, the disk's, and what only RHEL 7's ends at
    ours = [text for text in BAD if not any(word in text for word in others)]
    assert [text for text in ours if not refused_by_pykickstart(f"{text}\n")] == []


def test_every_command_of_pykickstart_is_known_with_its_options() -> None:
    version = pytest.importorskip("pykickstart.version")
    known = kickstart_commands.kickstart_commands(kickstart_commands.COMMANDS)
    for name, command in version.makeVersion(version.RHEL7).commands.items():
        if name in NOT_OF_RHEL_7:
            continue
        assert name in known
        actions = getattr(getattr(command, "op", None), "_actions", ())
        options = {option for action in actions for option in action.option_strings if not action.deprecated}
        assert known[name].is_free or options <= set(known[name].options), name


def random_line(chance: random.Random) -> str:
    """Return a line that is right, or nearly so."""
    known = kickstart_commands.kickstart_commands(kickstart_commands.COMMANDS)
    name = chance.choice(
        sorted(set(known) - {"mount", "sshkey", "realm"})
    )  # which pykickstart of today lacks or splits
    command = known[name]
    words = [name, *(f"{option}=a" for option in command.required if chance.random() < 0.95)]
    if command.one_of and (option := chance.choice(command.one_of)) != "*":
        words.append(option if command.options[option] is None else f"{option}=a")
    for option in chance.sample(sorted(command.options), min(len(command.options), chance.randrange(3))):
        kind = command.options[option]
        value = "5" if kind == "#" else "yes" if kind == "bool" else kind.split("|")[0] if kind else "a"
        words.append(option if kind is None else f"{option}={value}")
    return " ".join([*words, *["/a"] * command.least])


def test_of_random_lines_none_is_refused_that_pykickstart_takes() -> None:
    chance = random.Random(7)
    lines = [random_line(chance) for _ in range(400)]
    assert [line for line in lines if read(line).faults and not refused_by_pykickstart(f"{line}\n")] == []
