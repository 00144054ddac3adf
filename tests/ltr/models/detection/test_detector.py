from dataclasses import replace
from pathlib import Path

import pytest
import torch
import torchvision
from torchvision.models.detection import fasterrcnn_resnet50_fpn

from ltr.data.bounding_box_utils import box_to_corners
from ltr.models.detection.detector import BOX_LEVELS, BOX_STRIDES, PYRAMID_CHANNELS, build_detector
from ltr.models.detection.frozen import FrozenDetector, load_detector
from ltr.models.detection.prediction import suppress
from ltr.models.detection.settings import DetectorSettings, PredictionSettings
from ltr.models.weights import save_weights
from ltr.sampling.detection_batch import BoxSet

MOBILE = DetectorSettings("mobile", 4, 128, 128, 48.0, score_threshold=0.05, max_candidates=500)
RESNET = DetectorSettings(num_classes=5, min_size=96, max_size=160, max_candidates=500)
IMAGE = torch.rand(3, 120, 160, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("settings", [MOBILE, RESNET], ids=["mobile", "resnet50"])
def test_maps_have_the_strides_that_are_promised(settings: DetectorSettings) -> None:
    torch.manual_seed(0)
    output = FrozenDetector(build_detector(settings), settings)(IMAGE)
    height, width = output.scale[1] * 120, output.scale[0] * 160
    assert max(height, width) in (128, 160, 127)
    padded = [32 * -(-int(side) // 32) for side in (height, width)]
    assert len(output.maps) == len(BOX_LEVELS[settings.kind])
    for level, stride in zip(output.maps, BOX_STRIDES[settings.kind], strict=True):
        assert level.shape == (PYRAMID_CHANNELS[settings.kind], *(side // stride for side in padded))
    assert len(output.boxes) == len(output.labels) == len(output.scores)


def test_suppressed_by_score_they_are_the_detections_of_torchvision() -> None:
    torch.manual_seed(0)
    detector = build_detector(MOBILE)
    torch.nn.init.normal_(detector.roi_heads.box_predictor.bbox_pred.weight, std=0.1)
    output = FrozenDetector(detector, MOBILE)(IMAGE)
    found = suppress(
        BoxSet(output.boxes, output.labels, output.scores, torch.zeros_like(output.labels)),
        output.scores,
        PredictionSettings(max_detections=20),
    )
    detector.roi_heads.nms_thresh, detector.roi_heads.detections_per_img = 0.5, 20
    (expected,) = detector([IMAGE])
    assert len(output.boxes) > len(found) == 20
    corners = box_to_corners(found.boxes / output.scale.repeat(2))
    torch.testing.assert_close(corners, expected["boxes"], atol=1e-3, rtol=1e-4)
    assert torch.equal(found.labels, expected["labels"])
    torch.testing.assert_close(found.scores, expected["scores"])


def test_the_large_one_takes_torchvision_weights(tmp_path: Path) -> None:
    theirs = fasterrcnn_resnet50_fpn(weights=None, weights_backbone=None, num_classes=5)
    torch.save(theirs.state_dict(), tmp_path / "theirs.pth")
    loaded = load_detector(RESNET, tmp_path / "theirs.pth").detector.state_dict()
    assert all(torch.equal(value, loaded[name]) for name, value in theirs.state_dict().items())


def test_weights_of_the_small_one_travel_by_safetensors(tmp_path: Path) -> None:
    detector = build_detector(MOBILE)
    save_weights(detector.state_dict(), tmp_path / "mine.safetensors")
    loaded = load_detector(MOBILE, tmp_path / "mine.safetensors")
    assert loaded.key == FrozenDetector(detector, MOBILE).key
    assert loaded.key != FrozenDetector(build_detector(MOBILE), MOBILE).key
    assert loaded.key != FrozenDetector(detector, replace(MOBILE, min_size=96)).key
    assert not any(p.requires_grad for p in loaded.detector.parameters())


def test_bad_weights_are_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FileNotFoundError, match=r"^weights: detector file .*nowhere\.pth is missing$"):
        load_detector(RESNET, tmp_path / "nowhere.pth")
    for name in ("broken.pth", "broken.safetensors"):
        (tmp_path / name).write_bytes(b"no weights at all")
        with pytest.raises(ValueError, match=rf"^weights: .*{name} is not a file of detector weights"):
            load_detector(RESNET, tmp_path / name)
    torch.save({"fc": torch.zeros(2)}, tmp_path / "other.pth")
    with pytest.raises(ValueError, match=r"other\.pth: does not fit the network: missing "):
        load_detector(RESNET, tmp_path / "other.pth")
    with pytest.raises(ValueError, match="weights: expected the file of a trained mobile detector, got none"):
        load_detector(MOBILE, None)

    def offline(*_: object, **__: object) -> None:
        raise OSError("no route to host")

    monkeypatch.setattr(torchvision.models._api, "load_state_dict_from_url", offline)
    with pytest.raises(FileNotFoundError, match=r"no route to host.*get https://.*pth elsewhere and name the file"):
        load_detector(DetectorSettings(), None)


def test_bad_settings_are_named() -> None:
    with pytest.raises(ValueError, match=r"num_classes: expected at least 2, got 1; min_size: expected"):
        build_detector(DetectorSettings(num_classes=1, min_size=8))
    with pytest.raises(ValueError, match=r"kind: expected one of resnet50, mobile, got 'yolo'"):
        build_detector(DetectorSettings("yolo"))  # type: ignore[arg-type]
