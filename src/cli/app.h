#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "report/json.h"
#include "report/table.h"
#include "solver/answer.h"
#include "spec/load.h"

namespace flexos {

/// Exit codes of LANGUAGE.md.
enum Exit : int { kDone = 0, kNo = 1, kUsage = 2, kEnvironment = 3 };

enum class Format { text, json, dot, sarif };

/// What every command shares: options, the library of definitions, output, time.
struct App {
  Format format = Format::text;
  std::string color = "auto";
  std::string specs;      ///< folder of definitions; empty = found by itself
  double time_limit = 0;  ///< seconds; 0 = none
  bool certify = false;
  bool no_certify = false;
  bool stats = false;
  std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();

  Library library() const;
  Ask ask() const;
  double seconds() const;

  /// Loads a spec, shows its diagnostics; nullopt: they are errors (exit code 1). With JSON the
  /// errors are the answer. `preset`: in place of the spec's own.
  std::optional<Spec> load(const std::string& file, const std::string& preset = {});

  /// Says on stderr that the question needs a profile, and how to get one. True iff there is one.
  bool has_profile(const Spec& spec);

  /// The answer. Anything but complete success is exit code 3.
  int print(const std::string& text);
  int print(const Json& json);

  /// An error that is not about a line of a spec. Returns `code`.
  int fail(int code, const std::string& message, const std::string& hint = "");
  void note(const std::string& message);
  /// A line on stderr as it is, terminal or not.
  void say(const std::string& line);
  /// A line that the next one replaces; on a terminal only.
  void progress(const std::string& line) const;

  Style out_style() const;
  bool err_color() const;
};

/// --format, --color, --time-limit...: what every command takes.
void add_common_options(CLI::App& command, App& app);

/// Adds a subcommand with the common options; `run` is called when it is chosen.
CLI::App* add_command(CLI::App& root, App& app, const std::string& name,
                      const std::string& description, std::function<int()> run, int& exit_code);

/// One a file: registers the subcommand's options.
void add_explore(CLI::App& root, App& app, int& exit_code);  ///< the main command: no word
void add_check(CLI::App& root, App& app, int& exit_code);
void add_rank(CLI::App& root, App& app, int& exit_code);
void add_frontier(CLI::App& root, App& app, int& exit_code);
void add_safest(CLI::App& root, App& app, int& exit_code);
void add_compartments(CLI::App& root, App& app, int& exit_code);
void add_explain(CLI::App& root, App& app, int& exit_code);
void add_run(CLI::App& root, App& app, int& exit_code);
void add_scan(CLI::App& root, App& app, int& exit_code);
void add_inspect(CLI::App& root, App& app, int& exit_code);
void add_build(CLI::App& root, App& app, int& exit_code);
void add_attack(CLI::App& root, App& app, int& exit_code);
void add_measure(CLI::App& root, App& app, int& exit_code);
void add_results(CLI::App& root, App& app, int& exit_code);
void add_doctor(CLI::App& root, App& app, int& exit_code);
void add_report(CLI::App& root, App& app, int& exit_code);
void add_diff(CLI::App& root, App& app, int& exit_code);
void add_sweep(CLI::App& root, App& app, int& exit_code);
void add_calibrate(CLI::App& root, App& app, int& exit_code);
void add_profile(CLI::App& root, App& app, int& exit_code);

}  // namespace flexos
