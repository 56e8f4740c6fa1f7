"""Checkpoints: what comes back, what is refused and how, and what a crash leaves behind."""

from __future__ import annotations

import copy
import hashlib
import json
import os
import pickle
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reach_gym.training import checkpoint
from reach_gym.training.checkpoint import MANIFEST, CheckpointError

ARRAYS: dict[str, Any] = {
    "q": np.arange(6, dtype=np.float64).reshape(2, 3) / 7,
    "steps": np.array([3, -4], np.int64),
    "hits": np.array([True, False]),
    "empty": np.zeros((0, 2), np.float32),
}


@pytest.fixture
def run(tmp_path: Path) -> Path:
    checkpoint.save(tmp_path / "run", ARRAYS, {"agent": "test", "config": {"alpha": 0.1}})
    return tmp_path / "run"


def arrays_file(run: Path) -> Path:
    (path,) = run.glob("arrays-*")
    return path


def edit(run: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    manifest = json.loads((run / MANIFEST).read_text())
    del manifest["sha256"]
    change(manifest)
    (run / MANIFEST).write_bytes(checkpoint.sealed(manifest))


def unsealed(run: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    manifest = json.loads((run / MANIFEST).read_text())
    del manifest["sha256"]
    change(manifest)
    (run / MANIFEST).write_text(json.dumps(manifest, indent=1))


def put_arrays(run: Path, data: bytes) -> None:
    """Puts other bytes in place, with a manifest that fits them."""
    digest = hashlib.sha256(data).hexdigest()
    arrays_file(run).unlink()
    (run / f"arrays-{digest}.safetensors").write_bytes(data)
    entry = {"file": f"arrays-{digest}.safetensors", "bytes": len(data), "sha256": digest}
    edit(run, lambda manifest: manifest.update(arrays=entry))


def refusal(run: Path) -> CheckpointError:
    with pytest.raises(CheckpointError) as caught:
        checkpoint.load(run)
    return caught.value


def test_everything_comes_back(run: Path) -> None:
    arrays, manifest = checkpoint.load(run)
    assert arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert arrays[name].dtype == array.dtype
        assert arrays[name].tolist() == array.tolist()
    assert manifest["agent"] == "test"
    assert manifest["config"] == {"alpha": 0.1}
    assert sorted(path.name for path in run.iterdir()) == sorted([MANIFEST, arrays_file(run).name])


def test_arrays_in_any_memory_order_come_back(tmp_path: Path) -> None:
    array = np.arange(12.0).reshape(3, 4)
    checkpoint.save(tmp_path, {"turned": array.T, "every_other": array[:, ::2]}, {})
    arrays, _ = checkpoint.load(tmp_path)
    assert arrays["turned"].tolist() == array.T.tolist()
    assert arrays["every_other"].tolist() == array[:, ::2].tolist()


def test_a_new_checkpoint_replaces_the_old_one(run: Path) -> None:
    old = arrays_file(run).name
    checkpoint.save(run, {"q": np.ones(2)}, {"agent": "new"})
    arrays, manifest = checkpoint.load(run)
    assert arrays["q"].tolist() == [1, 1]
    assert manifest["agent"] == "new"
    assert arrays_file(run).name != old


@pytest.mark.parametrize("crash_at", range(1, 5))
def test_a_crash_leaves_the_old_pair_or_the_new_one(
    run: Path, crash_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = 0

    def counted(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == crash_at:
                raise OSError("crash")
            return original(*args)

        return call

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", counted(Path.replace))
        patch.setattr(Path, "unlink", counted(Path.unlink))
        if crash_at <= 3:  # two renames and the removal of the old arrays
            with pytest.raises(OSError, match="crash"):
                checkpoint.save(run, {"q": np.ones(2)}, {"agent": "new"})
        else:
            checkpoint.save(run, {"q": np.ones(2)}, {"agent": "new"})
    arrays, manifest = checkpoint.load(run)
    expected = {"test": ARRAYS["q"].tolist(), "new": [1, 1]}
    assert manifest["agent"] == ("test" if crash_at <= 2 else "new")
    assert arrays["q"].tolist() == expected[manifest["agent"]]
    checkpoint.save(run, {"q": np.zeros(2)}, {})
    assert len(list(run.iterdir())) == 2  # nothing stale is left


@pytest.mark.parametrize(
    ("arrays", "manifest"),
    [
        ({"q": np.array([1.0, np.nan])}, {}),
        ({"q": np.array([np.inf])}, {}),
        ({"q": np.array(["text"])}, {}),
        ({"q": np.array([None], object)}, {}),
        ({"q": np.array([1j])}, {}),
        ({}, {"alpha": float("nan")}),
        ({}, {"alpha": float("inf")}),
        ({}, {"alpha": object()}),
        ({}, {"long": "x" * checkpoint.MAX_MANIFEST_BYTES}),
    ],
)
def test_save_refuses_and_changes_nothing(run: Path, arrays: Any, manifest: Any) -> None:
    before = {path.name: path.read_bytes() for path in run.iterdir()}
    with pytest.raises(CheckpointError, match="refused to save"):
        checkpoint.save(run, arrays, manifest)
    assert {path.name: path.read_bytes() for path in run.iterdir()} == before


def test_save_refuses_too_many_bytes(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "MAX_ARRAYS_BYTES", 1000)
    with pytest.raises(CheckpointError, match="at most 1000"):
        checkpoint.save(run, {"q": np.zeros(126)}, {})


# Every entry damages a sound checkpoint in one way.
def truncated(run: Path) -> None:
    path = arrays_file(run)
    path.write_bytes(path.read_bytes()[:-1])


def longer(run: Path) -> None:
    path = arrays_file(run)
    path.write_bytes(path.read_bytes() + b"\0")


def flipped(run: Path) -> None:
    path = arrays_file(run)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


def manifest_with(text: bytes) -> Callable[[Path], None]:
    def damage(run: Path) -> None:
        (run / MANIFEST).write_bytes(text)

    return damage


def entry_with(**changes: Any) -> Callable[[Path], None]:
    return lambda run: edit(run, lambda manifest: manifest["arrays"].update(changes))


def inserted(text: bytes) -> Callable[[Path], None]:
    def damage(run: Path) -> None:
        path = run / MANIFEST
        path.write_bytes(path.read_bytes().replace(b"0.1", text))

    return damage


def directory_in_place_of(name: str) -> Callable[[Path], None]:
    def damage(run: Path) -> None:
        path = run / MANIFEST if name == "manifest" else arrays_file(run)
        path.unlink()
        path.mkdir()

    return damage


def arrays_of(data: bytes) -> Callable[[Path], None]:
    return lambda run: put_arrays(run, data)


def header(text: bytes, payload: bytes = b"") -> bytes:
    return struct.pack("<Q", len(text)) + text + payload


NAN = header(b'{"q":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}}', struct.pack("<d", float("nan")))
HALF = header(b'{"q":{"dtype":"BF16","shape":[1],"data_offsets":[0,2]}}', b"\0\0")
LYING = header(b'{"q":{"dtype":"F64","shape":[1000000000],"data_offsets":[0,8]}}', b"\0" * 8)

DAMAGES: dict[str, tuple[Callable[[Path], Any], str]] = {
    "truncated arrays": (truncated, "corrupt"),
    "longer arrays": (longer, "corrupt"),
    "flipped bit": (flipped, "corrupt"),
    "no arrays": (lambda run: arrays_file(run).unlink(), "corrupt"),
    "no manifest": (lambda run: (run / MANIFEST).unlink(), "corrupt"),
    "directory as manifest": (directory_in_place_of("manifest"), "corrupt"),
    "directory as arrays": (directory_in_place_of("arrays"), "corrupt"),
    "empty manifest": (manifest_with(b""), "corrupt"),
    "binary manifest": (manifest_with(b"\xff\xfe\0"), "corrupt"),
    "pickle as manifest": (manifest_with(pickle.dumps({"format": 1})), "corrupt"),
    "list as manifest": (manifest_with(b"[1]"), "corrupt"),
    "deep manifest": (manifest_with(b"[" * 500_000), "corrupt"),
    "huge integer": (manifest_with(b"9" * 100_000), "corrupt"),
    "huge manifest": (manifest_with(b" " * (checkpoint.MAX_MANIFEST_BYTES + 1)), "corrupt"),
    "NaN in the manifest": (inserted(b"NaN"), "corrupt"),
    "-Infinity in the manifest": (inserted(b"-Infinity"), "corrupt"),
    "1e999 in the manifest": (inserted(b"1e999"), "corrupt"),
    "other format": (lambda run: edit(run, lambda m: m.update(format="other")), "incompatible"),
    "other version": (lambda run: edit(run, lambda m: m.update(version=1)), "incompatible"),
    "version 1, which had no seal": (lambda run: unsealed(run, lambda m: m.update(version=1)), "incompatible"),
    "no seal": (lambda run: unsealed(run, lambda m: None), "corrupt"),
    "number as seal": (lambda run: unsealed(run, lambda m: m.update(sha256=1)), "corrupt"),
    "other seal": (lambda run: unsealed(run, lambda m: m.update(sha256="0" * 64)), "corrupt"),
    "true as version": (lambda run: edit(run, lambda m: m.update(version=True)), "incompatible"),
    "no format": (lambda run: edit(run, lambda m: m.pop("format")), "incompatible"),
    "no entry": (lambda run: edit(run, lambda m: m.pop("arrays")), "corrupt"),
    "no hash": (lambda run: edit(run, lambda m: m["arrays"].pop("sha256")), "corrupt"),
    "number as hash": (entry_with(sha256=1), "corrupt"),
    "other hash": (entry_with(sha256="0" * 64), "corrupt"),
    "other size": (entry_with(bytes=1), "corrupt"),
    "negative size": (entry_with(bytes=-1), "corrupt"),
    "huge size": (entry_with(bytes=2**60), "corrupt"),
    "text as size": (entry_with(bytes="8"), "corrupt"),
    "slash": (entry_with(file="sub/arrays-" + "0" * 64 + ".safetensors"), "unsafe"),
    "parent": (entry_with(file="../arrays-" + "0" * 64 + ".safetensors"), "unsafe"),
    "absolute": (entry_with(file="/etc/passwd"), "unsafe"),
    "dots": (entry_with(file=".."), "unsafe"),
    "null character": (entry_with(file="arrays\0"), "unsafe"),
    "trailing newline": (entry_with(file="arrays-" + "0" * 64 + ".safetensors\n"), "unsafe"),
    "number as file": (entry_with(file=3), "unsafe"),
    "no safetensors": (arrays_of(b"hello"), "corrupt"),
    "empty safetensors": (arrays_of(b""), "corrupt"),
    "huge header": (arrays_of(struct.pack("<Q", 2**63) + b"{}"), "corrupt"),
    "header beyond the file": (arrays_of(struct.pack("<Q", 1000) + b"{}"), "corrupt"),
    "lying shape": (arrays_of(LYING), "corrupt"),
    "unknown type": (arrays_of(HALF), "corrupt"),
    "NaN in the arrays": (arrays_of(NAN), "corrupt"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_load_refuses(run: Path, name: str) -> None:
    damage, kind = DAMAGES[name]
    damage(run)
    error = refusal(run)
    assert error.kind == kind, str(error)
    assert "\n" not in str(error)


def test_incompatible_shows_both_values(run: Path) -> None:
    edit(run, lambda manifest: manifest.update(version=7))
    assert "version 7" in str(refusal(run))
    assert "2 is asked for" in str(refusal(run))


def test_no_bit_of_the_manifest_changes_unseen(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    accent, exponent = "\N{LATIN SMALL LETTER E WITH ACUTE}", 1.5e-300  # in JSON both can be written in two ways, a bit apart
    checkpoint.save(run, ARRAYS, {"agent": "test", "config": {"alpha": 0.1, "beta": exponent, "name": accent}, "seed": 2**100})
    path = run / MANIFEST
    data = path.read_bytes()
    assert b"\\u00e9" in data and b"e-300" in data
    for at in range(len(data)):
        for bit in range(8):
            monkeypatch.setattr(checkpoint, "_read", lambda *_: data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :])
            with pytest.raises(CheckpointError) as caught:
                checkpoint.load_manifest(run)
            assert caught.value.kind == "corrupt", (at, bit)
    monkeypatch.undo()
    assert checkpoint.load_manifest(run)["config"] == {"alpha": 0.1, "beta": exponent, "name": accent}


def test_anybody_can_check_the_seal(run: Path) -> None:
    manifest = json.loads((run / MANIFEST).read_text())
    seal = manifest.pop("sha256")
    canonical = json.dumps(manifest, sort_keys=True, separators=(",", ":"))
    assert hashlib.sha256(canonical.encode()).hexdigest() == seal


def test_what_json_turns_into_something_else_comes_back_all_the_same(run: Path) -> None:
    checkpoint.save(run, {}, {"pair": (1, 2), "numbers": {10: "a", 9: "b"}})
    manifest = checkpoint.load_manifest(run)
    assert manifest["pair"] == [1, 2] and manifest["numbers"] == {"10": "a", "9": "b"}


def test_another_run_is_told_by_what_differs(run: Path) -> None:
    manifest = {"config": {"alpha": 0.1, "long": "x" * 1000, "mine": 1}}
    checkpoint.require(manifest, "config", dict(manifest["config"]))
    with pytest.raises(CheckpointError) as caught:
        checkpoint.require(manifest, "config", {"alpha": 0.2, "long": "x" * 1000, "yours": 2})
    assert str(caught.value) == (
        "the checkpoint has config {'alpha': 0.1, 'mine': 1}, but {'alpha': 0.2, 'yours': 2} is asked for."
    )


@pytest.mark.parametrize("what", ["manifest", "arrays"])
def test_links_are_unsafe(run: Path, tmp_path: Path, what: str) -> None:
    path = run / MANIFEST if what == "manifest" else arrays_file(run)
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    assert refusal(run).kind == "unsafe"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes in the file system")
def test_a_pipe_does_not_block(run: Path) -> None:
    (run / MANIFEST).unlink()
    os.mkfifo(run / MANIFEST)
    assert refusal(run).kind == "corrupt"


@pytest.mark.parametrize("where", ["missing", "a file", "a\0b"])
def test_no_directory(tmp_path: Path, where: str) -> None:
    (tmp_path / "a file").write_text("text")
    assert refusal(tmp_path / where).kind == "corrupt"


def test_the_size_is_looked_at_before_the_file_is_read(run: Path) -> None:
    path = arrays_file(run)
    with path.open("r+b") as file:
        file.truncate(2**40)  # sparse; a terabyte that nobody has
    assert "1099511627776" in str(refusal(run))


def test_nothing_is_executed(run: Path, tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> Any:
            return os.mkdir, (str(tmp_path / "executed"),)

    put_arrays(run, pickle.dumps(Evil()))
    assert refusal(run).kind == "corrupt"
    assert not (tmp_path / "executed").exists()


def test_the_error_can_be_copied() -> None:
    error = CheckpointError("unsafe", "why")
    for twin in (copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert (twin.kind, str(twin)) == ("unsafe", "why")
    assert isinstance(error, ValueError)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    position=st.integers(0, 10_000),
    replacement=st.binary(max_size=12),
    removed=st.integers(0, 12),
    in_manifest=st.booleans(),
)
def test_any_damage_is_refused_or_harmless(
    run: Path, position: int, replacement: bytes, removed: int, in_manifest: bool
) -> None:
    checkpoint.save(run, ARRAYS, {"agent": "test"})
    path = run / MANIFEST if in_manifest else arrays_file(run)
    data = path.read_bytes()
    at = position % len(data)
    path.write_bytes(data[:at] + replacement + data[at + removed :])
    try:
        arrays, manifest = checkpoint.load(run)
    except CheckpointError as error:
        assert error.kind == "corrupt"
    else:  # the replacement was what stood there
        assert path.read_bytes() == data and manifest["agent"] == "test"
        assert {name: array.tolist() for name, array in arrays.items()} == {
            name: array.tolist() for name, array in ARRAYS.items()
        }


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.one_of(st.binary(max_size=200), st.binary(max_size=100).map(header)))
def test_any_bytes_as_arrays_are_refused_or_arrays(run: Path, data: bytes) -> None:
    checkpoint.save(run, ARRAYS, {})
    put_arrays(run, data)
    try:
        arrays, _ = checkpoint.load(run)
    except CheckpointError as error:
        assert error.kind == "corrupt"
    else:
        assert all(isinstance(array, np.ndarray) for array in arrays.values())
