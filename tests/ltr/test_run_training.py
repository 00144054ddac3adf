import json
import math
import os
import signal
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from ltr.models.loss.ebm import NCE
from ltr.run_training import main, parse
from ltr.sampling.loader import TrackingLoader
from ltr.train_settings import TASKS, load_settings
from ltr.train_settings.dimp import DataSource, DiMPTrainSettings
from ltr.train_settings.dimp.methods import BOX_METHODS
from ltr.utils.errors import InputError
from tests.fakes.settings import old_names

# The toy's way with little to do: small crops, a random trunk, four samples.
QUICK = ("--no-pretrained", "--network.crop_side", "128", "--num_workers", "0")
QUICK += ("--sampler.samples_per_epoch", "4", "--optim.batch_size", "2", "--validation_samples", "2")
QUICK += ("--optim.epochs", "1", "--device", "cpu")


def _parse_toy(*overrides: str) -> tuple[Any, DiMPTrainSettings]:
    task, name, options, settings = parse(["dimp", "toy", *overrides])
    assert (task, name) == ("dimp", "toy")
    assert isinstance(settings, DiMPTrainSettings)
    return options, settings


def test_as_a_command_from_anywhere(repository: Path, tmp_path: Path) -> None:
    command = [sys.executable, str(repository / "ltr" / "run_training.py"), "dimp", "nix"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("error: unknown settings 'nix' of task dimp")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "listed"),
    [
        ([], TASKS),
        (["--seed", "3"], TASKS),
        (["dimp"], TASKS["dimp"].named),
        (["dimp", "--dry-run"], (*TASKS["dimp"].named, *BOX_METHODS)),
    ],
)
def test_without_task_and_name_it_lists_them(arguments: list[str], listed: Iterable[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    message = str(stop.value)  # printed to stderr by Python, with exit code 1
    assert message.startswith("usage: run_training.py TASK NAME")
    assert all(name in message for name in listed)


def test_a_new_run_replaces_neither_the_network_nor_the_settings_it_begins_with(tmp_path: Path) -> None:
    folder = tmp_path / "dimp" / "mine"
    folder.mkdir(parents=True)
    network, card, settings = (folder / name for name in ("network.safetensors", "network.json", "settings.json"))
    for path in (network, card, settings):
        path.write_text("{}")
    here = ["dimp", "toy", "--workspace", str(tmp_path), "--run", "mine"]
    with pytest.raises(InputError, match=r"run: network\.safetensors .*: is read from"):
        parse([*here, "--start", str(network)])
    with pytest.raises(InputError, match=r"run: settings\.json .*: is read from"):
        parse([*here, "--settings", str(settings)])
    parse([*here, "--settings", str(settings), "--resume"])
    parse([*here[:-1], "other", "--settings", str(settings), "--start", str(network)])


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["dimp", "--help"]])
def test_help_is_no_error(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 0
    assert capsys.readouterr().out.startswith("usage: run_training.py TASK NAME")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("dump", "toy"), "error: unknown task 'dump'; known are detection, dimp"),
        (("dimp", "toi"), "error: unknown settings 'toi' of task dimp; known are dimp18, .*toy"),
        (("dimp", "toy", "--optim.lr", "-1"), "error: settings: optim.lr: expected more than 0, got -1.0"),
        (
            ("dimp", "toy", "--optim.epochs", "0", "--network.image_size", "100"),
            "error: settings: optim.epochs: expected more than 0, got 0; network.crop_side: expected a multiple",
        ),
        (("dimp", "toy", "--seed", "-1"), "error: seed: expected a whole number from 0 to 4294967295, got -1"),
        (("dimp", "toy", "--threads", "-1"), "error: threads: expected 1 to "),
        (("dimp", "toy", "--box-loss", "nix"), "error: box_loss: expected one of iou, kldis, nce, ncep, .* got 'nix'"),
        (("dimp", "toy", "--source", "film:x"), "error: source 'film:x': expected KIND:PATH"),
        (("regression1d", "nce", "--source", "video:x"), "error: box-loss, source, validation-source: only the task"),
        (("dimp", "toy", "--settings", "nix.json"), "error: .*nix.json"),
        (("dimp", "toy", "--start", "net.pth", *QUICK), "error: net.pth: expected a network of this toolkit"),
        (("dimp", "toy", "--dry-run", "--device", "toaster"), "error: device 'toaster': expected auto, cpu, "),
        (("dimp", "toy", "--resume", *QUICK), "error: nothing to resume: "),
        (("dimp", "toy", "--data", "/dev/null"), "error: --data /dev/null: is a pipe or device; expected a folder"),
        (("dimp", "toy", "--data", __file__), "error: --data .*test_run_training.py: is a file; expected a folder"),
        (("dimp", "dimp_ncep_mobile", "--no-pretrained", "--data", "nowhere", "--dry-run"), "error: .*nowhere"),
    ],
)
def test_bad_input_is_one_line(arguments: tuple[str, ...], message: str, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=f"^{message}") as stop:
        main([*arguments, "--workspace", str(tmp_path)])
    assert "\n" not in str(stop.value)
    assert list(tmp_path.iterdir()) == []  # nothing half-written


@pytest.mark.parametrize(
    ("override", "message"),
    [(("--optim.lr", "fast"), "could not convert string to float"), (("--optim.nix", "3"), "Unrecognized options")],
)
def test_broken_overrides_are_usage_errors(
    override: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["dimp", "toy", *override])
    assert stop.value.code == 2
    error = capsys.readouterr().err
    assert message in error
    assert override[0] in error
    assert "Traceback" not in error


def test_overrides_reach_the_settings() -> None:
    options, settings = _parse_toy(
        *("--optim.lr", "1e-4", "--optim.part_lr.classifier.filter-optimizer", "0.5", "--loss_weights.box", "2"),
        *("--network.classifier.optimizer.num_iter", "9", "--sampler.max-gap", "7", "--box_loss.beta", "0.3"),
        *("--seed", "5", "--data", "here", "--run", "mine", "--resume", "--dry-run"),
    )
    toy = load_settings("dimp", "toy")
    assert settings.optim.lr == 1e-4
    assert settings.optim.part_lr == {**toy.optim.part_lr, "classifier.filter_optimizer": 0.5}
    assert settings.loss_weights.box == 2
    assert settings.network.classifier.optimizer.num_iter == 9
    assert settings.sampler.max_gap == 7
    assert settings.box_loss.beta == 0.3  # type: ignore[attr-defined]
    assert (options.seed, options.data, options.run) == (5, Path("here"), "mine")
    assert options.resume
    assert options.dry_run


@pytest.mark.parametrize(("task", "name"), [(task, name) for task in TASKS for name in TASKS[task].named])
def test_named_settings_pass_through_the_command_line_unchanged(task: str, name: str) -> None:
    options, settings = parse([task, name])[2:]
    assert settings == load_settings(task, name)
    assert not (options.resume)
    assert not (options.dry_run)


def test_dry_run_walks_one_batch_and_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["dimp", "toy", "--dry-run", "--workspace", str(tmp_path), *QUICK])
    out = capsys.readouterr().out
    described, _, batches = out.partition("one batch: ")
    assert described.startswith("dimp toy: 1 epochs, batches of 2, float32 on cpu\n")
    assert "\n  network.crop_side was 288, is 128\n" in described
    for line, names in zip(
        batches.splitlines(), ({"loss", "loss_box", "loss_clf"}, {"hit", "iou_refined"}), strict=True
    ):
        words = line.removeprefix("one batch of validation: ").split()
        assert names <= set(dict(zip(words[::2], map(float, words[1::2]), strict=True)))
    assert list(tmp_path.iterdir()) == []


def test_old_names_of_fields_are_understood(tmp_path: Path) -> None:
    command = ["--no-pretrained", "--network.image_size", "128", "--processing.output-size=128"]
    assert parse(["dimp", "toy", *command])[3] == parse(["dimp", "toy", *QUICK[:3]])[3]
    prefix, options = "--processing.augmentation.", ("colour.gain", "color.gain")
    old, new = (parse(["dimp", "toy", f"{prefix}{name}=0.25"])[3] for name in options)
    assert old == new != parse(["dimp", "toy"])[3]
    main(["dimp", "toy", "--workspace", str(tmp_path), *QUICK])
    checkpoint, settings = (tmp_path / "dimp" / "toy" / name for name in ("checkpoint.pt", "settings.json"))
    state = torch.load(checkpoint, weights_only=True)
    state["settings"] = json.dumps(old_names(json.loads(state["settings"])))
    torch.save(state, checkpoint)
    settings.write_text(state["settings"])
    main(["dimp", "toy", "--workspace", str(tmp_path), "--resume"])
    assert json.loads(settings.read_text())["network"]["crop_side"] == 128


def test_a_run_is_not_overwritten_but_resumed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["dimp", "toy", "--workspace", str(tmp_path), *QUICK]
    main(command)
    folder = tmp_path / "dimp" / "toy"
    files = {file.name for file in folder.iterdir()}
    assert {"checkpoint.pt", "settings.json", "log.jsonl", "network.safetensors", "network.json"} <= files
    before = (folder / "network.safetensors").read_bytes()
    with pytest.raises(
        SystemExit, match=r"^error: .*dimp/toy holds a run already: add --resume to go on, or --run OTHER"
    ):
        main(command)
    with pytest.raises(SystemExit, match=r"^error: .*made with other settings: optim.lr was 0.001, is 0.1"):
        main([*command, "--resume", "--optim.lr", "0.1"])
    longer = rf"epochs was 1, is 3; to train longer: another --run with --start {folder / 'network.safetensors'}"
    with pytest.raises(SystemExit, match=longer):
        main([*command, "--resume", "--optim.epochs", "3"])
    capsys.readouterr()
    main(["dimp", "toy", "--workspace", str(tmp_path), "--resume"])  # with its own settings; the last epoch is done
    said = capsys.readouterr().out
    assert "network.crop_side was 288, is 128" in said
    network = folder / "network.safetensors"
    assert said.splitlines()[-2:] == [
        f"the last network: {network}",
        f"the best network: {folder / 'best' / network.name}",
    ]
    assert network.read_bytes() == before
    card = json.loads((folder / "network.json").read_text())
    assert card["seed"] == 0
    assert card["training"]["class"] == "DiMPTrainSettings"
    assert card["data"] == {}  # synthetic shapes come from no file


def test_interrupted_and_resumed_it_gives_the_same_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = ["dimp", "toy", "--workspace", str(tmp_path), *QUICK, "--optim.epochs", "2"]
    main([*command, "--run", "whole"])
    set_epoch = TrackingLoader.set_epoch

    def interrupt(loader: TrackingLoader, epoch: int, first_batch: int = 0) -> None:
        if epoch == 1:
            raise KeyboardInterrupt
        set_epoch(loader, epoch, first_batch)

    with monkeypatch.context() as patch:
        patch.setattr(TrackingLoader, "set_epoch", interrupt)
        with pytest.raises(SystemExit) as stop:
            main([*command, "--run", "parts"])
    assert stop.value.code == 130
    main([*command, "--run", "parts", "--resume"])
    whole, parts = (tmp_path / "dimp" / name / "network.safetensors" for name in ("whole", "parts"))
    assert parts.read_bytes() == whole.read_bytes()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_saves_and_says_how_to_go_on(
    number: signal.Signals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["dimp", "toy", "--workspace", str(tmp_path), *QUICK]
    set_epoch = TrackingLoader.set_epoch

    def interrupt(loader: TrackingLoader, epoch: int, first_batch: int = 0) -> None:
        set_epoch(loader, epoch, first_batch)
        os.kill(os.getpid(), number)

    with monkeypatch.context() as patch:
        patch.setattr(TrackingLoader, "set_epoch", interrupt)
        with pytest.raises(SystemExit) as stop:
            main(command)
    assert stop.value.code == 128 + number
    last = capsys.readouterr().err.splitlines()[-1]
    assert last == f"stopped by {number.name} after 0 epochs and 1 of 2 steps; saved: go on with --resume"
    main([*command, "--resume"])
    assert json.loads((tmp_path / "dimp" / "toy" / "log.jsonl").read_text())["epoch"] == 1


def test_a_file_then_a_method_then_sources_then_fields(tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    file.write_text(json.dumps({"seed": 5, "optim": {"lr": 0.5, "epochs": 2}, "box_loss": {"num_samples": 7}}))
    options, settings = _parse_toy(
        *("--settings", str(file), "--optim.lr", "0.25", "--box-loss", "nce", "--box-loss.num-samples", "9"),
        *("--source", "synthetic:,weight=2", "--source", "coco:mine", "--validation_source", "coco:other"),
        *("--sources.1.source-weights", "a", "2"),
    )
    assert options.seed == 5
    assert (settings.optim.lr, settings.optim.epochs) == (0.25, 2)
    assert settings.box_loss == NCE((0.05, 0.5), 9)
    assert settings.sources == (DataSource("synthetic", "", 2.0), DataSource("coco", "mine", source_weights={"a": 2.0}))
    assert settings.validation_sources == (DataSource("coco", "other"),)
    assert _parse_toy("--settings", str(file), "--seed", "6")[0].seed == 6


def test_held_out_names_go_with_their_videos_in_a_file_too(tmp_path: Path) -> None:
    file = tmp_path / "small.toml"
    for text, names in (
        ('[[sources]]\nkind = "video"\npath = "mine"', ()),
        ('validation_sequences = ["a"]\n[[sources]]\nkind = "video"\npath = "mine"', ("a",)),
        ("[optim]\nlr = 1e-4", load_settings("dimp", "dimp_ncep_mobile").validation_sequences),  # type: ignore[attr-defined]
    ):
        file.write_text(text)
        settings = parse(["dimp", "dimp_ncep_mobile", "--settings", str(file)])[3]
        assert isinstance(settings, DiMPTrainSettings)
        assert settings.validation_sequences == names


def test_resume_lays_options_over_the_run_s_settings(tmp_path: Path) -> None:
    folder = tmp_path / "dimp" / "mine"
    folder.mkdir(parents=True)
    (folder / "settings.json").write_text(json.dumps({"seed": 7, "optim": {"lr": 0.5, "epochs": 2}}))
    run = ("--workspace", str(tmp_path), "--run", "mine")
    options, settings = _parse_toy(*run, "--resume", "--optim.lr", "0.25")
    assert (options.seed, settings.optim.lr, settings.optim.epochs) == (7, 0.25, 2)
    assert _parse_toy(*run)[1] == load_settings("dimp", "toy")  # another training, not that one


def test_a_run_s_settings_make_the_same_network(tmp_path: Path) -> None:
    command = ["dimp", "toy", "--workspace", str(tmp_path), *QUICK, "--box-loss", "mlis", "--seed", "3"]
    main(command)
    folder = tmp_path / "dimp" / "toy"
    device = ["--device", "cpu"]
    main(["dimp", "dimp18", "--workspace", str(tmp_path), "--settings", str(folder / "settings.json"), *device])
    again = tmp_path / "dimp" / "dimp18"
    assert (again / "settings.json").read_bytes() == (folder / "settings.json").read_bytes()
    assert (again / "network.safetensors").read_bytes() == (folder / "network.safetensors").read_bytes()


@pytest.mark.parametrize("method", BOX_METHODS)
def test_every_box_loss_trains(method: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["dimp", "toy", "--dry-run", *QUICK, "--box-loss", method])
    batch = capsys.readouterr().out.partition("one batch: ")[2].split()
    assert math.isfinite(float(batch[batch.index("loss_box") + 1]))


def test_a_task_that_cannot_be_shared_says_so() -> None:
    with pytest.raises(SystemExit, match=r"^error: Regression1DSettings: this task trains in one process, with optim"):
        main(["regression1d", "nce", "--optim.accumulate", "2", "--device", "cpu", "--dry-run"])


def test_fields_of_a_source_can_be_set() -> None:
    settings = parse(["dimp", "super_dimp", "--sources.0.path", "/disk/LaSOT", "--sources.3.source-weights", "a", "2"])[
        3
    ]
    assert isinstance(settings, DiMPTrainSettings)
    assert settings.sources[0] == replace(load_settings("dimp", "super_dimp").sources[0], path="/disk/LaSOT")  # type: ignore[attr-defined]
    assert settings.sources[3].source_weights == {"a": 2.0}
