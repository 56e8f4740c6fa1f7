"""Plants: what the agent moves. Each is one module that meets the contract of `reach_gym.plants.plant`."""
