#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace flexos {

/// How a tool that was run to its end has ended.
struct ToolResult {
  bool started = false;  ///< false: there is no such tool
  int code = -1;         ///< exit code; 128 + signal where one ended it
  std::string output;    ///< stdout and stderr, as they came; at most 1 MiB
};

/// Runs a tool in `folder` and waits for it. The first argument is looked up in PATH.
ToolResult run_tool(const std::vector<std::string>& arguments, const std::filesystem::path& folder);

/// Runs all jobs, `workers` at a time.
/// A job that returns false stops the rest. True: all did.
bool run_all(std::vector<std::function<bool()>> jobs, unsigned workers);

}  // namespace flexos
