"""Forks in import, and hangs there; the number of the child's process goes to the file that the environment names."""

import os
import pathlib
import time

child = os.fork()
if child:
    pathlib.Path(os.environ["HOSTILE_CHILD"]).write_text(str(child))
time.sleep(1000)


def east(observations):
    return [0] * len(observations)
