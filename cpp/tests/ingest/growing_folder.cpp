#include "ingest/growing_folder.hpp"

#include <array>
#include <cstring>
#include <map>
#include <numeric>
#include <stdexcept>

namespace modyn::testing {
namespace {

using Record = std::array<std::byte, GrowingFolder::kRecordSize>;

// The payload is a function of the label, so that a label paired with another's bytes shows.
Record make_record(std::int32_t label) {
  Record record{};
  const std::int64_t payload = std::int64_t{label} * 1'000'003 + 17;
  std::memcpy(record.data(), &label, 4);
  std::memcpy(record.data() + 4, &payload, 8);
  return record;
}

void put(const std::filesystem::path& path, const std::vector<std::int32_t>& labels, std::ios::openmode mode,
         std::int64_t mtime) {
  std::vector<std::byte> bytes;
  for (const std::int32_t label : labels) {
    const Record record = make_record(label);
    bytes.insert(bytes.end(), record.begin(), record.end());
  }
  write_bytes(path, bytes, mode);
  if (mtime != 0) set_mtime(path, mtime);
}

std::vector<Key> all_keys(const Index& index) {
  std::vector<Key> keys(index.summary().samples);
  std::iota(keys.begin(), keys.end(), Key{0});
  return keys;
}

}  // namespace

GrowingFolder::GrowingFolder() {
  std::filesystem::create_directories(root());
  options.root = root();
  options.file_extension = ".bin";
  options.format = FixedRecordFormat{kRecordSize, 4, 0, ByteOrder::kLittle, true};
}

void GrowingFolder::write(const std::string& name, const std::vector<std::int32_t>& labels, std::int64_t mtime) const {
  std::filesystem::create_directories(file(name).parent_path());
  put(file(name), labels, std::ios::trunc, mtime);
}

void GrowingFolder::append(const std::string& name, const std::vector<std::int32_t>& labels, std::int64_t mtime) const {
  put(file(name), labels, std::ios::app, mtime);
}

std::vector<std::int64_t> GrowingFolder::labels() const {
  const auto index = open();
  std::vector<std::int64_t> labels(index->summary().samples);
  index->labels(all_keys(*index), labels);
  return labels;
}

std::vector<std::string> GrowingFolder::places() const {
  const auto index = open();
  std::vector<Location> locations(index->summary().samples);
  index->locate(all_keys(*index), locations);
  std::vector<std::string> places;
  for (const Location& location : locations) {
    places.push_back(index->source_file(location.file).path + ":" + std::to_string(location.record));
  }
  return places;
}

std::uint64_t manifest_of(const GrowingFolder& folder) { return folder.open()->summary().manifest; }

void check_samples(const Index& index, const std::filesystem::path& root) {
  const std::vector<Key> keys = all_keys(index);
  std::vector<std::int64_t> labels(keys.size());
  std::vector<Location> locations(keys.size());
  index.labels(keys, labels);
  index.locate(keys, locations);
  std::map<std::uint32_t, std::vector<std::byte>> contents;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    auto& bytes = contents[locations[i].file];
    if (bytes.empty()) bytes = read_bytes(root / index.source_file(locations[i].file).path);
    const std::uint64_t offset = locations[i].record * GrowingFolder::kRecordSize;
    const Record expected = make_record(static_cast<std::int32_t>(labels[i]));
    if (offset + expected.size() > bytes.size() ||
        std::memcmp(bytes.data() + offset, expected.data(), expected.size()) != 0) {
      throw std::runtime_error("key " + std::to_string(i) + " is paired with the wrong bytes");
    }
  }
}

}  // namespace modyn::testing
