# SPDX-License-Identifier: GPL-3.0-or-later
"""What the installer's runtime has as a directory or as a file, so that an overlay cannot have it the other way.

apply-live-updates.sh of dracut 033 makes every directory of an overlay image and copies everything else over the
runtime: a file does not replace a directory, no directory can be made where a file is, and both go by in silence.
Source: the filesystem and setup packages of Enterprise Linux 7, anaconda's own packages; of later ones, what they keep.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from functools import cache
from pathlib import PurePosixPath

from smedoit.bases.enterprise_linux import Base, Configuration
from smedoit.bases.known import USUAL, find_base

LINKED = ("bin", "sbin", "lib", "lib64", "var/run", "var/lock", "var/mail", "usr/tmp")  # to directories
HIDDEN = ("proc/", "sys/", "dev/", "tmp/")  # mounted over, or emptied, before anaconda starts
TOPS = ("boot", "dev", "etc", "home", "media", "mnt", "opt", "proc", "root", "run", "srv", "sys", "tmp", "usr", "var")
BELOW = {
    "etc": "X11 anaconda.repos.d dbus-1 default fonts gtk-3.0 init.d modprobe.d multipath opt pam.d pki profile.d"
    " rc.d security selinux skel ssh sysconfig systemd udev xdg yum yum.repos.d",
    "etc/pki": "CA ca-trust rpm-gpg tls",
    "etc/sysconfig": "network-scripts",
    "run": "install",
    "run/install": "product repo updates",
    "usr": "bin etc games include lib lib64 libexec local sbin share src",
    "usr/lib": "dracut firmware kbd locale modprobe.d modules rpm sysctl.d systemd tmpfiles.d udev yum-plugins",
    "usr/lib/systemd": "system system-generators system-preset user",
    "usr/lib64": "X11 gtk-3.0 security",
    "usr/libexec": "anaconda",
    "usr/share": "X11 anaconda applications backgrounds dbus-1 dict doc fonts glib-2.0 gtksourceview-3.0 help icons"
    " info licenses locale man mime misc pixmaps polkit-1 sounds themes xsessions zoneinfo",
    "usr/share/anaconda": "help pixmaps tzmapdata ui",
    "usr/share/anaconda/pixmaps": "rnotes",
    "usr/share/anaconda/ui": "hubs spokes",
    "usr/share/themes": "Adwaita",
    "var": "cache db empty lib local log opt spool tmp",
    "var/lib": "dbus rpm yum",
}
PYTHON = "encodings json lib-dynload logging multiprocessing site-packages unittest xml"  # directories of any Python
# Below the packages of the installer's Python, in all anacondas; and what some have besides, by what Base asks for
IN_SITE = {
    "": "gi pyanaconda rpm selinux",
    "pyanaconda/ui": "gui lib tui",
    "pyanaconda/ui/gui": "hubs spokes",
    "pyanaconda/ui/gui/spokes": "lib",
    "pyanaconda/ui/tui": "hubs spokes",
}
WITH_CLASSES = {
    "": "gtk-3.0",
    "pyanaconda": "installclasses isys packaging ui",
    "pyanaconda/ui/gui": "categories",
    "pyanaconda/ui/tui": "simpleline tuiobject",
}
WITH_CONFIGURATION = {
    "pyanaconda": "core modules payload ui",
    "pyanaconda/core": "configuration",
    "pyanaconda/modules": "boss localization network payloads security services storage timezone users",
    "pyanaconda/ui": "categories",
}
FILES = frozenset(
    {
        *(".buildstamp", "init", "linuxrc"),
        *("etc/bashrc", "etc/centos-release", "etc/filesystems", "etc/fstab", "etc/group", "etc/host.conf"),
        *("etc/hostname", "etc/hosts", "etc/inputrc", "etc/issue", "etc/localtime", "etc/nsswitch.conf"),
        *("etc/os-release", "etc/passwd", "etc/profile", "etc/protocols", "etc/redhat-release", "etc/rpc"),
        *("etc/services", "etc/shadow", "etc/shells", "etc/system-release", "etc/system-release-cpe", "etc/yum.conf"),
        *("usr/share/anaconda/interactive-defaults.ks", "usr/share/anaconda/anaconda-gtk.css"),
        *(f"usr/share/anaconda/pixmaps/{name}" for name in ("sidebar-bg.png", "sidebar-logo.png", "topbar-bg.png")),
        "usr/sbin/anaconda",
    }
)


@cache
def runtime_directories(base: str) -> frozenset[str]:
    """Return the directories of a base's runtime, by the name of the base."""
    found = find_base(base)
    site = found.python.site
    below = {**BELOW, str(PurePosixPath(site).parent): PYTHON}
    if found.configuration is Configuration.INSTALL_CLASSES:
        kinds = (IN_SITE, WITH_CLASSES)
    else:
        kinds = (IN_SITE, WITH_CONFIGURATION)
        below |= {"etc/anaconda": f"conf.d {found.configuration.value}", "usr/share/anaconda/addons": ""}
    pairs = [
        *below.items(),
        *((f"{site}/{parent}".rstrip("/"), names) for kind in kinds for parent, names in kind.items()),
    ]
    made = {f"{parent}/{name}" for parent, names in pairs for name in names.split()}
    above = {str(parent) for parent, _ in pairs}
    return frozenset({*TOPS, *LINKED, *made, *above})


def find_path_conflicts(names: Collection[str], base: Base = USUAL) -> Iterator[str]:
    """Yield what is wrong with the places of files that overlay images lay over the runtime, one sentence each."""
    there, directories = frozenset(names), runtime_directories(base.name)
    for name in sorted(there):
        if name in directories:
            yield f"{name}: is a file, and a directory in the installer's runtime, which stays as it is"
        for parent in _parents_of(name):
            if parent in FILES:
                yield f"{name}: lies below {parent}, which is a file in the installer's runtime"
            if parent in there:
                yield f"{name}: lies below {parent}, which is a file of the overlay images"


def hidden_paths(names: Iterable[str]) -> list[str]:
    """Return those files of an overlay image that nothing in the installer will see."""
    return [name for name in names if name.startswith(HIDDEN)]


def _parents_of(name: str) -> Iterator[str]:
    """Yield the directories that a file lies in, but for the top."""
    return (str(parent) for parent in PurePosixPath(name).parents if str(parent) != ".")
