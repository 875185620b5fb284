# SPDX-License-Identifier: GPL-3.0-or-later
"""Content from a repository, as a release manager sees it: through doit, from the export to the tree."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

from smedoit.runtime import files
from tests.harness.project import Project
from tests.harness.tools import need, read_with
from tests.harness.versioncontrol import GitRepository
from tests.installer.test_anaconda_source import KOOZALI, Desk, source_package


def test_content_comes_from_git_before_what_needs_it_and_only_once(tmp_path: Path) -> None:
    trial, git = Project.new(tmp_path / "trial"), GitRepository(tmp_path)
    assert trial.doit("sample").code == 0
    path = trial.release.content.path
    shutil.copytree(path, git.work, dirs_exist_ok=True)
    files.remove_directory(path)
    commit = git.commit({"README.txt": "from git\n"}, "rel")
    trial.configure(
        'path = "src/cdrom.image/sme10"',
        f'path = "src/cdrom.image/sme10"\nsource = {{ kind = "git", url = "{git.work}", tag = "rel" }}',
    )
    first = trial.doit("tree", "product_img")
    assert first.code == 0, first.said
    assert f"commit {commit[:12]}" in first.said
    shown = trial.release.tree
    assert (shown / "README.txt").read_text() == "from git\n"
    assert not (shown / files.EXPORTED).exists()
    again = trial.doit("content", "tree", "product_img")
    assert "nothing to do" in again.said, again.said
    (path / "README.txt").write_text("from a hand\n")
    refused = trial.doit("tree")
    assert refused.code != 0, refused.said
    assert "your version of README.txt is kept" in refused.said, refused.said
    files.remove_directory(path)
    assert trial.doit("tree").code == 0
    assert (shown / "README.txt").read_text() == "from git\n"
    trial.configure('tag = "rel"', 'tag = "rel2"')
    assert "has no revision rel2" in trial.doit("content").said
    assert (path / "README.txt").read_text() == "from git\n"


def test_a_mirror_is_kept_by_its_own_task(tmp_path: Path) -> None:
    need("rsync")
    trial = Project.new(tmp_path / "trial")
    files.write_file(tmp_path / "upstream/a.rpm", "a\n")
    entry = f'[[rsync_mirror]]\nname = "up"\nsource = "{tmp_path}/upstream"\npath = "mirrors/up"\n\n'
    trial.configure("[release_urls]", f"{entry}[release_urls]")
    answer = trial.doit("mirror")
    assert answer.code == 0, answer.said
    assert "1 files came (2 bytes), 0 of 0 went" in answer.said
    assert (trial.release.root / "mirrors/up/a.rpm").read_text() == "a\n"
    assert ">f" in (trial.release.logs / "mirror-up.rsync.log").read_text()


def test_product_img_shows_the_last_release_the_content_and_anaconda_in_this_order(tmp_path: Path) -> None:
    need("patch", "rpmbuild", "cpio")
    trial = Project.new(tmp_path / "trial")
    assert trial.doit("sample").code == 0
    srpm = source_package(tmp_path / "upstream")
    desk = Desk(tmp_path, srpm)
    files.write_file(tmp_path / "previous/product/only-there", "then\n")
    files.write_file(tmp_path / "previous/product/etc/centos-release", "then\n")
    trial.configure("[anaconda]", f'[anaconda]\nsrpm = "{srpm}"\npatches = "{desk.patches}"\n#')
    trial.configure("[content]", f'[content]\ninherit = "{tmp_path}/previous"')
    answer = trial.doit("product_img")
    assert answer.code == 0, answer.said
    assert "5 overridden" in answer.said
    image = gzip.decompress((trial.release.tree / "images/product.img").read_bytes())
    shown = tmp_path / "shown"
    shown.mkdir()
    read_with("cpio", "-id", "--quiet", stdin=image, cwd=shown)
    assert (shown / "only-there").read_text() == "then\n"
    assert "10.1" in (shown / "etc/centos-release").read_text()
    for top in ("run/install/product", "usr/lib64/python2.7/site-packages"):
        assert (shown / top / "pyanaconda/installclasses/koozali.py").read_text() == KOOZALI
    log = (trial.release.logs / "product_img.log").read_text()
    assert "koozali.py: anaconda overrides content tree" in log
    assert "etc/centos-release: content tree overrides last release" in log
    assert "nothing to do" in trial.doit("product_img").said
    files.remove_file(tmp_path / "previous/product/only-there")
    assert "only-there is gone" in trial.doit("product_img").said
