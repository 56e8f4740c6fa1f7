"""What every training needs, whatever learns: checkpoints, a directory of its own, a progress bar, curves for TensorBoard."""
