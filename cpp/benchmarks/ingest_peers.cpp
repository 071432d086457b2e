// The least that an ingest must do, for benchmarks/data/ingest.py to compare with:
//
//   ingest_peers labels FOLDER RECORD_SIZE OUT   labels of fixed records: strided reads of maps, columns written and
//   fsynced ingest_peers sidecars FOLDER                 stat each .png and read the .label beside it, one after the
//   other ingest_peers walk FOLDER                     list everything below a folder, with the status of each file
//
// Each prints the seconds that it took and how much it found.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.hpp"

namespace {

using modyn::core::Descriptor;

struct Result {
  std::uint64_t found;
  std::uint64_t sum;  // keeps the compiler from leaving things out
};

std::vector<std::filesystem::path> files_in(const std::filesystem::path& folder, std::string_view ending) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().native().ends_with(ending)) files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

// One byte for each label, as the labels of the benchmark fit one.
std::vector<std::uint8_t> labels_of(const std::filesystem::path& path, std::uint64_t record_size) {
  const modyn::core::MappedFile file(path);
  const auto bytes = file.bytes();
  std::vector<std::uint8_t> labels(bytes.size() / record_size);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    std::uint32_t label = 0;
    std::memcpy(&label, bytes.data() + i * record_size, sizeof(label));
    labels[i] = static_cast<std::uint8_t>(label);
  }
  return labels;
}

Result labels(const std::filesystem::path& folder, std::uint64_t record_size, const std::filesystem::path& out) {
  const auto files = files_in(folder, ".bin");
  std::vector<std::vector<std::uint8_t>> columns(files.size());
  const auto read = [&](std::size_t first) {
    for (std::size_t i = first; i < files.size(); i += 2) columns[i] = labels_of(files[i], record_size);
  };
  {
    const std::jthread second(read, std::size_t{1});
    read(0);
  }
  const Descriptor file(::open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  Result result{0, 0};
  for (const auto& column : columns) {
    modyn::core::write_all(file, std::as_bytes(std::span(column)), out);
    result.found += column.size();
  }
  modyn::core::sync_file(file, out);
  return result;
}

Result sidecars(const std::filesystem::path& folder) {
  Result result{0, 0};
  const auto files = files_in(folder, ".png");
  for (const auto& path : files) {
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0) std::exit(1);
    auto sidecar = path;
    sidecar.replace_extension(".label");
    const Descriptor file(::open(sidecar.c_str(), O_RDONLY | O_CLOEXEC));
    char text[32];
    const ssize_t length = ::read(file.number(), text, sizeof(text) - 1);
    if (length <= 0) std::exit(1);
    text[length] = '\0';
    result.sum += std::strtoull(text, nullptr, 10) + static_cast<std::uint64_t>(status.st_size);
    ++result.found;
  }
  return result;
}

void walk(int parent, const char* name, Result& result) {
  DIR* const folder = ::fdopendir(::openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder == nullptr) std::exit(1);
  while (const dirent* entry = ::readdir(folder)) {
    const std::string_view called = entry->d_name;
    if (called == "." || called == "..") continue;
    if (entry->d_type == DT_DIR) {
      walk(::dirfd(folder), entry->d_name, result);
      continue;
    }
    struct stat status{};
    if (::fstatat(::dirfd(folder), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) std::exit(1);
    result.sum += static_cast<std::uint64_t>(status.st_size);
    ++result.found;
  }
  ::closedir(folder);
}

Result run(int argc, char** argv) {
  const std::string_view work = argc > 1 ? argv[1] : "";
  if (work == "labels" && argc == 5) return labels(argv[2], std::strtoull(argv[3], nullptr, 10), argv[4]);
  if (work == "sidecars" && argc == 3) return sidecars(argv[2]);
  if (work == "walk" && argc == 3) {
    Result result{0, 0};
    walk(AT_FDCWD, argv[2], result);
    return result;
  }
  std::fprintf(stderr, "usage: %s labels FOLDER RECORD_SIZE OUT | sidecars FOLDER | walk FOLDER\n", argv[0]);
  std::exit(2);
}

}  // namespace

int main(int argc, char** argv) {
  const auto start = std::chrono::steady_clock::now();
  const Result result = run(argc, argv);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  std::printf("%.9f %llu %llu\n", seconds.count(), static_cast<unsigned long long>(result.found),
              static_cast<unsigned long long>(result.sum));
}
