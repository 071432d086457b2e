// The logs of one dataset and where the newest ends.
//
// A frame is written only after the one before it is on the disk, by the holder of the lock. So at most the
// last frame can be torn, and what is behind the end is one of: nothing or zeros; a frame that is whole
// (its writer was killed before he could say so), which is taken; or a torn one, which is cut off. A frame
// that is not valid but has a valid header of a later one behind it was once on the disk: that is damage,
// and so is anything wrong before the end mark.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "core/file.hpp"
#include "push/end_mark.hpp"
#include "push/log_layout.hpp"

namespace modyn::push {

// The newest log, open for writing.
struct OpenLog {
  std::filesystem::path path;
  core::Descriptor file;
  LogHeader header;
};

class LogSet {
 public:
  // Creates the folder and the end mark if they are missing. For the holder of the lock, as all of it.
  explicit LogSet(const std::filesystem::path& dataset);

  // Learns what other processes appended, and repairs what a killed one left. kCorrupt for damage.
  void refresh();

  // Where the next frame goes. The log is nullptr if there is none yet.
  [[nodiscard]] const LogEnd& end() const noexcept { return end_; }
  [[nodiscard]] const OpenLog* newest() const noexcept { return newest_ ? &*newest_ : nullptr; }

  // Ends the newest log, if there is one, and begins the next.
  void begin_log(std::uint64_t sample_size);

  // Before and after a frame is written behind the end.
  void announce_write();
  void commit_write(const LogEnd& end);
  // Cuts off what was written behind the end and may not count. Throws nothing: what cannot be done now,
  // refresh() does later.
  void abandon_write() noexcept;

  void sync_end_mark() const { mark_file_.sync(); }

 private:
  void recover();
  void open_newest(std::uint64_t number);
  void write_mark(EndState state) const;
  [[nodiscard]] LogEnd begin_of_newest() const;

  std::filesystem::path dataset_;
  EndMarkFile mark_file_;
  std::optional<OpenLog> newest_;
  LogEnd end_;
};

// Reads the header of a log. kCorrupt if it is not a valid one of this number.
[[nodiscard]] LogHeader load_log_header(const core::Descriptor& file, const std::filesystem::path& path,
                                        std::uint64_t number);

// kCorrupt: "file '<path>' is damaged at byte <offset>: <what>".
[[noreturn]] void throw_damaged(const std::filesystem::path& path, std::uint64_t offset, const std::string& what);

}  // namespace modyn::push
