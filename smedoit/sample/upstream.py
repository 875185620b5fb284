# SPDX-License-Identifier: GPL-3.0-or-later
"""The texts of upstream's own boot set, which a practice boot set has as well: .treeinfo, and its menus of GRUB."""

from __future__ import annotations

from smedoit.bases.enterprise_linux import Base
from smedoit.branding.render import escape_label
from smedoit.sample.menus import CLASSES


def upstream_treeinfo(base: Base) -> str:
    """Return .treeinfo, as the lorax of a base and whoever makes the DVD of it write it."""
    lorax_form = len(base.repositories) == 1
    return _lorax_treeinfo(base) if lorax_form else _productmd_treeinfo(base)


def _lorax_treeinfo(base: Base) -> str:
    """Return .treeinfo in the form that lorax 19 gives it, with upstream's own blanks."""
    upstream = base.upstream
    return f"""\
[general]
name = {upstream.name}-{upstream.version}
family = {upstream.name}
timestamp = {upstream.epoch}.47
variant = 
version = {upstream.version}
packagedir = 
arch = x86_64

[stage2]
mainimage = {base.stage2}

[images-x86_64]
kernel = images/pxeboot/vmlinuz
initrd = images/pxeboot/initrd.img
boot.iso = images/boot.iso

[images-xen]
kernel = images/pxeboot/vmlinuz
initrd = images/pxeboot/initrd.img

"""  # noqa: W291


def _productmd_treeinfo(base: Base) -> str:
    """Return .treeinfo in the form that productmd gives it, with a variant for each repository."""
    upstream, main = base.upstream, base.repositories[0]
    variants = "".join(
        f"\n[variant-{name}]\nid = {name}\nname = {name}\npackages = {name}/Packages\nrepository = {name}\n"
        f"type = variant\nuid = {name}\n"
        for name in sorted(base.repositories)
    )
    return f"""\
[general]
arch = x86_64
family = {upstream.name}
name = {upstream.name} {upstream.version}
platforms = x86_64
repository = {main}
timestamp = {upstream.epoch}
variant = {main}
variants = {",".join(sorted(base.repositories))}
version = {upstream.version}

[header]
type = productmd.treeinfo
version = 1.2

[images-x86_64]
boot.iso = images/boot.iso
initrd = images/pxeboot/initrd.img
kernel = images/pxeboot/vmlinuz

[media]
discnum = 1
totaldiscs = 1

[release]
name = {upstream.name}
short = {upstream.name.split()[0]}
version = {upstream.version}

[stage2]
mainimage = {base.stage2}

[tree]
arch = x86_64
build_timestamp = {upstream.epoch}
platforms = x86_64
variants = {",".join(sorted(base.repositories))}
{variants}
"""


def upstream_grub_cfg(base: Base, commands: tuple[str, str]) -> str:
    """Return grub.cfg of the distribution itself.

    commands  that start a kernel, by firmware
    """
    (linux, initrd), upstream = commands, base.upstream
    stage2, version = f"inst.stage2=hd:LABEL={escape_label(upstream.label)}", upstream.version
    return f"""set default="1"

function load_video {{
  insmod efi_gop
  insmod efi_uga
  insmod all_video
}}

load_video
set gfxpayload=keep
insmod gzio
insmod part_gpt

set timeout=60

search --no-floppy --set=root -l '{upstream.label}'

menuentry 'Install {upstream.name} {version}' {CLASSES} {{
	{linux} /images/pxeboot/vmlinuz {stage2} quiet
	{initrd} /images/pxeboot/initrd.img
}}
menuentry 'Test this media & install {upstream.name} {version}' {CLASSES} {{
	{linux} /images/pxeboot/vmlinuz {stage2} rd.live.check quiet
	{initrd} /images/pxeboot/initrd.img
}}
"""
