#pragma once

#include <string>
#include <vector>

namespace flexos::bench {

struct ProcessResult {
  int exit_code = -1;  ///< 128 + signal where a signal ended it
  bool timed_out = false;
  double seconds = 0;  ///< wall clock
  long peak_kib = 0;   ///< largest resident set of the process and what it waited for
  std::string out;
  std::string err;
};

/// Runs a program in a process group of its own, killed as a whole at the time limit.
ProcessResult run_process(const std::vector<std::string>& command, double time_limit);

/// A directory that vanishes with the object.
class ScratchDirectory {
 public:
  ScratchDirectory();
  ~ScratchDirectory();
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

void write_file(const std::string& path, const std::string& text);
std::string read_file(const std::string& path);  ///< empty where there is none

}  // namespace flexos::bench
