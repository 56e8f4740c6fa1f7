"""The same benchmark on a Ray cluster of two nodes; runs where Ray is installed: `make ray`."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest

ray = pytest.importorskip("ray", reason="Ray has an environment of its own: `make ray`.")
from ray.cluster_utils import Cluster  # noqa: E402

from reach_gym.benchmark.engines import LOST, Done, LocalEngine, RayEngine, make_engine  # noqa: E402
from reach_gym.benchmark.results import Entry, Limits, run  # noqa: E402
from reach_gym.evaluation import suite  # noqa: E402

# Ray leaves sockets and files to the garbage collector, and warns of its own changes.
pytestmark = pytest.mark.filterwarnings("ignore")
STRANGERS = Path(__file__).parent / "strangers"
LIMITS = Limits(path=str(STRANGERS), seconds=30.0, memory=2**30)
TASKS = [suite.TASKS["grid-curl"], suite.TASKS["grid-washout"]]
ENTRIES = [Entry("towards", "guests:towards"), Entry("raises", "hostile:raises"), Entry("exits", "hostile:exits_at_once")]


@pytest.fixture
def cluster():
    os.environ["PYTHONPATH"] = os.pathsep.join([str(Path(__file__).parents[2]), str(Path(__file__).parent)])
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    made.second = made.add_node(num_cpus=1)
    ray.init(address=made.address, log_to_driver=False)
    yield made
    ray.shutdown()
    made.shutdown()


def where(item):
    """Says on which node it ran; slow, so that both get something to do."""
    time.sleep(0.5)
    return ray.get_runtime_context().get_node_id()


def test_the_records_are_those_of_the_local_engine_bit_for_bit(cluster):
    here, there = (run(ENTRIES, TASKS, (0, 1), engine, LIMITS) for engine in (LocalEngine(2), RayEngine()))
    assert here.lines() == there.lines()
    assert {each["status"] for each in there.records} == {"ok", "error", "crashed"}


def test_both_nodes_work(cluster):
    done = list(RayEngine().run(where, list(range(6))))
    assert sorted(each.place for each in done) == list(range(6)) and not any(each.error for each in done)
    assert len({each.value for each in done}) == 2


def slow(item):
    """Notes where it began, and takes its time."""
    Path(item).open("a").write(ray.get_runtime_context().get_node_id() + "\n")
    time.sleep(2)
    return item


def test_what_a_lost_node_was_doing_is_done_again(cluster, tmp_path):
    names, done = [str(tmp_path / f"item{i}") for i in range(4)], []
    thread = threading.Thread(target=lambda: done.extend(RayEngine().run(slow, names)))
    thread.start()
    deadline, begun = time.monotonic() + 60, []
    while cluster.second.node_id not in begun and time.monotonic() < deadline:
        time.sleep(0.05)
        begun = [line for path in tmp_path.iterdir() for line in path.read_text().splitlines()]
    assert cluster.second.node_id in begun
    cluster.remove_node(cluster.second, allow_graceful=False)
    thread.join(60)
    assert sorted(each.value for each in done) == names and not any(each.error for each in done)
    assert sum(len(Path(name).read_text().splitlines()) for name in names) == 5


def ends(item):
    """Ends its worker."""
    os.kill(os.getpid(), signal.SIGKILL)


def test_an_agent_that_ends_its_referee_is_a_crash_as_it_is_locally(cluster):
    assert list(RayEngine().run(ends, [1])) == [Done(0, None, LOST)]
    entries = [Entry("kills", "hostile:kills_its_referee"), Entry("east", "hostile:east")]
    here, there = (run(entries, TASKS[:1], (0,), engine, LIMITS) for engine in (LocalEngine(2), RayEngine()))
    assert here.lines() == there.lines() and [each["status"] for each in here.records] == ["crashed", "ok"]


def test_no_cluster_is_a_clear_error():
    with pytest.raises(ConnectionError, match="no Ray cluster at '127.0.0.1:9'"):
        make_engine("ray", address="127.0.0.1:9")
