"""Greedy maximisation of submodular functions: which k samples stand best for all of them.

Samples are given by the factorised gradients of their last layers (see `modyn.kernels.gradients`); plain features of
any kind are gradients without embeddings. Nothing of size N x N is stored by the kernels.

Similarities of two samples are
    cosine: (1 + cos) / 2, from 0 to 1; the cosine with a zero vector is 0.
    distance: m - distance + 1e-3, with the Euclidean distance and m the largest one in the group (CRAIG,
        Mirzasoleiman et al., ICML 2020). Right to 2e-7 of m, whatever the samples have in common: this is taken off
        gradients and embeddings before they are multiplied, in float64.
Samples of different groups, classes for instance, have similarity 0.

Optimizers are
    naive: takes the sample with the largest gain of all.
    lazy: the same samples; computes only gains that could be the largest, because gains never grow (Minoux, 1978).
    stochastic: takes the best of a random subset of N / k * ln(1 / epsilon) samples that are left; on average at least
        1 - 1/e - epsilon of the best value (Mirzasoleiman et al., AAAI 2015). Subsets are addressed by seed and step.
    approximate_lazy: takes a sample if its gain now is at least beta times the gain it had when it was last looked at.
Of equal gains, the lowest index wins. Results do not depend on the number of threads.
"""
