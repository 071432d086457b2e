"""The command line: one module per command, each the twin of a call of the Python API.

Importing a command imports nothing heavy; what it needs is imported when it runs, so that `modyn --help` and
`modyn validate` answer at once.
"""
