#include "codegen/launch.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>

#include "codegen/fault.h"

namespace flexos {

namespace {

namespace fs = std::filesystem;

/// The tiny guest. PVH enters it in 32-bit mode without paging, as it does every image; it goes the
/// same way as they do, to 64-bit ring 3:
///
///     mov $0x180000, %ebx; movl $0x181007, (%ebx); movl $0x182007, 0x1000(%ebx)
///     movl $0x87, 0x2000(%ebx); mov $0xa0, %eax; mov %eax, %cr4; mov %ebx, %cr3   2 MiB, identity
///     mov $0xc0000080, %ecx; rdmsr; or $0x101, %eax; wrmsr                       long mode,
///     syscall inc %ecx; xor %eax, %eax; mov $0x100008, %edx; wrmsr                       its
///     selectors inc %ecx; mov $service, %eax; xor %edx, %edx; wrmsr; mov $0x80000011, %eax; mov
///     %eax, %cr0 lgdt gdtr; ljmp $8, $long long: mov $7, %eax; xor %ecx, %ecx; cpuid; mov %ecx,
///     %ebp mov $20000, %ecx; 2: dec %ecx; jnz 2b             ring 0: about as long as a boot mov
///     $0x170000, %esp; push $0x1b; push $0x170000; push $0x3002 (IOPL 3); push $0x23 push $user;
///     iretq user: mov $100000000, %ecx; 3: dec %ecx; jnz 3b    ring 3: where components run
///     syscall                                           some hypervisors emulate it wrongly
///     shr $3, %ebp; and $1, %ebp; lea 1(%rbp), %eax
///     mov $0x501, %edx; out %al, %dx; 4: jmp 4b         1: no protection keys, 2: with them
///     service: mov %cr0, %rax; or $0x3002, %r11; sysretq  ring 0, or it ends here
///     gdt: 0, 64-bit code of ring 0, data, data of ring 3, 64-bit code of ring 3
constexpr std::array<std::uint8_t, 238> kProbe = {
    0xbb, 0x00, 0x00, 0x18, 0x00, 0xc7, 0x03, 0x07, 0x10, 0x18, 0x00, 0xc7, 0x83, 0x00, 0x10, 0x00,
    0x00, 0x07, 0x20, 0x18, 0x00, 0xc7, 0x83, 0x00, 0x20, 0x00, 0x00, 0x87, 0x00, 0x00, 0x00, 0xb8,
    0xa0, 0x00, 0x00, 0x00, 0x0f, 0x22, 0xe0, 0x0f, 0x22, 0xdb, 0xb9, 0x80, 0x00, 0x00, 0xc0, 0x0f,
    0x32, 0x0d, 0x01, 0x01, 0x00, 0x00, 0x0f, 0x30, 0x41, 0x31, 0xc0, 0xba, 0x08, 0x00, 0x10, 0x00,
    0x0f, 0x30, 0x41, 0xb8, 0xac, 0x01, 0x10, 0x00, 0x31, 0xd2, 0x0f, 0x30, 0xb8, 0x11, 0x00, 0x00,
    0x80, 0x0f, 0x22, 0xc0, 0x0f, 0x01, 0x15, 0xe8, 0x01, 0x10, 0x00, 0xea, 0x62, 0x01, 0x10, 0x00,
    0x08, 0x00, 0xb8, 0x07, 0x00, 0x00, 0x00, 0x31, 0xc9, 0x0f, 0xa2, 0x89, 0xcd, 0xb9, 0x20, 0x4e,
    0x00, 0x00, 0xff, 0xc9, 0x75, 0xfc, 0xbc, 0x00, 0x00, 0x17, 0x00, 0x6a, 0x1b, 0x68, 0x00, 0x00,
    0x17, 0x00, 0x68, 0x02, 0x30, 0x00, 0x00, 0x6a, 0x23, 0x68, 0x90, 0x01, 0x10, 0x00, 0x48, 0xcf,
    0xb9, 0x00, 0xe1, 0xf5, 0x05, 0xff, 0xc9, 0x75, 0xfc, 0x0f, 0x05, 0xc1, 0xed, 0x03, 0x83, 0xe5,
    0x01, 0x8d, 0x45, 0x01, 0xba, 0x01, 0x05, 0x00, 0x00, 0xee, 0xeb, 0xfe, 0x0f, 0x20, 0xc0, 0x49,
    0x81, 0xcb, 0x02, 0x30, 0x00, 0x00, 0x48, 0x0f, 0x07, 0x0f, 0x1f, 0x80, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0x00, 0x00, 0x00, 0x9b, 0xaf, 0x00,
    0xff, 0xff, 0x00, 0x00, 0x00, 0x93, 0xcf, 0x00, 0xff, 0xff, 0x00, 0x00, 0x00, 0xf3, 0xcf, 0x00,
    0xff, 0xff, 0x00, 0x00, 0x00, 0xfb, 0xaf, 0x00, 0x27, 0x00, 0xc0, 0x01, 0x10, 0x00};
constexpr std::uint64_t kProbeStart = 0x100100;
constexpr double kProbeTimeout = 5;

/// The tiny guest as an ELF file with a PVH entry.
std::string probe_image() {
  std::string file("\177ELF\2\1\1", 7);
  file.resize(16);
  const auto put = [&](std::uint64_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) file.push_back(static_cast<char>(value >> (8 * i)));
  };
  constexpr std::uint64_t kHeaders = 64 + 2 * 56;
  constexpr std::uint64_t kNote = kHeaders;
  constexpr std::uint64_t kCode = 0x100;
  put(2, 2), put(62, 2), put(1, 4), put(kProbeStart, 8), put(64, 8), put(0, 8), put(0, 4);
  put(64, 2), put(56, 2), put(2, 2), put(64, 2), put(0, 2), put(0, 2);
  put(1, 4), put(7, 4), put(kCode, 8), put(kProbeStart, 8), put(kProbeStart, 8);
  put(kProbe.size(), 8), put(0x1000, 8), put(0x100, 8);
  put(4, 4), put(4, 4), put(kNote, 8), put(0, 8), put(0, 8), put(20, 8), put(20, 8), put(4, 8);
  put(4, 4), put(4, 4), put(18, 4);  // XEN_ELFNOTE_PHYS32_ENTRY
  file += std::string("Xen\0", 4);
  put(kProbeStart, 4);
  file.resize(kCode);
  for (const std::uint8_t byte : kProbe) file.push_back(static_cast<char>(byte));
  return file;
}

/// The last line of a text, taken off it; line breaks at its end are none.
std::string_view take_last_line(std::string_view& text) {
  while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
  const std::size_t start = text.rfind('\n') + 1;  // npos + 1 = 0
  const std::string_view line = text.substr(start);
  text.remove_suffix(line.size());
  return line;
}

struct LastWords {
  std::optional<int> code;
  std::string fault_line;
};

LastWords last_words(std::string_view text) {
  constexpr std::string_view kExit = "FLEXOS EXIT ";
  LastWords words;
  const std::string_view line = take_last_line(text);
  if (!line.starts_with(kExit)) return words;
  const std::string_view digits = line.substr(kExit.size());
  int code = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), code);
  if (read.ec != std::errc{} || read.ptr != digits.data() + digits.size() || code < 0 ||
      code > 127) {
    return words;
  }
  words.code = code;
  const std::string_view before = take_last_line(text);
  if (parse_fault(before)) words.fault_line = before;
  return words;
}

/// The last line that says something, for a message.
std::string summary(std::string_view text) {
  const std::string_view line = take_last_line(text);
  std::string result;
  for (const char c : line.substr(0, 200)) result += c >= ' ' && c != 127 ? c : '?';
  return result;
}

constexpr int kFaultCode = 111;
constexpr int kRefusedCode = 112;

Outcome of_fault(const std::string& line) {
  const auto fault = parse_fault(line);
  Outcome o;
  o.fault_line = line;
  const std::string& kind = fault->kind;
  if (kind == "no-pku" || kind == "no-key-left") {
    o.ending = Ending::no_keys;
    o.detail = kind == "no-pku" ? "the processor (or its kernel) has no protection keys (PKU)"
                                : "the kernel has not enough protection keys left";
    o.hint =
        "build it for `qemu`, where TCG emulates them (`run` chooses it by itself), or run it on a "
        "machine whose /proc/cpuinfo shows `ospke`";
  } else if (kind.starts_with("no-") || kind == "memory") {
    o.ending = Ending::environment;
    o.detail =
        "the machine has " + (kind == "memory" ? "no memory left" : kind) + " for the platform";
    if (kind.starts_with("no-")) {
      o.detail = fmt::format("the platform could not start: {} (error {})", kind, fault->address);
    }
  } else if (kind == "image" || kind == "bad-image") {
    o.ending = Ending::refused;
    o.detail = fmt::format(
        "the platform refuses the image: its table at {:#x} is not one that it "
        "can use",
        fault->address);
    o.hint = "build the image anew";
  } else if (kind == "panic" || kind == "nucleus") {
    o.ending = Ending::panic;
    o.detail = kind == "panic" ? "the program gave up (panic)"
                               : "the nucleus itself faulted: a defect of the platform";
  } else {
    o.ending = Ending::fault;
    o.detail = "the platform stopped it: " + kind;
  }
  return o;
}

fs::path cache_file() {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  const char* home = std::getenv("HOME");
  if (cache != nullptr && *cache == '/') return fs::path(cache) / "flexos-explore/accelerator";
  if (home != nullptr && *home == '/') return fs::path(home) / ".cache/flexos-explore/accelerator";
  return {};
}

std::string first_line(const fs::path& file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  return line;
}

/// What the probe's answer depends on: this boot, this QEMU, our rights to the device.
std::string cache_key(const std::string& qemu) {
  struct stat s{};
  if (stat(qemu.c_str(), &s) != 0) return {};
  return fmt::format("2 {} {} {} {}", first_line("/proc/sys/kernel/random/boot_id"), s.st_size,
                     s.st_mtim.tv_sec, access("/dev/kvm", R_OK | W_OK) == 0 ? 1 : 0);
}

std::optional<std::array<ProbeResult, 2>> cached(const std::string& key) {
  std::ifstream in(cache_file());
  std::string line;
  if (key.empty() || !std::getline(in, line) || line != key) return std::nullopt;
  std::array<ProbeResult, 2> results;
  for (ProbeResult& r : results) {
    if (!(in >> r.works >> r.keys >> r.seconds)) return std::nullopt;
  }
  return results;
}

/// Only saves time: where it cannot be written, the next run probes again.
void keep(const std::string& key, const std::array<ProbeResult, 2>& results) {
  const fs::path file = cache_file();
  if (file.empty() || key.empty()) return;
  std::error_code error;
  fs::create_directories(file.parent_path(), error);
  fs::path temporary = file;
  temporary += fmt::format(".{}", getpid());
  {
    std::ofstream out(temporary);
    out << key << "\n";
    for (const ProbeResult& r : results) {
      out << r.works << " " << r.keys << " " << r.seconds << "\n";
    }
    if (!out) error = std::make_error_code(std::errc::io_error);
  }
  if (!error) fs::rename(temporary, file, error);
  if (error) fs::remove(temporary, error);
}

}  // namespace

std::string_view name(Accelerator accelerator) {
  return accelerator == Accelerator::kvm ? "kvm" : "tcg";
}

std::string_view name(Ending ending) {
  switch (ending) {
    case Ending::exited:
      return "exited";
    case Ending::fault:
      return "fault";
    case Ending::panic:
      return "panic";
    case Ending::triple_fault:
      return "triple-fault";
    case Ending::hang:
      return "hang";
    case Ending::killed:
      return "killed";
    case Ending::refused:
      return "refused";
    case Ending::no_keys:
      return "no-protection-keys";
    case Ending::environment:
      return "environment";
    case Ending::interrupted:
      return "interrupted";
  }
  return "?";
}

int Outcome::exit_code() const {
  switch (ending) {
    case Ending::exited:
      return code == 0 ? 0 : 1;
    case Ending::no_keys:
    case Ending::environment:
      return 3;
    case Ending::interrupted:
      return 130;
    default:
      return 1;
  }
}

ProbeResult probe(const std::string& qemu, Accelerator accelerator) {
  ProbeResult result;
  std::error_code error;
  const fs::path folder = fs::temp_directory_path(error);
  std::string file = (folder / "flexos-probe-XXXXXX").string();
  const int descriptor = mkstemp(file.data());
  if (descriptor < 0) return result;
  const std::string image = probe_image();
  const bool written =
      write(descriptor, image.data(), image.size()) == static_cast<ssize_t>(image.size());
  close(descriptor);
  if (written) {
    const ProcessEnd end = run_process(
        {.command = qemu_command(
             {.qemu = qemu, .image = file, .accelerator = accelerator, .arguments = {}}),
         .timeout = kProbeTimeout,
         .output = {}});
    result.works = end.code == 3 || end.code == 5;
    result.keys = end.code == 5;
    result.seconds = end.seconds;
  }
  unlink(file.c_str());
  return result;
}

Choice decide(const ProbeResult& tcg, const ProbeResult& kvm, bool needs_keys) {
  const std::string times =
      fmt::format("a probe took {:.2f} s under KVM, {:.2f} s under TCG", kvm.seconds, tcg.seconds);
  if (!kvm.works) return {Accelerator::tcg, "KVM does not run a guest here"};
  if (needs_keys && !kvm.keys) {
    return {Accelerator::tcg, "the image needs protection keys, and KVM's guests have none here"};
  }
  if (tcg.works && tcg.seconds <= kvm.seconds) return {Accelerator::tcg, times};
  return {Accelerator::kvm, times};
}

Choice choose_accelerator(const std::string& qemu, bool needs_keys) {
  // A device that is not there or not ours cannot work; one that is there proves nothing.
  if (access("/dev/kvm", R_OK | W_OK) != 0) return {Accelerator::tcg, "KVM cannot be used here"};
  const std::string key = cache_key(qemu);
  auto results = cached(key);
  if (!results) {
    results = {probe(qemu, Accelerator::tcg), probe(qemu, Accelerator::kvm)};
    if ((*results)[0].works) keep(key, *results);
  }
  return decide((*results)[0], (*results)[1], needs_keys);
}

std::vector<std::string> qemu_command(const QemuStart& start) {
  // Under a hypervisor that does not pass ARCH_CAPABILITIES on, QEMU dies of setting it; it only
  // tells a guest which faults of the processor it need not work around, and ours reads nothing.
  // Devices stand where the nucleus looks for them: nothing is to be added to the arguments.
  const std::string machine =
      "microvm,x-option-roms=off,pit=off,pic=off,rtc=on,isa-serial=on,acpi=off,"
      "auto-kernel-cmdline=off";
  std::vector<std::string> command = {
      start.qemu,
      "-machine",
      machine,
      "-accel",
      std::string(name(start.accelerator)),
      "-cpu",
      start.accelerator == Accelerator::kvm ? "host,-arch-capabilities" : "max",
      "-m",
      fmt::format("{}M", start.memory),
      "-rtc",
      start.count_instructions ? "base=2026-01-01T00:00:00,clock=vm" : "base=utc",
      "-nodefaults",
      "-no-user-config",
      "-display",
      "none",
      "-serial",
      "stdio",
      "-no-reboot",
      "-device",
      "isa-debug-exit,iobase=0x501,iosize=1",
      "-kernel",
      start.image};
  if (!start.arguments.empty()) {
    command.emplace_back("-append");
    command.push_back(start.arguments);
  }
  if (!start.network.empty()) {
    command.insert(command.end(), {"-global", "virtio-mmio.force-legacy=false", "-netdev",
                                   start.network + ",id=net0", "-device",
                                   "virtio-net-device,netdev=net0,mac=52:54:00:12:34:56"});
  }
  if (start.count_instructions) {
    command.emplace_back("-icount");
    // Alone, an idle machine is set on to its next timer at once; with a network it waits for that
    // as long as it takes, or its timers would run away from who sends to it.
    command.emplace_back(start.network.empty() ? "shift=0,sleep=off" : "shift=0");
  }
  if (start.debugger_port != 0) {
    command.emplace_back("-gdb");
    command.push_back(fmt::format("tcp:127.0.0.1:{}", start.debugger_port));
    command.emplace_back("-S");
  }
  return command;
}

std::uint64_t memory_of(const Manifest& manifest) {
  constexpr std::uint64_t kLeast = 256;
  constexpr std::uint64_t kMost = 2048;  // images lie below 2 GiB
  std::uint64_t end = 0;
  for (const auto& s : manifest.shared) end = std::max(end, s.end);
  for (const auto& c : manifest.compartments) {
    for (const auto& s : c.sections) end = std::max(end, s.end);
  }
  return std::clamp((end >> 20) / 64 * 64 + 64, kLeast, kMost);
}

Outcome classify(const std::string& platform, const ProcessEnd& end, std::string_view console,
                 std::string_view errors) {
  const bool qemu = platform == "qemu";
  const std::string what = qemu ? "QEMU" : "the image";
  Outcome o;
  if (!end.started) {
    o.ending = Ending::environment;
    o.detail = fmt::format("{} could not be started: {}", what, end.error);
    if (qemu) o.hint = "on Debian: apt-get install qemu-system-x86";
    return o;
  }
  if (end.interrupted) return {Ending::interrupted, 0, "", "it was interrupted", ""};
  if (end.unheard) {
    return {Ending::environment, 0, "", "its output could not be written", ""};
  }
  if (end.timed_out) {
    o.ending = Ending::hang;
    o.detail = fmt::format("it was still running after {:.0f} s", end.seconds);
    o.hint = "more time: --timeout SECONDS; a look inside: --gdb";
    return o;
  }
  // The serial console is QEMU's stdout; the linux platform says its last words on stderr.
  const LastWords words = last_words(qemu ? console : errors);
  if (end.signal != 0) {
    o.ending = qemu ? Ending::environment : Ending::killed;
    o.detail =
        fmt::format("{} was ended by signal {} ({})", what, end.signal, strsignal(end.signal));
    return o;
  }
  if (qemu) {
    // 2 * code + 1 through isa-debug-exit; 0: the machine reset itself, which -no-reboot makes an
    // end; 1 is also what QEMU says of itself.
    const bool through_device = end.code % 2 == 1;
    const int code = end.code / 2;
    const std::string said = summary(errors);
    // What QEMU says of itself; a guest has no way to its stderr.
    const bool by_debugger = said.find("Terminated via GDBstub") != std::string::npos;
    if (end.code == 0 && (by_debugger || said.find("terminating on signal") != std::string::npos)) {
      o.ending = Ending::interrupted;
      o.detail = by_debugger ? "the debugger ended it" : said;
      return o;
    }
    if (end.code == 0) {
      o.ending = Ending::triple_fault;
      o.detail = "the virtual machine reset itself (triple fault)";
      if (words.code) o.detail += ", after it said that it ends";
      o.hint = "a look inside: --gdb";
      return o;
    }
    if (!through_device || (code == 0 && words.code != 0)) {
      o.ending = Ending::environment;
      o.detail =
          fmt::format("QEMU failed with exit code {}{}", end.code, said.empty() ? "" : ": " + said);
      return o;
    }
    if (code == kFaultCode && !words.fault_line.empty()) return of_fault(words.fault_line);
    o.ending = Ending::exited;
    o.code = code;
  } else {
    if ((end.code == kFaultCode || end.code == kRefusedCode) && !words.fault_line.empty()) {
      return of_fault(words.fault_line);
    }
    o.ending = Ending::exited;
    o.code = end.code;
  }
  o.detail = fmt::format("it ended with code {}", o.code);
  return o;
}

}  // namespace flexos
