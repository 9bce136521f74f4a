#include "spec/measured.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

#include "spec/edit_distance.h"

namespace flexos {

namespace {

/// A cell and where it stands.
struct Cell {
  std::string text;
  int column = 1;  ///< 1-based byte of its first character
};

std::vector<Cell> cells_of(std::string_view line) {
  std::vector<Cell> cells;
  std::size_t at = 0;
  for (;;) {
    Cell cell;
    cell.column = static_cast<int>(at) + 1;
    if (at < line.size() && line[at] == '"') {
      // RFC 4180: a quote inside is doubled.
      for (++at; at < line.size(); ++at) {
        if (line[at] != '"') {
          cell.text += line[at];
        } else if (at + 1 < line.size() && line[at + 1] == '"') {
          cell.text += line[at++];
        } else {
          ++at;
          break;
        }
      }
    }
    while (at < line.size() && line[at] != ',') cell.text += line[at++];
    const auto first = cell.text.find_first_not_of(" \t");
    const auto last = cell.text.find_last_not_of(" \t");
    cell.text = first == std::string::npos ? "" : cell.text.substr(first, last - first + 1);
    cells.push_back(std::move(cell));
    if (at >= line.size()) return cells;
    ++at;
  }
}

std::vector<std::string> split(const std::string& text, char by) {
  std::vector<std::string> parts;
  std::size_t start = 0;
  for (;;) {
    const std::size_t end = text.find(by, start);
    std::string part = text.substr(start, end == std::string::npos ? end : end - start);
    const auto first = part.find_first_not_of(' ');
    const auto last = part.find_last_not_of(' ');
    parts.push_back(first == std::string::npos ? "" : part.substr(first, last - first + 1));
    if (end == std::string::npos) return parts;
    start = end + 1;
  }
}

class Reader {
 public:
  Reader(const std::string& file, const Spec& spec) : file_(file), spec_(spec) {}

  Measured read(std::string_view text) {
    int number = 0;
    bool header = true;
    while (!text.empty()) {
      const std::size_t end = text.find('\n');
      line_ = text.substr(0, end);
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
      if (!line_.empty() && line_.back() == '\r') line_.remove_suffix(1);
      ++number;
      number_ = number;
      if (line_.find_first_not_of(" \t") == std::string_view::npos || line_.front() == '#')
        continue;
      if (header) {
        if (!read_header()) return std::move(out_);
        header = false;
      } else {
        read_row();
      }
    }
    if (header) error({"", 1}, "empty-file", "no measurements in this file", "");
    return std::move(out_);
  }

 private:
  void error(const Cell& cell, const std::string& code, const std::string& message,
             const std::string& hint) {
    Diagnostic d;
    d.file = file_;
    d.line = number_;
    d.column = cell.column;
    d.length = std::max(1, static_cast<int>(cell.text.size()));
    d.code = code;
    d.message = message;
    d.hint = hint;
    d.excerpt = std::string(line_);
    out_.diagnostics.push_back(std::move(d));
  }

  bool read_header() {
    const std::vector<Cell> cells = cells_of(line_);
    if (cells.size() < 3 || cells[0].text != "compartments" || cells[1].text != "hardening") {
      error(cells[0], "measured-header",
            "the first line names the columns: `compartments,hardening,METRIC...`", "");
      return false;
    }
    columns_ = cells.size();
    for (std::size_t i = 2; i < cells.size(); ++i) {
      // Ours come with one: text, nobody's metric.
      if (cells[i].text == "id") continue;
      out_.metrics.push_back(cells[i].text);
      metric_columns_.push_back(i);
    }
    return true;
  }

  int component(const Cell& cell, const std::string& name) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < spec_.components.size(); ++i) {
      if (spec_.components[i].name == name) return static_cast<int>(i);
      names.push_back(spec_.components[i].name);
    }
    error(cell, "unknown-component", "unknown component `" + name + "`", did_you_mean(name, names));
    return -1;
  }

  void read_row() {
    const std::vector<Cell> cells = cells_of(line_);
    if (cells.size() != columns_) {
      error(
          cells[0], "measured-columns",
          std::to_string(cells.size()) + " columns, the first line has " + std::to_string(columns_),
          "");
      return;
    }
    MeasuredRow row;
    row.line = number_;
    row.compartments = cells[0].text;
    row.hardening_text = cells[1].text;
    row.compartment_of.assign(spec_.components.size(), -1);
    row.hardening.resize(spec_.components.size());
    int group = 0;
    for (const std::string& members : split(cells[0].text, '|')) {
      for (const std::string& name : split(members, '+')) {
        const int i = component(cells[0], name);
        if (i < 0) return;
        int& home = row.compartment_of[static_cast<std::size_t>(i)];
        if (home >= 0) {
          error(cells[0], "duplicate-component", "`" + name + "` is in two places", "");
          return;
        }
        home = group;
      }
      ++group;
    }
    if (!cells[1].text.empty()) {
      for (const std::string& entry : split(cells[1].text, ';')) {
        if (entry.empty()) continue;
        const std::size_t colon = entry.find(':');
        if (colon == std::string::npos) {
          error(cells[1], "measured-hardening", "`" + entry + "` is not `component:hardening+...`",
                "");
          return;
        }
        const int i = component(cells[1], split(entry.substr(0, colon), '+').front());
        if (i < 0) return;
        std::set<std::string> names;
        for (const std::string& name : split(entry.substr(colon + 1), '+')) {
          if (!name.empty()) names.insert(name);
        }
        row.hardening[static_cast<std::size_t>(i)].assign(names.begin(), names.end());
      }
    }
    for (std::size_t m = 0; m < out_.metrics.size(); ++m) {
      const Cell& cell = cells[metric_columns_[m]];
      double value = 0;
      const auto [end, code] =
          std::from_chars(cell.text.data(), cell.text.data() + cell.text.size(), value);
      if (code != std::errc() || end != cell.text.data() + cell.text.size() ||
          !std::isfinite(value)) {
        error(cell, "not-a-number", "`" + cell.text + "` is not a number", "");
        return;
      }
      row.metrics.push_back(value);
    }
    if (!out_.rows.empty()) {
      const MeasuredRow& first = out_.rows.front();
      for (std::size_t i = 0; i < row.compartment_of.size(); ++i) {
        if ((first.compartment_of[i] < 0) == (row.compartment_of[i] < 0)) continue;
        error(cells[0], "measured-components",
              "`" + spec_.components[i].name + "` is in this row or in line " +
                  std::to_string(first.line) + ", but not in both",
              "all rows describe the same system");
        return;
      }
    }
    out_.rows.push_back(std::move(row));
  }

  const std::string& file_;
  const Spec& spec_;
  Measured out_;
  std::string_view line_;
  int number_ = 0;
  std::size_t columns_ = 0;
  std::vector<std::size_t> metric_columns_;
};

}  // namespace

Measured read_measured(std::string_view text, const std::string& file, const Spec& spec) {
  return Reader(file, spec).read(text);
}

bool measured_at_least(const MeasuredRow& b, const MeasuredRow& a) {
  const std::size_t n = a.compartment_of.size();
  for (std::size_t i = 0; i < n; ++i) {
    if (!std::includes(b.hardening[i].begin(), b.hardening[i].end(), a.hardening[i].begin(),
                       a.hardening[i].end())) {
      return false;
    }
    for (std::size_t j = 0; j < i; ++j) {
      if (a.compartment_of[i] != a.compartment_of[j] &&
          b.compartment_of[i] == b.compartment_of[j]) {
        return false;
      }
    }
  }
  return true;
}

}  // namespace flexos
