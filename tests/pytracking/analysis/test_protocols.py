import dataclasses
import math

import pytest

from pytracking.analysis.protocols import PROTOCOLS, Protocol, exclude_unusable_frames, find_protocol


@pytest.mark.parametrize("protocol", PROTOCOLS.values(), ids=PROTOCOLS)
def test_every_protocol_is_complete(protocol: Protocol) -> None:
    assert protocol.source
    for thresholds in (protocol.overlap_thresholds, protocol.center_thresholds, protocol.normalized_thresholds):
        assert list(thresholds) == sorted(thresholds)
        assert thresholds[0] == 0
    assert math.isclose(protocol.overlap_thresholds[-1], 1.0)
    assert 20.0 in protocol.center_thresholds
    assert 0.2 in protocol.normalized_thresholds
    with pytest.raises(dataclasses.FrozenInstanceError):
        protocol.strict = False  # type: ignore[misc]


@pytest.mark.parametrize(
    ("name", "expected"),
    [("otb", "otb"), ("OTB-100", "otb"), ("uav123", "uav"), ("dtb", "dtb70"), ("dtb70", "dtb70"), ("GOT-10k", "got10k"),
     ("got10k_toolkit", "got10k_toolkit"), ("lasot_extension_subset", "lasot"), ("TrackingNet", "trackingnet")],
)  # fmt: skip
def test_data_sets_go_by_their_usual_names(name: str, expected: str) -> None:
    assert find_protocol(name).name == expected


def test_an_unknown_protocol_is_answered_with_the_list() -> None:
    with pytest.raises(ValueError, match=r"protocol 'otbb' is unknown; there are .*lasot, .*otb, .*uav"):
        find_protocol("otbb")


def test_excluding_frames_changes_only_the_divisor_rule() -> None:
    changed = exclude_unusable_frames(PROTOCOLS["uav"])
    assert changed.exclude_unusable
    assert dataclasses.replace(changed, name="uav", exclude_unusable=False) == PROTOCOLS["uav"]
    assert changed.name == "uav without unusable frames"
