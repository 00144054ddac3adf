import numpy as np
import pytest

from pytracking.analysis.comparison import Comparison, Difference, compare, difference_line
from pytracking.analysis.extract_results import TrackerScores
from pytracking.analysis.statistics import detectable_difference, holm, sign_flip_p


def tracker(name: str, auc: np.ndarray) -> TrackerScores:
    """With scores [s] or [runs, s]."""
    runs = np.atleast_2d(auc)
    sequences = runs.shape[1]
    return TrackerScores(name, np.full(sequences, 50), np.ones(sequences), {"auc": runs}, {}, None)


@pytest.fixture
def trackers() -> list[TrackerScores]:
    """Two that are alike, two runs of a worse one, and one that is worst, on 40 sequences."""
    rng = np.random.default_rng(0)
    level = rng.uniform(40, 80, 40)
    noise = rng.normal(0, 3, 40)
    alike = level + noise - noise.mean()
    worse = level - 6 + rng.normal(0, 3, (2, 40))
    return [tracker("worse", worse), tracker("a", level), tracker("worst", level - 25), tracker("b", alike + 0.2)]


def test_ties_share_a_rank(trackers: list[TrackerScores]) -> None:
    comparison = compare(trackers)
    assert comparison.ranks == {"a": 1, "b": 1, "worse": 3, "worst": 4}
    assert comparison.baseline == "b"


def test_differences_are_paired_and_signed(trackers: list[TrackerScores]) -> None:
    comparison = compare(trackers, "a")
    assert set(comparison.differences) == {"worse", "worst", "b"}
    worst = comparison.differences["worst"]
    assert worst.mean == pytest.approx(-25)
    assert worst.interval == pytest.approx((-25, -25))  # the same on every sequence, however these differ
    assert worst.detectable == pytest.approx(0, abs=1e-9)
    worse = comparison.differences["worse"]
    assert worse.interval is not None
    assert worse.mean == pytest.approx(-6, abs=1.5)
    assert worse.interval[0] < worse.mean < worse.interval[1] < 0
    assert worse.shown
    assert not comparison.differences["b"].shown


def test_p_is_corrected_for_all_pairs_where_the_data_chose_the_baseline(trackers: list[TrackerScores]) -> None:
    scores = {t.name: t.by_run["auc"].mean(axis=0) for t in trackers}
    names = list(scores)
    pairs = [(x, y) for i, x in enumerate(names) for y in names[i + 1 :]]
    p = sign_flip_p(np.array([scores[x] - scores[y] for x, y in pairs]), np.ones(40))
    best = compare(trackers).baseline
    of_all = dict(zip(pairs, holm(p), strict=True))
    found = {name: d.p for name, d in compare(trackers).differences.items()}
    assert found == {next(n for n in pair if n != best): q for pair, q in of_all.items() if best in pair}
    ours = [i for i, pair in enumerate(pairs) if "a" in pair]
    given = compare(trackers, "a")
    assert [d.p for d in given.differences.values()] == pytest.approx(holm(p[ours]))
    difference = scores["worse"] - scores["a"]
    assert given.differences["worse"].detectable == pytest.approx(detectable_difference(difference, np.ones(40), 3))
    assert given.ranks == compare(trackers).ranks


def test_few_sequences_have_no_interval() -> None:
    (difference,) = compare(
        [tracker("x", np.array([50.0, 60])), tracker("y", np.array([40.0, 55]))]
    ).differences.values()
    assert (difference.interval, difference.detectable, difference.sequences_missing) == (None, None, None)
    assert difference.p == 0.5  # of four signs, two are as extreme


@pytest.mark.parametrize("number", [2, 3, 8])
def test_so_few_sequences_can_show_no_difference(number: int) -> None:
    """However large it is; with one sequence more it is shown."""
    many = [tracker(str(i), np.linspace(50, 60, 20) - 10 * i) for i in range(number)]
    needed = next(iter(compare(many).differences.values())).sequences_needed
    for sequences in (needed - 1, needed):
        few = [tracker(t.name, t.by_run["auc"][:, :sequences]) for t in many]
        shown = [difference.shown for difference in compare(few).differences.values()]
        assert shown == [sequences == needed] * (number - 1)


def test_more_sequences_are_as_many_as_would_make_the_difference_detectable() -> None:
    difference = Difference(2.0, (-1.0, 5.0), 0.2, 4.0, 50)
    assert difference.sequences_missing == 150  # half the standard error: four times the sequences
    assert Difference(4.5, (0.0, 9.0), 0.06, 4.0, 50).sequences_missing == 1
    assert Difference(4.5, (1.0, 8.0), 0.01, 4.0, 50).sequences_missing == 0
    assert Difference(0.0, (-1.0, 1.0), 1.0, 4.0, 50).sequences_missing is None


@pytest.mark.parametrize(
    ("difference", "line"),
    [
        (Difference(2.0, (0.5, 3.5), 0.004, 1.9, 50), "AUC +2.00 [+0.50, +3.50], p 0.004, 50 sequences: better"),
        (Difference(-2.0, (-3.5, -0.5), 1e-4, 1.9, 50), "AUC -2.00 [-3.50, -0.50], p <0.001, 50 sequences: worse"),
        (
            Difference(2.0, (-1.0, 5.0), 0.2, 4.0, 50),
            "AUC +2.00 [-1.00, +5.00], p 0.20, 50 sequences: no difference shown; one of this size would take some 150 "
            "sequences more (80 % power)",
        ),
        (
            Difference(1.0, None, 0.5, None, 2),
            "AUC +1.00, p 0.50, 2 sequences: no difference shown: so few sequences can show none, 6 or more can",
        ),
        (
            Difference(0.0, (-1.0, 1.0), 1.0, 4.0, 50),
            "AUC +0.00 [-1.00, +1.00], p 1.00, 50 sequences: no difference shown",
        ),
    ],
)
def test_the_answer_in_one_line(difference: Difference, line: str) -> None:
    assert difference_line("new", Comparison("old", {"new": difference}, {})) == f"new - old: {line}"
