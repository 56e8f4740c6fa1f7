"""Models of motor learning: simulated, acting in the environments, and fitted to trials."""
