"""Checkpoints of pytracking are read, and nothing in a file is run."""

import builtins
import contextlib
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ltr.admin.pytracking_file import StandIn, read_file
from ltr.utils.errors import InputError
from ltr.utils.files import with_card
from tests.fakes.pytracking_files import write_checkpoint

FORMATS = pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
WEIGHTS = {"weight": torch.arange(3.0)}


class Call:
    """Pickled as a call, which an unpickler makes."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.parts = function, arguments

    def __reduce__(self) -> Any:
        return self.parts


def _save(content: Any, path: Path, zipped: bool, **options: Any) -> Path:
    torch.save(content, path, _use_new_zipfile_serialization=zipped, **options)
    return path


@FORMATS
@pytest.mark.parametrize("package", ["ltr.admin", "dlframework.common.utils"])
def test_attributes_are_read_and_no_class_is_imported(tmp_path: Path, zipped: bool, package: str) -> None:
    path = tmp_path / "x.pth.tar"
    write_checkpoint(path, "super_dimp", WEIGHTS, zipped, package, more={"stats": {"loss": np.float64(0.5)}})
    content = read_file(path)
    assert torch.equal(content["net"]["weight"], WEIGHTS["weight"])
    assert isinstance(content["constructor"], StandIn)
    assert content["constructor"].kwds["num_dist_bins"] == 100
    assert content["settings"].search_area_factor == 6.0
    assert vars(content["settings"].env)["workspace_dir"] == "/home/someone"
    assert isinstance(content["stats"]["loss"], StandIn)  # a number of numpy


def _evil(canary: Path) -> dict[str, tuple[Any, str]]:
    """Contents that run something when they are unpickled, and the name that is refused."""
    touch = f"touch {canary}"
    system, code = Call(os.system, touch), Call(builtins.eval, f"open({str(canary)!r}, 'w')")
    return {
        "system": (system, f"{os.system.__module__}.system"),
        "eval": (code, "builtins.eval"),
        "in the settings": ({"net": WEIGHTS, "settings": {"deep": [(system,)]}}, f"{os.system.__module__}.system"),
        "as a key": ({"net": {code: torch.zeros(1)}}, "builtins.eval"),
        "getattr": ({"net": WEIGHTS, "stats": Call(getattr, os, "system")}, "builtins.getattr"),
        "exec": (Call(exec, f"open({str(canary)!r}, 'w')"), "builtins.exec"),
        "load": (Call(torch.load, str(canary)), "torch.serialization.load"),
        "model": (torch.nn.Linear(2, 2), "torch.nn.modules.linear.Linear"),
    }


@FORMATS
@pytest.mark.parametrize("kind", [kind for kind in _evil(Path()) if kind != "getattr"])
def test_what_would_run_is_refused_by_name(tmp_path: Path, zipped: bool, kind: str) -> None:
    canary = tmp_path / "canary"
    content, name = _evil(canary)[kind]
    path = _save(content, tmp_path / "evil.pth", zipped)
    with pytest.raises(InputError, match=rf"evil\.pth: refused, nothing of it was run: it names .*{name}"):
        read_file(path)
    assert not canary.exists()


@pytest.mark.parametrize(
    "code",
    [
        b"\x80\x02(S'touch CANARY'\nios\nsystem\n.",  # INST
        b"\x80\x02cposix\nsystem\nX\x0c\x00\x00\x00touch CANARY\x85R.",  # GLOBAL
        b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x0ctouch CANARY\x85R.",  # STACK_GLOBAL
        b"\x80\x02c__builtin__\neval\nX\x13\x00\x00\x00open('CANARY', 'w+')\x85R.",  # Python 2's name
    ],
)
@pytest.mark.parametrize("before", [0, 1, 2, 3])
def test_no_pickle_of_a_legacy_file_is_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: bytes, before: int
) -> None:
    monkeypatch.chdir(tmp_path)
    plain = [torch.serialization.MAGIC_NUMBER, torch.serialization.PROTOCOL_VERSION, {"little_endian": True}]
    parts = [pickle.dumps(value, 2) for value in plain[:before]]
    (tmp_path / "evil.pth").write_bytes(b"".join([*parts, code, pickle.dumps([], 2), pickle.dumps([], 2)]))
    with pytest.raises(InputError, match=r"evil\.pth: (refused, nothing of it was run|not a checkpoint)"):
        read_file(tmp_path / "evil.pth")
    assert [file.name for file in tmp_path.iterdir()] == ["evil.pth"]


@pytest.mark.parametrize("protocol", [2, 4])
def test_names_of_other_protocols_are_refused(tmp_path: Path, protocol: int) -> None:
    canary = tmp_path / "canary"
    path = _save(Call(os.system, f"touch {canary}"), tmp_path / "evil.pth", True, pickle_protocol=protocol)
    with pytest.raises(InputError, match=r"refused, nothing of it was run: it names \w+\.system"):
        read_file(path)
    assert not canary.exists()


@FORMATS
def test_not_even_this_toolkit_s_functions_are_called(tmp_path: Path, zipped: bool) -> None:
    content = read_file(_save({"x": Call(with_card, Path("a"))}, tmp_path / "x.pth", zipped))
    assert isinstance(content["x"], StandIn)


@pytest.mark.parametrize(
    "content", [b"", b"P", b"PK\x03\x04 no zip", b"\x80\x02", b"\x80\x02}.", b"text\n", b"\x00" * 99]
)
def test_other_files_are_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.pth").write_bytes(content)
    with pytest.raises(InputError, match=r"x\.pth: not a checkpoint of pytracking, or damaged \(.+\)"):
        read_file(tmp_path / "x.pth")
    with pytest.raises(FileNotFoundError, match=r"gone\.pth is missing"):
        read_file(tmp_path / "gone.pth")


@FORMATS
def test_damaged_files_are_told(tmp_path: Path, zipped: bool) -> None:
    path = tmp_path / "x.pth"
    write_checkpoint(path, "dimp18", {"weight": torch.zeros(2000)}, zipped)
    whole = path.read_bytes()
    for length in (10, len(whole) // 4, len(whole) // 2, len(whole) - 30):
        path.write_bytes(whole[:length])
        with pytest.raises(InputError, match=r"x\.pth: (not a checkpoint|refused)"):
            read_file(path)
    for seed in range(20):
        damaged = bytearray(whole)
        for place in np.random.default_rng(seed).integers(0, len(whole), 30).tolist():
            damaged[place] ^= 0x55
        path.write_bytes(bytes(damaged))
        with contextlib.suppress(InputError):  # some damage is in tensors, whose values nobody knows
            read_file(path)
