import platform
import resource

import pytest
import torch

from ltr.utils.device import choose_device, convolution_seconds, keep_freed_memory, precision_warning, set_threads


def test_auto_can_be_used() -> None:
    assert choose_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")
    assert choose_device("cpu") == torch.device("cpu")


@pytest.mark.parametrize("name", ["cuda:77", "cpu:x"])
def test_other_devices_are_one_clear_error(name: str) -> None:
    with pytest.raises(ValueError, match=f"device '{name}' cannot be used here: .+") as error:
        choose_device(name)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["gpu", "", "meta", "toaster:1"])
def test_other_kinds_are_told_what_there_is(name: str) -> None:
    with pytest.raises(ValueError, match=f"device '{name}': expected auto, cpu, cuda, mps, xpu"):
        choose_device(name)


def test_threads() -> None:
    before = torch.get_num_threads()
    set_threads(before)
    for number in (0, -1):
        with pytest.raises(ValueError, match=f"threads: expected 1 to .*, got {number}"):
            set_threads(number)
    assert torch.get_num_threads() == before


def test_slow_precision_is_told() -> None:
    seconds = {torch.float32: 2.0, torch.bfloat16: 18.0, torch.float16: 1.0}
    cpu, gpu = torch.device("cpu"), torch.device("cuda")

    def measured(device: torch.device, dtype: torch.dtype) -> float:
        return seconds[dtype]

    assert precision_warning(cpu, "bf16", measured) == (
        "this CPU has no bf16 arithmetic: a convolution takes 9.0 times as long as with float32"
    )
    assert precision_warning(cpu, "fp16", measured) == ""
    assert precision_warning(cpu, "float32", measured) == ""
    assert precision_warning(gpu, "bf16", measured) == ""
    assert convolution_seconds(cpu, torch.float32) > 0


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries are left alone")
def test_large_tensors_find_the_memory_of_those_before() -> None:
    """Of 8 MiB, which glibc maps anew each time by default: 2,048 page faults a tensor."""
    assert keep_freed_memory()
    torch.ones(2**21)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(10):
        torch.ones(2**21)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before < 5 * 2048
