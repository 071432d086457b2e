#include "ingest/source_tree.hpp"

#include <map>
#include <numeric>

namespace modyn::testing {
namespace {

std::string text_of(const std::filesystem::path& path) {
  const auto bytes = read_bytes(path);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

SourceTree::SourceTree(const std::string& extension, const std::string& settings) {
  std::filesystem::create_directories(root());
  options.root = root();
  options.file_extension = extension;
  options.format = settings;
}

void SourceTree::put(const std::string& name, const std::string& content, std::int64_t mtime) const {
  std::filesystem::create_directories(file(name).parent_path());
  write_text(file(name), content);
  set_mtime(file(name), mtime);
}

void SourceTree::append(const std::string& name, const std::string& content, std::int64_t mtime) const {
  put(name, text_of(file(name)) + content, mtime);
}

std::vector<StoredSample> SourceTree::samples() const {
  const auto index = open();
  std::vector<Key> keys(index->summary().samples);
  std::iota(keys.begin(), keys.end(), Key{0});
  std::vector<std::int64_t> labels(keys.size());
  std::vector<Timestamp> timestamps(keys.size());
  std::vector<Place> places(keys.size());
  index->labels(keys, labels);
  index->timestamps(keys, timestamps);
  index->places(keys, places);
  std::map<std::uint32_t, std::string> contents;
  std::vector<StoredSample> samples;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    std::string& content = contents[places[i].file];
    if (content.empty()) content = text_of(file(index->source_file(places[i].file).path));
    std::string bytes = content.substr(places[i].offset, places[i].length);
    bytes.erase(places[i].cut_offset, places[i].cut_length);
    samples.push_back({labels[i], timestamps[i], std::move(bytes)});
  }
  return samples;
}

std::vector<std::int64_t> SourceTree::labels() const {
  std::vector<std::int64_t> labels;
  for (const StoredSample& sample : samples()) labels.push_back(sample.label);
  return labels;
}

std::vector<std::string> reasons(const std::vector<QuarantinedFile>& files) {
  std::vector<std::string> reasons;
  for (const QuarantinedFile& file : files) reasons.push_back(file.reason);
  return reasons;
}

}  // namespace modyn::testing
