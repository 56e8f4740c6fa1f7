"""What an agent is, how it acts in a task, and the bridge to Stable-Baselines3."""
