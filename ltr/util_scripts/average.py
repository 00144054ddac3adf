"""The mean of networks' weights, as of a network before and after fine-tuning; better on new videos than either.

    python -m ltr.util_scripts.average BEFORE.safetensors AFTER.safetensors --out MEAN.safetensors

Networks fine-tuned from the same weights lie in one basin of the loss, so their mean has a low loss, too (Wortsman et
al., "Robust fine-tuning of zero-shot models", CVPR 2022; "Model soups", ICML 2022).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from ltr.utils.cli import one_line_errors
from ltr.utils.errors import InputError
from ltr.utils.files import check_outputs, with_card

if TYPE_CHECKING:
    from ltr.models.weights import NetworkCard


@dataclass(frozen=True)
class Options:
    """Options of the command."""

    networks: Annotated[
        tuple[Path, ...], tyro.conf.Positional
    ]  # .safetensors, two or more; the settings are those of the last
    out: Path  # .safetensors; its card, which names all of them, is written beside it


def average(paths: Sequence[Path], out: Path) -> None:
    """Write the mean of networks of one architecture, and its card.

    Raises:
        FileNotFoundError, ValueError: fewer than two networks; a file is missing, invalid, or of another architecture.
    """
    if len(paths) < 2:
        raise InputError(f"networks: expected two at least, got {len(paths)}")
    if out.suffix != ".safetensors":
        raise InputError(f"out: expected a name that ends with .safetensors, got {out}")
    check_outputs(dict(zip(("out", "card"), with_card(out), strict=True)), [f for p in paths for f in with_card(p)])
    from ltr.models.build import build_network  # late: imports torch
    from ltr.models.weights import NetworkCard, load_network, load_weights, save_network

    loaded = [load_network(path) for path in paths]
    network, settings, card = loaded[-1]
    cards = [card for _, _, card in loaded]
    for path, other in zip(paths, cards, strict=True):
        if other.box_prediction != card.box_prediction:
            raise InputError(
                f"{path}: its box branch predicts {other.box_prediction}, that of {paths[-1]} {card.box_prediction}"
            )
    states = [other.state_dict() for other, _, _ in loaded]
    same_kind = build_network(settings)
    for path, state in zip(paths[:-1], states[:-1], strict=True):
        load_weights(same_kind, state, path)  # raises if the architecture differs
    mean = {
        name: sum(state[name] for state in states) / len(states) if value.is_floating_point() else value
        for name, value in states[-1].items()
    }
    load_weights(network, mean, out)
    parts = tuple({"sha256": part.sha256, "training": part.training} for part in cards)
    described = NetworkCard(
        box_branch_predicts=card.box_prediction,
        training=card.training,
        seed=card.seed,
        data=_all_data(cards),
        averaged=parts,
    )
    save_network(network, settings, out, described)


def _all_data(cards: Sequence[NetworkCard]) -> dict[str, Any]:
    """The training data of all networks, by source; different data of the same source get a number."""
    merged: dict[str, Any] = {}
    for number, card in enumerate(cards, start=1):
        for source, content in (card.data or {}).items():
            name = source if merged.get(source, content) == content else f"{source} ({number})"
            merged[name] = content
    return merged


def main(options: Options) -> None:
    """Average the networks and print the path of the result."""
    average(options.networks, options.out)
    print(f"mean of {len(options.networks)} networks: {options.out}")


if __name__ == "__main__":
    with one_line_errors():
        main(tyro.cli(Options, description=__doc__))
