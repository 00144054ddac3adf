"""Settings as older versions wrote them."""

from typing import Any


def old_names(values: dict[str, Any]) -> dict[str, Any]:
    """``settings.json`` of a tracker as it was when crops were settings of the processing, too."""
    network, processing = dict(values["network"]), dict(values["processing"])
    processing |= {name: network.pop(name) for name in ("crop_mode", "max_shrink")}
    network |= {"image_size": network.pop("crop_side"), "search_area_factor": network.pop("search_area")}
    processing |= {"output_size": network["image_size"], "search_area_factor": network["search_area_factor"]}
    classifier = network["classifier"]
    processing |= {"kernel_size": classifier["filter_size"], "stride": 16}
    processing |= {"output_sigma_factor": classifier["output_sigma_factor"]}
    return {**values, "network": network, "processing": processing}
