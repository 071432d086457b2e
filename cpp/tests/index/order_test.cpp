// Orders in view files answer as those in memory.
#include "index/order.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "core/file.hpp"
#include "index/dataset_folder.hpp"
#include "index/model_dataset.hpp"
#include "index/order_builder.hpp"
#include "modyn/query.hpp"
#include "support/errors.hpp"

namespace modyn::index {
namespace {

using modyn::testing::ModelDataset;
using modyn::testing::throws;

class OrderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (int i = 0; i < 4; ++i) model_.commit(generator_, 10, 40);
    model_.remove(generator_, 10);
    index_ = Index::open(model_.folder());
  }
  [[nodiscard]] std::shared_ptr<const Order> stored() const { return stored_order_by_time(index_, 0); }
  [[nodiscard]] std::filesystem::path file() const { return view_file(model_.folder(), index_->summary().manifest); }

  struct Columns {
    std::vector<Key> keys;
    std::vector<Timestamp> timestamps;
    std::vector<std::int64_t> labels;
    friend bool operator==(const Columns&, const Columns&) = default;
  };
  static Columns read(const Order& order, std::uint64_t first, std::uint64_t count) {
    Columns columns{std::vector<Key>(count), std::vector<Timestamp>(count), std::vector<std::int64_t>(count)};
    order.keys(first, columns.keys);
    order.timestamps(first, columns.timestamps);
    order.labels(first, columns.labels);
    return columns;
  }
  static Columns read(const Order& order) { return read(order, 0, order.size()); }

  std::mt19937_64 generator_{6};
  ModelDataset model_;
  std::shared_ptr<const Index> index_;
};

TEST_F(OrderTest, OfAFileIsTheOneInMemory) {
  const auto in_memory = order_by_time(index_, {});
  const auto in_file = stored();
  ASSERT_TRUE(std::filesystem::exists(file()));
  ASSERT_EQ(in_file->runs(), in_memory->runs());
  EXPECT_EQ(read(*in_file), read(*in_memory));
  in_file->verify();
  for (int i = 0; i < 50; ++i) {
    const std::uint64_t first = generator_() % in_file->size();
    const std::uint64_t count = generator_() % (in_file->size() - first + 1);
    ASSERT_EQ(read(*in_file, first, count), read(*in_memory, first, count));
  }
  std::vector<std::uint64_t> positions(3000);
  std::ranges::generate(positions, [&] { return generator_() % in_file->size(); });
  std::vector<Key> keys(positions.size());
  std::vector<Key> same(positions.size());
  in_file->keys_at(positions, keys);
  in_memory->keys_at(positions, same);
  EXPECT_EQ(keys, same);
  for (Timestamp time = -10; time < 340; ++time) {
    ASSERT_EQ(in_file->position_of_time(time), in_memory->position_of_time(time));
  }
}

TEST_F(OrderTest, IsWrittenOnceAndReadByAll) {
  const auto first = stored();
  const auto before = modyn::testing::read_bytes(file());
  EXPECT_EQ(read(*stored()), read(*first));
  std::filesystem::remove(file());
  EXPECT_EQ(read(*first), read(*stored())) << "who has it open reads on";
  EXPECT_EQ(modyn::testing::read_bytes(file()), before) << "it depends on nothing but the manifest";
}

TEST_F(OrderTest, IsNotWrittenForFewRuns) {
  EXPECT_EQ(stored_order_by_time(index_)->size(), index_->summary().samples);
  EXPECT_FALSE(std::filesystem::exists(file()));
}

TEST_F(OrderTest, StaysInMemoryWhereNothingCanBeWritten) {
  // A link that leads nowhere in the place of the folder stands for whatever may keep us from writing.
  std::filesystem::create_symlink("nowhere/at/all", view_folder(model_.folder()));
  const auto order = stored();
  EXPECT_EQ(read(*order), read(*order_by_time(index_, {})));
}

TEST_F(OrderTest, ServesQueriesOfIntervals) {
  static_cast<void>(stored());
  const auto samples = Samples::select(index_, {.order = ViewOrder::kTime, .start = 2, .end = 60});
  const auto expected = order_by_time(index_, {.start = 2, .end = 60});
  ASSERT_EQ(samples->size(), expected->size());
  std::vector<Key> keys(samples->size());
  samples->keys(0, keys);
  EXPECT_EQ(keys, read(*expected).keys);
}

TEST_F(OrderTest, DetectsAnyDamagedByteOfItsFile) {
  static_cast<void>(stored());
  const auto intact = modyn::testing::read_bytes(file());
  for (std::size_t at = 0; at < intact.size(); at += 7) {
    const std::byte damaged = intact[at] ^ std::byte{0x04};
    modyn::testing::overwrite(file(), at, std::span(&damaged, 1));
    ASSERT_TRUE(throws(ErrorKind::kCorrupt, [&] { stored()->verify(); })) << "byte " << at;
    modyn::testing::overwrite(file(), at, std::span(intact).subspan(at, 1));
  }
}

TEST_F(OrderTest, OfAnotherManifestIsRefused) {
  static_cast<void>(stored());
  model_.commit(generator_, 3, 5);
  index_ = Index::open(model_.folder());
  std::filesystem::copy_file(view_file(model_.folder(), 5), file());
  EXPECT_TRUE(throws(ErrorKind::kCorrupt, [&] { static_cast<void>(stored()); }));
}

}  // namespace
}  // namespace modyn::index
