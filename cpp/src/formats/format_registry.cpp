#include <map>
#include <memory>
#include <mutex>

#include "core/message.hpp"
#include "formats/csv.hpp"
#include "formats/fixed_record.hpp"
#include "formats/single_sample.hpp"
#include "modyn/format.hpp"

namespace modyn {
namespace {

struct Registry {
  std::mutex mutex;
  std::map<std::string, FormatFactory, std::less<>> factories{
      {"csv", formats::make_csv},
      {"fixed_record", formats::make_fixed_record},
      {"single_sample", formats::make_single_sample},
  };
};

Registry& registry() {
  // Never destroyed: formats that were written in Python must not outlive the interpreter's end here.
  static Registry* const shared = std::make_unique<Registry>().release();
  return *shared;
}

}  // namespace

void register_format(const std::string& kind, FormatFactory factory) {
  Registry& shared = registry();
  const std::lock_guard lock(shared.mutex);
  if (!shared.factories.emplace(kind, std::move(factory)).second) {
    throw Error(ErrorKind::kInvalidArgument, "there is a format " + core::quoted(kind) + " already");
  }
}

std::vector<std::string> format_kinds() {
  Registry& shared = registry();
  const std::lock_guard lock(shared.mutex);
  std::vector<std::string> kinds;
  for (const auto& [kind, factory] : shared.factories) kinds.push_back(kind);
  return kinds;
}

std::shared_ptr<const FileFormat> make_format(std::string_view text) {
  FormatSettings settings = FormatSettings::parse(text);
  FormatFactory factory;
  {
    Registry& shared = registry();
    const std::lock_guard lock(shared.mutex);
    const auto found = shared.factories.find(settings.kind());
    if (found != shared.factories.end()) factory = found->second;
  }
  if (!factory) {
    std::string known;
    for (const std::string& kind : format_kinds()) known += (known.empty() ? "" : ", ") + kind;
    throw Error(ErrorKind::kInvalidArgument, "there is no format " + core::quoted(settings.kind()) + " (known: " +
                                                 known + "); a format written in Python must be registered first");
  }
  return factory(std::move(settings));
}

}  // namespace modyn
