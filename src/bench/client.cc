#include "bench/client.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <condition_variable>
#include <mutex>
#include <thread>

namespace flexos {

namespace {

constexpr std::size_t kMostConsole = 1 << 20;
constexpr double kPatience = 30;  // seconds for what ends the image

/// The first line of an image in a namespace: the process by which others find it.
constexpr std::string_view kMark = "flexos-namespace ";

/// Makes the tap, says who we are, and becomes the image.
constexpr const char* kScript =
    "ip link set lo up && ip tuntap add tap0 mode tap && ip addr add 10.0.2.2/24 dev tap0 && "
    "ip link set tap0 up && echo flexos-namespace $$ && exec env FLEXOS_TAP=tap0 \"$@\"";

void replace(std::string& text, std::string_view what, const std::string& with) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at)) {
    text.replace(at, what.size(), with);
    at += with.size();
  }
}

std::vector<std::string> command_of(const std::string& text, const ClientNetwork& network,
                                    const std::string& process, int operations) {
  std::vector<std::string> command;
  if (network.in_namespace) {
    command = {"nsenter", "--target", process, "--net"};
    if (geteuid() != 0) command.insert(command.end(), {"--user", "--preserve-credentials"});
    command.emplace_back("--");
  }
  for (std::string& word : words_of(text)) {
    replace(word, "{host}", network.host);
    replace(word, "{port}", std::to_string(network.port));
    replace(word, "{n}", std::to_string(operations));
    command.push_back(std::move(word));
  }
  return command;
}

std::vector<std::string> in_namespace(std::vector<std::string> image) {
  std::vector<std::string> command = {"unshare", "--net"};
  if (geteuid() != 0) command.emplace_back("--map-root-user");
  command.insert(command.end(), {"sh", "-c", kScript, "sh"});
  command.insert(command.end(), image.begin(), image.end());
  return command;
}

/// What the image has said so far, and whether it still runs.
struct Watched {
  std::mutex mutex;
  std::condition_variable changed;
  std::string console;
  std::string errors;
  bool over = false;
};

}  // namespace

std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> list;
  std::string word;
  for (const char c : text + " ") {
    if (c != ' ') {
      word += c;
    } else if (!word.empty()) {
      list.push_back(std::move(word));
      word.clear();
    }
  }
  return list;
}

std::string ClientNetwork::qemu(int image_port) const {
  if (in_namespace) return "tap,ifname=tap0,script=no,downscript=no";
  return fmt::format("user,restrict=on,hostfwd=tcp:{}:{}-:{}", host, port, image_port);
}

ClientNetwork loopback_network() {
  ClientNetwork network{"127.0.0.1", 0, false};
  const int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const name = reinterpret_cast<sockaddr*>(&address);
  if (s >= 0 && bind(s, name, size) == 0 && getsockname(s, name, &size) == 0) {
    network.port = ntohs(address.sin_port);
  }
  if (s >= 0) close(s);
  return network;
}

ClientNetwork namespace_network(int image_port) { return {"10.0.2.15", image_port, true}; }

std::optional<ClientNetwork> machine_network(int image_port) {
  ProcessRequest probe;
  probe.command = in_namespace({"true"});
  probe.timeout = kPatience;
  const ProcessEnd end = run_process(probe);
  if (end.interrupted) return std::nullopt;
  return end.started && end.code == 0 ? namespace_network(image_port) : loopback_network();
}

std::vector<std::string> tap_command() {
  const auto network = machine_network(0);
  return network && network->in_namespace ? in_namespace({}) : std::vector<std::string>{};
}

ClientRun run_with_client(std::vector<std::string> image, const Client& client,
                          const ClientNetwork& network, int operations, double timeout) {
  ClientRun run;
  Watched watched;
  std::atomic<bool> cancelled = false;
  std::atomic<bool> gone = false;  // the image is
  ProcessRequest request;
  request.command = network.in_namespace ? in_namespace(std::move(image)) : std::move(image);
  request.timeout = timeout;
  request.cancelled = &cancelled;
  request.output = [&](int stream, std::string_view bytes) {
    const std::lock_guard lock(watched.mutex);
    std::string& text = stream == 1 ? watched.console : watched.errors;
    text += bytes;
    if (text.size() > 2 * kMostConsole) text.erase(0, text.size() - kMostConsole);
    watched.changed.notify_all();
    return true;
  };
  std::thread server([&] {
    run.image = run_process(request);
    gone = true;
    const std::lock_guard lock(watched.mutex);
    watched.over = true;
    watched.changed.notify_all();
  });

  std::string process;
  {
    std::unique_lock lock(watched.mutex);
    watched.changed.wait(lock, [&] {
      return watched.over || watched.console.find(client.ready) != std::string::npos;
    });
    if (watched.over) run.failed = fmt::format("it never said `{}`", client.ready);
    const std::size_t mark = watched.console.find(kMark);
    if (mark != std::string::npos) {
      const std::size_t from = mark + kMark.size();
      process = watched.console.substr(from, watched.console.find('\n', from) - from);
    } else if (network.in_namespace) {
      run.failed = "a tap in a network namespace cannot be made: " + watched.errors.substr(0, 200);
      run.environment = true;
    }
  }
  bool stopped = false;  // by the user, who means the run and not one command of it
  const auto command = [&](const std::string& text, double patience, std::string& said,
                           bool ends_image = false) {
    if (text.empty() || !run.failed.empty()) return;
    ProcessRequest one;
    // An image that is gone answers no more, and its last word may be lost on the wire.
    if (ends_image) one.cancelled = &gone;
    one.command = command_of(text, network, process, operations);
    one.timeout = patience;
    one.output = [&](int, std::string_view bytes) {
      if (said.size() < kMostConsole) said += bytes;
      return true;
    };
    const ProcessEnd end = run_process(one);
    if (end.interrupted) {
      stopped = true;
      run.failed = "it was interrupted";
      return;
    }
    if (ends_image && gone) return;
    const std::string name = words_of(text).empty() ? "" : words_of(text).front();
    if (!end.started || end.code == 127) {
      run.failed = fmt::format("{} is missing", name);
      run.environment = true;
    } else if (end.code != 0) {
      run.failed = fmt::format("{} ended with {}: {}", name,
                               end.timed_out ? "its time" : fmt::format("code {}", end.code),
                               said.substr(0, 200));
    }
  };
  std::string unread;
  command(client.prepare, timeout, unread);
  command(client.clock, kPatience, run.clock[0]);
  command(client.run, timeout, run.said);
  command(client.clock, kPatience, run.clock[1]);
  command(client.after, kPatience, unread, true);
  if (!run.failed.empty()) cancelled = true;
  server.join();
  run.image.interrupted |= stopped;
  run.console = std::move(watched.console);
  run.errors = std::move(watched.errors);
  return run;
}

}  // namespace flexos
