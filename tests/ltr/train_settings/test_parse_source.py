import pytest

from ltr.train_settings import load_settings
from ltr.train_settings.dimp.base import DataSource, DiMPTrainSettings
from ltr.train_settings.dimp.parse_source import parse_source, with_sources


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("video:mine", DataSource("video", "mine")),
        ("video:/disk/a,b:c", DataSource("video", "/disk/a,b:c")),
        ("coco:/disk/COCO,split=train2017,weight=0.5", DataSource("coco", "/disk/COCO", 0.5, "train2017")),
        ("trackingnet:tn,split=0-11", DataSource("trackingnet", "tn", split="0-11")),
        ("synthetic", DataSource("synthetic")),
        ("cut_paste:,weight=2", DataSource("cut_paste", weight=2.0)),
    ],
)
def test_sources_of_a_command_line(text: str, source: DataSource) -> None:
    assert parse_source(text) == source


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("mine", r"source 'mine': expected KIND:PATH\[,weight=W\]\[,split=S\], KIND one of lasot, got10k, .*synthetic"),
        ("video:mine,wieght=2", "'video:mine,wieght=2': expected .*, with weight and split once each"),
        ("video:mine,weight=2,weight=3", "once each"),
        ("video:mine,weight=two", "weight: expected a number, got 'two'"),
        ("video:mine,weight=nan", "source 'video:mine,weight=nan': weight: expected at least 0, got nan"),
        ("lasot:LaSOT", "source 'lasot:LaSOT': split: expected one of lasot"),
    ],
)
def test_other_forms_are_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_source(text)


def _named(name: str) -> DiMPTrainSettings:
    settings = load_settings("dimp", name)
    assert isinstance(settings, DiMPTrainSettings)
    return settings


def test_held_out_names_stay_with_their_videos() -> None:
    mobile = _named("dimp_ncep_mobile")
    assert with_sources(mobile) == mobile
    assert with_sources(mobile, ["video:mine"]).validation_sequences == ()
    assert with_sources(mobile, ["coco:mine"]).validation_sequences == ()
    more = with_sources(mobile, ["video:mine", "video:train_video"])
    assert more.validation_sequences == mobile.validation_sequences
    assert [source.path for source in more.sources] == ["mine", "train_video"]


def test_sources_of_validation() -> None:
    large = _named("dimp50")
    own = with_sources(large, validation=["video:held_out"])
    assert own.validation_sources == (DataSource("video", "held_out"),)
    assert own.sources == large.sources
    assert with_sources(large, validation=["none"]).validation_sources == ()
