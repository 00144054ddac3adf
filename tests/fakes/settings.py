"""Settings as older versions wrote them."""

from typing import Any


def old_names(values: dict[str, Any]) -> dict[str, Any]:
    """A tracker's ``settings.json`` with the oldest name of every field and class that was renamed."""
    network, processing = dict(values["network"]), dict(values["processing"])
    processing |= {name: network.pop(name) for name in ("crop_mode", "max_shrink")}
    network |= {"image_size": network.pop("crop_side"), "search_area_factor": network.pop("search_area")}
    processing |= {"output_size": network["image_size"], "search_area_factor": network["search_area_factor"]}
    classifier = network["classifier"]
    processing |= {"kernel_size": classifier["filter_size"], "stride": 16}
    processing |= {"output_sigma_factor": classifier["output_sigma_factor"]}
    for jitter in ("train_jitter", "test_jitter"):
        processing[jitter] = {("centre" if k == "center" else k): v for k, v in processing[jitter].items()}
    old = {"color": "colour", "low_resolution": "coarse", "low_resolution_detail": "coarse_detail"}
    augmentation = {old.get(name, name): value for name, value in processing["augmentation"].items()}
    augmentation["colour"] = {**augmentation["colour"], "class": "ColourJitter"}
    processing["augmentation"] = augmentation
    return {**values, "network": network, "processing": processing}
