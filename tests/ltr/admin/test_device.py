import pytest
import torch

from ltr.admin.device import choose_device, set_threads


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
        with pytest.raises(ValueError, match=f"threads: expected 1 or more, got {number}"):
            set_threads(number)
    assert torch.get_num_threads() == before
