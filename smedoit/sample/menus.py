# SPDX-License-Identifier: GPL-3.0-or-later
"""The practice content's boot menus, in CentOS 7's manner: an old version, and upstream's volume label."""

from __future__ import annotations

# The installer's whole boot line hangs on the label; isolinux and Red Hat's GRUB take it escaped.
STAGE2 = r"inst.stage2=hd:LABEL=CentOS\x207\x20x86_64"

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

ISOLINUX = f"""\
default vesamenu.c32
timeout 600

display boot.msg

{LOOK}
menu separator # insert an empty line
menu separator # insert an empty line

label linux
  menu label ^Install SME Server 10.0
  kernel vmlinuz
  append initrd=initrd.img {STAGE2} quiet

label check
  menu label Test this ^media & install SME Server 10.0
  menu default
  kernel vmlinuz
  append initrd=initrd.img {STAGE2} rd.live.check quiet

menu separator # insert an empty line

# utilities submenu
menu begin ^Troubleshooting
  menu title Troubleshooting

label vesa
  menu indent count 5
  menu label Install SME Server 10.0 in ^basic graphics mode
  text help
\tTry this option out if you're having trouble installing
\tSME Server {{title}}.
  endtext
  kernel vmlinuz
  append initrd=initrd.img {STAGE2} xdriver=vesa nomodeset quiet

label rescue
  menu indent count 5
  menu label ^Rescue a SME Server system
  text help
\tIf the system will not boot, this lets you access files
\tand edit config files to try to get it booting again.
  endtext
  kernel vmlinuz
  append initrd=initrd.img {STAGE2} rescue quiet

menu separator # insert an empty line

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

NETINSTALL = f"""\
default vesamenu.c32
timeout 600

display boot.msg

{LOOK}
menu separator # insert an empty line

label linux
  menu label ^Install SME Server 10.0 from the network
  menu default
  kernel vmlinuz
  append initrd=initrd.img {STAGE2} inst.repo=http://mirror.example.invalid/releases/10/smeos/x86_64 quiet

label local
  menu label Boot from ^local drive
  localboot 0xffff
"""

GRUB = f"""\
set default="1"

function load_video {{
  insmod efi_gop
  insmod efi_uga
  insmod video_bochs
  insmod video_cirrus
  insmod all_video
}}

load_video
set gfxpayload=keep
insmod gzio
insmod part_gpt
insmod ext2

set timeout=60
### END /etc/grub.d/00_header ###

search --no-floppy --set=root -l 'CentOS 7 x86_64'

### BEGIN /etc/grub.d/10_linux ###
menuentry 'Install SME Server 10.0' --class fedora --class gnu-linux --class gnu --class os {{
\tlinuxefi /images/pxeboot/vmlinuz {STAGE2} quiet
\tinitrdefi /images/pxeboot/initrd.img
}}
menuentry 'Test this media & install SME Server 10.0' --class fedora --class gnu-linux --class gnu --class os {{
\tlinuxefi /images/pxeboot/vmlinuz {STAGE2} rd.live.check quiet
\tinitrdefi /images/pxeboot/initrd.img
}}
submenu 'Troubleshooting -->' {{
\tmenuentry 'Install SME Server 10.0 in basic graphics mode' --class fedora --class gnu-linux --class gnu --class os {{
\t\tlinuxefi /images/pxeboot/vmlinuz {STAGE2} xdriver=vesa nomodeset quiet
\t\tinitrdefi /images/pxeboot/initrd.img
\t}}
\tmenuentry 'Rescue a SME Server system' --class fedora --class gnu-linux --class gnu --class os {{
\t\tlinuxefi /images/pxeboot/vmlinuz {STAGE2} rescue quiet
\t\tinitrdefi /images/pxeboot/initrd.img
\t}}
}}
"""

# syslinux, "Display file format": control-X names a picture, control-O and two digits a colour, control-L clears
BOOT_MSG = """\
\x0c
\x18splash.lss

 \x0f0eWelcome to SME Server 10.0\x0f07

 -  Press the \x0f01<ENTER>\x0f07 key to begin the installation process.

 -  Press \x0f01<F2>\x0f07 for help.

"""

HELP = """\
 SME Server 10.0 - installation help

 linux     install with the defaults
 check     test this medium first, then install
 vesa      install in basic graphics mode
 rescue    repair an installed system
 local     boot from the first disk

 The installation ERASES every disk that you select.
"""
