// Kernels are tested with every set of vector instructions that the processor has, and on several threads.
#pragma once

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "core/thread_pool.hpp"
#include "modyn/kernels/isa.hpp"
#include "modyn/kernels/threads.hpp"

namespace modyn::kernels {

class EveryIsa : public testing::TestWithParam<Isa> {
 protected:
  void SetUp() override { use_isa(GetParam()); }
  void TearDown() override { use_isa(available_isas().back()); }
};

inline std::string isa_name(const testing::TestParamInfo<Isa>& info) { return std::string(name_of(info.param)); }

#define MODYN_TEST_EVERY_ISA(suite) \
  INSTANTIATE_TEST_SUITE_P(, suite, testing::ValuesIn(modyn::kernels::available_isas()), modyn::kernels::isa_name)

// At most `parallel` threads of a pool of the tests' own.
inline Threads test_threads(unsigned parallel) {
  static core::ThreadPool pool(7);
  return {[](void* pool_of_call, std::size_t count, unsigned most, void* context, Threads::Work work) {
            static_cast<core::ThreadPool*>(pool_of_call)->for_each(count, most, [=](std::size_t part) {
              work(context, part);
            });
          },
          &pool, parallel};
}

inline std::vector<float> normal_numbers(std::size_t count, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal;
  std::vector<float> numbers(count);
  for (float& number : numbers) number = normal(generator);
  return numbers;
}

}  // namespace modyn::kernels
