"""What the learners share: run directories, checkpoints, the loop around a learner, commands."""
