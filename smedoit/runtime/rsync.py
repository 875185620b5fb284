"""rsync: what its exit values mean."""

from __future__ import annotations

# Source: rsync(1), EXIT VALUES; 127 and 255 come from ssh and the remote shell.
CODES = {
    1: "an option of [publish] rsync is wrong, or the module may only be read",
    2: "both sides speak different protocols: bring them to a common version",
    3: "it cannot select its files or directories: look whether the directory is there on the other side",
    5: "the daemon refuses: look at its module, its user and its password",
    10: "the other side cannot be reached, or the connection broke",
    11: "a file cannot be written on the other side: no room, or not allowed",
    12: "the connection broke in the middle of the protocol, or ssh was refused",
    20: "it was stopped by a signal",
    23: "some files were not transferred: the lines above name them",
    24: "files vanished here meanwhile: another publish?",
    25: "more files would disappear there than [publish] max_delete allows; the deletions stopped there",
    30: "the other side was silent for too long",
    35: "the daemon did not answer in time",
    127: "rsync is not installed on the other side",
    255: "ssh could not connect: look at the host, the key and known_hosts",
}
