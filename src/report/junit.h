#pragma once

#include <string>
#include <vector>

namespace flexos {

/// One row of a sweep, as CI servers show it.
struct TestCase {
  enum class Result { passed, failed, error, skipped };
  std::string suite;  ///< the spec
  std::string name;   ///< the isolation strategy
  double seconds = 0;
  Result result = Result::passed;
  std::string cause;    ///< of what did not pass: a word out of a fixed list
  std::string message;  ///< a sentence
  std::string details;  ///< what else there is to say
};

/// JUnit XML, a suite for each run of equal `suite`s. Any bytes may stand in the texts.
std::string to_junit(const std::string& name, const std::vector<TestCase>& cases);

}  // namespace flexos
