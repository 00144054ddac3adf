import numpy as np
import pytest

from pytracking.utils.drawing import LOST_COLOUR, PALETTE, draw_target

BOX = (40.0, 50.0, 60.0, 40.0)


def drawn(box=BOX, target_id=0, state="tracking"):
    image = np.full((150, 200, 3), 90, np.uint8)
    draw_target(image, box, target_id, 0.5, state)
    return image


def pixels_of(image, colour):
    return int((image == np.array(colour, np.uint8)).all(axis=2).sum())


def test_state_decides_the_colour_and_the_outline():
    tracking, uncertain, lost = (drawn(state=s) for s in ("tracking", "uncertain", "lost"))
    assert tuple(tracking[70, 40]) == PALETTE[0]  # middle of the left edge
    assert tuple(uncertain[70, 40]) == (90, 90, 90)
    assert tuple(uncertain[50 + 4, 40]) == PALETTE[0]  # the corner
    assert pixels_of(lost, LOST_COLOUR) > 100
    assert pixels_of(lost, PALETTE[0]) == pixels_of(tracking, LOST_COLOUR) == 0


def test_targets_have_their_own_colours():
    assert pixels_of(drawn(target_id=1), PALETTE[1]) > 100
    assert pixels_of(drawn(target_id=len(PALETTE)), PALETTE[0]) > 100


@pytest.mark.parametrize("box", [(-50.0, -40.0, 90.0, 80.0), (190.0, 140.0, 90.0, 80.0), (500.0, 500.0, 5.0, 5.0)])
def test_the_label_stays_inside_the_picture(box):
    assert pixels_of(drawn(box), PALETTE[0]) > 100
