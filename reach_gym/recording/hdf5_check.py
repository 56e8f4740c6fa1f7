"""Whether a dataset of a foreign HDF5 file may be read: it stands in the file, and is as large as it says."""

from __future__ import annotations

import math
import zlib
from typing import Any

from reach_gym import checks
from reach_gym.recording.files import hdf5_library
from reach_gym.recording.metadata import RecordingError

_GZIP, _RATIO = 1, 1032  # the filter's number; deflate packs at most so many times
_BOMB = 2**28  # bytes that a stored chunk may unpack to unwatched
_SPARSE = 2**26  # bytes of an array, above which it must not be 200 times what is stored
_FILTERS = {_GZIP: "gzip", 2: "shuffle", 3: "fletcher32", 32000: "lzf"}  # all that need no plug-in


def check_dataset(node: Any, path: str) -> None:
    """Refuses a dataset that lies elsewhere, is packed by a plug-in, or unpacks to far more than it seems.

    Args:
        node: Of h5py.
        path: For messages.

    Raises:
        RecordingError: It does.
    """
    if not isinstance(node, hdf5_library().Dataset) or node.shape is None:
        raise RecordingError(f"{checks.shown(path)} is no array.")
    if node.is_virtual or node.external:
        raise RecordingError(f"{checks.shown(path)} lies in another file, which is not opened.")
    made = node.id.get_create_plist()
    filters = [made.get_filter(k)[0] for k in range(made.get_nfilters())]
    unknown = [each for each in filters if each not in _FILTERS]
    if unknown:
        raise RecordingError(f"{checks.shown(path)} is packed by filter {unknown[0]}; {', '.join(_FILTERS.values())} are read.")
    size, stored = node.dtype.itemsize * math.prod(node.shape), node.id.get_storage_size()
    if size > _SPARSE and size > 200 * stored:
        raise RecordingError(f"{checks.shown(path)} promises {size} bytes, but the file has {stored} of them.")
    if node.chunks and node.dtype.itemsize * math.prod(node.chunks) > _BOMB:
        raise RecordingError(f"{checks.shown(path)} has chunks of {node.chunks}, more than {_BOMB} bytes.")
    if _GZIP in filters:
        _check_chunks(node, path)


def _check_chunks(node: Any, path: str) -> None:
    """Unpacks chunks piece by piece that could unpack to more than a chunk has."""
    limit = math.prod(node.chunks) * node.dtype.itemsize
    for k in range(node.id.get_num_chunks()):
        about = node.id.get_chunk_info(k)
        if about.size * _RATIO <= _BOMB:
            continue
        skipped, packed = node.id.read_direct_chunk(about.chunk_offset)
        if skipped:  # what packing made no smaller is stored as it is
            continue
        unpacker, size, rest = zlib.decompressobj(), 0, packed
        while rest and size <= 2 * limit + 4096:  # with the checksum behind it
            size += len(unpacker.decompress(rest, 2**22))
            rest = unpacker.unconsumed_tail
        if size > limit + 4096:
            raise RecordingError(f"{checks.shown(path)} has a chunk of {limit} bytes that unpacks to more.")
