// The derivative of a row's scores with respect to its logits, one vector of classes at a time. Only for `*.isa.cpp`.
#pragma once

#include "kernels/cpu/exponential.hpp"

namespace modyn::kernels::MODYN_ISA_NAMESPACE {

// g_c = p_c (slope - bend t_c) - outer v_c, and for the label p_c (slope - label - bend t_c) - outer v_c - label (1 -
// p).
template <typename Number>
struct GradientTerms {
  Number top;
  Number inverse_sum;
  Number slope;
  Number bend;
  Number outer;
  Number label;       // 0 without a label
  Number label_miss;  // label * (1 - p of the label)
};

template <typename Real>
MODYN_INLINE Values<Real> gradient(const GradientTerms<Values<Real>>& terms, Values<Real> z, Values<Real> v,
                                   Bits<Real> is_label) {
  using V = Values<Real>;
  const V t = bounded<Real>(z - terms.top);
  const V p = exp_of_bounded<Real>(t) * terms.inverse_sum;
  const V slope = is_label ? terms.slope - terms.label : terms.slope;
  const V miss = is_label ? terms.label_miss : V{};
  return p * (slope - terms.bend * t) - terms.outer * v - miss;
}

}  // namespace modyn::kernels::MODYN_ISA_NAMESPACE
