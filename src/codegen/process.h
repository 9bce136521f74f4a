#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace flexos {

struct ProcessRequest {
  std::vector<std::string> command;  ///< the first one is looked up in PATH
  double timeout = 0;                ///< seconds; 0 = none
  bool input = false;                ///< hands our standard input on; else it reads nothing
  /// What it writes (1 or 2: its stdout or stderr), as it comes. False: nobody wants more, end it.
  std::function<bool(int stream, std::string_view bytes)> output;
  /// Once true, it is ended as if its time were over. Null: nobody will want that.
  const std::atomic<bool>* cancelled = nullptr;
};

struct ProcessEnd {
  bool started = false;
  std::string error;  ///< where it was not
  bool timed_out = false;
  bool interrupted = false;  ///< somebody wanted us to end
  bool unheard = false;      ///< `output` said no
  int code = -1;             ///< -1: it did not end by itself
  int signal = 0;            ///< that ended it
  double seconds = 0;
};

/// Runs a process to its end in a process group of its own. Nothing of the group is left when this
/// returns, whatever happened: neither a zombie nor a child that holds a pipe open. Safe in several
/// threads at once.
ProcessEnd run_process(const ProcessRequest& request);

/// The file that PATH leads to; empty where there is none.
std::string find_program(std::string_view name);

}  // namespace flexos
