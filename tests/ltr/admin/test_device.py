import pytest
import torch

from ltr.admin.device import choose_device


def test_auto_can_be_used() -> None:
    assert choose_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")
    assert choose_device("cpu") == torch.device("cpu")


@pytest.mark.parametrize("name", ["toaster", "", "cuda:77"])
def test_other_devices_are_one_clear_error(name: str) -> None:
    with pytest.raises(ValueError, match=f"device '{name}' cannot be used here: .+") as error:
        choose_device(name)
    assert "\n" not in str(error.value)
