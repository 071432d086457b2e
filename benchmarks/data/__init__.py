"""The data plane against its peers and the limits of the machine: `make bench-data`."""
