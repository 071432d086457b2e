// What has happened to a known file whose status is not the one that was recorded.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "ingest/source_folder.hpp"
#include "ingest/walk.hpp"
#include "modyn/format.hpp"
#include "modyn/index.hpp"
#include "modyn/ingest.hpp"

namespace modyn::ingest {

struct ChangedFile {
  std::uint32_t number;
  SourceFile recorded;
  FoundFile found;
};

struct Verdict {
  enum class Kind {
    kUnreadable,  // nothing can be said: tried again in the next scan
    kChanged,     // its ingested bytes, or its label, are not what they were
    kTouched,     // the same bytes
    kGrown,       // the same bytes, and more behind them
  };
  Kind kind = Kind::kUnreadable;
  std::string reason{};  // kUnreadable: a sentence; kChanged: goes on from "file 'name'"
};

class ChangedFileJudge {
 public:
  ChangedFileJudge(const Index& index, const SourceFolder& source, const IngestOptions& options,
                   const FileFormat& format)
      : index_(index), source_(source), options_(options), format_(format) {}

  // Reads what it must to tell. Thread-safe; throws nothing that concerns one file only.
  [[nodiscard]] Verdict judge(const ChangedFile& file) const;

 private:
  [[nodiscard]] Verdict judge_bytes(const ChangedFile& file) const;
  [[nodiscard]] Verdict judge_sample(const ChangedFile& file) const;
  [[nodiscard]] Verdict judge_label(const ChangedFile& file) const;

  const Index& index_;
  const SourceFolder& source_;
  const IngestOptions& options_;
  const FileFormat& format_;
};

// Adds to each of these files how many records of it the index holds.
void count_records(const Index& index, std::map<std::uint32_t, std::uint64_t>& records);

}  // namespace modyn::ingest
