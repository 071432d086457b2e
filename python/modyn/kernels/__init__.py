"""What stands behind the torch operators of `modyn.ops`, one module for each family.

Each operator has a kernel for the CPU, a reference in plain PyTorch, which also serves the devices for which there is
no kernel, and a fake function, which gives shapes and types for tracing. A module checks types, shapes and
layout, hands addresses to `modyn._kernels`, and says in the public function's docstring what the operator computes.
"""
