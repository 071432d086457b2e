// Deals the parts of a fetch to the threads of a pool.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <vector>

#include "fetch/gatherer.hpp"
#include "fetch/key_order.hpp"
#include "fetch/read_ahead.hpp"
#include "fetch/request.hpp"
#include "fetch/scratch.hpp"
#include "fetch/source_files.hpp"
#include "modyn/index.hpp"

namespace modyn::fetch {

class Fetcher {
 public:
  // As of Reader.
  Fetcher(std::shared_ptr<const Index> index, std::filesystem::path root, unsigned threads, std::size_t max_open_files,
          Access access);

  [[nodiscard]] const std::shared_ptr<const Index>& index() const noexcept { return index_; }

  void sizes(std::span<const Key> keys, std::span<std::uint64_t> out);
  void fetch(const Request& request);
  void advise(std::span<const Key> keys);
  [[nodiscard]] Outlook look(std::span<const Key> keys);

 private:
  struct Run;
  // What a thread needs for itself.
  struct Worker {
    Gatherer gatherer;
    ReadAhead ahead;
    std::vector<Key> keys;
    std::vector<std::uint32_t> slots;

    void release() noexcept {
      gatherer.release();
      ahead.release();
    }
  };
  using Workers = std::vector<Scratch<Worker>::Lease>;

  void check_range(std::span<const Key> keys) const;
  void run(Run& run);
  void work(Run& run, Worker& worker);
  static void announce(Run& run, Worker& worker, std::size_t part);
  void check_files(const Workers& workers) const;

  std::shared_ptr<const Index> index_;
  unsigned threads_;
  SourceFiles files_;
  Scratch<KeyOrder> orders_;
  Scratch<Worker> workers_;
};

}  // namespace modyn::fetch
