#include "codegen/process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <optional>
#include <utility>

namespace flexos {

namespace {

using Clock = std::chrono::steady_clock;

volatile std::sig_atomic_t stop_signal = 0;

void on_stop(int signal) { stop_signal = signal; }

/// Ctrl-C ends what we started, then us; the handlers that were there come back afterwards.
/// Handlers are the process's, and several threads may run something: the first one sets, the last
/// restores.
class StopSignals {
 public:
  StopSignals() {
    const std::lock_guard lock(mutex_);
    if (users_++ > 0) return;
    stop_signal = 0;
    struct sigaction action{};
    action.sa_handler = on_stop;  // no SA_RESTART: poll returns
    for (std::size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &action, &before_[i]);
  }
  ~StopSignals() {
    const std::lock_guard lock(mutex_);
    if (--users_ > 0) return;
    for (std::size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &before_[i], nullptr);
  }
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

 private:
  static constexpr std::array<int, 3> kSignals = {SIGINT, SIGTERM, SIGHUP};
  static inline std::mutex mutex_;
  static inline int users_ = 0;
  static inline std::array<struct sigaction, 3> before_{};
};

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int value) : value_(value) {}
  ~Descriptor() { close(); }
  Descriptor(Descriptor&& other) noexcept : value_(std::exchange(other.value_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    close();
    value_ = std::exchange(other.value_, -1);
    return *this;
  }
  int get() const { return value_; }
  bool open() const { return value_ >= 0; }
  void close() {
    if (value_ >= 0) ::close(value_);
    value_ = -1;
  }

 private:
  int value_ = -1;
};

struct Pipe {
  Descriptor read;
  Descriptor write;
  bool make() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) return false;
    read = Descriptor(ends[0]);
    write = Descriptor(ends[1]);
    return true;
  }
};

/// Between fork and exec, so nothing here may allocate: becomes `file`, or says why not and ends.
[[noreturn]] void become(const char* file, char* const* argv, pid_t parent, int in, int out,
                         int err, int failure) {
  setpgid(0, 0);
  // Who kills us with a signal that we cannot answer must not leave an image running for ever.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);  // gone already: nobody would send it
  for (const int s : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) std::signal(s, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  if (in < 0) in = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (in >= 0 && dup2(in, 0) == 0 && dup2(out, 1) == 1 && dup2(err, 2) == 2) execv(file, argv);
  const int why = errno;
  [[maybe_unused]] const ssize_t told = write(failure, &why, sizeof why);
  _exit(127);
}

/// Starts `command` in a process group of its own, with the usual signals as if nobody had touched
/// them; it dies with the thread that calls this. 0, or what errno says.
int spawn(const std::vector<std::string>& command, int in, int out, int err, pid_t& pid) {
  const bool named = command[0].find('/') == std::string::npos;
  const std::string file = named ? find_program(command[0]) : command[0];
  if (file.empty()) return ENOENT;
  std::vector<char*> argv;
  argv.reserve(command.size() + 1);
  for (const std::string& a : command) argv.push_back(const_cast<char*>(a.c_str()));
  argv.push_back(nullptr);
  Pipe failure;  // closed by a good exec
  if (!failure.make()) return errno;
  const pid_t parent = getpid();
  pid = fork();
  if (pid < 0) return errno;
  if (pid == 0) become(file.c_str(), argv.data(), parent, in, out, err, failure.write.get());
  setpgid(pid, pid);  // whoever is first: the group must exist when somebody kills it
  failure.write.close();
  int why = 0;
  ssize_t n = 0;
  while ((n = read(failure.read.get(), &why, sizeof why)) < 0 && errno == EINTR) {
  }
  if (n != sizeof why) return 0;
  while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  return why;
}

}  // namespace

ProcessEnd run_process(const ProcessRequest& request) {
  ProcessEnd end;
  const auto began = Clock::now();
  Pipe in;
  Pipe out;
  Pipe err;
  if (request.command.empty() || !out.make() || !err.make() || (request.input && !in.make())) {
    end.error = std::strerror(errno);
    return end;
  }
  const StopSignals stop;
  pid_t pid = 0;
  const int failed = spawn(request.command, request.input ? in.read.get() : -1, out.write.get(),
                           err.write.get(), pid);
  in.read.close();
  out.write.close();
  err.write.close();
  if (failed != 0) {
    end.error = std::strerror(failed);
    return end;
  }
  end.started = true;
  if (request.input) fcntl(in.write.get(), F_SETFL, O_NONBLOCK);
  std::optional<Clock::time_point> deadline;
  if (request.timeout > 0) {
    deadline = began + std::chrono::microseconds(
                           static_cast<std::int64_t>(std::min(request.timeout, 1e9) * 1e6));
  }

  int status = 0;
  bool reaped = false;
  std::optional<Clock::time_point> drain_until;  // set once it has ended: others hold its pipes
  std::string pending;                           // input that it has not taken yet
  bool more_input = request.input;
  std::array<char, 16384> buffer{};
  while (true) {
    const auto now = Clock::now();
    if (!reaped && waitpid(pid, &status, WNOHANG) == pid) {
      reaped = true;
      drain_until = now + std::chrono::milliseconds(200);
    }
    if (reaped && !out.read.open() && !err.read.open()) break;
    if (drain_until && now >= *drain_until) break;
    if (stop_signal != 0) {
      end.interrupted = true;
      break;
    }
    const bool cancelled = request.cancelled != nullptr && *request.cancelled;
    if ((cancelled || (deadline && now >= *deadline)) && !reaped) {
      end.timed_out = true;
      break;
    }
    // Its end closes its pipes, which wakes us; the rest of the time a look now and then is enough.
    std::int64_t wait = out.read.open() || err.read.open() ? 100 : 2;
    if (deadline) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(*deadline - now);
      wait = std::min(wait, std::max<std::int64_t>(left.count() + 1, 0));
    }
    if (!in.write.open()) more_input = false;
    std::array<pollfd, 4> watched{{{out.read.get(), POLLIN, 0},
                                   {err.read.get(), POLLIN, 0},
                                   {more_input && pending.empty() ? STDIN_FILENO : -1, POLLIN, 0},
                                   {pending.empty() ? -1 : in.write.get(), POLLOUT, 0}}};
    if (poll(watched.data(), watched.size(), static_cast<int>(wait)) < 0) continue;
    for (const int stream : {1, 2}) {
      Pipe& pipe = stream == 1 ? out : err;
      if (watched.at(static_cast<std::size_t>(stream - 1)).revents == 0) continue;
      const ssize_t n = read(pipe.read.get(), buffer.data(), buffer.size());
      if (n > 0) {
        if (request.output &&
            !request.output(stream, {buffer.data(), static_cast<std::size_t>(n)})) {
          end.unheard = true;
        }
      } else if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
        pipe.read.close();
      }
    }
    if (end.unheard) break;
    if (watched[2].revents != 0) {
      const ssize_t n = read(STDIN_FILENO, buffer.data(), buffer.size());
      if (n > 0) {
        pending.assign(buffer.data(), static_cast<std::size_t>(n));
      } else if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
        in.write.close();
      }
    }
    if (watched[3].revents != 0) {
      const ssize_t n = write(in.write.get(), pending.data(), pending.size());
      if (n > 0) {
        pending.erase(0, static_cast<std::size_t>(n));
      } else if (n < 0 && errno != EINTR && errno != EAGAIN) {
        in.write.close();  // it reads no more
        pending.clear();
      }
    }
  }
  // Also after a good end: whatever it has started must not outlive it.
  kill(-pid, SIGKILL);
  if (!reaped) {
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
  } else if (WIFEXITED(status)) {
    end.code = WEXITSTATUS(status);
  } else {
    end.signal = WTERMSIG(status);
  }
  end.seconds = std::chrono::duration<double>(Clock::now() - began).count();
  return end;
}

std::string find_program(std::string_view name) {
  if (name.find('/') != std::string_view::npos) {
    return access(std::string(name).c_str(), X_OK) == 0 ? std::string(name) : "";
  }
  const char* path = std::getenv("PATH");
  std::string_view rest = path == nullptr ? "/usr/bin:/bin" : path;
  while (!rest.empty()) {
    const std::size_t colon = std::min(rest.find(':'), rest.size());
    const std::string file = std::string(rest.substr(0, colon)) + "/" + std::string(name);
    if (colon > 0 && access(file.c_str(), X_OK) == 0) return file;
    rest.remove_prefix(std::min(colon + 1, rest.size()));
  }
  return {};
}

}  // namespace flexos
