"""What a folder of records probably holds: `modyn init` writes it down as a pipeline."""
