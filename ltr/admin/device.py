"""Where networks run."""

import torch


def choose_device(name: str) -> torch.device:
    """The device ``name``; ``auto`` is CUDA where there is one, else the CPU. ValueError where it cannot be used."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ValueError(f"device {name!r} cannot be used here: {str(error).splitlines()[0]}") from error
    return device
