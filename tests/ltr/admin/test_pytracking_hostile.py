"""Files of pytracking with values that no checkpoint has: one message that names the file, and no network."""

import warnings
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from ltr.admin import pytracking_file
from ltr.admin.import_pytracking import Options, import_network, main
from ltr.admin.pytracking_file import read_file
from ltr.models.tracking.dimpnet import DiMPnet
from ltr.utils.errors import InputError, printable
from tests.fakes.networks import small_network
from tests.fakes.pytracking_files import SMALL_HEADS, slim, whole_state, write_checkpoint

WEIGHT = "classifier.filter_optimizer.filter_reg"


@pytest.fixture(scope="module")
def dimp18() -> DiMPnet:
    return small_network(3, replace(slim("dimp18"), crop_side=128))


def _zip(path: Path, code: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", code)
        archive.writestr("archive/version", "3\n")
        archive.writestr("archive/byteorder", "little")
    return path


def _text(value: bytes) -> bytes:
    return b"\x8c" + bytes([len(value)]) + value


IN_MEMO = b"\x94".join([b"\x80\x04" + _text(b"posix"), b"0" + _text(b"system"), b"0"])
DECOY = _text(b"collections") + _text(b"OrderedDict") + b"00"


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (
            IN_MEMO + DECOY + b"h\x00h\x01\x93" + _text(b"touch CANARY") + b"\x85R.",
            "it names posix.system; a checkpoint",
        ),
        (b"\x80\x02\x82\x01)R.", "it holds other things than a checkpoint of pytracking"),
        (b"\x80\x02}X\x05\x00\x00\x00epoch\x8b\x02\x00\x00\x00\x01\x01s.", "it holds other things"),
        (b"\x80\x02X\x01\x00\x00\x00aQ.", "it holds other things|not a checkpoint"),
    ],
    ids=["name in the memo", "extension", "long", "storage"],
)
def test_refused_pickles_are_told_in_our_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: bytes, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=rf"^x\.pth: .*({message})") as told:
        read_file(_zip(Path("x.pth"), code))
    assert "torch.load" not in str(told.value)
    assert "weights_only" not in str(told.value)
    assert [each.name for each in tmp_path.iterdir()] == ["x.pth"]


def _pairs(n: int, first: bytes) -> bytes:
    """A pair of a pair twice, n times."""
    return first + b"".join(b"q" + bytes([i]) + b"h" + bytes([i]) + b"\x86" for i in range(n))


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (b"}K\x01" + b"\x85" * 100_000 + b"K\x01s.", "nested deeper than 100"),
        (b"}" + _pairs(40, b"K\x01") + b"K\x01s.", "a value of more than 4194304 values"),
        (b"}" + b"]q\x00" + b"h\x00a" * 40 + b".", "a value of more than 4194304 values"),
        (b"N0" * 600_000 + b"N.", "a pickle of more than 1048576 operations"),
    ],
    ids=["deep", "shared tuples", "shared lists", "long"],
)
def test_small_files_of_much_work_are_refused(tmp_path: Path, code: bytes, message: str) -> None:
    path = _zip(tmp_path / "x.pth", b"\x80\x02" + code)
    with pytest.raises(InputError, match=rf"x\.pth: not a checkpoint of pytracking, or damaged \(.*{message}"):
        read_file(path)


def test_large_checkpoints_are_far_from_these_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """ResNet-50 has 320 tensors, Adam three values of each; statistics have a value of each epoch."""
    weights = {f"layer.{i}": torch.zeros(1) for i in range(400)}
    stats = {f"loss {i}": [0.5] * 200 for i in range(20)}
    state = {i: {"step": 1, "exp_avg": torch.zeros(1), "exp_avg_sq": torch.zeros(1)} for i in range(400)}
    path = write_checkpoint(tmp_path / "x.pth", "dimp50", weights, more={"stats": stats, "optimizer": state})
    for limit, part in (("MAX_OPERATIONS", 20), ("MAX_VALUES", 50), ("MAX_DEPTH", 8)):
        monkeypatch.setattr(pytracking_file, limit, getattr(pytracking_file, limit) // part)
    assert len(read_file(path)["net"]) == 400


def test_names_in_a_file_add_no_lines_and_no_terminal_codes(dimp18: DiMPnet, tmp_path: Path) -> None:
    evil = "a\nerror: all is well\x1b[31m\u202e\ud800"
    shown = r"a\\nerror: all is well\\x1b\[31m\\u202e\\ud800"
    state = {**whole_state(dimp18), evil: torch.zeros(1)}
    files = [
        write_checkpoint(tmp_path / "weights.pth", "dimp18", state, **SMALL_HEADS),
        write_checkpoint(tmp_path / "keyword.pth", "dimp18", whole_state(dimp18), **{**SMALL_HEADS, evil: 1}),
        tmp_path / "key.pth",
        tmp_path / "class.pth",
    ]
    torch.save({evil: 1}, files[2])
    _zip(
        files[3], b"\x80\x04" + _text(b"a\nerror: all is well\x1b[31m\xe2\x80\xae\xed\xa0\x80") + _text(b"x") + b"\x93."
    )
    for file in files:
        with pytest.raises(SystemExit, match=rf"^error: .*{file.name}: .*{shown}"):
            main([str(file), "--out", str(tmp_path / "x.safetensors")])
    assert printable("é" * 9, 4) == "éééé ..."


@pytest.mark.parametrize(
    ("keywords", "settings", "more", "message"),
    [
        ({"feat_stride": torch.tensor([16, 16])}, {}, {}, "argument feat_stride"),
        ({"iou_input_dim": ([8], [8])}, {}, {}, "argument iou_input_dim"),
        ({"score_act": {"deep": 1}}, {}, {}, "argument score_act"),
        ({}, {"script_name": torch.tensor([16, 16])}, {}, "settings script_name"),
        ({}, {"output_sz": {1: 2}}, {}, "settings output_sz"),
        ({}, {}, {"actor_type": {"deep": [1]}}, "checkpoint actor_type"),
    ],
)
def test_values_that_are_no_numbers_or_texts_are_refused_by_name(
    tmp_path: Path, keywords: dict[str, Any], settings: dict[str, Any], more: dict[str, Any], message: str
) -> None:
    path = write_checkpoint(
        tmp_path / "x.pth", "dimp18", {"w": torch.zeros(1)}, settings=settings, more=more, **keywords
    )
    with pytest.raises(InputError, match=rf"x\.pth: {message}: expected numbers, texts, or lists of them$"):
        import_network(Options(path, tmp_path / "x.safetensors"))


@pytest.mark.parametrize(
    "weight",
    [
        torch.zeros(1, dtype=torch.int64),
        torch.zeros(1, dtype=torch.bool),
        torch.zeros(1, dtype=torch.complex64),
        torch.zeros(1, device="meta"),
        None,
    ],
    ids=["int", "bool", "complex", "meta", "nested"],
)
def test_weights_of_other_kinds_are_refused_by_name(
    dimp18: DiMPnet, tmp_path: Path, weight: torch.Tensor | None
) -> None:
    with warnings.catch_warnings(action="ignore"):  # nested tensors are a prototype
        made = torch.nested.nested_tensor([torch.zeros(1)]) if weight is None else weight
        state = {**whole_state(dimp18), WEIGHT: made}
        path = write_checkpoint(tmp_path / "x.pth", "dimp18", state, **SMALL_HEADS)
    with pytest.raises(InputError, match=rf"x\.pth: expected weights that are dense .* got {WEIGHT} \("):
        import_network(Options(path, tmp_path / "x.safetensors"))
    assert [each.name for each in tmp_path.iterdir()] == ["x.pth"]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_weights_of_all_float_types_are_imported(dimp18: DiMPnet, tmp_path: Path, dtype: torch.dtype) -> None:
    state = {**whole_state(dimp18), WEIGHT: torch.ones(1, dtype=dtype)}
    path = write_checkpoint(tmp_path / "x.pth", "dimp18", state, **SMALL_HEADS)
    import_network(Options(path, tmp_path / "x.safetensors"))


@pytest.mark.parametrize(
    ("like", "script", "said"),
    [("atom", "dimp18", "dimp18"), ("prdimp50", "dimp18", "dimp18"), ("atom", "mine", "a network of dimpnet18")],
)
def test_like_does_not_overrule_the_file(tmp_path: Path, like: str, script: str, said: str) -> None:
    named = {"script_name": script}
    path = write_checkpoint(tmp_path / "x.pth", "dimp18", {"w": torch.zeros(1)}, settings=named)
    with pytest.raises(InputError, match=rf"^--like {like}: \S+x\.pth says that it is {said}; leave --like out"):
        import_network(Options(path, tmp_path / "x.safetensors", like))


def test_a_link_at_out_is_not_replaced_unasked(tmp_path: Path) -> None:
    out = tmp_path / "x.safetensors"
    out.symlink_to(out.name)
    with pytest.raises(FileExistsError, match=r"x\.safetensors exists already: add --overwrite"):
        import_network(Options(tmp_path / "x.pth", out))
