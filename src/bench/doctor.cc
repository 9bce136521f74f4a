#include "bench/doctor.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <fstream>
#include <sstream>
#include <thread>

#include "bench/machine.h"

namespace flexos {

namespace {

namespace fs = std::filesystem;

std::string_view trimmed(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

/// Calls `use(line)` for each line.
template <typename Use>
void each_line(std::string_view text, Use use) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    use(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

/// A file of the kernel's, whole; absent where it cannot be read.
std::optional<std::string> read(const fs::path& file) {
  std::ifstream in(file);
  if (!in) return std::nullopt;
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

/// The same for a file of one line; absent also where it is empty.
std::optional<std::string> read_line(const fs::path& file) {
  const auto text = read(file);
  if (!text) return std::nullopt;
  std::string line{trimmed(*text)};
  if (line.empty()) return std::nullopt;
  return line;
}

// --- Protection keys -----------------------------------------------------------------------------

constexpr int kNoKey = 1;
constexpr int kDenied = 2;  // what it should come to: the read faulted, and for the key's sake
constexpr int kLeaked = 3;
constexpr int kOther = 4;

void on_fault(int /*signal*/, siginfo_t* info, void* /*context*/) {
  constexpr int kPkuError = 4;  // SEGV_PKUERR
  _exit(info->si_code == kPkuError ? kDenied : kOther);
}

/// In the child: never returns.
[[noreturn]] void use_a_key() {
  constexpr std::size_t kPage = 4096;
  void* page = mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  const auto key = static_cast<int>(syscall(SYS_pkey_alloc, 0, 0));
  if (page == MAP_FAILED || key < 1) _exit(kNoKey);
  *static_cast<volatile char*>(page) = 1;
  if (syscall(SYS_pkey_mprotect, page, kPage, PROT_READ | PROT_WRITE, key) != 0) _exit(kNoKey);
  struct sigaction action{};
  action.sa_sigaction = on_fault;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGSEGV, &action, nullptr);
  const std::uint32_t rights = 3U << (2 * key);
  // wrpkru
  asm volatile(".byte 0x0f, 0x01, 0xef" : : "a"(rights), "c"(0), "d"(0) : "memory");
  const char seen = *static_cast<volatile char*>(page);
  _exit(seen == 1 ? kLeaked : kOther);
}

// --- Tools ---------------------------------------------------------------------------------------

std::vector<ToolState> known_tools() {
  return {
      {"qemu-system-x86_64", "boots images of the platform qemu", "qemu-system-x86", true},
      {"clang-19", "compiles components", "clang-19", true},
      {"ld.lld-19", "weaves images", "lld-19", true},
      {"make", "prepares fetched sources", "make", true},
      {"tclsh", "makes SQLite's amalgamation", "tcl", true},
      {"why3", "extracts proved variants of components", "why3", true},
      {"cvc4", "checks their proofs", "cvc4", true},
      {"gdb", "`run --gdb`", "gdb", false},
      {"node", "builds the report's page, once", "nodejs", false},
      {"npm", "fetches the report's libraries, once", "npm", false},
      {"chromium", "draws figures as PNG, tests the report", "chromium", false},
  };
}

void find_tool(ToolState& tool) {
  tool.path = find_program(tool.program);
  // A folder that package managers do not use, but somebody's own build does.
  if (tool.path.empty() && tool.program == "chromium") {
    for (const char* other : {"chromium-browser", "google-chrome", "chrome"}) {
      if (tool.path.empty()) tool.path = find_program(other);
    }
  }
  if (tool.path.empty()) return;
  // tclsh reads its program from standard input and has no --version.
  if (tool.program == "tclsh") return;
  std::string text;
  run_process({.command = {tool.path, "--version"},
               .timeout = 10,
               .output = [&](int /*stream*/, std::string_view bytes) {
                 if (text.size() < 4096) text += bytes;
                 return true;
               }});
  tool.version = parse_version(text);
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& w : words) text += (text.empty() ? "" : " ") + w;
  return text;
}

// --- Conclusions ---------------------------------------------------------------------------------

Use use_of(const Diagnosis& d, const MechanismUse& m, const std::string& platform) {
  Use use{.mechanism = m.name, .platform = platform, .accelerator = {}, .clock = {}, .why = {}};
  if (!m.built) {
    use.why = "this version builds no images with it";
    return use;
  }
  if (platform == "linux") {
    if (m.isolates && d.keys != KeysTest::works) {
      use.why = d.keys == KeysTest::absent    ? "the processor has no protection keys"
                : d.keys == KeysTest::refused ? "the kernel hands out no protection keys"
                                              : "protection keys do not protect here";
      return use;
    }
    if (d.tsc_hz <= 0) {
      use.why = "there is no clock that counts cycles";
      return use;
    }
    use.possible = true;
    use.accelerator = "native";
    use.clock = "cycles";
    use.why = m.isolates ? "real protection keys of this processor" : "a process of this machine";
    return use;
  }
  if (d.tool("qemu-system-x86_64") == nullptr || d.tool("qemu-system-x86_64")->path.empty()) {
    use.why = "qemu-system-x86_64 is missing";
    return use;
  }
  if (d.kvm == KvmState::real && (!m.isolates || d.kvm_probe.keys)) {
    use.possible = true;
    use.accelerator = "kvm";
    use.clock = "cycles";
    use.why = "a guest under KVM runs on the processor itself";
    return use;
  }
  if (!d.tcg_probe.works || (m.isolates && !d.tcg_probe.keys)) {
    use.why =
        d.tcg_probe.works ? "this QEMU emulates no protection keys" : "QEMU did not boot the probe";
    return use;
  }
  use.possible = true;
  use.accelerator = "tcg";
  use.clock = "instructions";
  use.why = d.kvm == KvmState::real
                ? "guests of KVM have no protection keys here; TCG emulates them"
                : "TCG emulates the processor and counts its instructions";
  return use;
}

}  // namespace

Processor parse_processor(std::string_view cpuinfo) {
  Processor p;
  bool first = true;
  each_line(cpuinfo, [&](std::string_view line) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return;
    const std::string_view key = trimmed(line.substr(0, colon));
    const std::string_view value = trimmed(line.substr(colon + 1));
    if (key == "processor") ++p.cores;
    if (key == "model name" && p.model.empty()) p.model = value;
    if (key != "flags" || !first) return;
    first = false;
    bool constant = false;
    bool nonstop = false;
    std::istringstream words{std::string(value)};
    for (std::string flag; words >> flag;) {
      p.keys |= flag == "pku";
      p.keys_on |= flag == "ospke";
      p.guest |= flag == "hypervisor";
      constant |= flag == "constant_tsc";
      nonstop |= flag == "nonstop_tsc";
    }
    p.steady_tsc = constant && nonstop;
  });
  return p;
}

HostState read_host_state(const fs::path& root) {
  HostState s;
  const fs::path cpu = root / "sys/devices/system/cpu";
  s.governor = read_line(cpu / "cpu0/cpufreq/scaling_governor");
  // Intel's driver says the opposite of what the others say.
  if (const auto no_turbo = read_line(cpu / "intel_pstate/no_turbo")) {
    s.turbo = *no_turbo == "0";
  } else if (const auto boost = read_line(cpu / "cpufreq/boost")) {
    s.turbo = *boost == "1";
  }
  if (const auto smt = read_line(cpu / "smt/active")) s.siblings = *smt == "1";
  s.clock_source =
      read_line(root / "sys/devices/system/clocksource/clocksource0/current_clocksource");
  if (const auto load = read_line(root / "proc/loadavg")) {
    double value = 0;
    if (std::from_chars(load->data(), load->data() + load->size(), value).ec == std::errc{}) {
      s.load = value;
    }
  }
  each_line(read(root / "proc/meminfo").value_or(""), [&](std::string_view line) {
    if (!line.starts_with("MemTotal:")) return;
    const std::string_view number = trimmed(line.substr(9));
    std::uint64_t kib = 0;
    if (std::from_chars(number.data(), number.data() + number.size(), kib).ec == std::errc{}) {
      s.memory = kib * 1024;
    }
  });
  return s;
}

KeysTest try_protection_keys(const Processor& processor) {
  // Without the kernel's consent WRPKRU is an illegal instruction.
  if (!processor.keys || !processor.keys_on) return KeysTest::absent;
  const pid_t child = fork();
  if (child < 0) return KeysTest::refused;
  if (child == 0) use_a_key();
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == kDenied) return KeysTest::works;
  if (WIFEXITED(status) && WEXITSTATUS(status) == kLeaked) return KeysTest::leaky;
  return KeysTest::refused;
}

std::string_view name(KvmState state) {
  switch (state) {
    case KvmState::absent:
      return "absent";
    case KvmState::denied:
      return "denied";
    case KvmState::broken:
      return "broken";
    case KvmState::emulated:
      return "emulated";
    case KvmState::real:
      return "real";
  }
  return "?";
}

KvmState judge_kvm(int device, const ProbeResult& tcg, const ProbeResult& kvm) {
  if (device == 0) return KvmState::absent;
  if (device == 1) return KvmState::denied;
  if (!kvm.works) return KvmState::broken;
  // The probe's guest spends its time in a loop of ring 3 and in one of ring 0. Real hardware
  // leaves TCG far behind on both; a hypervisor that emulates ring 0 does not.
  if (tcg.works && kvm.seconds >= tcg.seconds) return KvmState::emulated;
  return KvmState::real;
}

std::string parse_version(std::string_view text) {
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool word = i > 0 && (digit(text[i - 1]) || text[i - 1] == '.' || text[i - 1] == '-' ||
                                text[i - 1] == '_');
    if (!digit(text[i]) || word) continue;
    std::size_t end = i;
    bool dot = false;
    while (end < text.size() && (digit(text[end]) || text[end] == '.')) {
      dot |= text[end] == '.';
      ++end;
    }
    while (end > i && text[end - 1] == '.') --end;
    if (dot) return std::string(text.substr(i, end - i));
    i = end;
  }
  return {};
}

const ToolState* Diagnosis::tool(std::string_view program) const {
  const auto found = std::find_if(tools.begin(), tools.end(),
                                  [&](const ToolState& t) { return t.program == program; });
  return found == tools.end() ? nullptr : &*found;
}

bool Diagnosis::builds() const {
  for (const char* program : {"clang-19", "ld.lld-19"}) {
    const ToolState* t = tool(program);
    if (t == nullptr || t->path.empty()) return false;
  }
  return true;
}

bool Diagnosis::runs() const {
  return std::any_of(uses.begin(), uses.end(), [](const Use& u) { return u.possible; });
}

Diagnosis diagnose(const std::vector<MechanismUse>& mechanisms) {
  Diagnosis d;
  d.processor = parse_processor(read("/proc/cpuinfo").value_or(""));
  if (d.processor.cores == 0) {
    d.processor.cores = static_cast<int>(std::thread::hardware_concurrency());
  }
  d.state = read_host_state("/");
  d.keys = try_protection_keys(d.processor);
  d.tsc_hz = tsc_rate();
  d.tools = known_tools();
  for (ToolState& tool : d.tools) find_tool(tool);
  std::error_code error;
  const bool device = fs::exists("/dev/kvm", error);
  const bool ours = access("/dev/kvm", R_OK | W_OK) == 0;
  if (const ToolState* qemu = d.tool("qemu-system-x86_64"); !qemu->path.empty()) {
    d.tcg_probe = probe(qemu->path, Accelerator::tcg);
    if (ours) d.kvm_probe = probe(qemu->path, Accelerator::kvm);
    d.kvm = judge_kvm(ours ? 2 : device ? 1 : 0, d.tcg_probe, d.kvm_probe);
  } else {
    // Nothing can be tried; what is there is told.
    d.kvm = device ? (ours ? KvmState::broken : KvmState::denied) : KvmState::absent;
  }
  conclude(d, mechanisms);
  return d;
}

void conclude(Diagnosis& d, const std::vector<MechanismUse>& mechanisms) {
  d.uses.clear();
  d.hints.clear();
  for (const MechanismUse& m : mechanisms) {
    for (const std::string& platform : m.platforms) d.uses.push_back(use_of(d, m, platform));
  }
  std::vector<std::string> packages;
  for (const ToolState& t : d.tools) {
    if (t.path.empty() && t.needed) packages.push_back(t.package);
  }
  if (!packages.empty()) {
    d.hints.push_back("images need what is missing: apt-get install " + joined(packages));
  }
  if (d.keys == KeysTest::absent) {
    d.hints.push_back(
        d.processor.keys
            ? "the processor has protection keys and the kernel keeps them off: remove `nopku` "
              "from its command line"
        : d.processor.guest
            ? "this is a virtual machine whose processor has no protection keys: one with them "
              "passed through (the flags pku and ospke) measures real gates on `linux`"
            : "the platform `linux` measures real gates on a processor with protection keys: "
              "Intel since Skylake-SP, AMD since Zen 3");
  }
  if (d.keys == KeysTest::refused) {
    d.hints.emplace_back("a sandbox or a seccomp filter keeps pkey_alloc from programs");
  }
  switch (d.kvm) {
    case KvmState::absent:
      d.hints.emplace_back(
          d.processor.guest
              ? "KVM inside this virtual machine needs nested virtualisation of its host"
              : "load KVM (modprobe kvm_intel or kvm_amd), or switch virtualisation on in the "
                "firmware");
      break;
    case KvmState::denied:
      d.hints.emplace_back("join the group of /dev/kvm: usermod -aG kvm USER");
      break;
    case KvmState::broken:
      d.hints.emplace_back(
          "KVM does not run the probe's guest: nested virtualisation is "
          "incomplete here");
      break;
    case KvmState::emulated:
      d.hints.emplace_back(
          "KVM is no faster than TCG here, so it emulates: cycles of its guests "
          "would say nothing, and TCG's instructions are used");
      break;
    case KvmState::real:
      if (!d.kvm_probe.keys && d.keys == KeysTest::works) {
        d.hints.emplace_back(
            "KVM hides the processor's protection keys from its guests; `--platform "
            "linux` measures them");
      }
      break;
  }
  const bool timed = std::any_of(d.uses.begin(), d.uses.end(),
                                 [](const Use& u) { return u.possible && u.clock == "cycles"; });
  if (!timed) return;
  if (!d.processor.steady_tsc) {
    d.hints.emplace_back(
        "the TSC changes its rate with the processor's clock: fix the frequency "
        "before cycles are compared");
  }
  if (d.state.governor && *d.state.governor != "performance") {
    d.hints.push_back("the frequency governor is `" + *d.state.governor +
                      "`: cpupower frequency-set -g performance makes timings steadier");
  }
  if (d.state.turbo.value_or(false)) {
    d.hints.emplace_back("turbo is on: switched off, timings depend less on what else runs");
  }
  if (d.state.load && *d.state.load > 0.5 * std::max(1, d.processor.cores)) {
    d.hints.push_back(fmt::format("the load is {:.1f} on {} cores: timings taken now are noisy",
                                  *d.state.load, d.processor.cores));
  }
}

}  // namespace flexos
