from tests.unit.kernels.isas import isa

__all__ = ["isa"]
