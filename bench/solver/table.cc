#include "table.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <sstream>

#include "process.h"

namespace flexos::bench {
namespace {

/// The value of `key: value` or `key="value"` in a file of /proc or /etc.
std::string field(const std::string& file, const std::string& key, char separator) {
  std::istringstream in(read_file(file));
  std::string line;
  while (std::getline(in, line)) {
    if (line.rfind(key, 0) != 0) continue;
    const auto at = line.find(separator);
    if (at == std::string::npos) continue;
    std::string value = line.substr(at + 1);
    std::erase(value, '"');
    value.erase(0, value.find_first_not_of(" \t"));
    return value;
  }
  return "unknown";
}

}  // namespace

std::string Table::text() const {
  std::vector<std::size_t> widths;
  for (const auto& row : rows_) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], row[c].size());
  }
  std::string text;
  for (std::size_t r = 0; r < rows_.size(); ++r) {
    text += '|';
    for (std::size_t c = 0; c < widths.size(); ++c) {
      const std::string cell = c < rows_[r].size() ? rows_[r][c] : "";
      text += fmt::format(" {:{}} |", cell, widths[c]);
    }
    text += '\n';
    if (r > 0) continue;
    text += '|';
    for (const std::size_t width : widths) text += std::string(width + 2, '-') + '|';
    text += '\n';
  }
  return text;
}

std::string seconds_text(double seconds) {
  if (seconds < 0.1) return fmt::format("{:.3f}", seconds);
  if (seconds < 1) return fmt::format("{:.2f}", seconds);
  if (seconds < 20) return fmt::format("{:.1f}", seconds);
  return fmt::format("{:.0f}", seconds);
}

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

std::string environment_text(const std::vector<std::string>& packages) {
  utsname system{};
  uname(&system);
  const std::time_t now = std::time(nullptr);
  std::string text = fmt::format("- date: {:%Y-%m-%d}\n", fmt::gmtime(now));
  text += fmt::format("- processor: {}, {} cores online\n",
                      field("/proc/cpuinfo", "model name", ':'), sysconf(_SC_NPROCESSORS_ONLN));
  text += fmt::format("- system: {}, {} {}\n", field("/etc/os-release", "PRETTY_NAME", '='),
                      system.sysname, system.machine);
  double load = 0;
  if (getloadavg(&load, 1) == 1) text += fmt::format("- load before the run: {:.2f}\n", load);
  text += "- versions:";
  for (const std::string& package : packages) {
    const auto query = run_process({"dpkg-query", "-W", "-f", "${Version}", package}, 10);
    text += fmt::format(" {} {};", package, query.exit_code == 0 ? query.out : "missing");
  }
  text.back() = '\n';
  return text;
}

}  // namespace flexos::bench
