#include "bench/workload.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>

#include "codegen/sha256.h"
#include "spec/edit_distance.h"
#include "spec/files.h"
#include "spec/reader.h"

namespace flexos {

namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kMostOperations = 1'000'000'000;

/// `insert` or `sqlite/insert`: names, folders between them.
bool is_workload_name(std::string_view text) {
  if (text.empty() || text.front() == '/' || text.back() == '/') return false;
  bool start = true;
  for (const char c : text) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (start ? !letter : !letter && c != '-' && c != '_' && c != '/') return false;
    start = c == '/';
  }
  return true;
}

class WorkloadReader {
 public:
  explicit WorkloadReader(Report& report) : report_(report) {}

  Workload read(const NodePtr& root, const std::string& expected) {
    Workload w;
    const MapReader map(report_, root, "a workload",
                        {"workload", "description", "application", "arguments", "client",
                         "operations", "counted", "result", "check", "latency", "timeout"});
    if (!map) return w;
    if (const auto node = map.require("workload", "its name, as the file is called")) {
      w.name = line(*node, "`workload`");
      if (!expected.empty() && w.name != expected) {
        report_.error(node->span, "name-mismatch",
                      fmt::format("this must be {}, as the file is called", ticked(expected)));
      } else if (!is_workload_name(w.name)) {
        wrong_type(report_, *node, "`workload` must be a name like `sqlite/insert`");
      }
    }
    if (const auto node = map.get("description")) w.description = line(*node, "`description`");
    if (const auto node = map.require("application", "the component whose program this is")) {
      w.application = read_name(report_, *node, "`application`").value_or("");
    }
    if (const auto node = map.get("arguments")) w.arguments = line(*node, "`arguments`");
    if (const auto node = map.get("client")) read_client(node, w);
    if (const auto node = map.get("operations")) {
      w.operations = static_cast<int>(
          read_integer(report_, *node, "`operations`", 1, kMostOperations).value_or(1));
    }
    if (const auto node = map.get("counted")) {
      w.counted = static_cast<int>(
          read_integer(report_, *node, "`counted`", 1, kMostOperations).value_or(1));
    }
    if (const auto node = map.require("result", "the lines that say how long it took")) {
      read_result(node, w);
    }
    if (const auto node = map.get("check")) {
      for (const NodePtr& item : read_words(report_, *node, "`check`", true)) {
        w.checks.push_back(line(*item, "a line's key"));
      }
    }
    if (const auto node = map.get("latency")) read_latency(node, w);
    if (const auto node = map.get("timeout")) {
      w.timeout =
          static_cast<double>(read_integer(report_, *node, "`timeout`", 1, 86400).value_or(300));
    }
    return w;
  }

 private:
  /// Text without a line break: it becomes a part of a command, or is looked for in a line.
  std::string line(const Node& node, std::string_view what) {
    auto text = read_text(report_, node, what).value_or("");
    if (text.find('\n') != std::string::npos) {
      wrong_type(report_, node, fmt::format("{} must be text on one line", what));
    }
    return text;
  }

  void read_result(const NodePtr& node, Workload& w) {
    const MapReader map(report_, node, "`result`", {"operations", "seconds", "rate", "from"});
    if (!map) return;
    w.image_says = !w.client;
    if (const auto n = map.get("from")) {
      const std::string from = line(*n, "`from`");
      if (from != "image" && from != "client") {
        wrong_type(report_, *n, "`from` must be `image` or `client`: whose lines these are");
      } else if (from == "client" && !w.client) {
        wrong_type(report_, *n, "there is no `client` that could say anything");
      }
      w.image_says = from == "image";
    }
    if (const auto n = map.get("operations")) w.operations_line = line(*n, "`operations`");
    if (const auto n = map.get("rate")) {
      w.rate_line = line(*n, "`rate`");
      if (const auto other = map.get("seconds")) {
        wrong_type(report_, *other, "`seconds` says again what `rate` says: one of the two");
      }
      return;
    }
    if (const auto n = map.require("seconds", "the key of the line that says how long it took")) {
      w.seconds_line = line(*n, "`seconds`");
      if (w.seconds_line.ends_with("{}")) {
        wrong_type(report_, *n, "behind `{}` there must be text, where the number ends");
      }
    }
  }

  void read_client(const NodePtr& node, Workload& w) {
    const MapReader map(report_, node, "`client`",
                        {"run", "after", "ready", "port", "prepare", "clock"});
    if (!map) return;
    Client c;
    if (const auto n = map.require("run", "its command")) c.run = line(*n, "`run`");
    if (const auto n = map.get("after")) c.after = line(*n, "`after`");
    if (const auto n = map.require("ready", "what the image prints once it listens")) {
      c.ready = line(*n, "`ready`");
    }
    if (const auto n = map.require("port", "where the image listens")) {
      c.port = static_cast<int>(read_integer(report_, *n, "`port`", 1, 65535).value_or(1));
    }
    if (const auto n = map.get("prepare")) c.prepare = line(*n, "`prepare`");
    if (const auto n = map.get("clock")) read_clock(n, c);
    w.client = std::move(c);
  }

  void read_clock(const NodePtr& node, Client& c) {
    const MapReader map(report_, node, "`clock`", {"ask", "seconds"});
    if (!map) return;
    if (const auto n = map.get("ask")) c.clock = line(*n, "`ask`");
    if (const auto n = map.require("seconds", "how the line that says it begins")) {
      c.busy_line = line(*n, "`seconds`");
    }
  }

  void read_latency(const NodePtr& node, Workload& w) {
    const MapReader map(report_, node, "`latency`", {"arguments", "result"});
    if (!map) return;
    if (const auto n = map.require("arguments")) w.latency_arguments = line(*n, "`arguments`");
    const auto result = map.require("result", "like `result: {p50: latency_p50}`");
    if (result == nullptr) return;
    for (const Entry& entry : read_map(report_, *result, "`result`")) {
      w.latency_lines[line(*entry.key, "a percentile's name")] = line(*entry.value, "a line's key");
    }
  }

  Report& report_;
};

LoadedWorkload finish(Report& report, Workload workload) {
  LoadedWorkload loaded;
  const bool good = !report.has_errors();
  loaded.diagnostics = report.take();
  if (good) loaded.workload = std::move(workload);
  return loaded;
}

LoadedWorkload failed(std::string code, std::string message, std::string hint,
                      const std::string& file = "") {
  Diagnostic d;
  d.file = file;
  d.code = std::move(code);
  d.message = std::move(message);
  d.hint = std::move(hint);
  return {std::nullopt, {std::move(d)}};
}

/// The first number of a text: clients surround theirs with signs of their own.
std::string_view first_number(std::string_view text) {
  const std::size_t from = std::min(text.find_first_of("0123456789"), text.size());
  text.remove_prefix(from);
  return text.substr(0, text.find_first_not_of("0123456789."));
}

/// What stands behind KEY in the last line that begins with it.
std::optional<std::string_view> last_value(std::string_view console, std::string_view key) {
  std::optional<std::string_view> found;
  while (!console.empty()) {
    const std::size_t end = std::min(console.find('\n'), console.size());
    std::string_view text = console.substr(0, end);
    console.remove_prefix(std::min(end + 1, console.size()));
    if (!text.starts_with(key)) continue;
    text.remove_prefix(key.size());
    if (text.empty() || (text.front() != ' ' && text.front() != '\t')) continue;
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\r')) text.remove_suffix(1);
    found = text;
  }
  return found;
}

/// What stands behind KEY in the first line that begins with it, whatever comes next; and in the
/// last.
std::optional<std::string_view> first_line(std::string_view console, std::string_view key) {
  while (!console.empty()) {
    const std::size_t end = std::min(console.find('\n'), console.size());
    const std::string_view text = console.substr(0, end);
    if (text.starts_with(key)) return text.substr(key.size());
    console.remove_prefix(std::min(end + 1, console.size()));
  }
  return std::nullopt;
}

std::optional<std::string_view> last_line(std::string_view console, std::string_view key) {
  std::optional<std::string_view> found;
  while (!console.empty()) {
    const std::size_t end = std::min(console.find('\n'), console.size());
    std::string_view text = console.substr(0, end);
    console.remove_prefix(std::min(end + 1, console.size()));
    if (text.starts_with(key)) found = text.substr(key.size());
  }
  return found;
}

/// What an image says ends up in answers and in a database: nothing but plain characters.
std::string plain(std::string_view text) {
  std::string result;
  for (const char c : text) result += c >= ' ' && c < 127 ? c : '?';
  return result;
}

/// A finite number of at least `least` that is all of the text.
std::optional<double> number(std::string_view text, double least) {
  double value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc{} || read.ptr != text.data() + text.size()) return std::nullopt;
  if (!std::isfinite(value) || value < least) return std::nullopt;
  return value;
}

Result<double> number_of(std::string_view console, const std::string& key, double least) {
  const auto text = last_value(console, key);
  if (!text) return Error{fmt::format("there is no line `{} NUMBER`", key)};
  const auto value = number(*text, least);
  if (!value)
    return Error{fmt::format("`{} {}` is no number that can be", key, plain(text->substr(0, 60)))};
  return *value;
}

/// The number in place of {} in the last line that begins like BEFORE{}AFTER.
Result<double> embedded_number(std::string_view console, std::string_view pattern) {
  const std::size_t place = pattern.find("{}");
  const std::string_view before = pattern.substr(0, place);
  const std::string_view after = pattern.substr(place + 2);
  std::optional<double> found;
  while (!console.empty()) {
    const std::size_t line_end = std::min(console.find('\n'), console.size());
    std::string_view text = console.substr(0, line_end);
    console.remove_prefix(std::min(line_end + 1, console.size()));
    if (!text.starts_with(before)) continue;
    text.remove_prefix(before.size());
    const std::size_t end = text.find(after);
    if (end == std::string_view::npos) continue;
    if (const auto value = number(text.substr(0, end), 0)) found = value;
  }
  if (found) return *found;
  return Error{fmt::format("there is no line `{}` with a number in place of {{}}", pattern)};
}

}  // namespace

std::string Workload::hash() const {
  Sha256 sum;
  for (const std::string& part :
       {name, application, arguments, operations_line, seconds_line, latency_arguments}) {
    sum.add_field(part);
  }
  if (client) {
    for (const std::string& part :
         {client->run, client->ready, rate_line, client->prepare, client->clock, client->busy_line})
      sum.add_field(part);
    if (image_says) sum.add_field("image");
  }
  for (const std::string& check : checks) sum.add_field(check);
  for (const auto& [percentile, text] : latency_lines) sum.add_field(percentile).add_field(text);
  return sum.hex().substr(0, 12);
}

std::vector<std::string> workload_names(const Library& library) {
  std::vector<std::string> names;
  const fs::path root = library.root / "workloads";
  std::error_code error;
  fs::recursive_directory_iterator at(root, error);
  for (; !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
    if (at->path().extension() != ".yaml") continue;
    names.push_back(at->path().lexically_relative(root).replace_extension().generic_string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

LoadedWorkload load_workload(const std::string& name, const Library& library) {
  const std::vector<std::string> known = workload_names(library);
  if (!is_workload_name(name) || std::find(known.begin(), known.end(), name) == known.end()) {
    std::string list;
    for (const std::string& k : known) list += (list.empty() ? "" : ", ") + k;
    return failed("unknown-workload", fmt::format("there is no workload {}", ticked(name)),
                  fmt::format("there are: {}; another one is a file of specs/workloads",
                              list.empty() ? "none" : list));
  }
  Report report;
  Files files(report, library);
  const NodePtr root = files.read(library.root / "workloads" / (name + ".yaml"), {}, true);
  Workload workload;
  if (root != nullptr) workload = WorkloadReader(report).read(root, name);
  return finish(report, std::move(workload));
}

LoadedWorkload load_workload_text(std::string_view text, const std::string& file) {
  const Library none;
  Report report;
  Files files(report, none);
  const NodePtr root = files.parse(file, std::string(text), true);
  Workload workload;
  if (root != nullptr) workload = WorkloadReader(report).read(root, "");
  return finish(report, std::move(workload));
}

LoadedWorkload load_workload_of(const Spec& spec, const std::string& wanted,
                                const Library& library) {
  const std::string& named = wanted.empty() ? spec.workload : wanted;
  if (!named.empty()) {
    LoadedWorkload loaded = load_workload(named, library);
    if (loaded.workload && loaded.workload->application != spec.application) {
      return failed("wrong-workload",
                    fmt::format("workload {} is for {}, and the application is {}", ticked(named),
                                ticked(loaded.workload->application), ticked(spec.application)),
                    "", spec.file);
    }
    return loaded;
  }
  std::string list;
  std::vector<LoadedWorkload> fitting;
  for (const std::string& name : workload_names(library)) {
    LoadedWorkload loaded = load_workload(name, library);
    if (!loaded.workload || loaded.workload->application != spec.application) continue;
    list += (list.empty() ? "" : ", ") + name;
    fitting.push_back(std::move(loaded));
  }
  if (fitting.size() == 1) return std::move(fitting.front());
  return failed("no-workload",
                fmt::format("the spec names no `workload`, and {} for {}",
                            fitting.empty() ? "there is none" : "there are several",
                            ticked(spec.application)),
                fitting.empty() ? "describe one in specs/workloads" : "one of " + list, spec.file);
}

std::string fill(const std::string& arguments, int operations) {
  std::string text = arguments;
  const std::string digits = std::to_string(operations);
  for (std::size_t at = text.find("{n}"); at != std::string::npos; at = text.find("{n}", at)) {
    text.replace(at, 3, digits);
    at += digits.size();
  }
  return text;
}

Result<WorkloadResult> parse_result(const Workload& workload, int operations,
                                    std::string_view console, bool latency) {
  WorkloadResult result;
  result.operations = operations;
  if (!workload.operations_line.empty()) {
    const auto n = number_of(console, workload.operations_line, 1);
    if (!n) return n.error();
    result.operations = static_cast<std::int64_t>(*n);
  }
  if (!workload.rate_line.empty()) {
    const auto line = last_line(console, workload.rate_line);
    if (!line) return Error{fmt::format("there is no line `{} ...`", workload.rate_line)};
    const auto rate = number(first_number(*line), 0);
    if (!rate || *rate <= 0) {
      return Error{
          fmt::format("`{}{}` holds no rate", workload.rate_line, plain(line->substr(0, 60))),
          "more operations: -n N"};
    }
    result.seconds = static_cast<double>(result.operations) / *rate;
    return result;
  }
  const bool embedded = workload.seconds_line.find("{}") != std::string::npos;
  const auto seconds = embedded ? embedded_number(console, workload.seconds_line)
                                : number_of(console, workload.seconds_line, 0);
  if (!seconds) return seconds.error();
  if (*seconds <= 0) {
    return Error{fmt::format("`{} 0`: too little work for the clock", workload.seconds_line),
                 "more operations: -n N"};
  }
  result.seconds = *seconds;
  for (const std::string& key : workload.checks) {
    const auto value = last_value(console, key);
    if (!value) return Error{fmt::format("there is no line `{} ...`", key)};
    result.checks[key] = plain(value->substr(0, 200));
  }
  if (!latency) return result;
  for (const auto& [percentile, key] : workload.latency_lines) {
    const auto value = number_of(console, key, 0);
    if (!value) return value.error();
    result.latency[percentile] = *value;
  }
  return result;
}

namespace {

Result<double> busy_between(const std::string& source, const Client& client,
                            std::optional<std::string_view> before,
                            std::optional<std::string_view> after) {
  double seconds[2] = {};
  const std::optional<std::string_view> answers[2] = {before, after};
  for (int i = 0; i < 2; ++i) {
    const auto value = answers[i] ? number(first_number(*answers[i]), 0) : std::nullopt;
    if (!value) {
      return Error{fmt::format("{} with a line `{} NUMBER`", source, client.busy_line)};
    }
    seconds[i] = *value;
  }
  if (seconds[1] <= seconds[0]) {
    return Error{fmt::format("the image took no processor time between {} and {} s of it",
                             seconds[0], seconds[1])};
  }
  return seconds[1] - seconds[0];
}

}  // namespace

Result<double> busy_seconds(const Client& client, std::string_view before, std::string_view after) {
  return busy_between(fmt::format("`{}` has no answer", client.clock), client,
                      last_line(before, client.busy_line), last_line(after, client.busy_line));
}

Result<double> busy_seconds(const Client& client, std::string_view console) {
  return busy_between("the image never says", client, first_line(console, client.busy_line),
                      last_line(console, client.busy_line));
}

}  // namespace flexos
