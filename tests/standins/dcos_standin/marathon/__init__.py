"""Marathon: apps, deployments, tasks, health; the dialects of 1.4 and of 1.5 and later."""
