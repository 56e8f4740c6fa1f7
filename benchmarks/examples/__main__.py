"""``python -m benchmarks.examples NAME [STEPS]``: runs one example."""

import importlib
import sys

NAMES = ("cleanrl_dqn", "sb3_dqn", "sb3_sac", "minari_cloning", "torchrl_ppo", "rllib_ppo")

if __name__ == "__main__":
    if len(sys.argv) not in (2, 3) or sys.argv[1] not in NAMES or not all(part.isdecimal() for part in sys.argv[2:]):
        sys.exit(f"usage: python -m benchmarks.examples {{{','.join(NAMES)}}} [STEPS]")
    importlib.import_module(f"benchmarks.examples.{sys.argv[1]}").main(*map(int, sys.argv[2:]))
