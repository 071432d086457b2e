// Any bytes as a CSV file: the first byte chooses among settings, the rest is the file.
//
// Read as a whole and read in small windows and pieces, it must give the same rows, or be refused both times.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <span>

#include "formats/csv.hpp"
#include "formats/memory_input.hpp"
#include "modyn/error.hpp"
#include "support/samples.hpp"

namespace {

using namespace modyn;

formats::Csv csv_of(std::uint8_t choice) {
  formats::CsvSettings settings;
  if ((choice & 1U) != 0) settings.characters.separator = ';';
  settings.characters.has_quote = (choice & 2U) == 0;
  settings.characters.quote = '"';
  settings.header = (choice & 4U) != 0;
  settings.utf8 = (choice & 8U) == 0;
  settings.label = std::uint64_t{(choice >> 4U) & 3U};
  if ((choice & 64U) != 0) settings.timestamp = std::uint64_t{1};
  if ((choice & 128U) != 0 && settings.header) settings.label = "label";
  return formats::Csv(settings);
}

template <typename Read>
std::optional<fuzz::Samples> attempt(const Read& read) {
  try {
    return fuzz::collect(read);
  } catch (const BadContent&) {
  } catch (const IncompleteFile&) {
  } catch (const Error&) {
  }
  return std::nullopt;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const formats::Csv csv = csv_of(data[0]);
  const auto bytes = std::as_bytes(std::span(data, size)).subspan(1);
  const formats::MemoryInput input(bytes);
  const auto whole = attempt([&](SampleSink& sink) { csv.read(input, sink); });
  if (whole) fuzz::check_rows(*whole, bytes.size());
  for (const std::uint64_t piece : {std::uint64_t{7}, std::uint64_t{64}}) {
    if (attempt([&](SampleSink& sink) { csv.read(input, sink, 64, piece); }) != whole) std::abort();
  }
  return 0;
}
