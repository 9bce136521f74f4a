#include "bench/peak.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <thread>

namespace flexos {

namespace {

using Clock = std::chrono::steady_clock;

/// "VmHWM:     1234 kB" of /proc/PID/status.
std::int64_t high_water(pid_t pid) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/status");
  std::string line;
  while (std::getline(in, line)) {
    if (line.starts_with("VmHWM:")) return std::atoll(line.c_str() + 6) * 1024;
  }
  return 0;
}

/// In the child: never returns.
[[noreturn]] void become(char* const* argv, int output) {
  setpgid(0, 0);
  const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (nothing < 0) _exit(127);
  ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
  dup2(nothing, 0);
  dup2(output, 1);
  dup2(nothing, 2);
  for (const int s : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) signal(s, SIG_DFL);
  execvp(argv[0], argv);
  _exit(127);
}

/// Waits for a change of the child; false where the deadline comes first.
bool wait_for(pid_t pid, int& status, Clock::time_point deadline) {
  while (true) {
    const pid_t changed = waitpid(pid, &status, WNOHANG | __WALL);
    if (changed == pid) return true;
    if (changed < 0 && errno != EINTR) return false;
    if (Clock::now() >= deadline) return false;
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
}

void read_all(int descriptor, std::string& text) {
  std::array<char, 65536> buffer{};
  off_t at = 0;
  for (ssize_t n = 0; (n = pread(descriptor, buffer.data(), buffer.size(), at)) > 0; at += n) {
    text.append(buffer.data(), static_cast<std::size_t>(n));
  }
}

}  // namespace

std::int64_t peak_memory(const std::vector<std::string>& command, double timeout,
                         std::string& console, ProcessEnd& end) {
  const auto began = Clock::now();
  std::vector<char*> argv;
  argv.reserve(command.size() + 1);
  for (const std::string& a : command) argv.push_back(const_cast<char*>(a.c_str()));
  argv.push_back(nullptr);
  // A file takes what comes without anybody reading meanwhile.
  const int output = memfd_create("console", MFD_CLOEXEC);
  const pid_t pid = output < 0 ? -1 : fork();
  if (pid < 0) {
    end.error = std::strerror(errno);
    if (output >= 0) close(output);
    return 0;
  }
  if (pid == 0) become(argv.data(), output);
  end.started = true;
  const auto deadline =
      timeout > 0 ? began + std::chrono::microseconds(static_cast<std::int64_t>(timeout * 1e6))
                  : Clock::time_point::max();
  std::int64_t peak = 0;
  bool first = true;
  int status = 0;
  while (true) {
    if (!wait_for(pid, status, deadline)) {
      end.timed_out = true;
      kill(-pid, SIGKILL);
      kill(pid, SIGKILL);
      while (waitpid(pid, &status, __WALL) == pid && !WIFEXITED(status) && !WIFSIGNALED(status)) {
        ptrace(PTRACE_CONT, pid, nullptr, nullptr);  // its exit stops it once more
      }
      break;
    }
    if (WIFEXITED(status)) {
      end.code = WEXITSTATUS(status);
      break;
    }
    if (WIFSIGNALED(status)) {
      end.signal = WTERMSIG(status);
      break;
    }
    long signal = 0;
    if (status >> 8 == (SIGTRAP | (PTRACE_EVENT_EXIT << 8))) {
      peak = high_water(pid);
    } else if (first) {
      first = false;  // the program has replaced us
      ptrace(PTRACE_SETOPTIONS, pid, nullptr, PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL);
    } else {
      signal = WSTOPSIG(status);
    }
    ptrace(PTRACE_CONT, pid, nullptr, signal);
  }
  read_all(output, console);
  close(output);
  end.seconds = std::chrono::duration<double>(Clock::now() - began).count();
  return peak;
}

}  // namespace flexos
