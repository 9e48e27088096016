"""The audit log that an outsider can verify: leaves, tree, checkpoints, remembered heads."""
