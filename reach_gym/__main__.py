"""``python -m reach_gym`` is the same as ``reach-gym``."""

import sys

from reach_gym.cli import main

sys.exit(main())
