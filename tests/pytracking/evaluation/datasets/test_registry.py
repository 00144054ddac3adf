import json
import pickle
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest

from ltr.dataset.layouts import base as listing
from pytracking.analysis.name_matching import match_names
from pytracking.analysis.protocols import find_protocol
from pytracking.evaluation.datasets.environment import BENCHMARKS
from pytracking.evaluation.datasets.registry import DATASETS, get_dataset, list_dataset, select
from tests.fakes.benchmarks import EXPECTED, use_specs, write_benchmark
from tests.fakes.videos import numbers_of, write_sequence


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """Writes a tiny copy of a benchmark; returns the paths file that knows it."""
    specs = use_specs(tmp_path / "specs")
    monkeypatch.setattr(listing, "SPECS", specs)

    def write(name):
        write_benchmark(name, tmp_path / name)
        (tmp_path / "paths.toml").write_text(f'{DATASETS[name].name} = "{tmp_path / name}"')
        return tmp_path / "paths.toml"

    return write


@pytest.mark.parametrize("name", DATASETS)
def test_every_benchmark_is_read_in_its_official_layout(tiny, name):
    sequences = get_dataset(name, tiny(name))
    assert [s.name for s in sequences] == list(EXPECTED[name])
    for sequence in sequences:
        frames, boxes = EXPECTED[name][sequence.name]
        np.testing.assert_array_equal(sequence.ground_truth, boxes)
        assert numbers_of(pickle.loads(pickle.dumps(sequence)).open()) == frames
        assert sequence.length == len(frames)


@pytest.mark.parametrize("name", DATASETS)
def test_every_benchmark_has_a_place_in_the_paths_file_and_a_protocol(tiny, name):
    assert DATASETS[name].name in BENCHMARKS
    (tag,) = {s.dataset for s in get_dataset(name, tiny(name))}
    assert DATASETS[name].benchmarks.get(tag)
    if tag not in ("vot", "got10k_test"):  # VOT is scored by its own toolkit, GOT-10k's test set by its server
        assert find_protocol(tag)


@pytest.mark.parametrize("name", DATASETS)
def test_a_missing_root_names_the_key_to_write(tmp_path, name):
    (tmp_path / "paths.toml").write_text("")
    with pytest.raises(ValueError, match=f'write the line {DATASETS[name].name} = "FOLDER"'):
        get_dataset(name, tmp_path / "paths.toml")


def test_sequences_of_different_benchmarks_have_different_names():
    """So that one folder of results holds them all; OTB's subsets share theirs, which are the same sequences."""
    names = {"": [], "uav": [], "uav20l": [], "nfs": [], "dtb70": []}
    for prefix in names:
        for spec in [prefix] if prefix else ["otb", "lasot", "lasot_extension_subset", "trackingnet", "uavdt"]:
            names[prefix] += [f"{prefix}_{n}" if prefix else n for n in listing.read_specs(spec)]
    everything = [name.lower() for group in names.values() for name in group]
    assert len(everything) == len(set(everything))


def test_select_by_name_before_index(tmp_path):
    for name in ("x", "1", "y"):
        write_sequence(tmp_path, name, frames=1)
    sequences = get_dataset(f"folder:{tmp_path}")
    assert [s.name for s in sequences] == ["1", "x", "y"]
    assert [s.name for s in select(sequences, "1")] == ["1"]
    assert [s.name for s in select(sequences, "2")] == ["y"]
    assert select(sequences, None) == sequences
    for which in ("3", "z"):
        with pytest.raises(ValueError, match=f"no sequence '{which}': expected an index from 0 to 2 or one of 1, x, y"):
            select(sequences, which)


def test_unknown_names_list_what_there_is():
    with pytest.raises(ValueError, match="unknown data set 'otb51'; there are folder:DIR, csv:FILE, demo, otb, otb50"):
        get_dataset("otb51")


def test_all_that_cannot_be_read_is_listed_at_once(tiny, tmp_path):
    paths = tiny("otb")
    (tmp_path / "otb" / "David" / "groundtruth_rect.txt").write_text("1,2,3,4\n")
    with pytest.raises(ValueError, match=r"^.*groundtruth_rect\.txt: 1 boxes, while 3 are published$"):
        get_dataset("otb", paths)
    (tmp_path / "otb" / "Human4" / "groundtruth_rect.2.txt").unlink()
    with pytest.raises(ValueError, match=r"2 of 2 sequences of otb cannot be read:\n  .*: 1 boxes.*\n  .*no such file"):
        get_dataset("otb", paths)
    (tmp_path / "folder").mkdir()
    for i in range(12):
        write_sequence(tmp_path / "folder", f"s{i}", frames=1, truth="no box")
    with pytest.raises(ValueError, match=r"12 of 12 sequences of folder:.*(\n  .*){10}\n  \.\.\. and 2 more$"):
        get_dataset(f"folder:{tmp_path / 'folder'}")


def test_listing_reads_no_sequence(tiny, tmp_path):
    paths = tiny("otb")
    (tmp_path / "otb" / "David" / "groundtruth_rect.txt").write_text("rubbish")
    loaders = list_dataset("otb", paths)
    assert list(loaders) == ["David", "Human4_2"]
    assert loaders["Human4_2"]().name == "Human4_2"


def test_reading_a_data_set_loads_no_torch(tmp_path):
    write_sequence(tmp_path, "a", frames=1)
    (tmp_path / "a" / "img" / "0001.png").write_bytes(b"unreadable")  # and touches no image
    code = (
        "import sys; from pytracking.evaluation.datasets.registry import get_dataset;"
        f"assert len(get_dataset('folder:{tmp_path}')) == 1; assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_layouts_and_analysis_load_no_torch():
    code = (
        "import importlib, pkgutil, sys; from pathlib import Path; import pytracking.analysis as analysis;"
        "from ltr.dataset.layouts import LAYOUTS; assert len(LAYOUTS['lasot'].sequences(Path('x'), 'test')) == 280;"
        "[importlib.import_module(f'pytracking.analysis.{module.name}') for module in"
        " pkgutil.iter_modules(analysis.__path__)];"
        "import pytracking.run_analysis; assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_published_lists_have_the_known_sizes():
    """Counts of the benchmarks' papers and toolkits."""
    sizes = {
        "otb": 100, "otb50": 50, "otb2013": 51, "uav": 123, "uav20l": 20, "nfs": 100, "lasot": 280,
        "lasot_extension_subset": 150, "trackingnet": 511, "dtb70": 70, "uavdt": 50,
    }  # fmt: skip
    specs = {name: listing.read_specs(name) for name in sizes}
    assert {name: len(found) for name, found in specs.items()} == sizes
    frames = {name: sum(s.frames for s in specs[name].values()) for name in ("uav", "uav20l", "lasot", "uavdt")}
    assert frames == {"uav": 112578, "uav20l": 58670, "lasot": 685360, "uavdt": 37084}
    assert specs["otb"]["David"] == listing.SequenceSpec(frames=471, first=300)
    assert specs["otb"]["Tiger1"] == listing.SequenceSpec(frames=354, skip=5)
    assert specs["uav"]["uav1_3"] == listing.SequenceSpec(frames=997, folder="uav1", first=2473)


def test_row_counts_are_those_of_the_published_annotations(shared):
    boxes = {"otb": {}, "uav": {}, "lasot": {}, "dtb70": {}}
    folders = {"OTB100": "otb", "UAV123": "uav", "LaSOT": "lasot", "DTB70": "dtb70"}
    with tarfile.open(shared / "data" / "eval_reference.tar.xz") as archive:
        for member in archive:
            path = Path(member.name)
            if member.isfile() and path.parent.name == "gt":
                boxes[folders[path.parts[-3]]][path.stem] = archive.extractfile(member).read().split()
    for name, found in boxes.items():
        listed = listing.read_specs(name)
        matched = match_names(listed, found)
        assert len(matched) == len(listed) == len(found)
        for sequence, spec in listed.items():
            numbers = b",".join(found[matched[sequence]]).split(b",")
            assert len(numbers) == 4 * spec.frames


def test_published_lists_agree_with_the_got10k_package():
    package = pytest.importorskip("got10k.datasets", reason="needs the package got10k", exc_type=ImportError)
    folder = Path(package.__file__).parent
    uav = json.loads((folder / "uav123.json").read_text())
    for name, key in (("uav", "UAV123"), ("uav20l", "UAV20L")):
        ours = {n: (s.folder or n, s.first, s.first + s.frames - 1) for n, s in listing.read_specs(name).items()}
        assert ours == {n: (v["folder_name"], v["start_frame"], v["end_frame"]) for n, v in uav[key].items()}
    lasot = json.loads((folder / "lasot.json").read_text())["test"]
    assert set(listing.read_specs("lasot")) == set(lasot)


@pytest.mark.parametrize("file", sorted(listing.SPECS.glob("*_attributes.json")), ids=lambda path: path.stem)
def test_attributes_cover_their_list(file):
    dataset = file.stem.removesuffix("_attributes")
    attributes = json.loads(file.read_text())
    assert set(attributes) == set(listing.read_specs(dataset))
    assert all(re.fullmatch("[A-Z]{2,3}", a) for values in attributes.values() for a in values)
    prefixed = [f"{dataset}_{name}" for name in attributes]
    assert match_names(prefixed, attributes) == dict(zip(prefixed, attributes, strict=True))


PUBLISHED_ATTRIBUTES = {  # sequences with each, as success plots count them
    "uav": {
        "SV": 109, "ARC": 68, "LR": 48, "FM": 28, "FOC": 33, "POC": 73, "OV": 30, "BC": 21, "IV": 31, "VC": 60,
        "CM": 70, "SOB": 39,
    },
    "lasot": {
        "IV": 47, "POC": 187, "DEF": 142, "MB": 89, "CM": 86, "ROT": 175, "BC": 100, "VC": 33, "SV": 273, "FOC": 118,
        "FM": 53, "OV": 104, "LR": 141, "ARC": 249,
    },
}  # fmt: skip


@pytest.mark.parametrize("dataset", PUBLISHED_ATTRIBUTES)
def test_attributes_are_as_many_as_published(dataset):
    attributes = json.loads((listing.SPECS / f"{dataset}_attributes.json").read_text()).values()
    published = PUBLISHED_ATTRIBUTES[dataset]
    assert {name: sum(name in values for values in attributes) for name in published} == published


def test_real_sequences_have_as_many_frames_as_boxes(shared):
    sequences = get_dataset(f"folder:{shared / 'data' / 'dev_sequences'}")
    assert len(sequences) == 38
    for sequence in sequences:
        assert sequence.open().length == len(sequence.ground_truth)
