// modyn_feistel_loop SIZE COUNT: prints the seconds that COUNT images of a permutation of SIZE take, one value at a
// time in a plain loop. benchmarks/data/training_sets.py runs it beside shuffled training sets.
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <vector>

namespace {

// Six rounds with one multiplication each over the halves, walked until inside: what one would write first.
std::uint64_t feistel(std::uint64_t value, std::uint64_t size, unsigned half_bits, const std::uint64_t (&keys)[6]) {
  const std::uint64_t mask = (std::uint64_t{1} << half_bits) - 1;
  do {
    std::uint64_t left = value >> half_bits;
    std::uint64_t right = value & mask;
    for (const std::uint64_t key : keys) {
      const std::uint64_t mixed = (right ^ key) * 0x9E3779B97F4A7C15;
      const std::uint64_t next = left ^ ((mixed >> 32) & mask);
      left = right;
      right = next;
    }
    value = (left << half_bits) | right;
  } while (value >= size);
  return value;
}

}  // namespace

int main(int count_of_arguments, char** arguments) {
  if (count_of_arguments != 3) {
    std::cerr << "usage: modyn_feistel_loop SIZE COUNT\n";
    return 2;
  }
  const std::uint64_t size = std::strtoull(arguments[1], nullptr, 10);
  std::vector<std::uint64_t> out(std::strtoull(arguments[2], nullptr, 10), 1);  // its pages are there already
  unsigned half_bits = 1;
  while ((std::uint64_t{1} << (2 * half_bits)) < size) ++half_bits;
  const std::uint64_t keys[6] = {0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344, 0xA4093822, 0x299F31D0};
  const auto start = std::chrono::steady_clock::now();
  for (std::uint64_t i = 0; i < out.size(); ++i) out[i] = feistel(i, size, half_bits, keys);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  std::uint64_t all = 0;
  for (const std::uint64_t value : out) all ^= value;
  std::cout << seconds.count() << " " << all << "\n";
}
