"""The worked example of docs/extending.md is run as it stands there."""

import re
from pathlib import Path

import pytest
import torch

from ltr.models.loss.ebm import EBM_LOSSES, EBMLoss, build_ebm_loss


@pytest.fixture
def example(repository: Path, monkeypatch: pytest.MonkeyPatch) -> type[EBMLoss]:
    """The class of the page's first block of code, registered by its second."""
    blocks = re.findall(r"```python\n(.*?)```", (repository / "docs" / "extending.md").read_text(), re.DOTALL)
    namespace: dict[str, object] = {"EBM_LOSSES": EBM_LOSSES, "__name__": "example"}
    monkeypatch.setitem(EBM_LOSSES, "bnce", EBMLoss)  # takes the entry out again after the test
    for block in blocks[:2]:
        exec(block, namespace)
    return EBM_LOSSES["bnce"]


def test_one_line_registers_it(example: type[EBMLoss]) -> None:
    assert type(build_ebm_loss("bnce", num_samples=3)) is example
    with pytest.raises(ValueError, match="num_samples: expected a whole number"):
        build_ebm_loss("bnce", num_samples=0)


def test_it_learns_a_density_with_its_normaliser(example: type[EBMLoss]) -> None:
    """f = c + b y - a y^2 / 2 on data N(0.3, 0.5^2): mean b / a, variance 1 / a."""
    generator = torch.Generator().manual_seed(0)
    data = torch.randn(2_000, 1, generator=generator, dtype=torch.float64)
    data = 0.3 + 0.5 * (data - data.mean()) / data.std()
    parameters = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.Adam([parameters], lr=0.03)
    loss = build_ebm_loss("bnce", sigmas=(0.3, 1.0), num_samples=64)
    history = []

    def energy(y: torch.Tensor) -> torch.Tensor:
        log_a, b, c = parameters.unbind()
        return (c + b * y - 0.5 * log_a.exp() * y.square()).sum(dim=-1)

    for _ in range(300):
        batch = data[torch.randint(len(data), (200,), generator=generator)]
        optimizer.zero_grad()
        loss(energy, batch, generator).loss.backward()
        optimizer.step()
        history.append(parameters.detach().clone())
    log_a, b, _ = torch.stack(history[-100:]).mean(dim=0)
    assert (b / log_a.exp()).item() == pytest.approx(0.3, abs=0.05)
    assert (-log_a).exp().item() == pytest.approx(0.25, rel=0.1)
