// Expectations about modyn::Error.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "modyn/error.hpp"

namespace modyn::testing {

// Runs `action`, which must throw an Error of this kind; returns its message.
template <typename Action>
std::string message_of(ErrorKind kind, Action action) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "no error was thrown";
  return "";
}

// Whether `action` throws an Error of this kind.
template <typename Action>
::testing::AssertionResult throws(ErrorKind kind, Action action) {
  try {
    action();
  } catch (const Error& error) {
    if (error.kind() == kind) return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << "an error of another kind: " << error.what();
  }
  return ::testing::AssertionFailure() << "no error was thrown";
}

}  // namespace modyn::testing
