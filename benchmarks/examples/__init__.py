"""What others train and load with: each example is complete, and shorter than 40 lines."""
