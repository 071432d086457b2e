// The one exception type of the native libraries.
//
// A message names the thing, the value and what to do. The kind decides which Python exception
// the bindings raise (modyn.errors), so callers can tell a caller's mistake from a broken file.
#pragma once

#include <stdexcept>
#include <string>

namespace modyn {

enum class ErrorKind {
  kInvalidArgument,  // the caller passed something impossible
  kUnknownKey,       // a key that the pinned manifest does not hold
  kCorrupt,          // a file of ours fails its checksum or its format rules
  kSourceChanged,    // a source file shrank, changed or vanished since it was ingested
  kConflict,         // somebody else holds the lock, or published first
  kIo,               // the operating system said no; the message carries its reason
};

class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& message) : std::runtime_error(message), kind_(kind) {}
  [[nodiscard]] ErrorKind kind() const noexcept { return kind_; }

 private:
  ErrorKind kind_;
};

}  // namespace modyn
