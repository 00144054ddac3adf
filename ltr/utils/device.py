"""Devices, threads and memory."""

import ctypes
import platform
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn

from ltr.utils.errors import InputError
from ltr.utils.numbers import check_threads

KINDS = ("cpu", "cuda", "mps", "xpu")  # supported types of devices
PRECISIONS = {"float32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


def choose_device(name: str) -> torch.device:
    """The device ``name``; ``auto`` is CUDA if available, else the CPU. ValueError if it cannot be used."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if str(name).partition(":")[0] not in KINDS:
        raise InputError(f"device {name!r}: expected auto, {', '.join(KINDS)}, or one by its number as cuda:1")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise InputError(f"device {name!r} cannot be used here: {str(error).splitlines()[0]}") from error
    return device


def set_threads(number: int) -> None:
    """Set the number of CPU threads of torch; ValueError below 1, and if too large for this machine."""
    check_threads(number)
    torch.set_num_threads(number)


def place(network: nn.Module, device: torch.device) -> None:
    """Move a network to ``device``, in channels-last format: faster convolutions, on CPUs too."""
    network.to(device)
    network.to(memory_format=torch.channels_last)


def upload(tensor: Tensor, device: torch.device) -> Tensor:
    """The tensor on ``device``; copies from the CPU to CUDA are asynchronous."""
    if device.type != "cuda" or tensor.is_cuda:
        return tensor.to(device)
    return tensor.pin_memory().to(device, non_blocking=True)


def keep_freed_memory() -> bool:
    """Let glibc reuse the freed memory of large tensors; False with other C libraries.

    By default glibc returns large freed blocks to the kernel, and the next step's tensors are mapped page by page
    again, which takes up to a third of a step.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    mmap_threshold, trim_threshold = -3, -1  # M_MMAP_THRESHOLD, M_TRIM_THRESHOLD of <malloc.h>
    mallopt = ctypes.CDLL(None).mallopt
    return bool(mallopt(mmap_threshold, 2**30)) and bool(mallopt(trim_threshold, 2**31 - 1))


def convolution_seconds(device: torch.device, dtype: torch.dtype) -> float:
    """Processor time of a small convolution; the best of three."""
    convolution = nn.Conv2d(64, 64, 3, padding=1, bias=False, device=device, dtype=dtype)
    images = torch.zeros(2, 64, 32, 32, device=device, dtype=dtype).to(memory_format=torch.channels_last)
    times = []
    with torch.no_grad():
        for _ in range(3):
            begin = time.process_time()
            convolution(images)
            times.append(time.process_time() - begin)
    return min(times)


def precision_warning(
    device: torch.device,
    precision: str,
    seconds: Callable[[torch.device, torch.dtype], float] = convolution_seconds,
) -> str:
    """A warning if a reduced ``precision`` (bf16, fp16) is slower than float32, as on most CPUs, which emulate it;
    else empty.
    """
    if device.type != "cpu" or precision == "float32":
        return ""
    ratio = seconds(device, PRECISIONS[precision]) / seconds(device, torch.float32)
    if ratio < 1.2:
        return ""
    return f"this CPU has no {precision} arithmetic: a convolution takes {ratio:.1f} times as long as with float32"
