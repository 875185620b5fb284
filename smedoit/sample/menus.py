# SPDX-License-Identifier: GPL-3.0-or-later
"""The practice content's boot menus, in upstream's manner: an old version, and upstream's volume label."""

from __future__ import annotations

from dataclasses import dataclass

from smedoit.bases.enterprise_linux import Base, Loader
from smedoit.branding.render import escape_label

LOOK = """\
# Clear the screen when exiting the menu, instead of leaving the menu displayed.
menu clear
menu background splash.png
menu title Welcome to SME Server 10.0 RC1
menu vshift 8
menu rows 18
menu margin 8
#menu hidden
menu helpmsgrow 15
menu tabmsgrow 13

menu color border * #00000000 #00000000 none
menu color sel 0 #ffffffff #00000000 none
menu color title 0 #ff7ba3d0 #00000000 none
menu color tabmsg 0 #ff3a6496 #00000000 none
menu color unsel 0 #84b8ffff #00000000 none
menu color hotsel 0 #84b8ffff #00000000 none
menu color hotkey 0 #ffffffff #00000000 none
menu color help 0 #ffffffff #00000000 none
menu color scrollbar 0 #ffffffff #ff355594 none
menu color timeout 0 #ffffffff #00000000 none
menu color timeout_msg 0 #ffffffff #00000000 none
menu color cmdmark 0 #84b8ffff #00000000 none
menu color cmdline 0 #ffffffff #00000000 none

menu tabmsg Press Tab for full configuration options on menu items.
"""


@dataclass(frozen=True)
class PracticeEntry:
    """An entry besides those that each menu has.

    title  with ^ before the letter that isolinux chooses it by
    tells  its line in help.txt
    help   what isolinux shows below it, if it stands below Troubleshooting; else it stands on the first screen
    """

    title: str
    tells: str
    help: tuple[str, ...] = ()


ENTRIES = {
    "fips": PracticeEntry("Install SME Server 10.0 in ^FIPS mode", "install with approved cryptography only"),
    "vesa": PracticeEntry(
        "Install SME Server 10.0 in ^basic graphics mode",
        "install in basic graphics mode",
        ("Try this option out if you're having trouble installing", "SME Server {title}."),
    ),
    "text": PracticeEntry(
        "Install SME Server 10.0 in ^text mode",
        "install in text mode",
        ("Try this option out if you're having trouble installing", "SME Server {title}."),
    ),
    "rescue": PracticeEntry(
        "^Rescue a SME Server system",
        "repair an installed system",
        (
            "If the system will not boot, this lets you access files",
            "and edit config files to try to get it booting again.",
        ),
    ),
}
FOR_BIOS, FOR_UEFI = ("linux", "initrd"), ("linuxefi", "initrdefi")  # what Red Hat's grub.cfg start a kernel with
LOADS = {  # what they load before that
    FOR_BIOS: "function load_video {\n  insmod all_video\n}\n",
    FOR_UEFI: (
        "function load_video {\n  insmod efi_gop\n  insmod efi_uga\n  insmod video_bochs\n  insmod video_cirrus\n"
        "  insmod all_video\n}\n"
    ),
}
CLASSES = "--class fedora --class gnu-linux --class gnu --class os"


def menu_texts(base: Base) -> dict[str, str]:
    """Return path in the content tree -> text, of all that the boot loaders of a base show."""
    texts = {base.uefi.menu: grub_menu(base, FOR_UEFI)}
    if base.bios.loader is Loader.GRUB:
        texts |= {base.bios.menu: grub_menu(base, FOR_BIOS), f"netinstall/{base.bios.menu}": grub_menu(base, FOR_BIOS)}
    else:
        texts |= {"isolinux/boot.msg": BOOT_MSG, "isolinux/help.txt": help_text(base)}
        texts |= {base.bios.menu: isolinux_menu(base), f"netinstall/{base.bios.menu}": isolinux_netinstall_menu(base)}
    return texts


def stage2_option(base: Base) -> str:
    """Return the option that the whole boot line hangs on; isolinux and Red Hat's GRUB take the label escaped."""
    return f"inst.stage2=hd:LABEL={escape_label(base.upstream.label)}"


def isolinux_menu(base: Base) -> str:
    """Return isolinux.cfg."""
    entries = base.upstream.entries.items()
    first = "".join(_isolinux_entry(base, name, options) for name, options in entries if not ENTRIES[name].help)
    below = "".join(_isolinux_entry(base, name, options) for name, options in entries if ENTRIES[name].help)
    return f"""\
default vesamenu.c32
timeout 600

display boot.msg

{LOOK}
menu separator # insert an empty line
menu separator # insert an empty line

label linux
  menu label ^Install SME Server 10.0
  kernel vmlinuz
  append initrd=initrd.img {stage2_option(base)} quiet

label check
  menu label Test this ^media & install SME Server 10.0
  menu default
  kernel vmlinuz
  append initrd=initrd.img {stage2_option(base)} rd.live.check quiet

{first}menu separator # insert an empty line

# utilities submenu
menu begin ^Troubleshooting
  menu title Troubleshooting

{below}menu separator # insert an empty line

label local
  menu label Boot from ^local drive
  localboot 0xffff

menu separator # insert an empty line
menu separator # insert an empty line

label returntomain
  menu label Return to ^main menu
  menu exit

menu end
"""


def _isolinux_entry(base: Base, name: str, options: str) -> str:
    """Return an entry of isolinux.cfg."""
    entry = ENTRIES[name]
    help_lines = "".join(f"\t{line}\n" for line in entry.help)
    shown = f"  text help\n{help_lines}  endtext\n" if entry.help else ""
    indent = "  menu indent count 5\n" if entry.help else ""
    return (
        f"label {name}\n{indent}  menu label {entry.title}\n{shown}"
        f"  kernel vmlinuz\n  append initrd=initrd.img {stage2_option(base)} {options} quiet\n\n"
    )


def isolinux_netinstall_menu(base: Base) -> str:
    """Return isolinux.cfg of the network install ISO."""
    url = "http://mirror.example.invalid/releases/10/smeos/x86_64"
    return f"""\
default vesamenu.c32
timeout 600

display boot.msg

{LOOK}
menu separator # insert an empty line

label linux
  menu label ^Install SME Server 10.0 from the network
  menu default
  kernel vmlinuz
  append initrd=initrd.img {stage2_option(base)} inst.repo={url} quiet

label local
  menu label Boot from ^local drive
  localboot 0xffff
"""


def grub_menu(base: Base, commands: tuple[str, str]) -> str:
    """Return grub.cfg.

    commands  that start a kernel, by firmware
    """
    entries = base.upstream.entries.items()
    first = "".join(_grub_entry(base, name, options, commands) for name, options in entries if not ENTRIES[name].help)
    below = "".join(_grub_entry(base, name, options, commands) for name, options in entries if ENTRIES[name].help)
    linux, initrd = commands
    return f"""\
set default="1"

{LOADS[commands]}
load_video
set gfxpayload=keep
insmod gzio
insmod part_gpt
insmod ext2

set timeout=60
### END /etc/grub.d/00_header ###

search --no-floppy --set=root -l '{base.upstream.label}'

### BEGIN /etc/grub.d/10_linux ###
menuentry 'Install SME Server 10.0' {CLASSES} {{
\t{linux} /images/pxeboot/vmlinuz {stage2_option(base)} quiet
\t{initrd} /images/pxeboot/initrd.img
}}
menuentry 'Test this media & install SME Server 10.0' {CLASSES} {{
\t{linux} /images/pxeboot/vmlinuz {stage2_option(base)} rd.live.check quiet
\t{initrd} /images/pxeboot/initrd.img
}}
{first}submenu 'Troubleshooting -->' {{
{below}}}
"""


def _grub_entry(base: Base, name: str, options: str, commands: tuple[str, str]) -> str:
    """Return an entry of grub.cfg, indented if it stands below Troubleshooting."""
    entry, (linux, initrd) = ENTRIES[name], commands
    indent = "\t" if entry.help else ""
    return (
        f"{indent}menuentry '{entry.title.replace('^', '')}' {CLASSES} {{\n"
        f"{indent}\t{linux} /images/pxeboot/vmlinuz {stage2_option(base)} {options} quiet\n"
        f"{indent}\t{initrd} /images/pxeboot/initrd.img\n{indent}}}\n"
    )


# syslinux, "Display file format": control-X names a picture, control-O and two digits a colour, control-L clears
BOOT_MSG = """\
\x0c
\x18splash.lss

 \x0f0eWelcome to SME Server 10.0\x0f07

 -  Press the \x0f01<ENTER>\x0f07 key to begin the installation process.

 -  Press \x0f01<F2>\x0f07 for help.

"""


def help_text(base: Base) -> str:
    """Return what isolinux shows for F2."""
    entries = "".join(f" {name:<10}{ENTRIES[name].tells}\n" for name in base.upstream.entries)
    return f"""\
 SME Server 10.0 - installation help

 linux     install with the defaults
 check     test this medium first, then install
{entries} local     boot from the first disk

 The installation ERASES every disk that you select.
"""
