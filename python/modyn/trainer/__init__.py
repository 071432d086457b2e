"""Trains a model on a trigger's training set, in a job process: deterministic, from checkpoints if need be."""
