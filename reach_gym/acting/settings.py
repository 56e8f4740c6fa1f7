"""The settings of `reach_gym.acting.recipes` as data: by task and algorithm, in the form of the RL Zoo, and why they are so."""

from __future__ import annotations

from typing import Any

from reach_gym.plants.muscle_arm import MuscleArm

# Sun & Plitt's network; it ends in its two layers of 128 units, so that the policy adds none.
_FEATURES: dict[str, Any] = {
    "features_extractor_class": "reach_gym.acting.sb3.ReachFeatures",
    "net_arch": [],
    "normalize_images": False,
}
# A target that is easy to hit at first, after Sun & Plitt; the window counts the episodes of each row. From pixels it is not
# enough here: DQN comes to about half of all targets, and PPO was no better than chance after a million steps.
_SHRINKING: dict[str, Any] = {"radius": {"start": 8.0, "factor": 0.5, "success_rate": 0.9, "window": 20}}
_VALUES: dict[str, Any] = {
    "n_timesteps": 300_000, "n_envs": 64, "policy": "MlpPolicy", "learning_rate": 1e-3, "buffer_size": 100_000,
    "learning_starts": 2_000, "batch_size": 128, "train_freq": 1, "gradient_steps": 2, "target_update_interval": 6_400,
    "exploration_fraction": 0.1, "exploration_final_eps": 0.1, "gamma": 0.99, "max_grad_norm": 10.0,
    "policy_kwargs": _FEATURES, "env_kwargs": _SHRINKING,
}  # fmt: skip
_ROLLOUTS: dict[str, Any] = {
    "n_timesteps": 1_000_000, "n_envs": 64, "policy": "MlpPolicy", "n_steps": 32, "gamma": 0.97, "gae_lambda": 0.95,
    "ent_coef": 0.01, "learning_rate": 7e-4, "policy_kwargs": _FEATURES, "env_kwargs": _SHRINKING,
}  # fmt: skip

GRID: dict[str, dict[str, Any]] = {
    "dqn": _VALUES,
    # With its authors' 200 quantiles an update takes many times as long.
    "qrdqn": {**_VALUES, "max_grad_norm": None, "policy_kwargs": {**_FEATURES, "n_quantiles": 25}},
    "ppo": {**_ROLLOUTS, "batch_size": 256, "n_epochs": 4},
    "a2c": {**_ROLLOUTS, "n_steps": 8},
}
"""By algorithm, for grid reaches with coordinates, which all of them learn, and with pixels, from which they learn little."""

GRID_GOALS: dict[str, dict[str, Any]] = {
    # As many rows, updates and transitions as above. Values move on slowly, as the buffer does not end an episode where an old
    # step hits its new target, and only the discount keeps them finite.
    "dqn": {
        **_VALUES, "n_timesteps": 200_000, "policy": "MultiInputPolicy", "learning_rate": "lin_3e-3", "learning_starts": 6_400,
        "tau": 0.1, "target_update_interval": 64, "exploration_initial_eps": 0.3, "exploration_final_eps": 0.3, "gamma": 0.97,
        "replay_buffer_class": "stable_baselines3.HerReplayBuffer",
        # The infos tell the radius, which the task may make shrink.
        "replay_buffer_kwargs": {"n_sampled_goal": 4, "copy_info_dict": True},
        "env_kwargs": {},
    },
}  # fmt: skip
"""By algorithm, for grid reaches with the observation ``"goal"``: with hindsight."""

# Where the go cue is sure to come at last, learners leave a little before it, and each such gamble that fails is a false start.
# Cues that may come later in training than in the task leave nothing to gamble on in the task.
_LATER_CUES: dict[str, Any] = {"go_delay": [0.0, 0.15]}
# Returns over three steps carry the reward of a success back in half as many updates.
_OFF_POLICY: dict[str, Any] = {
    "n_timesteps": 32_000, "n_envs": 16, "policy": "MlpPolicy", "learning_rate": 1e-3, "buffer_size": 100_000,
    "learning_starts": 1_600, "batch_size": 256, "train_freq": 1, "gradient_steps": 4, "gamma": 0.95, "n_steps": 3,
    "policy_kwargs": {"net_arch": [128, 128]}, "env_kwargs": _LATER_CUES,
}  # fmt: skip
# These learners gamble several steps ahead: all that was missing to success after cues of up to 0.15 s were false starts.
_GAMBLERS: dict[str, Any] = {**_OFF_POLICY, "env_kwargs": {"go_delay": [0.0, 0.2]}}
# With less noise, corners stay unreached in some seeds; much more makes every trial a false start.
_NOISY: dict[str, Any] = {**_GAMBLERS, "n_timesteps": 96_000, "noise_type": "normal", "noise_std": 0.3}
_HANDS: dict[str, Any] = {
    "n_timesteps": 499_712, "n_envs": 64, "policy": "MlpPolicy", "learning_rate": "lin_1.5e-3", "n_steps": 64, "batch_size": 512,
    "n_epochs": 10, "gamma": 0.95, "gae_lambda": 0.95, "policy_kwargs": {"log_std_init": -1.5, "net_arch": [64, 64]},
    "env_kwargs": _LATER_CUES,
}  # fmt: skip

CURSOR: dict[str, dict[str, Any]] = {
    "sac": {**_GAMBLERS, "n_timesteps": 48_000},
    "td3": _NOISY,
    "ddpg": _NOISY,
    # Fewer quantiles than its authors' 25 halve the time of an update.
    "tqc": {
        **_GAMBLERS,
        "n_timesteps": 64_000,
        "top_quantiles_to_drop_per_net": 1,
        "policy_kwargs": {"net_arch": [128, 128], "n_quantiles": 10},
    },
    "ppo": _HANDS,
    # A recurrent layer goes step by step through a batch, however large it is: few and large ones.
    "recurrent_ppo": {
        **_HANDS,
        "policy": "MlpLstmPolicy",
        "n_timesteps": 500_000,
        "learning_rate": 1e-3,
        "n_steps": 100,
        "batch_size": 3_200,
        "policy_kwargs": {"log_std_init": -1.5, "net_arch": [64], "lstm_hidden_size": 64},
    },
}
"""By algorithm, for cursor reaches with vector observations, with or without a field."""

# Whoever explores has a false start in nearly every trial with a long wait, and after one no place counts as reached. Cues that
# come soon leave trials to learn from. No reward tells how to wait; `GoalFeatures` carry the hold of the target over to it.
_SOON: dict[str, Any] = {"reward": "sparse", "target_onset": 0.0, "go_delay": [0.0, 0.2]}

GOALS: dict[str, dict[str, Any]] = {
    # The buffer gives nothing before an episode has ended, which takes up to 125 steps of each row, and no returns over steps.
    "sac": {
        **_OFF_POLICY, "policy": "MultiInputPolicy", "learning_starts": 2_400, "n_steps": 1,
        "replay_buffer_class": "stable_baselines3.HerReplayBuffer",
        "replay_buffer_kwargs": {"n_sampled_goal": 4, "copy_info_dict": True},
        "policy_kwargs": {**_OFF_POLICY["policy_kwargs"], "features_extractor_class": "reach_gym.acting.sb3.GoalFeatures"},
        "env_kwargs": _SOON,
    },
}  # fmt: skip
"""By algorithm, for cursor reaches with the observation ``"goal"``: with hindsight, the sparse reward is learned."""

# A bone is light: an action of 1 moves the hand of an arm several times as hard as that of the point mass, so that less noise
# explores as far. It leaves the start no less easily, and holding it is learned from cues that come later still. On the
# observation as it is, some seeds ended 1 to 2 cm beside targets without a field; `AimFeatures` show what is near the aim larger.
ARM: dict[str, dict[str, Any]] = {
    "ppo": {
        **_HANDS,
        "policy_kwargs": {
            "features_extractor_class": "reach_gym.acting.sb3.AimFeatures", "log_std_init": -2.0, "net_arch": [64, 64],
        },
        "env_kwargs": {"go_delay": [0.0, 0.3]},
    },
}  # fmt: skip
"""By algorithm, for cursor reaches of the two-link arm with vector observations, with or without a field."""

# Trials without the laboratory's long wait. In its own, noise that explores ends nearly every trial before the cue; where such
# trials go on, punished, what moves the hand is unlearned faster than what holds it still is learned. Here the cue comes sooner
# and nothing is lost before it: `AimFeatures` carry the hold of the target over to the wait at the start. With cues within 0.2 s
# one seed of five drifted away in the longer waits of the task; within 0.9 s one had 70 %. The window of movement times stays,
# with a reward that tells of it: without it a third of the reaches come to be too fast.
_OPEN: dict[str, Any] = {"false_start": "ignore", "target_onset": 0.0, "go_delay": [0.05, 0.4]}

LAB: dict[str, dict[str, Any]] = {
    "ppo": {
        "n_timesteps": 1_024_000, "n_envs": 64, "policy": "MlpPolicy", "learning_rate": "lin_1e-3", "n_steps": 100,
        "batch_size": 640, "n_epochs": 10, "gamma": 0.97, "gae_lambda": 0.95,
        # Gradients are clipped all together: those of the value, which is large, must not drown those of the policy.
        "vf_coef": 0.02,
        "policy_kwargs": {
            "features_extractor_class": "reach_gym.acting.sb3.AimFeatures", "log_std_init": -1.8, "net_arch": [128, 128],
        },
        "env_kwargs": _OPEN,
    },
}  # fmt: skip
"""By algorithm, for cursor reaches with vector observations under the preset ``"lab"``."""

# Six muscles are so strong for these bones that noise of 0.08 in their excitations carries a resting hand 2 cm away within 0.1 s:
# whoever explores has a false start, long before the cue. With `AimFeatures` the hold of the target teaches the wait, and nothing
# tells when the cue will come: the task needs no easier trials. A step of 256 rows costs about as much as one of 64.
MUSCLES: dict[str, dict[str, Any]] = {
    "ppo": {
        **LAB["ppo"],
        "n_timesteps": 614_400,
        "n_envs": 256,
        "n_steps": 25,
        "n_epochs": 6,
        "env_kwargs": {},
        "policy_kwargs": {
            **LAB["ppo"]["policy_kwargs"],
            "features_extractor_kwargs": {"senses": len(MuscleArm.senses), "actuators": len(MuscleArm.low)},
        },
    },
}
"""By algorithm, for cursor reaches of the arm with muscles that feels its body, with or without a field."""

SETTINGS: dict[tuple[str, str], dict[str, dict[str, Any]]] = {
    ("grid", "vector"): GRID,
    ("grid", "pixels"): GRID,
    ("grid", "goal"): GRID_GOALS,
    ("cursor", "vector"): CURSOR,
    ("cursor", "goal"): GOALS,
    ("lab cursor", "vector"): LAB,
    ("two-link arm", "vector"): ARM,
    ("muscle arm", "body"): MUSCLES,
}
"""By what is reached, or the plant that reaches and its preset, and the keyword `observation`."""
