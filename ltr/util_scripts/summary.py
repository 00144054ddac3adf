"""Summary of one batch of training samples: shapes, ranges, and an image of crops with boxes and labels."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2

from ltr.train_settings.command_line import parse_command
from ltr.utils.cli import one_line_errors
from ltr.utils.errors import InputError
from ltr.utils.files import atomic_write, check_folder, check_outputs
from ltr.utils.numbers import check_seed

if TYPE_CHECKING:  # help and mistakes do not wait for the import of torch
    from torch import Tensor

    from ltr.data.batch import TrackingBatch

COMMAND = "python -m ltr.util_scripts.summary"
USAGE = f"{COMMAND} TASK NAME [--data DIR] [--out FILE] [--samples N] [--seed S] [--FIELD VALUE ...]"
_SUFFIXES = (".png", ".jpg", ".jpeg")


def describe(batch: TrackingBatch) -> str:
    """A line per tensor: name, shape, dtype, smallest and largest value; then a line per sample with its frames."""
    lines = []
    for name in ("train_images", "train_boxes", "test_images", "test_boxes", "test_labels"):
        tensor: Tensor = getattr(batch, name)
        kind = str(tensor.dtype).removeprefix("torch.")
        lines.append(f"{name:13} {tuple(tensor.shape)!s:24} {kind:8} {tensor.min():8.2f} .. {tensor.max():.2f}")
    return "\n".join(lines + [f"sample {i}: {name}" for i, name in enumerate(batch.ids)])


def summarize(batch: TrackingBatch, path: str | Path) -> str:
    """Write :func:`draw_batch` to ``path`` (PNG or JPEG) and return :func:`describe`."""
    if Path(path).suffix.lower() not in _SUFFIXES:
        raise InputError(f"{path}: expected a name that ends in {' or '.join(_SUFFIXES)}")
    from ltr.data.drawing import draw_batch

    encoded = cv2.imencode(Path(path).suffix, cv2.cvtColor(draw_batch(batch), cv2.COLOR_RGB2BGR))[1]
    atomic_write(Path(path), lambda temporary: temporary.write_bytes(encoded.tobytes()))
    return describe(batch)


@dataclass(frozen=True)
class SummaryOptions:
    """Options of the command; the fields of the settings follow."""

    data: Path = Path("data")  # folder of the settings' data sources
    out: Path = Path("samples.png")  # the image to write
    samples: int = 6  # number of samples, one row each
    seed: int = 0  # of the random draws


def main(argv: list[str] | None = None) -> None:
    """Command line: ``python -m ltr.util_scripts.summary dimp NAME --data DIR``, with the settings and sources of
    ``run_training.py``; errors are one line and exit code 1."""
    with one_line_errors():
        arguments = sys.argv[1:] if argv is None else argv
        task, _, options, settings, file = parse_command(arguments, SummaryOptions, COMMAND, USAGE)
        check_seed(options.seed)
        check_folder("--data", options.data)
        check_outputs({"out": options.out}, [options.data, file])
        if options.samples < 1:
            raise InputError(f"samples: expected at least 1, got {options.samples}")
        from ltr.admin import build_datasets
        from ltr.data.batch import collate
        from ltr.sampling.processing import DiMPProcessing
        from ltr.sampling.sampler import TrackingSampler
        from ltr.train_settings.dimp import DiMPTrainSettings

        if not isinstance(settings, DiMPTrainSettings):
            raise InputError(f"task {task!r} has no image sequences to show; dimp has")
        datasets, _ = build_datasets.build_datasets(settings, options.data)
        for dataset, weight in datasets:
            print(build_datasets.describe(dataset, weight))
        processing = DiMPProcessing(settings.processing, settings.network, settings.network.score_grid)
        sampler = TrackingSampler(datasets, settings.sampler, processing, options.seed)
        batch = collate([sampler[i] for i in range(options.samples)])
        print(summarize(batch, options.out))
        print(f"wrote {options.out}")


if __name__ == "__main__":
    main()
