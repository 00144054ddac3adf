from collections.abc import Callable

import pytest

from pytracking.analysis.name_matching import match_names


@pytest.mark.parametrize(
    ("wanted", "available"),
    [
        ("Jogging-1", "Jogging.1"),
        ("Jogging-1", "jogging_1"),
        ("Jogging_1", "jogging1"),
        ("FaceOcc1", "faceocc1"),
        ("Human4_2", "Human4"),
        ("Human4-2", "human4.2"),
        ("bike1", "uav_bike1"),
        ("UAV_car16_2", "car16_2"),
        ("nfs_Gymnastics", "Gymnastics"),
    ],
)
def test_spellings_of_one_sequence_match(wanted: str, available: str) -> None:
    assert match_names([wanted], [available]) == {wanted: available}


@pytest.mark.parametrize("spell", [str, "uav_{}".format, lambda name: name.replace("_", "-").upper()])
def test_sequences_that_differ_only_in_punctuation_stay_apart(spell: Callable[[str], str]) -> None:
    names = ["car1_1", "car11", "person2_1", "person21", "uav1_1"]
    assert match_names(names, map(spell, names)) == {name: spell(name) for name in names}


def test_nothing_is_guessed_between_equal_candidates() -> None:
    assert match_names(["Jogging"], ["jogging", "JOGGING"]) == {}
    assert match_names(["a", "b"], ["b"]) == {"b": "b"}


def test_an_exact_name_is_never_given_away() -> None:
    assert match_names(["car1_1"], ["car11", "car1_1"]) == {"car1_1": "car1_1"}
