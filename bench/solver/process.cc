#include "process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace flexos::bench {
namespace {

using Clock = std::chrono::steady_clock;

double since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Seconds that a process has to end by itself when its time is up.
constexpr double kGrace = 0.5;

}  // namespace

ProcessResult run_process(const std::vector<std::string>& command, double time_limit) {
  std::array<int, 2> out{};
  std::array<int, 2> err{};
  if (pipe2(out.data(), O_CLOEXEC) != 0 || pipe2(err.data(), O_CLOEXEC) != 0) {
    throw std::runtime_error("pipe failed");
  }
  std::vector<char*> argv;
  for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);

  ProcessResult result;
  const auto start = Clock::now();
  const pid_t child = fork();
  if (child < 0) throw std::runtime_error("fork failed");
  if (child == 0) {
    setpgid(0, 0);
    dup2(out[1], STDOUT_FILENO);
    dup2(err[1], STDERR_FILENO);
    const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (null >= 0) dup2(null, STDIN_FILENO);
    execvp(argv[0], argv.data());
    _exit(127);
  }
  setpgid(child, child);
  close(out[1]);
  close(err[1]);

  std::array<pollfd, 2> watched{pollfd{out[0], POLLIN, 0}, pollfd{err[0], POLLIN, 0}};
  std::array<std::string*, 2> sinks{&result.out, &result.err};
  int open_ends = 2;
  bool killed = false;
  while (open_ends > 0) {
    const double left = time_limit - since(start);
    // MiniZinc runs its solver in a group of its own, and ends it when it is asked to end.
    if (left <= 0 && !result.timed_out) {
      result.timed_out = true;
      kill(-child, SIGTERM);
    }
    if (left <= -kGrace && !killed) {
      killed = true;
      kill(-child, SIGKILL);
    }
    const double wait = killed ? 1 : result.timed_out ? kGrace + left : left;
    const int wait_ms = static_cast<int>(std::max(wait, 0.0) * 1000) + 1;
    const int ready = poll(watched.data(), watched.size(), wait_ms);
    if (ready < 0 && errno != EINTR) break;
    if (ready == 0 && killed) break;  // a grandchild keeps the pipe
    for (std::size_t k = 0; k < watched.size(); ++k) {
      if (watched[k].fd < 0 || watched[k].revents == 0) continue;
      std::array<char, 65536> buffer{};
      const ssize_t got = read(watched[k].fd, buffer.data(), buffer.size());
      if (got > 0) {
        sinks[k]->append(buffer.data(), static_cast<std::size_t>(got));
      } else if (got == 0 || errno != EINTR) {
        watched[k].fd = -1;
        --open_ends;
      }
    }
  }
  if (result.timed_out) kill(-child, SIGKILL);  // whoever is left
  int status = 0;
  rusage usage{};
  while (wait4(child, &status, 0, &usage) < 0 && errno == EINTR) {
  }
  result.seconds = since(start);
  result.peak_kib = usage.ru_maxrss;
  result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  close(out[0]);
  close(err[0]);
  return result;
}

ScratchDirectory::ScratchDirectory() {
  std::string pattern = std::filesystem::temp_directory_path() / "flexos-bench-XXXXXX";
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no scratch directory");
  path_ = pattern;
}

ScratchDirectory::~ScratchDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void write_file(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  if (!file.flush()) throw std::runtime_error("cannot write " + path);
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace flexos::bench
