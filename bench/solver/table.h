#pragma once

#include <string>
#include <vector>

namespace flexos::bench {

/// A table in Markdown whose columns also line up in a terminal.
class Table {
 public:
  explicit Table(std::vector<std::string> header) : rows_{std::move(header)} {}
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  bool empty() const { return rows_.size() < 2; }
  std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

/// Seconds as people write them: "0.004", "0.12", "3.4", "57".
std::string seconds_text(double seconds);

/// The middle of an odd number of values, the upper middle of an even one.
double median(std::vector<double> values);

/// What the numbers were taken on: processor, cores, system, load, versions of `packages`; a list.
std::string environment_text(const std::vector<std::string>& packages);

}  // namespace flexos::bench
