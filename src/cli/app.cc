#include "cli/app.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "cli/calibrated.h"

namespace flexos {

namespace {

/// Raised by the first Ctrl-C: searches stop and answer with what they have.
std::atomic<bool> interrupted{false};

void on_interrupt(int /*signal*/) {
  // The second one means it.
  if (interrupted.exchange(true)) std::_Exit(130);
}

/// Lines of progress on a terminal, each over the last.
class ProgressLine {
 public:
  ~ProgressLine() { clear(); }
  void show(const std::string& line, double seconds) {
    if (seconds < 1.0 || seconds - last_ < 0.2) return;
    last_ = seconds;
    std::fprintf(stderr, "\r\033[K%.0f s: %s", seconds, line.c_str());
    std::fflush(stderr);
    shown_ = true;
  }
  void clear() {
    if (shown_) std::fputs("\r\033[K", stderr);
    shown_ = false;
  }

 private:
  double last_ = 0;
  bool shown_ = false;
};

ProgressLine& progress_line() {
  static ProgressLine line;
  return line;
}

bool wants_color(const std::string& choice, int descriptor) {
  if (choice == "always") return true;
  if (choice == "never") return false;
  const char* none = std::getenv("NO_COLOR");
  return (none == nullptr || *none == '\0') && isatty(descriptor) == 1;
}

}  // namespace

Library App::library() const {
  if (!specs.empty()) return {specs};
  if (const char* set = std::getenv("FLEXOS_SPECS"); set != nullptr && *set != '\0') return {set};
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  if (!error) {
    // Installed: PREFIX/bin beside PREFIX/share. Built: somewhere below the source tree.
    const auto installed = self.parent_path().parent_path() / "share/flexos-explore/specs";
    if (std::filesystem::is_directory(installed, error)) return {installed};
    for (auto folder = self.parent_path(); folder.has_relative_path();
         folder = folder.parent_path()) {
      if (std::filesystem::is_directory(folder / "specs/mechanisms", error)) {
        return {folder / "specs"};
      }
    }
  }
  return {"specs"};
}

Ask App::ask() const {
  Ask ask;
  ask.deadline.interrupted = &interrupted;
  std::signal(SIGINT, on_interrupt);
  std::signal(SIGTERM, on_interrupt);
  if (time_limit > 0) {
    ask.deadline.at = started + std::chrono::microseconds(
                                    static_cast<std::int64_t>(std::min(time_limit, 1e9) * 1e6));
  }
  ask.process_ends = true;
  ask.certify = certify ? Certify::always : no_certify ? Certify::never : Certify::automatic;
  if (isatty(STDERR_FILENO) == 1) {
    ask.progress = [this](const std::string& line) { progress_line().show(line, seconds()); };
  }
  return ask;
}

double App::seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
}

bool App::err_color() const { return wants_color(color, STDERR_FILENO); }

Style App::out_style() const {
  Style style;
  style.color = wants_color(color, STDOUT_FILENO);
  winsize size{};
  if (isatty(STDOUT_FILENO) == 1 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 &&
      size.ws_col >= 60) {
    style.width = size.ws_col;
  }
  return style;
}

std::optional<Spec> App::load(const std::string& file, const std::string& preset) {
  Loaded loaded = load_spec(file, library(), preset);
  for (const Diagnostic& d : loaded.diagnostics) {
    std::fprintf(stderr, "%s\n", render(d, err_color()).c_str());
  }
  if (!loaded.spec && format == Format::json) {
    print(Json{{"errors", to_json(loaded.diagnostics)}});
  }
  if (loaded.spec) {
    if (auto used = use_calibrated_costs(*loaded.spec); !used) {
      fail(kEnvironment, used.error().message, used.error().hint);
      return std::nullopt;
    }
  }
  return std::move(loaded.spec);
}

bool App::has_profile(const Spec& spec) {
  if (spec.profile) {
    if (const std::string text = gates_text(spec); !text.empty()) note(text);
    return true;
  }
  Diagnostic d;
  d.file = spec.file;
  d.code = "no-profile";
  d.message = "this question is about cost, and the spec has no `profile`";
  d.hint =
      "add `profile: {base: CYCLES, calls: {A: {B: CALLS}}, work: {A: CYCLES}}`, per workload "
      "operation, or `profile: FILE.yaml`; `flexos-explore profile` measures one";
  std::fprintf(stderr, "%s\n", render(d, err_color()).c_str());
  if (format == Format::json) print(Json{{"errors", to_json(std::vector<Diagnostic>{d})}});
  return false;
}

int App::print(const std::string& text) {
  progress_line().clear();
  const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  if (!written || std::fflush(stdout) != 0) {
    return fail(kEnvironment, std::string("cannot write the answer: ") + std::strerror(errno));
  }
  return kDone;
}

int App::print(const Json& json) {
  // Images and files of others say what they like; an answer is UTF-8.
  return print(json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

int App::fail(int code, const std::string& message, const std::string& hint) {
  progress_line().clear();
  std::fprintf(stderr, "flexos-explore: %s\n", message.c_str());
  if (!hint.empty()) std::fprintf(stderr, "  hint: %s\n", hint.c_str());
  return code;
}

void App::progress(const std::string& line) const {
  if (isatty(STDERR_FILENO) != 0) progress_line().show(line, seconds());
}

void App::note(const std::string& message) {
  progress_line().clear();
  std::fprintf(stderr, "flexos-explore: note: %s\n", message.c_str());
}

void App::say(const std::string& line) {
  progress_line().clear();
  std::fprintf(stderr, "%s\n", line.c_str());
}

void add_common_options(CLI::App& command, App& app) {
  const std::map<std::string, Format> formats{
      {"text", Format::text}, {"json", Format::json}, {"dot", Format::dot}};
  command.add_option("--format", app.format, "text, json or dot")
      ->transform(CLI::CheckedTransformer(formats))
      ->option_text("{text,json,dot}");
  command.add_option("--color", app.color, "auto, always or never (NO_COLOR is respected)")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->option_text("{auto,always,never}");
  command.add_option("--specs", app.specs, "folder of definitions (default: what ships)")
      ->option_text("DIR");
  command
      .add_option("--time-limit", app.time_limit,
                  "seconds; then the best found with a certified gap")
      ->check(CLI::PositiveNumber)
      ->option_text("SECONDS");
  command.add_flag("--certify", app.certify, "have Z3 confirm the answer whatever the size");
  command.add_flag("--no-certify", app.no_certify, "do not ask Z3 to confirm");
  command.add_flag("--stats", app.stats, "what the search did, on stderr");
}

CLI::App* add_command(CLI::App& root, App& app, const std::string& name,
                      const std::string& description, std::function<int()> run, int& exit_code) {
  CLI::App* command = root.add_subcommand(name, description);
  add_common_options(*command, app);
  command->callback([run = std::move(run), &exit_code] { exit_code = run(); });
  return command;
}

}  // namespace flexos
