"""Selection of data against plain implementations, other libraries and the limits of the machine."""
