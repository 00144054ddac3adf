import pytest

from ltr.trainers.progress import Progress


def test_steps_count_through_the_epochs() -> None:
    progress = Progress()
    progress.step = 3
    assert progress.total_steps(10) == 3
    progress.finish_epoch()
    progress.step = 4
    assert (progress.epoch, progress.total_steps(10)) == (1, 14)
    later = Progress()
    later.load_state_dict(progress.state_dict())
    assert (later.epoch, later.step) == (1, 4)


@pytest.mark.parametrize(
    ("best_by", "expected"),
    [("score", [True, False, True, False]), ("-score", [True, True, False, False]), ("", [False] * 4)],
)
def test_the_best_is_the_highest_or_the_lowest(best_by: str, expected: list[bool]) -> None:
    progress = Progress(best_by)
    assert [progress.improves({"score": value}) for value in (2.0, 1.0, 3.0, 3.0)] == expected
    later = Progress(best_by)
    later.load_state_dict(progress.state_dict())
    assert not later.improves({"score": 2.0})


def test_a_number_that_is_not_one_is_never_best() -> None:
    progress = Progress("score")
    assert not progress.improves({"score": float("nan")})
    assert progress.improves({"score": 1.0})
    assert not progress.improves({"score": float("nan")})
    assert progress.best == 1.0
