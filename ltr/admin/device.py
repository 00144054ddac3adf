"""Where networks run."""

import torch
from torch import Tensor, nn

KINDS = ("cpu", "cuda", "mps", "xpu")  # of devices that networks run on


def choose_device(name: str) -> torch.device:
    """The device ``name``; ``auto`` is CUDA where there is one, else the CPU. ValueError where it cannot be used."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if str(name).partition(":")[0] not in KINDS:
        raise ValueError(f"device {name!r}: expected auto, {', '.join(KINDS)}, or one by its number as cuda:1")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ValueError(f"device {name!r} cannot be used here: {str(error).splitlines()[0]}") from error
    return device


def set_threads(number: int) -> None:
    """Use so many CPU threads in torch; ValueError below 1."""
    if number < 1:
        raise ValueError(f"threads: expected 1 or more, got {number}")
    torch.set_num_threads(number)


def place(network: nn.Module, device: torch.device) -> None:
    """Move a network to ``device``, channels last: on a CPU, too, convolutions are faster so."""
    network.to(device)
    network.to(memory_format=torch.channels_last)


def upload(tensor: Tensor, device: torch.device) -> Tensor:
    """The tensor on ``device``; where it comes from the CPU, a GPU is not waited for, whatever it still has to do."""
    if device.type != "cuda" or tensor.is_cuda:
        return tensor.to(device)
    return tensor.pin_memory().to(device, non_blocking=True)
