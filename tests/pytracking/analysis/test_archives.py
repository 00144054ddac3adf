"""Archives of results: read as folders, without trust in what is in them."""

import io
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from ltr.utils.errors import InputError
from pytracking.analysis.archives import find_archive, unpack

FILES = {"OTB100/KCF/a.txt": b"1,2,3,4\n", "OTB100/KCF/a.json": b"{}", "OTB100/gt/a.txt": b"5,6,7,8\n"}


def write_zip(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def write_tar(path: Path, files: dict[str, bytes], mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


WRITERS: dict[str, Callable[..., Path]] = {
    "x.zip": write_zip,
    "x.tar": lambda path, files: write_tar(path, files, "w"),
    "x.tar.gz": write_tar,
    "x.tar.xz": lambda path, files: write_tar(path, files, "w:xz"),
    "x.tbz": lambda path, files: write_tar(path, files, "w:bz2"),
}


@pytest.mark.parametrize("name", WRITERS)
def test_a_place_in_an_archive_is_a_folder(tmp_path: Path, name: str) -> None:
    more = {"./OTB100/code.py": b"1", "__MACOSX/OTB100/._a.txt": b"x", "OTB100/.hidden.txt": b"x", "OTB100/b.mat": b"x"}
    archive = WRITERS[name](tmp_path / name, {**FILES, **more})
    kcf = unpack(archive / "OTB100" / "KCF", tmp_path / "unpacked")
    assert {path.name: path.read_bytes() for path in kcf.iterdir()} == {"a.txt": b"1,2,3,4\n", "a.json": b"{}"}
    whole = unpack(archive, tmp_path / "unpacked")
    assert kcf == whole / "OTB100" / "KCF"
    assert {str(path.relative_to(whole)) for path in whole.rglob("*.*")} == set(FILES)
    assert whole.name == name  # so that messages say where a file is from
    with pytest.raises(InputError, match=r"OTB50: no such folder in .*, or no text file in it"):
        unpack(archive / "OTB50", tmp_path / "unpacked")


def test_folders_stay_what_they_are(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nothing", tmp_path / "nothing" / "inside"):
        assert find_archive(path) is None
        assert unpack(path, tmp_path / "unpacked") == path


def test_other_files_are_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "plain.txt").write_text("1,2,3,4\n")
    (tmp_path / "empty.zip").touch()
    whole = write_zip(tmp_path / "x.zip", FILES).read_bytes()
    (tmp_path / "cut.zip").write_bytes(whole[: len(whole) // 2])
    for name in ("plain.txt", "empty.zip", "cut.zip"):
        for path in (tmp_path / name, tmp_path / name / "inside"):
            with pytest.raises(InputError, match=rf"{name}: expected a folder, or a whole zip or tar file"):
                unpack(path, tmp_path / "unpacked")
    assert not (tmp_path / "unpacked").exists()


@pytest.mark.parametrize(
    "name", ["../out.txt", "/out.txt", "a/../../out.txt", "..\\out.txt", "C:\\out.txt", "C:out.txt"]
)
@pytest.mark.parametrize("write", [write_zip, write_tar])
def test_names_that_lead_elsewhere_are_refused(tmp_path: Path, name: str, write: Callable[..., Path]) -> None:
    (tmp_path / "in").mkdir()
    archive = write(tmp_path / "in" / "x", {name: b"1"})
    with pytest.raises(InputError, match=r"x: cannot be unpacked \(the name .* leads out of the folder\)"):
        unpack(archive, tmp_path / "in" / "unpacked")
    assert not list(tmp_path.rglob("out.txt"))


def test_links_and_devices_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    with tarfile.open(tmp_path / "x.tar", "w") as archive:
        for number, kind in enumerate((tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE)):
            member = tarfile.TarInfo(f"{number}.txt")
            member.type, member.linkname = kind, str(tmp_path / "secret.txt")
            archive.addfile(member)
    assert list(unpack(tmp_path / "x.tar", tmp_path / "unpacked").iterdir()) == []


@pytest.mark.parametrize("write", [write_zip, write_tar])
def test_an_archive_that_unpacks_to_far_too_much_is_refused(tmp_path: Path, write: Callable[..., Path]) -> None:
    archive = write(tmp_path / "bomb", {"a.txt": bytes(2**21), "b.txt": bytes(2**21)})
    with pytest.raises(InputError, match=r"bomb: cannot be unpacked \(it holds more than can be right"):
        unpack(archive, tmp_path / "unpacked", limit=3 * 2**20)
    assert not list((tmp_path / "unpacked").rglob("*.txt"))
    assert unpack(archive, tmp_path / "again", limit=2**22).is_dir()


def test_damaged_and_encrypted_archives_are_named(tmp_path: Path) -> None:
    whole = write_zip(tmp_path / "a.zip", {"a.txt": b"1,2,3,4\n" * 1000}).read_bytes()
    (tmp_path / "a.zip").write_bytes(whole[:40] + b"\xff" * 8 + whole[48:])
    encrypted = bytearray(write_zip(tmp_path / "b.zip", FILES).read_bytes())
    for place in (encrypted.index(b"PK\3\4") + 6, encrypted.index(b"PK\1\2") + 8):
        encrypted[place] |= 1
    (tmp_path / "b.zip").write_bytes(encrypted)
    whole = write_tar(tmp_path / "c.tar.gz", {"a.txt": bytes(range(256)) * 1000}).read_bytes()
    (tmp_path / "c.tar.gz").write_bytes(whole[: len(whole) // 2])
    whole = write_tar(tmp_path / "d.tar.xz", {"a.txt": bytes(range(256)) * 1000}, "w:xz").read_bytes()
    (tmp_path / "d.tar.xz").write_bytes(whole[: len(whole) // 2])
    for name in ("a.zip", "b.zip", "c.tar.gz", "d.tar.xz"):
        with pytest.raises(InputError, match=rf"{name}: cannot be unpacked \("):
            unpack(tmp_path / name, tmp_path / "unpacked")
