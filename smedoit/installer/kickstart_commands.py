# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands of a kickstart file for Enterprise Linux 7, with their options.

Facts from pykickstart's branch for RHEL 7, and from pyanaconda of 21.48.22.159 for %anaconda. The tests hold them
against pykickstart itself.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from smedoit.errors import format_count

# NAME, how many words it takes beside options (* means that nothing in the line is looked at), then options:
# --flag, --text=, --number=#, --choice=a|b, --truth=bool; !--required=; ?--one|--of|--these, where * is a word;
# ^--at|--most-one; +2|--unless for how many words it takes unless one of these is there.
COMMANDS = """
auth *
authconfig *
autopart 0 --backuppassphrase --cipher= --encrypted --escrowcert= --fstype= --nohome --nolvm --passphrase= --type=
autostep 0- --autoscreenshot
bootloader 0- --append= --boot-drive= --default= --disabled --driveorder= --extlinux --iscrypted --leavebootorder
    --location=mbr|partition|none|boot --md5pass= --nombr --password= --timeout=# --upgrade
btrfs 2- --data= --label= --metadata= --mkfsoptions= --name= --noformat --parent= --subvol --useexisting
cdrom 0
clearpart 0- --all --cdl --disklabel= --drives= --initlabel --linux --list= --none
cmdline 0
device 1 --opts=
deviceprobe *
dmraid 0- !--dev= !--name=
driverdisk 0-1 ?*|--source|--biospart ^*|--source|--biospart --biospart= --source=
eula 0 ?--agreed|--accepted|--agree|--accept --accept --accepted --agree --agreed
fcoe 0 --autovlan --dcb !--nic=
firewall 0 --disable --disabled --enable --enabled --ftp --http --port= --remove-service= --service= --smtp --ssh
    --trust= --use-system-defaults
firstboot 0- --disable --disabled --enable --enabled --reconfig
graphical 0
group 0- --gid=# !--name=
halt 0- --eject --kexec
harddrive 0- ?--biospart|--partition --biospart= !--dir= --partition=
hmc 0
ignoredisk 0- ?--drives|--only-use|--interactive --drives= --interactive --nonfatal --only-use=
install 0 --root-device=
iscsi 0 --iface= !--ipaddr= --password= --port= --reverse-password= --reverse-user= --target= --user=
iscsiname 1
keyboard 0-1 ?*|--vckeymap|--xlayouts --switch= --vckeymap= --xlayouts=
lang 1 --addsupport=
liveimg 0- --checksum= --noverifyssl --proxy= !--url=
logging 0- --host= --level=debug|info|warning|error|critical --port=
logvol 1- --backuppassphrase --cachemode= --cachepvs= --cachesize=# --chunksize=# --cipher= --encrypted
    --escrowcert= --fsoptions= --fsprofile= --fstype= --grow --hibernation --label= --maxsize=# --metadatasize=#
    --mkfsoptions= !--name= --noformat --passphrase= --percent=# --poolname= --profile= --recommended --resize
    --size=# --thin --thinpool --useexisting !--vgname=
mediacheck 0
mount 2 --mkfsoptions= --mountoptions= --reformat=
multipath 0- !--device= !--name= !--rule=
network 0- --activate --bindto=mac --bondopts= --bondslaves= --bootproto=dhcp|bootp|static|query|ibft --bridgeopts=
    --bridgeslaves= --device= --dhcpclass= --essid= --ethtool= --gateway= --hostname= --interfacename= --ip= --ipv6=
    --ipv6gateway= --mtu= --nameserver= --netmask= --no-activate --nodefroute --nodns --noipv4 --noipv6
    --notksdevice --onboot=bool --teamconfig= --teamslaves= --vlanid= --wepkey= --wpakey=
nfs 0- !--dir= --opts= !--server=
nvdimm 1 --blockdevs= --mode=sector --namespace= --sectorsize=#
ostreesetup 0- --nogpg !--osname= !--ref= --remote= !--url=
part 1 --active --asprimary --backuppassphrase --cipher= --encrypted --escrowcert= --fsoptions= --fsprofile=
    --fstype= --grow --hibernation --label= --maxsize=# --mkfsoptions= --noformat --onbiosdisk= --ondisk= --ondrive=
    --onpart= --passphrase= --recommended --resize --size=# --type= --usepart=
partition 1 --active --asprimary --backuppassphrase --cipher= --encrypted --escrowcert= --fsoptions= --fsprofile=
    --fstype= --grow --hibernation --label= --maxsize=# --mkfsoptions= --noformat --onbiosdisk= --ondisk= --ondrive=
    --onpart= --passphrase= --recommended --resize --size=# --type= --usepart=
poweroff 0- --eject --kexec
raid 1- +2|--useexisting|--noformat --backuppassphrase --chunksize=# --cipher= !--device= --encrypted --escrowcert=
    --fsoptions= --fsprofile= --fstype= --label= --level= --mkfsoptions= --noformat --passphrase= --spares=#
    --useexisting
realm 2-
reboot 0- --eject --kexec
repo 0 ^--baseurl|--mirrorlist --baseurl= --cost=# --excludepkgs= --ignoregroups=bool --includepkgs= --install
    --mirrorlist= !--name= --noverifyssl --proxy= --sslcacert= --sslclientcert= --sslclientkey=
reqpart 0- --add-boot
rescue 0- ^--nomount|--romount --nomount --romount
rootpw 0-1 ?*|--lock --iscrypted --lock --plaintext
selinux 0- --disabled --enforcing --permissive
services 0- ?--enabled|--disabled --disabled= --enabled=
shutdown 0- --eject --kexec
skipx 0
snapshot 1 !--name= !--when=post-install|pre-install
sshkey 1 !--username=
sshpw 1- --iscrypted --lock --plaintext --sshkey !--username=
text 0
timezone 0-1 ^--nontp|--ntpservers ?*|--utc|--isUtc|--nontp|--ntpservers --isUtc --nontp --ntpservers= --utc
unsupported_hardware 0
updates 0-1
url 0- ?--url|--mirrorlist ^--url|--mirrorlist --mirrorlist= --noverifyssl --proxy= --sslcacert= --sslclientcert=
    --sslclientkey= --url=
user 0- --gecos= --gid=# --groups= --homedir= --iscrypted --lock !--name= --password= --plaintext --shell= --uid=#
vnc 0- --host= --password= --port=
volgroup 1- +2|--useexisting|--noformat --noformat --pesize=# --reserved-percent=# --reserved-space=# --useexisting
xconfig 0 --defaultdesktop= --server= --startxonboot
zerombr 0
zfcp 0- !--devnum= !--fcplun= !--wwpn=
"""
ANACONDA_COMMANDS = """
installclass 0- !--name=
pwpolicy 1 --changesok --emptyok --minlen=# --minquality=# --nochanges --notempty --notstrict --strict
"""
SECTIONS = """
%addon *
%anaconda *
%onerror 0- --erroronfail --interpreter= --log= --logfile=
%packages 0- --default --excludedocs --ignoremissing --instLangs= --multilib --nobase --nocore --retries=# --timeout=#
%post 0- --erroronfail --interpreter= --log= --logfile= --nochroot
%pre 0- --erroronfail --interpreter= --log= --logfile=
%pre-install 0- --erroronfail --interpreter= --log= --logfile=
%traceback 0- --erroronfail --interpreter= --log= --logfile=
"""
GROUP_OPTIONS = "@ 0- --nodefaults --optional"
MARKS = "?^+"
BOOLEANS = ("on", "yes", "true", "1", "off", "no", "false", "0")
INTEGER = re.compile(r"[-+]?(?:0[xX][0-9a-fA-F]+|0[bB][01]+|0[0-7]*|[1-9][0-9]*)")


@dataclass(frozen=True)
class KickstartCommand:
    """A command: how many words it takes, its options with the values of each, and which of them it needs.

    most      None for any number
    options   name -> None for a flag, "" for any text, "#", "bool", or choices with | between
    required  each must be there
    one_of    one of these must be there; "*" is a word; empty for none
    at_most   one of these may be there
    unless    with one of these, a word less may do
    is_free   whether nothing in the line is looked at
    """

    least: int
    most: int | None
    options: Mapping[str, str | None]
    required: tuple[str, ...]
    one_of: tuple[str, ...] = ()
    at_most: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    is_free: bool = False


@functools.cache
def kickstart_commands(table: str) -> Mapping[str, KickstartCommand]:
    """Return name -> command for one of the tables of this module."""
    lines = re.sub(r"\n +", " ", table).strip().splitlines()
    return {name: parse_command_words(words) for name, *words in (line.split() for line in lines)}


def parse_command_words(words: list[str]) -> KickstartCommand:
    """Return the command that the words of a line of a table describe."""
    count, *rest = words
    if count == "*":
        return KickstartCommand(0, None, {}, (), is_free=True)
    least, dash, most = count.partition("-")
    options: dict[str, str | None] = {}
    required, marked = list[str](), dict[str, tuple[str, ...]]()
    for word in rest:
        if word[0] in MARKS:
            marked[word[0]] = tuple(filter(None, word[1:].split("|")))
            continue
        name, equals, value = word.removeprefix("!").partition("=")
        options[name] = value if equals else None
        if word.startswith("!"):
            required.append(name)
    limit = int(least) if not dash else int(most) if most else None
    return KickstartCommand(
        int(least),
        limit,
        options,
        tuple(required),
        one_of=marked.get("?", ()),
        at_most=marked.get("^", ()),
        unless=marked.get("+", ()),
    )


def command_fault(command: KickstartCommand, words: list[str]) -> str:
    """Return why pykickstart would refuse the words behind a command, "" if it would not.

    Options may be shortened, and a value may stand in the word behind, as Python's optparse takes them.
    """
    if command.is_free:
        return ""
    seen, said, free, rest = set[str](), set[str](), 0, list(words)
    while rest:
        word = rest.pop(0)
        if word == "--":
            free += len(rest)
            break
        if not word.startswith("-") or word == "-":
            free += 1
            continue
        name, equals, value = word.partition("=")
        known = [name] if name in command.options else [each for each in command.options if each.startswith(name)]
        if len(known) != 1 or not name.startswith("--"):
            return f"has no option {name}{nearest_hint(name, command.options)}"
        kind = command.options[known[0]]
        seen.add(known[0])
        if kind is None:
            said.add(known[0])
            if equals:
                return f"takes no value for {known[0]}"
            continue
        if not equals:
            if not rest:
                return f"needs a value for {known[0]}"
            value = rest.pop(0)
        if value:
            said.add(known[0])
        if fault := _value_fault(kind, value):
            return f"has {known[0]} {value[:40]!r}, {fault}"
    if lacks := [name for name in command.required if name not in seen]:
        return f"needs {' and '.join(lacks)}"
    return _lack_of_command(command, said, free)


def _value_fault(kind: str, value: str) -> str:
    """Return why an option cannot have a value, "" if it can."""
    if kind == "#":
        return "" if INTEGER.fullmatch(value) else "which is no whole number"
    if kind == "bool":
        return "" if value.lower() in BOOLEANS else "which is neither on nor off"
    if kind and value not in kind.split("|"):
        return f"which is none of {', '.join(kind.split('|'))}"
    return "where a value is missing" if not kind and len(value) > 2 and value.startswith("--") else ""


def _lack_of_command(command: KickstartCommand, seen: set[str], free: int) -> str:
    """Return what a command lacks, or has too much of, "" if nothing; seen are the options that say something."""
    there = seen | ({"*"} if free else set())
    if command.one_of and not there.intersection(command.one_of):
        return f"needs one of {', '.join(name.replace('*', 'a word') for name in command.one_of)}"
    if len(there.intersection(command.at_most)) > 1:
        return f"takes one only of {', '.join(name.replace('*', 'a word') for name in command.at_most)}"
    if command.unless and free < int(command.unless[0]) and not seen.intersection(command.unless):
        return f"needs {command.unless[0]} words beside its options, and has {free}"
    if free < command.least:
        return f"needs {format_count(command.least, 'word')} beside its options, and has {free}"
    if command.most is not None and free > command.most:
        most = format_count(command.most, "word") if command.most else "no word"
        return f"takes {most} beside its options, and has {free}"
    return ""


def nearest_hint(word: str, known: Iterable[str]) -> str:
    """Return a question for the name that was meant, "" if none is near."""
    from difflib import get_close_matches

    near = get_close_matches(word, list(known), n=1, cutoff=0.7)
    return f"; did you mean {near[0]}?" if near else ""
