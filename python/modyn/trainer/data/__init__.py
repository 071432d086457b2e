"""From a training set to batches of tensors."""
