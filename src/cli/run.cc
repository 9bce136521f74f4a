#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "cli/app.h"
#include "codegen/elf.h"
#include "codegen/fault.h"
#include "codegen/launch.h"

namespace flexos {

namespace {

struct Options {
  std::string image;
  std::vector<std::string> arguments;
  std::optional<double> timeout;  ///< default: 60, under a debugger none
  bool gdb = false;
  std::string accelerator = "auto";
  std::string forward;  ///< HOSTPORT:PORT
  std::string tap;
};

/// An image, opened.
struct Image {
  std::string file;  ///< absolute
  Elf elf;
  std::optional<Manifest> manifest;
  std::string platform;
  bool needs_keys = true;
};

/// As an image's flexos_words reads it again: a word that is empty or holds blanks or quotes stands
/// in quotes, and a quote of its own in those of the other kind.
std::string for_image(const std::string& word) {
  if (!word.empty() && word.find_first_of(" '\"") == std::string::npos) return word;
  std::string text = "'";
  for (const char c : word) {
    if (c == '\'') {
      text += "'\"'\"'";
    } else {
      text += c;
    }
  }
  return text + "'";
}

std::vector<std::string> for_image(std::vector<std::string> words) {
  for (std::string& w : words) w = for_image(w);
  return words;
}

/// QEMU's words for the network that was asked for; empty: none.
std::string network_of(const Options& options) {
  if (!options.tap.empty()) return "tap,ifname=" + options.tap + ",script=no,downscript=no";
  if (options.forward.empty()) return {};
  const std::size_t colon = options.forward.find(':');
  return fmt::format("user,hostfwd=tcp:127.0.0.1:{}-:{}", options.forward.substr(0, colon),
                     options.forward.substr(colon + 1));
}

/// "" where the text is two ports, or a name that the kernel takes for an interface.
std::string check_ports(const std::string& text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos) return "HOST:IMAGE, two ports";
  for (const std::string& port : {text.substr(0, colon), text.substr(colon + 1)}) {
    const bool digits = !port.empty() && port.size() <= 5 &&
                        port.find_first_not_of("0123456789") == std::string::npos;
    if (!digits || std::stoi(port) < 1 || std::stoi(port) > 65535) {
      return "`" + port + "` is not a port";
    }
  }
  return {};
}

std::string check_interface(const std::string& name) {
  constexpr std::size_t kLongest = 15;
  const bool good = !name.empty() && name.size() <= kLongest &&
                    std::all_of(name.begin(), name.end(), [](unsigned char c) {
                      return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
                    });
  return good ? "" : "`" + name + "` is no name of an interface";
}

/// As a shell takes it.
std::string quoted(const std::vector<std::string>& command) {
  std::string text;
  for (const std::string& word : command) {
    if (!text.empty()) text += ' ';
    if (!word.empty() && word.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWX"
                                                "YZ0123456789-_=+,./:@%") == std::string::npos) {
      text += word;
      continue;
    }
    text += '\'';
    for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
    text += '\'';
  }
  return text;
}

Result<Image> open_image(const std::string& named) {
  const auto path = find_image(named);
  if (!path) return path.error();
  Image image;
  std::error_code error;
  image.file = std::filesystem::absolute(path->elf, error).string();
  auto elf = Elf::read(path->elf);
  if (!elf) return elf.error();
  image.elf = std::move(*elf);
  if (!path->manifest.empty()) {
    auto manifest = read_manifest(path->manifest);
    if (!manifest) return manifest.error();
    image.platform = manifest->platform;
    image.needs_keys = manifest->uses_protection_keys();
    image.manifest = std::move(*manifest);
  } else {
    image.platform = image.elf.section(".nucleus.text") != nullptr ? "qemu" : "linux";
  }
  return image;
}

/// Asks whichever symbolizer there is for the line of an address; "" where there is none.
std::string source_line(const std::string& file, std::uint64_t address) {
  const std::string number = fmt::format("{:#x}", address);
  std::vector<std::string> command;
  for (const char* tool : {"llvm-symbolizer-19", "llvm-symbolizer"}) {
    if (command.empty() && !find_program(tool).empty()) {
      command = {tool,  "--output-style=GNU", "--no-inlines", "--functions=none", "-e", file,
                 number};
    }
  }
  if (command.empty()) command = {"addr2line", "-e", file, number};
  std::string text;
  const ProcessEnd end = run_process(
      {.command = command, .timeout = 10, .output = [&](int stream, std::string_view bytes) {
         if (stream == 1 && text.size() < 4096) text += bytes;
         return true;
       }});
  if (end.code != 0) return {};
  text = text.substr(0, std::min(text.find('\n'), text.find(" (discriminator")));
  const std::size_t colon = text.rfind(':');
  if (text.starts_with("??") || colon == std::string::npos || text.ends_with(":0") ||
      text.ends_with(":?")) {
    return {};
  }
  // As compiled: relative to the project, with whatever dots the build put in.
  return std::filesystem::path(text).lexically_normal().string();
}

/// The first part of a text and its last part: what is shown, and what is judged by.
class Output {
 public:
  void add(std::string_view bytes) {
    if (head_.size() < kHead) head_ += bytes.substr(0, kHead - head_.size());
    tail_ += bytes;
    if (tail_.size() > 2 * kTail) tail_.erase(0, tail_.size() - kTail);
  }
  const std::string& head() const { return head_; }
  const std::string& tail() const { return tail_; }

 private:
  static constexpr std::size_t kHead = 1 << 20;
  static constexpr std::size_t kTail = 1 << 14;
  std::string head_;
  std::string tail_;
};

int free_port() {
  const int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  int port = 1234;
  if (s >= 0 && bind(s, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
      getsockname(s, reinterpret_cast<sockaddr*>(&address), &size) == 0) {
    port = ntohs(address.sin_port);
  }
  if (s >= 0) close(s);
  return port;
}

/// Becomes the debugger. Returns only where that fails.
int become(App& app, const std::vector<std::string>& command) {
  app.note(quoted(command));
  std::vector<char*> argv;
  argv.reserve(command.size() + 1);
  for (const std::string& a : command) argv.push_back(const_cast<char*>(a.c_str()));
  argv.push_back(nullptr);
  execvp(argv[0], argv.data());
  return app.fail(kEnvironment, fmt::format("cannot start {}: {}", command[0], strerror(errno)),
                  "on Debian: apt-get install gdb");
}

int report(App& app, const Image& image, const Outcome& outcome, const ProcessEnd& end,
           const std::string& accelerator, const Output& console, const Output& errors) {
  std::optional<FaultReport> fault;
  if (!outcome.fault_line.empty()) {
    fault =
        explain_fault(outcome.fault_line, image.manifest ? &*image.manifest : nullptr, image.elf,
                      [&](std::uint64_t rip) { return source_line(image.file, rip); });
  }
  const int code = outcome.exit_code();
  if (app.format == Format::json) {
    Json json;
    json["ending"] = name(outcome.ending);
    json["code"] = outcome.ending == Ending::exited ? Json(outcome.code) : Json(nullptr);
    json["detail"] = outcome.detail;
    json["platform"] = image.platform;
    json["accelerator"] = accelerator.empty() ? Json(nullptr) : Json(accelerator);
    json["fault"] = fault ? to_json(*fault) : nlohmann::ordered_json(nullptr);
    json["output"] = console.head();
    json["errors"] = errors.head();
    json["seconds"] = end.seconds;
    // A console may hold any bytes.
    const int printed = app.print(json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
    if (printed != kDone) return printed;
  }
  if (code == 0) return 0;
  if (fault && (outcome.ending == Ending::fault || outcome.ending == Ending::panic)) {
    std::fprintf(stderr, "%s", to_text(*fault).c_str());
    return code;
  }
  return app.fail(code, fmt::format("{}: {}", name(outcome.ending), outcome.detail), outcome.hint);
}

int run(App& app, const Options& options) {
  const auto opened = open_image(options.image);
  if (!opened) return app.fail(kNo, opened.error().message, opened.error().hint);
  const Image& image = *opened;

  std::vector<std::string> command;
  std::string accelerator;
  if (image.platform == "qemu") {
    const std::string qemu = find_program("qemu-system-x86_64");
    if (qemu.empty()) {
      return app.fail(kEnvironment, "qemu-system-x86_64 is missing",
                      "on Debian: apt-get install qemu-system-x86");
    }
    QemuStart start{.qemu = qemu,
                    .image = image.file,
                    .arguments = fmt::to_string(fmt::join(for_image(options.arguments), " "))};
    start.network = network_of(options);
    if (image.manifest) start.memory = memory_of(*image.manifest);
    // Under a debugger, TCG: it single-steps ring 0 as well, and breakpoints need no processor's.
    if (options.accelerator == "auto" && !options.gdb) {
      start.accelerator = choose_accelerator(qemu, image.needs_keys).accelerator;
    } else if (options.accelerator == "kvm") {
      start.accelerator = Accelerator::kvm;
    }
    accelerator = name(start.accelerator);
    if (options.gdb) start.debugger_port = free_port();
    command = qemu_command(start);
    const std::string target = fmt::format("target remote 127.0.0.1:{}", start.debugger_port);
    if (options.gdb && isatty(STDIN_FILENO) == 1) {
      // The debugger starts QEMU (in a session without a terminal) and ends it.
      const char* terminal = ttyname(STDIN_FILENO);
      const std::string console =
          fmt::format("file:{}", terminal != nullptr ? terminal : "/dev/null");
      std::vector<std::string> piped = command;
      for (std::size_t i = 0; i + 1 < piped.size(); ++i) {
        if (piped[i] == "-gdb") piped[i + 1] = "stdio";
        if (piped[i] == "-serial") piped[i + 1] = console;
      }
      return become(app, {"gdb", "-q", "-ex", "target remote | exec " + quoted(piped), image.file});
    }
    if (options.gdb) {
      app.note("waiting for a debugger: " + quoted({"gdb", "-q", "-ex", target, image.file}));
    }
  } else {
    if (!options.forward.empty()) {
      return app.fail(
          kUsage, "--forward is QEMU's; a process has its network through --tap NAME",
          "ip tuntap add NAME mode tap; ip addr add 10.0.2.2/24 dev NAME; ip link set NAME up");
    }
    if (!options.tap.empty()) setenv("FLEXOS_TAP", options.tap.c_str(), 1);
    command = {image.file};
    const std::vector<std::string> arguments = for_image(options.arguments);
    command.insert(command.end(), arguments.begin(), arguments.end());
    if (options.gdb) {
      std::vector<std::string> gdb = {"gdb", "-q", "--args"};
      gdb.insert(gdb.end(), command.begin(), command.end());
      if (isatty(STDIN_FILENO) == 1) return become(app, gdb);
      return app.fail(kUsage, "--gdb needs a terminal", "there: " + quoted(gdb));
    }
  }

  Output console;
  Output errors;
  const ProcessEnd end =
      run_process({.command = command,
                   .timeout = options.timeout.value_or(options.gdb ? 0 : 60),
                   .input = true,
                   .output = [&](int stream, std::string_view bytes) {
                     (stream == 1 ? console : errors).add(bytes);
                     // With JSON, stdout carries the answer.
                     FILE* to = stream == 1 && app.format != Format::json ? stdout : stderr;
                     return std::fwrite(bytes.data(), 1, bytes.size(), to) == bytes.size() &&
                            std::fflush(to) == 0;
                   }});
  const Outcome outcome = classify(image.platform, end, console.tail(), errors.tail());
  return report(app, image, outcome, end, accelerator, console, errors);
}

}  // namespace

void add_run(CLI::App& root, App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* command = add_command(
      root, app, "run", "Runs an image and says how it ended",
      [&app, options] { return run(app, *options); }, exit_code);
  command->add_option("IMAGE", options->image, "the ELF file, its folder, or image.json")
      ->required();
  command->add_option("ARGUMENTS", options->arguments, "for the image");
  command->add_option("--timeout", options->timeout, "seconds until it counts as hung (default 60)")
      ->check(CLI::PositiveNumber)
      ->option_text("SECONDS");
  CLI::Option* forward =
      command
          ->add_option(
              "--forward", options->forward,
              "qemu images: a network of QEMU's own, and a TCP port of this host's loopback "
              "that leads to one of the image's")
          ->check(CLI::Validator(check_ports, "HOST:IMAGE", "ports"))
          ->option_text("HOST:IMAGE");
  command->add_option("--tap", options->tap, "the network is this tap; the image is 10.0.2.15/24")
      ->check(CLI::Validator(check_interface, "NAME", "interface"))
      ->option_text("NAME")
      ->excludes(forward);
  command->add_flag("--gdb", options->gdb, "under a debugger, with the image's symbols");
  command
      ->add_option("--accel", options->accelerator,
                   "qemu images: auto boots something tiny under each, and takes the faster one")
      ->check(CLI::IsMember({"auto", "kvm", "tcg"}))
      ->option_text("{auto,kvm,tcg}");
}

}  // namespace flexos
