#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "modyn/selection.hpp"
#include "support/errors.hpp"
#include "support/record_files.hpp"

namespace modyn {
namespace {

using testing::RecordFiles;
using testing::throws;

// Any keys; only keys can be read.
class KeySource final : public SampleSource {
 public:
  explicit KeySource(std::vector<Key> keys) : keys_(std::move(keys)) {}
  [[nodiscard]] std::uint64_t size() const noexcept override { return keys_.size(); }
  void read(std::uint64_t first, std::uint64_t count, const SampleColumns& out) const override {
    std::ranges::copy(std::span(keys_).subspan(first, count), out.keys.begin());
  }
  void read_at(std::span<const std::uint64_t> indices, const SampleColumns& out) const override {
    std::ranges::transform(indices, out.keys.begin(), [this](std::uint64_t index) { return keys_[index]; });
  }

 private:
  std::vector<Key> keys_;
};

std::vector<Key> keys_of(const Sequence& sequence) {
  std::vector<Key> keys(sequence.size());
  sequence.read(0, sequence.size(), {.keys = keys});
  return keys;
}

void expect_latest(const std::vector<Key>& keys, const std::vector<std::uint64_t>& ends) {
  std::map<Key, std::size_t> last;
  for (std::size_t i = 0; i < keys.size(); ++i) last[keys[i]] = i;
  std::vector<Key> wanted;
  std::vector<std::uint64_t> wanted_ends(ends.size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (last[keys[i]] != i) continue;
    wanted.push_back(keys[i]);
    for (std::size_t part = 0; part < ends.size(); ++part) wanted_ends[part] += i < ends[part] ? 1 : 0;
  }
  const Distinct found = latest(Sequence(std::make_shared<KeySource>(keys)), ends);
  EXPECT_EQ(keys_of(found.samples), wanted);
  EXPECT_EQ(found.ends, wanted_ends);
}

TEST(Latest, TheLastSampleOfAKeyStays) {
  expect_latest({}, {0, 0});
  expect_latest({5}, {1});
  expect_latest({5, 5, 5}, {1, 2, 3});
  expect_latest({3, 1, 3, 2, 1}, {2, 2, 5});
}

TEST(Latest, OfManyKeysCloseTogetherAndFarApart) {
  std::mt19937_64 generator(3);
  for (const Key largest : {Key{500}, Key{100'000}, Key{1} << 40, Key{1} << 62}) {
    for (const std::size_t size : {10, 5'000, 200'000}) {
      std::uniform_int_distribution<Key> any(0, largest);
      std::vector<Key> keys(size);
      std::ranges::generate(keys, [&] { return any(generator); });
      for (std::size_t i = 0; i < size; i += 7) keys[i] = keys[size / 2];
      expect_latest(keys, {size / 3, size / 2, size});
    }
  }
}

TEST(Latest, DistinctSamplesStayAsTheyAre) {
  std::vector<Key> keys(100'000);
  for (std::size_t i = 0; i < keys.size(); ++i) keys[i] = static_cast<Key>((i * 7919) % keys.size());
  const Sequence window(std::make_shared<KeySource>(keys));
  EXPECT_EQ(&latest(window, {keys.size()}).samples.source(), &window.source());
}

TEST(Latest, OfRangesOfAViewIsNotLookedFor) {
  RecordFiles files({.record_size = 4, .label_size = 1, .label_offset = 0}, {1'000});
  const auto view = View::build(files.scan(), ViewOrder::kTime);
  const Sequence apart = Sequence::of_ranges(view, {{0, 10}, {10, 5}, {20, 30}});
  EXPECT_TRUE(apart.source().is_distinct());
  EXPECT_TRUE(apart.slice(5, 20).source().is_distinct());
  EXPECT_FALSE(Sequence::of_ranges(view, {{20, 30}, {0, 10}}).source().is_distinct());
  const Sequence overlapping = Sequence::of_ranges(view, {{0, 10}, {5, 10}});
  EXPECT_FALSE(overlapping.source().is_distinct());
  EXPECT_EQ(latest(overlapping, {10, 20}).samples.size(), 15U);
  EXPECT_EQ(latest(overlapping, {10, 20}).ends, (std::vector<std::uint64_t>{5, 15}));
}

TEST(Latest, EndsBeyondTheWindowAreRefused) {
  EXPECT_TRUE(throws(ErrorKind::kInvalidArgument, [] { static_cast<void>(latest(Sequence(), {1})); }));
}

}  // namespace
}  // namespace modyn
