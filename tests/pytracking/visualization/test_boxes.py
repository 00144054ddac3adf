import numpy as np
import pytest

from pytracking import TrackOutput
from pytracking.tracker.base.output import Candidate
from pytracking.visualization.boxes import LOST_COLOR, PALETTE, Overlay, draw_target

BOX = (40.0, 50.0, 60.0, 40.0)


def drawn(box=BOX, target_id=0, state="tracking"):
    image = np.full((150, 200, 3), 90, np.uint8)
    draw_target(image, box, target_id, 0.5, state)
    return image


def pixels_of(image, color):
    return int((image == np.array(color, np.uint8)).all(axis=2).sum())


def test_state_decides_the_color_and_the_outline():
    tracking, uncertain, lost = (drawn(state=s) for s in ("tracking", "uncertain", "lost"))
    assert tuple(tracking[70, 40]) == PALETTE[0]  # middle of the left edge
    assert tuple(uncertain[70, 40]) == (90, 90, 90)
    assert tuple(uncertain[50 + 4, 40]) == PALETTE[0]  # the corner
    assert pixels_of(lost, LOST_COLOR) > 100
    assert pixels_of(lost, PALETTE[0]) == pixels_of(tracking, LOST_COLOR) == 0


def test_targets_have_their_own_colors():
    assert pixels_of(drawn(target_id=1), PALETTE[1]) > 100
    assert pixels_of(drawn(target_id=len(PALETTE)), PALETTE[0]) > 100


@pytest.mark.parametrize("box", [(-50.0, -40.0, 90.0, 80.0), (190.0, 140.0, 90.0, 80.0), (500.0, 500.0, 5.0, 5.0)])
def test_the_label_stays_inside_the_picture(box):
    assert pixels_of(drawn(box), PALETTE[0]) > 100


def moving(steps, state="tracking", **options):
    """The last of ``steps`` pictures of a target that moves right by 10 px a frame."""
    overlay, image = Overlay(**options), np.full((150, 200, 3), 90, np.uint8)
    for i in range(steps):
        picture = overlay.draw(image, {1: TrackOutput((10.0 + 10 * i, 50.0, 30.0, 40.0), 0.5, state)})
    assert (image == 90).all()
    return picture


def test_overlay_draws_every_target_as_draw_target_does():
    assert (moving(1) == drawn((10.0, 50.0, 30.0, 40.0), 1)).all()
    assert (moving(9) == drawn((90.0, 50.0, 30.0, 40.0), 1)).all()  # no trail is asked for


def test_trail_is_where_the_centre_was_for_so_many_frames():
    picture = moving(9, trail=5)  # centres at x = 65, 75, ..., 105
    on_the_way = (picture[70] != 90).any(axis=1)
    assert on_the_way[66:86].all()  # to the box, which is small enough to be hidden by it
    assert not on_the_way[:62].any()
    assert not (moving(9, "lost", trail=5)[70] != 90).any(axis=1)[:85].any()  # nobody knows where it was


def test_scale_is_that_of_picture_and_boxes():
    half = moving(1, scale=0.5)
    assert half.shape == (75, 100, 3)
    assert tuple(half[35, 5]) == PALETTE[1]  # the left edge
    assert moving(1, scale=2).shape == (300, 400, 3)


@pytest.mark.parametrize(
    ("size", "box"), [((1080, 1920), (900, 500, 12, 12)), ((48, 64), (30, 24, 6, 6)), ((480, 640), (300, 0, 10, 9))]
)
@pytest.mark.parametrize("state", ["tracking", "uncertain", "lost"])
def test_small_targets_are_seen(size, box, state):
    image = np.full((*size, 3), 90, np.uint8)
    x, y, w, h = box
    image[y : y + h, x : x + w] = 255
    overlay = Overlay(trail=9)
    for i in (4, 3, 2, 1, 0):
        picture = overlay.draw(image, {0: TrackOutput((x - i, y, w, h), 0.5, "tracking" if i else state)})
    assert (picture[y : y + h, x : x + w] == 255).mean() > 0.9
    assert (picture != image).any()


def test_the_band_covers_the_edges_where_the_box_is_unsure():
    image, color = np.full((200, 300, 3), 90, np.uint8), np.array(PALETTE[0])
    sure = TrackOutput((100.0, 60.0, 80.0, 60.0), 0.5, "tracking")
    unsure = TrackOutput(sure.box, 0.5, "tracking", (10.0, 5.0, 0.0, 0.0))
    plain, banded = (Overlay(band=band, labels=False).draw(image, {0: unsure}) for band in (False, True))
    assert (Overlay(band=True, labels=False).draw(image, {0: sure}) == plain).all()
    changed = (plain != banded).any(axis=2)
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    reach_x, reach_y = round(1.36 * 10), round(1.36 * 5)
    assert (columns[0], columns[-1] + 1, rows[0], rows[-1] + 1) == pytest.approx(
        (100 - reach_x, 180 + reach_x, 60 - reach_y, 120 + reach_y), abs=1
    )
    assert not changed[60 + reach_y + 1 : 120 - reach_y - 1, 100 + reach_x + 1 : 180 - reach_x - 1].any()
    assert banded[90, 90] == pytest.approx(0.75 * 90 + 0.25 * color, abs=1)


def test_candidates_are_outlined_faintly():
    image = np.full((120, 200, 3), 90, np.uint8)
    other = Candidate(1, (100.0, 40.0, 40.0, 40.0), 0.3)
    output = {0: TrackOutput((20.0, 40.0, 40.0, 40.0), 0.5, "tracking", None, (other,))}
    plain, outlined = (Overlay(candidates=shown, labels=False).draw(image, output) for shown in (False, True))
    changed = (plain != outlined).any(axis=2)
    rows, columns = np.nonzero(changed)
    assert (columns.min(), columns.max() + 1, rows.min(), rows.max() + 1) == pytest.approx((100, 140, 40, 80), abs=2)
    assert not changed[45:75, 105:135].any()
    assert np.abs(outlined[changed].astype(int) - plain[changed]).max() < 60


def test_the_band_of_a_target_at_the_border_stays_in_the_picture():
    image = np.full((60, 80, 3), 90, np.uint8)
    output = {0: TrackOutput((-30.0, -20.0, 200.0, 25.0), 0.5, "tracking", (400.0, 3.0, 1.0, 1.0))}
    assert Overlay(band=True).draw(image, output).shape == image.shape


def test_the_trail_has_a_gap_where_the_target_was_lost():
    overlay, image = Overlay(trail=30), np.full((150, 400, 3), 90, np.uint8)
    for i in range(30):
        state = "lost" if 10 <= i < 20 else "tracking"
        picture = overlay.draw(image, {0: TrackOutput((10.0 + 10 * i, 50.0, 30.0, 40.0), 0.5, state)})
    on_the_way = (picture[70] != 90).any(axis=1)
    assert on_the_way[30:110].all()
    assert not on_the_way[120:220].any()
    assert on_the_way[230:290].all()


def test_a_trail_ends_where_the_frames_change_their_size():
    overlay = Overlay(trail=9)
    overlay.draw(np.zeros((100, 100, 3), np.uint8), {0: TrackOutput((0.0, 0.0, 20.0, 20.0), 1.0, "tracking")})
    other = np.zeros((300, 300, 3), np.uint8)
    output = {0: TrackOutput((200.0, 200.0, 60.0, 60.0), 1.0, "tracking")}
    assert (overlay.draw(other, output) == Overlay(trail=9).draw(other, output)).all()


def test_line_width_and_labels_are_as_asked_for():
    image = np.full((480, 640, 3), 90, np.uint8)
    output = {0: TrackOutput((100.0, 100.0, 200.0, 200.0), 0.5, "tracking")}
    bare = Overlay(line_width=5, labels=False).draw(image, output)
    assert int((bare[200, 50:150] == PALETTE[0]).all(axis=1).sum()) == 5
    assert (bare[:95] == 90).all()
    assert (Overlay(line_width=5).draw(image, output)[:95] != 90).any()


@pytest.mark.parametrize(
    ("options", "message"),
    [({"scale": 0}, "scale: expected"), ({"trail": -1}, "trail: expected"), ({"line_width": 0}, "line width: ")],
)
def test_bad_overlays(options, message):
    with pytest.raises(ValueError, match=message):
        Overlay(**options)


def test_the_trail_has_a_gap_where_the_target_was_learned_anew():
    def last(begun):
        overlay, image = Overlay(trail=9), np.full((150, 200, 3), 90, np.uint8)
        overlay.draw(image, {0: TrackOutput((10.0, 20.0, 10.0, 10.0), 0.5, "tracking")})
        return overlay.draw(image, {0: TrackOutput((150.0, 20.0, 40.0, 40.0), 1.0, "tracking")}, begun)

    assert (last(())[:, 80:100] != 90).any()
    assert (last({0})[:, 80:100] == 90).all()


def test_nothing_of_other_targets_hides_a_small_one():
    """Neither labels nor lines nor trails, wherever they are; its own lines lie outside of it."""
    image = np.random.default_rng(0).integers(0, 255, (240, 320, 3)).astype(np.uint8)
    small = (100, 100, 9, 8)
    for other in [(96, 108, 60, 50), (60, 60, 44, 60), (104, 80, 9, 9), (101, 112, 7, 7)]:
        overlay = Overlay(trail=30)
        for step in range(-40, 41, 8):  # the other passes
            targets = {0: _at(small), 1: _at((other[0] + step, other[1], *other[2:]))}
            picture = overlay.draw(image, targets)
            assert (picture[100:108, 100:109] == image[100:108, 100:109]).all()
            assert (picture[97:99, 100:109] != image[97:99, 100:109]).any()  # its line is there


def _at(box):
    return TrackOutput(tuple(map(float, box)), 0.9, "tracking")
