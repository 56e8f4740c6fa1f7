"""Files that are broken, lie about themselves or lead elsewhere: each ends in one clear error, and takes no memory."""

import io
import os
import shutil
import struct
import tracemalloc
import zlib

import numpy as np
import pytest

from benchmarks import lab_files, lab_trial_data
from reach_gym.recording import RecordingError, read_nwb, read_pyaldata, record, write_nwb

h5py = pytest.importorskip("h5py")
pytest.importorskip("pynwb")

HAND, TIMES, TRIALS = "processing/behavior/hand_pos", "processing/behavior/cursor_pos/timestamps", "intervals/trials"
MOST = 64 * 2**20  # bytes that a refusal may take


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """Files that are read, of which the broken ones are made."""
    folder = tmp_path_factory.mktemp("good")
    lab_files.mc_maze(folder / "maze.nwb", 8, 3, traps=False)
    lab_files.own_layout(folder / "map.nwb", 8)
    write_nwb(record("naive", "reach_gym/CursorReach-v0", 3, observe=False), folder / "own.nwb")
    rows = lab_trial_data.structs(9)[1]
    lab_trial_data.version_5(folder / "v5.mat", rows)
    lab_trial_data.version_5(folder / "plain.mat", rows, packed=False)
    lab_trial_data.version_73(folder / "v73.mat", rows)
    assert len(read_nwb(folder / "maze.nwb").recording) == 8 and len(read_nwb(folder / "own.nwb").recording) == 3
    assert all(len(read_pyaldata(folder / name, distance=0.08).recording) == 6 for name in ("v5.mat", "plain.mat", "v73.mat"))
    return folder


def put(name, data=None, attrs=None, **how):
    """Replaces a dataset; its attributes are kept."""

    def change(tree):
        old = dict(tree[name].attrs) if name in tree else {}
        if name in tree:
            del tree[name]
        made = tree.create_dataset(name, data=data, **how)
        for key, value in {**old, **(attrs or {})}.items():
            made.attrs[key] = value

    return change


def turn(name, change):
    """Replaces the numbers of a dataset by what `change` makes of them."""
    return lambda tree: put(name, change(tree[name][()]))(tree)


def drop(*names):
    def change(tree):
        for name in names:
            del tree[name]

    return change


def link(name, to):
    def change(tree):
        del tree[name]
        tree[name] = to

    return change


def virtual(tree):
    layout = h5py.VirtualLayout((10, 2), float)
    layout[:] = h5py.VirtualSource("/etc/hostname", "x", (10, 2))
    del tree[f"{HAND}/data"]
    tree.create_virtual_dataset(f"{HAND}/data", layout)


def bomb(tree):
    """A chunk of 8 KiB that unpacks to 320 MiB."""
    del tree[f"{HAND}/data"]
    made = tree.create_dataset(f"{HAND}/data", (512, 2), float, chunks=(512, 2), compression="gzip")
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(bytes(2**20)) for _ in range(320)) + packer.flush()
    made.id.write_direct_chunk((0, 0), packed)


def plugin(tree):
    """An array that is packed by a filter which is no part of HDF5."""
    del tree[f"{HAND}/data"]
    plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plan.set_chunk((5, 2))
    plan.set_filter(32004, h5py.h5z.FLAG_OPTIONAL, ())
    h5py.h5d.create(tree[HAND].id, b"data", h5py.h5t.IEEE_F64LE, h5py.h5s.create_simple((5, 2)), plan)


def nothing(tree):
    del tree[f"{HAND}/data"]
    tree.create_dataset(f"{HAND}/data", data=h5py.Empty(float))


RAGGED = h5py.vlen_dtype(np.int64) if h5py else None
TREES = {
    "no trials": (drop(TRIALS), "no layout"),
    "no start": (drop(f"{TRIALS}/start_time"), "lacks intervals/trials/start_time"),
    "no cue": (drop(f"{TRIALS}/go_cue_time"), "lacks intervals/trials/go_cue_time"),
    "no hand": (drop(HAND), "lacks processing/behavior/hand_pos"),
    "no behaviour": (drop("processing"), "holds no behaviour"),
    "no row": (put(f"{TRIALS}/start_time", np.zeros(0)), "of 1 to 100000 trials"),
    "a row too few": (turn(f"{TRIALS}/go_cue_time", lambda v: v[:-1]), "'go_cue_time' must have 8 rows"),
    "texts for cues": (put(f"{TRIALS}/go_cue_time", ["soon"] * 8), "must be numbers"),
    "two times a trial": (turn(f"{TRIALS}/stop_time", lambda v: np.stack([v, v], 1)), "one time for each trial"),
    "no cue at all": (turn(f"{TRIALS}/go_cue_time", lambda v: v * np.nan), "no trial is left.*no go cue"),
    "no number at all": (turn(f"{HAND}/data", lambda v: v * np.nan), "no number that is finite"),
    "trials in ms": (lambda tree: [turn(f"{TRIALS}/{n}", lambda v: 1000 * v)(tree) for n in ("start_time", "stop_time", "go_cue_time", "target_on_time")], "no trial is left.*has times from"),
    "samples in ms": (turn(TIMES, lambda v: 1000 * v), "are its times in s"),
    "micrometres": (lambda tree: [turn(f"processing/behavior/{n}/data", lambda v: 1000 * v)(tree) for n in ("hand_pos", "cursor_pos", "hand_vel")] + [turn(f"{TRIALS}/target_pos", lambda v: 1000.0 * v)(tree)], "name the `unit`"),
    "a conversion that is none": (lambda tree: tree[f"{HAND}/data"].attrs.modify("conversion", np.nan), "conversion"),
    "an offset": (lambda tree: tree[f"{HAND}/data"].attrs.modify("offset", 3.0), "offset"),
    "times backwards": (turn(TIMES, lambda v: v[::-1]), "finite and increasing"),
    "times that are none": (turn(TIMES, lambda v: np.where(v > 3, np.nan, v)), "finite and increasing"),
    "a time too few": (turn(TIMES, lambda v: v[:-1]), "samples, but"),
    "no times": (drop(TIMES, f"{HAND}/timestamps"), "neither timestamps nor a starting time"),
    "another file's hand": (link(HAND, h5py.ExternalLink("/etc/hostname", "/x")), "leads out of the file"),
    "another file's trials": (link(TRIALS, h5py.ExternalLink("other.h5", "/")), "leads out of the file"),
    "another file's times": (link(TIMES, h5py.ExternalLink("maze.nwb", TIMES)), "leads out of the file"),
    "virtual samples": (virtual, "lies in another file"),
    "samples in another file": (put(f"{HAND}/data", None, shape=(10, 2), dtype=float, external=[("/etc/hostname", 0, 160)]), "lies in another file"),
    "a link to itself": (link(HAND, h5py.SoftLink(f"/{HAND}")), "round in circles"),
    "a circle of links": (lambda tree: (link(HAND, h5py.SoftLink("/a"))(tree), tree.__setitem__("a", h5py.SoftLink("/b")), tree.__setitem__("b", h5py.SoftLink("/a"))), "round in circles"),
    "a link to nowhere": (link(HAND, h5py.SoftLink("/nowhere")), "lacks processing/behavior/hand_pos"),
    "billions of samples": (put(f"{HAND}/data", None, shape=(2**40, 2), dtype=float, chunks=(1024, 2)), "promises"),
    "billions of trials": (put(f"{TRIALS}/start_time", None, shape=(2**40,), dtype=float, chunks=(1024,)), "of 1 to 100000 trials"),
    "billions of spikes": (put("units/spike_times", None, shape=(2**40,), dtype=float, chunks=(1024,)), "promises"),
    "billions of units": (put("units/id", None, shape=(2**40,), dtype=int, chunks=(1024,)), "1 to 100000 units"),
    "a gigabyte of zeros": (lambda tree: put(f"{HAND}/data", None, shape=(2**26, 2), dtype=float, chunks=(2**16, 2), compression="gzip", fillvalue=0)(tree), "promises"),
    "a chunk that unpacks to more": (bomb, "unpacks to more"),
    "one chunk for all": (put(f"{HAND}/data", None, shape=(10, 2), dtype=float, maxshape=(None, 2), chunks=(2**27, 2)), "chunks of"),
    "a plug-in's filter": (plugin, "filter 32004"),
    "objects": (put(f"{TRIALS}/go_cue_time", None, shape=(8,), dtype=h5py.opaque_dtype(np.dtype("V16"))), "must be numbers"),
    "pairs": (put(f"{TRIALS}/go_cue_time", np.zeros(8, [("a", float), ("b", float)])), "must be numbers"),
    "lists": (put(f"{TRIALS}/go_cue_time", None, shape=(8,), dtype=RAGGED), "must be numbers"),
    "references": (put(f"{TRIALS}/go_cue_time", None, shape=(8,), dtype=h5py.ref_dtype), "must be numbers"),
    "complex numbers": (turn(f"{HAND}/data", lambda v: v * 1j), "must be numbers"),
    "long doubles": (turn(f"{HAND}/data", lambda v: v.astype(np.longdouble)), "must be numbers"),
    "no dataspace": (nothing, "is no array"),
    "a group for samples": (lambda tree: (drop(f"{HAND}/data")(tree), tree.create_group(f"{HAND}/data")), "is missing"),
    "one axis": (turn(f"{HAND}/data", lambda v: v[:, 0]), "samples, 2 or more"),
    "no axis": (put(f"{HAND}/data", 1.0), "samples, 2 or more"),
    "an index beyond the end": (turn(f"{TRIALS}/target_pos_index", lambda v: v + 1), "must rise to"),
    "an index that falls": (turn(f"{TRIALS}/target_pos_index", lambda v: v[::-1]), "must rise to"),
    "an index too short": (turn(f"{TRIALS}/target_pos_index", lambda v: v[:-1]), "must rise to"),
    "targets that are not there": (turn(f"{TRIALS}/active_target", lambda v: v + 9), "no trial is left.*no target"),
    "targets in space": (turn(f"{TRIALS}/target_pos", lambda v: np.concatenate([v, v[:, :1]], 1)), r"\(rows, 2\)"),
    "targets at the start": (turn(f"{TRIALS}/target_pos", lambda v: 0 * v), "name the `unit`"),
    "spikes that are none": (turn("units/spike_times", lambda v: v * np.nan), "must be finite"),
    "observed by triples": (turn("units/obs_intervals", lambda v: np.concatenate([v, v[:, :1]], 1)), "pairs of finite times"),
    "never observed": (turn("units/obs_intervals", lambda v: v + 1e6), "no trial is left.*no unit was observed"),
}  # fmt: skip


@pytest.mark.parametrize("how", TREES)
def test_no_file_of_a_laboratory_ends_otherwise(good, tmp_path, how):
    change, message = TREES[how]
    path = tmp_path / "a.nwb"
    shutil.copy(good / "maze.nwb", path)
    with h5py.File(path, "a") as tree:
        change(tree)
    refused(read_nwb, path, message, layout="mc_maze")


def refused(read, path, message, **how):
    """One `RecordingError`, of one line, that names the file; and little memory."""
    tracemalloc.start()
    try:
        with pytest.raises(RecordingError, match=message) as caught:
            read(path, **how)
        assert tracemalloc.get_traced_memory()[1] < MOST
    finally:
        tracemalloc.stop()
    text = str(caught.value)
    assert "\n" not in text and str(path)[:20] in text and len(text) < 1500


OWN = {
    "no metadata": (drop("general/notes"), "not written by this package"),
    "broken metadata": (put("general/notes", '{"format": "reach_gym recording"'), "no plain JSON"),
    "another version": (put("general/notes", '{"format": "reach_gym recording", "version": 99}'), "version 99"),
    "a sample too few": (turn("processing/behavior/Position/hand/data", lambda v: v[:-1]), "must have"),
    "a step too many": (turn(f"{TRIALS}/steps", lambda v: v + 1), "must have"),
    "no steps": (turn(f"{TRIALS}/steps", lambda v: 0 * v), "at least 1"),
    "no cue": (drop(f"{TRIALS}/go_cue_state"), "`go` is missing"),
    "NaN in a trial": (turn("processing/behavior/Position/hand/data", lambda v: v * np.nan), "finite"),
    "single precision": (turn("processing/behavior/BehavioralTimeSeries/velocity/data", lambda v: v.astype(np.float32)), "float64"),
    "billions of steps": (turn(f"{TRIALS}/steps", lambda v: v + 2**40), "steps, together more"),
}  # fmt: skip


@pytest.mark.parametrize("how", OWN)
def test_no_file_of_ours_ends_otherwise(good, tmp_path, how):
    change, message = OWN[how]
    path = tmp_path / "a.nwb"
    shutil.copy(good / "own.nwb", path)
    with h5py.File(path, "a") as tree:
        change(tree)
    refused(read_nwb, path, message, layout="reach_gym")


def test_files_that_are_none(good, tmp_path):
    data = (good / "maze.nwb").read_bytes()
    cases = {"empty": b"", "text": b"trial,go\n1,2\n" * 99, "half": data[: len(data) // 2], "head": data[:100]}
    for name, content in cases.items():
        (tmp_path / name).write_bytes(content)
        for read in (read_nwb, read_pyaldata):
            refused(read, tmp_path / name, "cannot read")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for name in ("folder", "pipe", "none"):
        for read in (read_nwb, read_pyaldata):
            refused(read, tmp_path / name, "cannot read")
    with pytest.raises(TypeError, match="path"):
        read_nwb(3)


def test_single_bytes_that_differ_end_in_an_error_or_change_nothing_else(good, tmp_path):
    """Wherever a byte of a file's plan is wrong, it is read or refused, and nothing else happens."""
    data, rng = (good / "own.nwb").read_bytes(), np.random.default_rng(0)
    outcomes = set()
    for place in rng.integers(0, min(len(data), 60000), 150).tolist():
        (tmp_path / "a.nwb").write_bytes(data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :])
        try:
            outcomes.add(len(read_nwb(tmp_path / "a.nwb").recording))
        except RecordingError:
            outcomes.add("refused")
    assert outcomes <= {3, "refused"} and len(outcomes) == 2


# TrialData


def v5(matrix, packed=False):
    """A file of version 5 with one variable of these bytes."""
    element = struct.pack("<II", 14, len(matrix)) + matrix
    if packed:
        element = zlib.compress(element)
        element = struct.pack("<II", 15, len(element)) + element
    return b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM" + element


def head(kind, sides, name=b"td"):
    """The beginning of a matrix: its kind, size and name."""
    size = struct.pack(f"<II{len(sides)}i", 5, 4 * len(sides), *sides).ljust(8 + -(-4 * len(sides) // 8) * 8, b"\0")
    return struct.pack("<IIII", 6, 8, kind, 0) + size + struct.pack("<II", 1, len(name)) + name.ljust(8, b"\0")


def deep(depth):
    inner = b""
    for _ in range(depth):
        inner = head(1, (1, 1)) + (struct.pack("<II", 14, len(inner)) + inner if inner else b"")
    return inner


MATS = {
    "more bytes than there are": (b"MATLAB 5.0".ljust(124) + b"\x00\x01IM" + struct.pack("<II", 14, 2**32 - 8), "promises"),
    "billions of structs": (v5(head(2, (2**30, 2))), "stands in"),
    "billions of cells": (v5(head(1, (2**31 - 1, 2**31 - 1))), "stands in"),
    "billions of numbers": (v5(head(6, (2**15, 2**15)) + struct.pack("<II", 9, 0)), "stands in"),
    "fewer than none": (v5(head(6, (-1, 4))), "stands in"),
    "a number beyond its matrix": (v5(head(6, (1, 1)) + struct.pack("<II", 9, 2**31)), "promises"),
    "no size": (v5(struct.pack("<IIII", 6, 8, 2, 0)), "no kind, no size"),
    "packed nonsense": (b"MATLAB 5.0".ljust(124) + b"\x00\x01IM" + struct.pack("<II", 15, 8) + b"nonsense", "Error"),
    "a cut tag": (b"MATLAB 5.0".ljust(124) + b"\x00\x01IM" + b"\x0e\0\0", "cut off"),
    "too deep": (v5(deep(20)), "in each other"),
    "a number alone": (v5(head(6, (1, 1)) + struct.pack("<IId", 9, 8, 1.0)), "no array of structs"),
    "no variable": (b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM", "variables"),
    "version 4": (struct.pack("<5i", 0, 1, 1, 0, 2) + b"x\0" + struct.pack("<d", 1.0) + bytes(128), "no MATLAB file"),
}  # fmt: skip


@pytest.mark.parametrize("how", MATS)
def test_no_matlab_file_ends_otherwise(tmp_path, how):
    (tmp_path / "a.mat").write_bytes(MATS[how][0])
    refused(read_pyaldata, tmp_path / "a.mat", MATS[how][1], distance=0.08)


def test_a_packed_gigabyte_is_not_unpacked(tmp_path, monkeypatch):
    from reach_gym.recording import mat5

    monkeypatch.setattr(mat5, "MAX_BYTES", 2**25)
    (tmp_path / "a.mat").write_bytes(v5(head(6, (2**13, 2**12)) + struct.pack("<II", 9, 2**28) + bytes(2**28), packed=True))
    refused(read_pyaldata, tmp_path / "a.mat", "unpacks to more", distance=0.08)


def altered(**changes):
    def change(rows):
        for row in rows:
            for name, value in changes.items():
                row[name] = value(row[name]) if callable(value) else value

    return change


def lacking(name):
    return lambda rows: [row.pop(name) for row in rows]


ROWS = {
    "no positions": (lacking("pos"), "'pos' is missing"),
    "no width": (lacking("bin_size"), "'bin_size' is missing"),
    "a width in ms": (altered(bin_size=10.0), "`bin_size` must be"),
    "two widths": (lambda rows: rows[3].update(bin_size=0.03), "`bin_size` must be"),
    "no cue": (altered(idx_go_cue=np.nan), "no trial is left"),
    "NaN only": (altered(pos=lambda v: v * np.nan), "no trial is left.*samples of pos"),
    "positions in space": (altered(pos=lambda v: np.concatenate([v, v[:, :1]], 1)), "no trial is left.*too short"),
    "texts for positions": (altered(pos="here"), "no trial is left"),
    "negative counts": (altered(M1_spikes=lambda v: v.astype(float) - 1), "counts"),
    "rates": (altered(M1_spikes=lambda v: v + 0.5), "counts"),
    "counts that are none": (altered(M1_spikes=lambda v: v * np.nan), "counts"),
    "bins too few": (altered(M1_spikes=lambda v: v[:-1]), "as many bins"),
    "other units": (lambda rows: rows[4].update(M1_spikes=rows[4]["M1_spikes"][:, :1]), "as many units"),
    "no direction": (altered(target_direction=np.nan), "no trial is left.*direction"),
    "counted from 0": (altered(idx_go_cue=0.0), "`first` must be 0"),
}  # fmt: skip


@pytest.mark.parametrize("version", ["version_5", "version_73"])
@pytest.mark.parametrize("how", ROWS)
def test_no_trial_data_ends_otherwise(tmp_path, how, version):
    rows = lab_trial_data.structs(9)[1]
    ROWS[how][0](rows)
    getattr(lab_trial_data, version)(tmp_path / "a.mat", rows)
    refused(read_pyaldata, tmp_path / "a.mat", ROWS[how][1], distance=0.08)


MODERN = {
    "another file's trials": (link("trial_data", h5py.ExternalLink("other.h5", "/")), "leads out of the file|variables"),
    "references to nothing": (put("trial_data/pos", None, shape=(9, 1), dtype=h5py.ref_dtype), "what is no dataset"),
    "references to a group": (lambda tree: put("trial_data/pos", np.array([tree["trial_data"].ref] * 9, h5py.ref_dtype)[:, None], dtype=h5py.ref_dtype)(tree), "what is no dataset"),
    "a reference too few": (lambda tree: put("trial_data/pos", tree["trial_data/pos"][:-1], dtype=h5py.ref_dtype)(tree), "one entry for each trial"),
    "billions of references": (put("trial_data/pos", None, shape=(2**40, 1), dtype=h5py.ref_dtype, chunks=(1024, 1)), "promises|refer to"),
    "billions of numbers": (put("#refs#/pos3", None, shape=(2, 2**40), dtype=float, chunks=(2, 1024)), "what is no dataset|promises"),
    "no struct": (lambda tree: (drop("trial_data")(tree), tree.create_dataset("trial_data", data=1.0)), "no array of structs"),
}  # fmt: skip


@pytest.mark.parametrize("how", MODERN)
def test_no_modern_matlab_file_ends_otherwise(good, tmp_path, how):
    path = tmp_path / "a.mat"
    shutil.copy(good / "v73.mat", path)
    with h5py.File(path, "a") as tree:
        MODERN[how][0](tree)
    refused(read_pyaldata, path, MODERN[how][1], distance=0.08)


def test_what_is_asked_for_must_be_there(good, tmp_path):
    rows = lab_trial_data.structs(9)[1]
    for row in rows:
        row["idx_trial_end"] = float(len(row["pos"]))
    lab_trial_data.version_5(tmp_path / "whole.mat", rows)
    refused(read_pyaldata, tmp_path / "whole.mat", "`first` must be 1", distance=0.08, first=0)
    for how, message in (({}, "name `distance`"), ({"distance": 0.08, "name": "td"}, "no variable 'td'")):
        refused(read_pyaldata, good / "v5.mat", message, **how)
    for how, error in (({"distance": 80.0}, ValueError), ({"distance": "far"}, TypeError), ({"unit": "inch"}, ValueError), ({"first": 2}, ValueError), ({"name": 3}, TypeError)):
        with pytest.raises(error):
            read_pyaldata(good / "v5.mat", **how)
    from scipy.io import savemat

    savemat(tmp_path / "two.mat", {"a": 1.0, "b": 2.0})
    refused(read_pyaldata, tmp_path / "two.mat", "name one with `name`", distance=0.08)
    buffer = io.BytesIO()
    np.save(buffer, np.array([{"a": 1}], object), allow_pickle=True)
    (tmp_path / "a.npy").write_bytes(buffer.getvalue())
    refused(read_pyaldata, tmp_path / "a.npy", "no MATLAB file", distance=0.08)
