#include "modyn/ledger.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>
#include <thread>
#include <vector>

#include "support/errors.hpp"
#include "support/record_files.hpp"

namespace modyn {
namespace {

using testing::message_of;
using testing::throws;

struct Batch {
  std::vector<Key> keys;
  std::vector<Timestamp> timestamps;
  std::vector<std::int64_t> labels;
};

class LedgerTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::filesystem::path path() const { return folder_.path() / "ledger"; }

 private:
  testing::TemporaryFolder folder_;
};

// `spread` decides how many bytes each column needs.
Batch batch_of(std::mt19937_64& generator, std::size_t size, std::uint64_t spread) {
  const auto value = [&] { return static_cast<std::int64_t>(spread == 0 ? 7 : generator() % spread) - 1000; };
  Batch batch;
  for (std::size_t i = 0; i < size; ++i) {
    batch.keys.push_back(spread == 1 ? static_cast<Key>(i) : value());
    batch.timestamps.push_back(value());
    batch.labels.push_back(value());
  }
  return batch;
}

void append(Batch& all, const Batch& batch) {
  all.keys.insert(all.keys.end(), batch.keys.begin(), batch.keys.end());
  all.timestamps.insert(all.timestamps.end(), batch.timestamps.begin(), batch.timestamps.end());
  all.labels.insert(all.labels.end(), batch.labels.begin(), batch.labels.end());
}

bool inform(LedgerWriter& writer, std::uint32_t trigger, std::uint64_t number, const Batch& batch) {
  return writer.inform(trigger, number, batch.keys, batch.timestamps, batch.labels);
}

void expect_samples(const Sequence& sequence, const Batch& expected) {
  ASSERT_EQ(sequence.size(), expected.keys.size());
  const std::size_t size = expected.keys.size();
  Batch found{std::vector<Key>(size), std::vector<Timestamp>(size), std::vector<std::int64_t>(size)};
  std::vector<float> weights(size);
  sequence.read(0, size,
                {.keys = found.keys, .weights = weights, .timestamps = found.timestamps, .labels = found.labels});
  EXPECT_EQ(found.keys, expected.keys);
  EXPECT_EQ(found.timestamps, expected.timestamps);
  EXPECT_EQ(found.labels, expected.labels);
  EXPECT_TRUE(std::ranges::all_of(weights, [](float weight) { return weight == 1; }));
  if (size == 0) return;
  std::mt19937_64 generator(3);
  std::vector<std::uint64_t> indices(1000);
  std::ranges::generate(indices, [&] { return generator() % size; });
  std::vector<Key> keys(indices.size());
  std::vector<std::int64_t> labels(indices.size());
  sequence.read_at(indices, {.keys = keys, .labels = labels});
  for (std::size_t i = 0; i < indices.size(); ++i) {
    ASSERT_EQ(keys[i], expected.keys[indices[i]]);
    ASSERT_EQ(labels[i], expected.labels[indices[i]]);
  }
}

TEST_F(LedgerTest, GivesWhatWasInformedByTrigger) {
  std::mt19937_64 generator(1);
  std::vector<Batch> of_trigger(4);
  LedgerWriter writer(path());
  std::uint64_t number = 0;
  for (std::uint32_t trigger = 0; trigger < 4; ++trigger) {
    EXPECT_EQ(writer.open_trigger(), trigger);
    if (trigger == 1) {  // nothing is informed
      EXPECT_TRUE(writer.end_trigger(trigger));
      continue;
    }
    for (const std::uint64_t spread : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{200}, std::uint64_t{60'000},
                                       std::uint64_t{1} << 31, std::numeric_limits<std::uint64_t>::max()}) {
      for (const std::size_t size : {0, 1, 2, 3, 1000}) {
        const Batch batch = batch_of(generator, size, spread);
        EXPECT_TRUE(inform(writer, trigger, number++, batch));
        append(of_trigger[trigger], batch);
      }
    }
    if (trigger < 3) {
      EXPECT_TRUE(writer.end_trigger(trigger));
    }
  }
  writer.sync();

  for (const auto& ledger : {writer.snapshot(), Ledger::open(path())}) {
    EXPECT_EQ(ledger->triggers(), 3U);
    EXPECT_EQ(ledger->size(), writer.size());
    for (std::uint32_t first = 0; first < 6; ++first) {
      for (std::uint32_t end = 0; end < 6; ++end) {
        Batch expected;
        for (std::uint32_t trigger = first; trigger < std::min(end, 4U); ++trigger)
          append(expected, of_trigger[trigger]);
        expect_samples(ledger->samples(first, end), expected);
      }
    }
    ledger->verify();
  }
}

TEST_F(LedgerTest, LongBatchesAreOneBatch) {
  std::mt19937_64 generator(2);
  const Batch batch = batch_of(generator, 200'000, 5000);
  LedgerWriter writer(path());
  EXPECT_TRUE(inform(writer, 0, 1, batch));
  EXPECT_FALSE(inform(writer, 0, 1, batch));
  expect_samples(writer.snapshot()->all(), batch);
}

TEST_F(LedgerTest, ARepeatedBatchIsNotAddedAgainEvenAfterItsTriggerEndedAndTheWriterChanged) {
  std::mt19937_64 generator(2);
  const Batch first = batch_of(generator, 10, 100);
  const Batch second = batch_of(generator, 70'000, 100);
  {
    LedgerWriter writer(path());
    EXPECT_TRUE(inform(writer, 0, 5, first));
    EXPECT_FALSE(inform(writer, 0, 5, first));
    EXPECT_TRUE(writer.end_trigger(0));
    EXPECT_FALSE(writer.end_trigger(0));
    EXPECT_FALSE(inform(writer, 0, 5, first));
    EXPECT_TRUE(inform(writer, 1, 5, second)) << "numbers are unique within a trigger only";
    writer.sync();
  }
  LedgerWriter writer(path());
  EXPECT_FALSE(inform(writer, 0, 5, first));
  EXPECT_FALSE(inform(writer, 1, 5, second));
  EXPECT_TRUE(throws(ErrorKind::kConflict, [&] { inform(writer, 0, 5, second); }));
  EXPECT_TRUE(throws(ErrorKind::kConflict, [&] { inform(writer, 1, 5, first); }));
  EXPECT_EQ(writer.size(), 70'010U);
}

TEST_F(LedgerTest, MistakesAreRefusedAndChangeNothing) {
  LedgerWriter writer(path());
  const std::vector<std::int64_t> two{1, 2};
  const std::vector<std::int64_t> three{1, 2, 3};
  EXPECT_NE(message_of(ErrorKind::kInvalidArgument, [&] { writer.inform(0, 0, two, three, two); }).find("3 timestamps"),
            std::string::npos);
  EXPECT_TRUE(throws(ErrorKind::kInvalidArgument, [&] { writer.inform(0, 0, two, two, three); }));
  EXPECT_TRUE(throws(ErrorKind::kInvalidArgument, [&] { writer.inform(1, 0, two, two, two); }));
  EXPECT_TRUE(throws(ErrorKind::kInvalidArgument, [&] { writer.end_trigger(1); }));
  writer.end_trigger(0);
  EXPECT_TRUE(throws(ErrorKind::kInvalidArgument, [&] { writer.inform(0, 0, two, two, two); }));
  EXPECT_EQ(writer.size(), 0U);
  EXPECT_TRUE(throws(ErrorKind::kIo, [&] { Ledger::open(path().string() + "-missing"); }));
}

TEST_F(LedgerTest, HasOneWriter) {
  const LedgerWriter writer(path());
  EXPECT_TRUE(throws(ErrorKind::kConflict, [&] { LedgerWriter(path(), 0.01); }));
}

TEST_F(LedgerTest, ReadersSeeWhatIsDurableWhileTheWriterGoesOn) {
  LedgerWriter writer(path());
  std::jthread informing([&](const std::stop_token& stop) {
    for (std::int64_t i = 0; !stop.stop_requested() && i < 20'000; ++i) {
      writer.inform(0, static_cast<std::uint64_t>(i), std::vector{i}, std::vector{i}, std::vector{i});
      if (i % 10 == 9) writer.sync();
    }
  });
  std::uint64_t seen = 0;
  for (int attempt = 0; attempt < 100; ++attempt) {
    const auto ledger = Ledger::open(path());
    EXPECT_EQ(ledger->size() % 10, 0U);
    EXPECT_GE(ledger->size(), seen);
    seen = ledger->size();
    ledger->verify();
  }
}

TEST_F(LedgerTest, RangesOfAViewStayRanges) {
  testing::RecordFiles files({.record_size = 8, .label_size = 4}, {60, 40});
  const auto view = View::build(files.scan(), ViewOrder::kTime);
  const std::vector<Range> first{{90, 10}, {3, 0}, {0, 20}};
  const std::vector<Range> second{{20, 70}};
  {
    LedgerWriter writer(path());
    EXPECT_TRUE(writer.inform_ranges(0, 0, *view, first));
    EXPECT_FALSE(writer.inform_ranges(0, 0, *view, first));
    writer.end_trigger(0);
    EXPECT_TRUE(writer.inform_ranges(1, 0, *view, second));
    writer.end_trigger(1);
    EXPECT_TRUE(
        throws(ErrorKind::kInvalidArgument, [&] { writer.inform_ranges(2, 0, *view, std::vector<Range>{{50, 51}}); }));
    const auto other = View::build(view->index(), ViewOrder::kSequence);
    EXPECT_TRUE(
        throws(ErrorKind::kInvalidArgument, [&] { writer.inform_ranges(2, 0, *other, std::vector<Range>{{0, 1}}); }));
    EXPECT_TRUE(throws(ErrorKind::kInvalidArgument, [&] { static_cast<void>(writer.snapshot(other)); }));
    EXPECT_TRUE(throws(ErrorKind::kInvalidArgument, [&] { static_cast<void>(writer.snapshot()); }));
    writer.inform(2, 0, std::vector<Key>{5}, std::vector<Timestamp>{-1}, std::vector<std::int64_t>{-2});
    writer.end_trigger(2);
  }
  const auto ledger = Ledger::open(path(), view);
  const Sequence replayed = ledger->samples(0, 2);
  ASSERT_TRUE(replayed.ranges(*view).has_value());
  std::vector<Key> keys(101);
  std::vector<std::int64_t> labels(101);
  ledger->all().read(0, 101, {.keys = keys, .labels = labels});
  EXPECT_FALSE(ledger->all().ranges(*view).has_value()) << "the last sample is explicit";
  for (std::size_t i = 0; i < 100; ++i) {
    EXPECT_EQ(keys[i], static_cast<Key>(i < 10 ? 90 + i : i - 10));
    EXPECT_EQ(labels[i], files.label(keys[i]));
  }
  EXPECT_EQ(keys[100], 5);
  EXPECT_EQ(labels[100], -2) << "what was informed counts, not the index";
  std::vector<std::uint64_t> indices{100, 5, 99, 12};
  std::vector<Key> at(4);
  ledger->all().read_at(indices, {.keys = at});
  EXPECT_EQ(at, (std::vector<Key>{5, 95, 89, 2}));
}

}  // namespace
}  // namespace modyn
