"""Presampling: which samples of a window get into the training set, decided without a model."""
