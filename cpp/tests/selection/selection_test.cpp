#include "modyn/selection.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "support/errors.hpp"
#include "support/record_files.hpp"

namespace modyn {
namespace {

using testing::message_of;
using testing::RecordFiles;
using testing::throws;

constexpr FixedRecordFormat kFormat{.record_size = 4, .label_size = 1, .label_offset = 0};

Priorities priorities_at(std::uint64_t index) {
  return Priorities({.seed = 42, .trigger = 1, .purpose = Purpose::kPresampling, .index = index});
}

struct Sample {
  Key key;
  std::int64_t label;
};

class SelectionTest : public ::testing::Test {
 protected:
  SelectionTest()
      : files_(kFormat, {70'000, 1'000'000, 3, 130'000}), view_(View::build(files_.scan(), ViewOrder::kTime)) {}

  // The same samples as so many sequences one after the other.
  Sequence window(std::uint64_t partitions = 1) const {
    std::vector<Sequence> parts;
    for (std::uint64_t part = 0; part < partitions; ++part) {
      parts.push_back(Sequence::of_ranges(view_, {share(view_->size(), part, partitions)}));
    }
    return Sequence::join(std::move(parts));
  }

  static std::vector<Sample> samples_of(const Sequence& sequence) {
    std::vector<Key> keys(sequence.size());
    std::vector<std::int64_t> labels(sequence.size());
    sequence.read(0, sequence.size(), {.keys = keys, .labels = labels});
    std::vector<Sample> samples(keys.size());
    for (std::size_t i = 0; i < keys.size(); ++i) samples[i] = {keys[i], labels[i]};
    return samples;
  }

  static std::vector<Key> keys_of(const Sequence& sequence) {
    std::vector<Key> keys(sequence.size());
    sequence.read(0, sequence.size(), {.keys = keys});
    return keys;
  }

  // What `quotas` of each group must choose: by sorting.
  template <typename GroupOf, typename IsCandidate>
  static std::vector<Key> expected(const std::vector<Sample>& samples, const Priorities& priorities,
                                   const std::vector<std::uint64_t>& quotas, GroupOf group_of,
                                   IsCandidate is_candidate) {
    std::vector<std::vector<std::size_t>> members(quotas.size());
    for (std::size_t i = 0; i < samples.size(); ++i) {
      const std::size_t group = group_of(i);
      if (group < quotas.size() && is_candidate(samples[i])) members[group].push_back(i);
    }
    std::vector<std::size_t> chosen;
    for (std::size_t group = 0; group < quotas.size(); ++group) {
      auto& of_group = members[group];
      std::ranges::sort(of_group, {}, [&](std::size_t i) { return priorities(samples[i].key); });
      of_group.resize(std::min<std::size_t>(of_group.size(), quotas[group]));
      chosen.insert(chosen.end(), of_group.begin(), of_group.end());
    }
    std::ranges::sort(chosen);
    std::vector<Key> keys;
    for (const std::size_t i : chosen) keys.push_back(samples[i].key);
    return keys;
  }

  static Sequence choose_by_quota(const Sequence& window, const Groups& groups, const Priorities& priorities,
                                  const std::vector<std::uint64_t>& quotas, const Rule& among = {},
                                  unsigned threads = 0) {
    const auto counts = count(window, groups, among, threads);
    const auto to = bounds(window, groups, priorities, quotas, counts, among, threads);
    Rule rule = among;
    rule.push_back({priorities, groups, {}, to});
    return choose(window, std::vector<Rule>{rule}, threads);
  }

  RecordFiles files_;
  std::shared_ptr<const View> view_;
};

TEST_F(SelectionTest, TheLowestPrioritiesOfAllAreChosen) {
  const auto samples = samples_of(window());
  for (const std::uint64_t quota : {0ULL, 1ULL, 2ULL, 999ULL, 600'000ULL, 1'200'002ULL, 1'200'003ULL, 2'000'000ULL}) {
    const auto wanted = expected(
        samples, priorities_at(quota), {quota}, [](std::size_t) { return std::size_t{0}; },
        [](const Sample&) { return true; });
    EXPECT_EQ(keys_of(choose_by_quota(window(), Groups::all(), priorities_at(quota), {quota})), wanted) << quota;
  }
}

TEST_F(SelectionTest, EachLabelGetsItsQuotaWhateverThePartitionsAndThreads) {
  const auto samples = samples_of(window());
  const std::vector<std::int64_t> labels{0, 3, 17, 200, 255, 1'000};
  const std::vector<std::uint64_t> quotas{10, 1'000'000, 0, 2'500, 1, 7};
  const auto wanted = expected(
      samples, priorities_at(1), quotas,
      [&](std::size_t i) {
        return static_cast<std::size_t>(std::ranges::find(labels, samples[i].label) - labels.begin());
      },
      [](const Sample&) { return true; });
  ASSERT_GT(wanted.size(), 5'000U);
  for (const std::uint64_t partitions : {1, 2, 7}) {
    for (const unsigned threads : {1U, 2U, 7U}) {
      const auto chosen =
          choose_by_quota(window(partitions), Groups::by_label(labels), priorities_at(1), quotas, {}, threads);
      EXPECT_EQ(keys_of(chosen), wanted) << partitions << " partitions, " << threads << " threads";
    }
  }
}

TEST_F(SelectionTest, EachPartGetsItsQuota) {
  const auto samples = samples_of(window());
  const std::vector<std::uint64_t> ends{5, 5, 65'541, 1'199'000, 1'200'003};
  const std::vector<std::uint64_t> quotas{5, 3, 100, 500'000, 1};
  const auto wanted = expected(
      samples, priorities_at(2), quotas,
      [&](std::size_t i) { return static_cast<std::size_t>(std::ranges::upper_bound(ends, i) - ends.begin()); },
      [](const Sample&) { return true; });
  const auto groups = Groups::parts(ends);
  EXPECT_EQ(count(window(7), groups), (std::vector<std::uint64_t>{5, 0, 65'536, 1'133'459, 1'003}));
  EXPECT_EQ(keys_of(choose_by_quota(window(7), groups, priorities_at(2), quotas)), wanted);
}

TEST_F(SelectionTest, SamplesBehindTheLastPartAreInNoGroup) {
  const auto groups = Groups::parts({10, 20});
  EXPECT_EQ(count(window(), groups), (std::vector<std::uint64_t>{10, 10}));
  EXPECT_EQ(choose_by_quota(window(), groups, priorities_at(0), {100, 100}).size(), 20U);
}

TEST_F(SelectionTest, ARuleLimitsWhatIsCountedAndChosen) {
  const auto samples = samples_of(window());
  const Priorities drawn = priorities_at(3);
  const std::uint64_t half = Priorities::kEnd / 2;
  const Rule among{{drawn, Groups::parts({600'000, 1'200'003}), {half, 0}, {Priorities::kEnd, half / 2}}};
  const auto is_candidate = [&](const Sample& sample) {
    const std::uint64_t priority = drawn(sample.key);
    return sample.key < 600'000 ? priority >= half : priority < half / 2;
  };
  const auto candidates = static_cast<std::uint64_t>(std::ranges::count_if(samples, is_candidate));
  EXPECT_EQ(count(window(), Groups::all(), among), (std::vector<std::uint64_t>{candidates}));
  EXPECT_EQ(choose(window(2), std::vector<Rule>{among}).size(), candidates);
  const auto wanted =
      expected(samples, priorities_at(4), {40'000}, [](std::size_t) { return std::size_t{0}; }, is_candidate);
  EXPECT_EQ(keys_of(choose_by_quota(window(2), Groups::all(), priorities_at(4), {40'000}, among)), wanted);
}

TEST_F(SelectionTest, OneRuleOfSeveralIsEnough) {
  const Rule first{{priorities_at(5), Groups::by_label({7}), {}, {}}};
  const Rule second{{priorities_at(5), Groups::parts({100}), {}, {}}};
  const auto keys = keys_of(choose(window(), std::vector<Rule>{first, second}));
  std::vector<Key> wanted;
  for (const Sample& sample : samples_of(window())) {
    if (sample.label == 7 || sample.key < 100) wanted.push_back(sample.key);
  }
  EXPECT_EQ(keys, wanted);
}

TEST_F(SelectionTest, NoRuleChoosesNothingAndAnEmptyOneEverything) {
  EXPECT_EQ(choose(window(), {}).size(), 0U);
  EXPECT_EQ(choose(window(), std::vector<Rule>{{}}).size(), view_->size());
  EXPECT_EQ(choose(Sequence(), std::vector<Rule>{{{priorities_at(0), Groups::all(), {}, {}}}}).size(), 0U);
  EXPECT_TRUE(count(Sequence(), Groups::parts({})).empty());
}

TEST_F(SelectionTest, AGreaterChoiceContainsTheSmaller) {
  std::vector<Key> smaller;
  for (const std::uint64_t quota : {10ULL, 1'000ULL, 100'000ULL}) {
    const auto keys = keys_of(choose_by_quota(window(), Groups::all(), priorities_at(6), {quota}));
    EXPECT_TRUE(std::ranges::includes(keys, smaller));
    smaller = keys;
  }
}

TEST_F(SelectionTest, WrongCountsAreRefused) {
  const std::vector<std::uint64_t> quotas{900'000};
  for (const std::uint64_t wrong : {1'000'000ULL, 5'000'000ULL, 900'001ULL}) {
    const std::vector<std::uint64_t> counts{wrong};
    const Rule none{{priorities_at(0), Groups::all(), {}, {1}}};
    const std::string message = message_of(ErrorKind::kInvalidArgument, [&] {
      static_cast<void>(bounds(window(), Groups::all(), priorities_at(7), quotas, counts, none));
    });
    EXPECT_NE(message.find("does not have the"), std::string::npos) << message;
  }
}

// Counts that are a little wrong mislead the search, which then needs more passes but finds the same.
TEST_F(SelectionTest, ASearchThatLooksAtTheWrongPlaceGoesOn) {
  const std::vector<std::uint64_t> quotas{300'000};
  const std::vector<std::uint64_t> right{1'200'003};
  const std::vector<std::uint64_t> wrong{1'000'000};
  EXPECT_EQ(bounds(window(), Groups::all(), priorities_at(7), quotas, right),
            bounds(window(), Groups::all(), priorities_at(7), quotas, wrong));
}

TEST_F(SelectionTest, NumbersThatDoNotFitTheGroupsAreRefused) {
  const auto groups = Groups::parts({5, 10});
  const Rule rule{{priorities_at(0), groups, {1}, {}}};
  const std::vector<std::uint64_t> one{1};
  const std::string band =
      message_of(ErrorKind::kInvalidArgument, [&] { static_cast<void>(choose(window(), std::vector<Rule>{rule})); });
  EXPECT_EQ(band, "band: 1 numbers 'from' for 2 groups");
  const std::string quotas = message_of(
      ErrorKind::kInvalidArgument, [&] { static_cast<void>(bounds(window(), groups, priorities_at(0), one, one)); });
  EXPECT_EQ(quotas, "bounds: 1 quotas and 1 counts for 2 groups");
  EXPECT_TRUE(throws(ErrorKind::kInvalidArgument, [] { static_cast<void>(Groups::parts({5, 4})); }));
  EXPECT_TRUE(throws(ErrorKind::kInvalidArgument, [] { static_cast<void>(Groups::by_label({5, 5})); }));
}

TEST_F(SelectionTest, LabelsFarApartAreGroupsToo) {
  const std::vector<std::int64_t> labels{-9'000'000'000'000'000'000, 0, 5, 9'000'000'000'000'000'000};
  const auto samples = samples_of(window());
  const auto fives = static_cast<std::uint64_t>(std::ranges::count(samples, 5, &Sample::label));
  const auto zeros = static_cast<std::uint64_t>(std::ranges::count(samples, 0, &Sample::label));
  EXPECT_EQ(count(window(), Groups::by_label(labels)), (std::vector<std::uint64_t>{0, zeros, fives, 0}));
}

TEST_F(SelectionTest, LabelCountsAreThoseOfAllThreads) {
  std::map<std::int64_t, std::uint64_t> wanted;
  for (const Sample& sample : samples_of(window())) ++wanted[sample.label];
  for (const std::uint64_t partitions : {1, 7}) {
    std::map<std::int64_t, std::uint64_t> found;
    for (const LabelCount& one : window(partitions).label_counts()) found[one.label] = one.samples;
    EXPECT_EQ(found, wanted);
  }
}

}  // namespace
}  // namespace modyn
