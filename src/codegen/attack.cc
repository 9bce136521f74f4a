#include "codegen/attack.h"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <map>
#include <set>
#include <span>

#include "codegen/fault.h"
#include "codegen/plan.h"
#include "kernel/components/probe/probe.h"

namespace flexos {

namespace {

using Kind = AttackVerdict::Kind;
using Address = std::optional<std::uint64_t>;

/// What an attacker must know of a gate; found in its bytes, as he would find it.
struct GateCode {
  std::uint64_t entry = 0;
  std::uint64_t enter = 0;        ///< where the callee's rights begin to be set
  std::uint64_t wrpkru = 0;       ///< the callee's
  std::uint64_t past_check = 0;   ///< behind the comparison
  std::uint64_t leave = 0;        ///< where the caller's rights begin to be set
  std::uint64_t last_wrpkru = 0;  ///< the caller's
  std::uint64_t wait = 0;         ///< full gates: where the caller's state says what it waits for
  std::uint64_t number = 0;       ///< full gates: and what this gate is called there
};

std::uint64_t little(std::span<const std::uint8_t> bytes, std::size_t at) {
  std::uint32_t value = 0;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

bool stands(std::span<const std::uint8_t> bytes, std::size_t at,
            std::initializer_list<std::uint8_t> pattern) {
  return bytes.size() - at >= pattern.size() &&
         std::equal(pattern.begin(), pattern.end(),
                    bytes.begin() + static_cast<std::ptrdiff_t>(at));
}

/// xorl %ecx, %ecx; xorl %edx, %edx; movl $rights, %eax
constexpr std::size_t kSetRights = 9;

std::optional<GateCode> gate_code(const Elf& elf, const ElfSymbol& symbol) {
  const auto bytes = elf.memory(symbol.value, symbol.size);
  GateCode gate;
  gate.entry = symbol.value;
  std::vector<std::size_t> writes;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (stands(bytes, i, {0x0f, 0x01, 0xef})) writes.push_back(i);
    // movq $number, wait(%rip)
    if (gate.wait == 0 && stands(bytes, i, {0x48, 0xc7, 0x05}) && bytes.size() - i >= 11) {
      const auto offset = static_cast<std::int32_t>(little(bytes, i + 3));
      gate.wait = symbol.value + i + 11 + static_cast<std::uint64_t>(std::int64_t{offset});
      gate.number = little(bytes, i + 7);
    }
  }
  if (writes.size() != 2 || writes[0] < kSetRights) return std::nullopt;
  std::size_t past = writes[0] + 3;
  if (stands(bytes, past, {0x3d})) {
    past += 5;  // cmpl $rights, %eax
  } else if (stands(bytes, past, {0x83, 0xf8})) {
    past += 3;
  }
  if (stands(bytes, past, {0x0f, 0x85})) {
    past += 6;  // jne
  } else if (stands(bytes, past, {0x75})) {
    past += 2;
  }
  gate.wrpkru = symbol.value + writes[0];
  gate.enter = gate.wrpkru - kSetRights;
  gate.past_check = symbol.value + past;
  gate.last_wrpkru = symbol.value + writes[1];
  gate.leave = gate.last_wrpkru - kSetRights;
  return gate;
}

/// What each cell aims at: the arguments of the image. An attacker knows the layout.
class Targets {
 public:
  Targets(const Spec& spec, const Configuration& c, const Elf& elf, const Manifest& manifest,
          bool has_tap)
      : spec_(spec), c_(c), elf_(elf), manifest_(manifest), has_tap_(has_tap) {
    for (const ElfSymbol& s : elf.symbols) {
      if (s.defined() && !s.name.empty()) symbols_.emplace(s.name, &s);
    }
  }

  std::optional<std::string> arguments(const AttackCell& cell) const {
    return is_on_platform(cell.attack) ? on_platform(cell) : on_compartment(cell);
  }

 private:
  using Text = std::optional<std::string>;

  static Text text(int compartment, int probe, const std::vector<Address>& words) {
    std::string line = fmt::format("attack {:x} {:x}", compartment, probe);
    for (const Address& w : words) {
      if (!w) return std::nullopt;
      line += fmt::format(" {:x}", *w);
    }
    return line;
  }

  Address symbol(const std::string& name) const {
    const auto found = symbols_.find(name);
    if (found == symbols_.end()) return std::nullopt;
    return found->second->value;
  }

  Address of_probe(int compartment, const char* name) const {
    return symbol(fmt::format("def.probe.{}.{}", compartment, name));
  }

  /// In the middle of START.number .. END.number, which may be empty.
  Address area(const char* name, int number, std::uint64_t offset) const {
    const Address start = symbol(fmt::format("{}_start.{}", name, number));
    const Address end = symbol(fmt::format("{}_end.{}", name, number));
    if (!start || !end || *end - *start <= offset) return std::nullopt;
    return *start + offset;
  }

  std::optional<GateCode> gate(int from, int to) const {
    const auto found = symbols_.find(fmt::format("gate.{}.{}.probe.probe_call", from, to));
    if (found == symbols_.end()) return std::nullopt;
    return gate_code(elf_, *found->second);
  }

  /// Through the gate, or the plain call that there is in one compartment.
  Address way(int from, int to) const {
    if (from == to) return of_probe(to, "probe_call");
    const auto code = gate(from, to);
    if (!code) return std::nullopt;
    return code->entry;
  }

  int domain(int compartment) const { return manifest_.compartment(compartment)->stack_domain; }

  Address region(Attack first, Attack attack, int victim, int* probe) const {
    constexpr std::array kProbes = {PROBE_READ, PROBE_WRITE, PROBE_EXECUTE};
    const int index = static_cast<int>(attack) - static_cast<int>(first);
    *probe = kProbes[static_cast<std::size_t>(index % 3)];
    switch (index / 3) {
      case 0:
        return of_probe(victim, "probe_leaf");
      case 1:
        return of_probe(victim, "probe_constant");
      case 2:
        return of_probe(victim, "probe_secret");
      case 3:
        // Behind what the allocator keeps at the start.
        return area("heap", victim, 1 << 20);
      case 4:
        // Far from where anybody is: thread 0's stack grows down from its end.
        return area("stack", domain(victim), 4096);
      default:
        return area("window", victim, 4096);
    }
  }

  Text on_compartment(const AttackCell& cell) const {
    const int k = cell.attacker;
    const int v = cell.victim;
    if (cell.attack <= Attack::execute_window) {
      int probe = 0;
      const Address at = region(Attack::read_text, cell.attack, v, &probe);
      return text(k, probe, {at});
    }
    switch (cell.attack) {
      case Attack::call_private:
        return text(k, PROBE_STEAL_BY_CALL, {of_probe(v, "probe_private")});
      case Attack::callee_return:
        return k == v ? std::nullopt
                      : text(v, PROBE_CALLEE_RETURN, {way(v, k), of_probe(v, "probe_secret")});
      case Attack::registers_of_caller:
        return leak(v, PROBE_GIVE, way(v, k), PROBE_LEAK_REGISTERS);
      case Attack::registers_of_callee:
        return leak(k, PROBE_TAKE, way(k, v), PROBE_LEAK_REGISTERS);
      case Attack::vectors_of_caller:
        return leak(v, PROBE_GIVE, way(v, k), PROBE_LEAK_VECTORS);
      case Attack::vectors_of_callee:
        return leak(k, PROBE_TAKE, way(k, v), PROBE_LEAK_VECTORS);
      case Attack::floats_of_caller:
        return leak(v, PROBE_GIVE, way(v, k), PROBE_LEAK_FLOATS);
      case Attack::floats_of_callee:
        return leak(k, PROBE_TAKE, way(k, v), PROBE_LEAK_FLOATS);
      case Attack::control_of_caller:
        return leak(v, PROBE_GIVE, way(v, k), PROBE_LEAK_CONTROL);
      case Attack::control_of_callee:
        return leak(k, PROBE_TAKE, way(k, v), PROBE_LEAK_CONTROL);
      case Attack::stack_of_caller:
        return leak(v, PROBE_GIVE, way(v, k), PROBE_LEAK_STACK);
      case Attack::stack_of_callee:
        return leak(k, PROBE_TAKE, way(k, v), PROBE_LEAK_STACK);
      case Attack::answer_in_place: {
        const int third = third_between(spec_, c_, k, v);
        const auto code = gate(v, third);
        if (!code) return std::nullopt;
        return text(v, PROBE_ASK, {code->entry, way(third, k), code->leave});
      }
      case Attack::deputy:
        return k == v ? std::nullopt : deputy(k, v);
      default:
        if (k == v) return std::nullopt;
        return cell.attack < Attack::callback_late ? on_gate(cell.attack, k, v)
                                                   : on_callback(cell.attack, k, v);
    }
  }

  static Text leak(int runs, int probe, Address way, std::uint64_t what) {
    return text(runs, probe, {way, what});
  }

  /// Compartment `callee` is handed callbacks by `lender`: a callback's stubs, the gate back.
  Address stub(int callee, int lender, const char* parameter) const {
    return symbol(
        fmt::format("callback.{0}.{1}.probe.probe_visit_{0}.{2}", callee, lender, parameter));
  }
  Address back(int callee, int lender, const char* parameter) const {
    return symbol(fmt::format("gate.{0}.{1}.probe.probe_visit_{0}.{2}", callee, lender, parameter));
  }

  Text on_callback(Attack attack, int k, int v) const {
    constexpr std::uint64_t kFarAway = 1 << 28;  // bindings are words of memory
    const auto visit = [&](int lender, int callee) {
      return symbol(fmt::format("def.probe_marshal.{}.probe_visit_{}", lender, callee));
    };
    const Address secret = of_probe(v, "probe_secret");
    const auto lend = [&](int lender, int callee, Address function, std::uint64_t op, Address x,
                          Address y, Address after) {
      return text(lender, PROBE_LEND, {visit(lender, callee), function, op, x, y, after});
    };
    switch (attack) {
      case Attack::callback_late:
        return lend(v, k, 0, PROBE_VISIT_KEEP, 0, 0, way(v, k));
      case Attack::callback_index:
        return lend(v, k, 0, PROBE_VISIT_INDEX, back(k, v, "plain"), kFarAway, 0);
      case Attack::callback_pointer:
        return lend(v, k, 0, PROBE_VISIT_POINTER, secret, 0, 0);
      case Attack::callback_raw:
        return lend(v, k, 0, PROBE_VISIT_RAW, back(k, v, "visit"), secret, 0);
      case Attack::callback_foreign:
        return lend(k, v, of_probe(k, "probe_stray"), PROBE_VISIT_CALL, stub(v, k, "plain"), secret,
                    0);
      case Attack::callback_third: {
        const int third = another(spec_, c_, k, v);
        return lend(third, v, 0, PROBE_VISIT_PASS, way(v, k), stub(v, third, "plain"), 0);
      }
      case Attack::callback_code:
        return lend(v, k, of_probe(k, "probe_thief"), PROBE_VISIT_CALL, secret, 0, 0);
      case Attack::callback_gate:
        return lend(v, k, way(v, k), PROBE_VISIT_CALL, 0, 0, 0);
      default:
        return lend(v, k, of_probe(v, "probe_private"), PROBE_VISIT_CALL, 0, 0, 0);
    }
  }

  Text on_gate(Attack attack, int k, int v) const {
    const auto there = gate(k, v);
    const auto back = gate(v, k);
    if (!there || !back) return std::nullopt;
    const Address secret = of_probe(v, "probe_secret");
    switch (attack) {
      case Attack::gate_middle:
        return text(k, PROBE_JUMP_IN, {there->enter});
      case Attack::own_rights: {
        if (there->wait == 0) return text(k, PROBE_OWN_RIGHTS, {there->wrpkru});
        return text(
            k, PROBE_OWN_RIGHTS,
            {there->wrpkru, there->wait, symbol(fmt::format("slot.{}", domain(k))), there->number});
      }
      case Attack::other_rights:
        return text(k, PROBE_OTHER_RIGHTS,
                    {there->last_wrpkru, manifest_.compartment(v)->pkru, secret});
      case Attack::past_check:
        return text(k, PROBE_PAST_CHECK, {there->past_check});
      case Attack::return_half:
        return text(k, PROBE_RETURN_HALF, {back->leave, 0, secret});
      case Attack::forged_return:
        return text(k, PROBE_FORGED_RETURN, {there->entry, of_probe(v, "probe_private")});
      default: {
        Address area = of_probe(v, "probe_area");
        if (area) *area += 2048 + 8;  // as a call would leave it
        return text(k, PROBE_FORGED_STACK, {there->entry, area});
      }
    }
  }

  /// A gate of the configuration's own that carries a buffer into the victim: its copying code is
  /// asked to copy the victim's own memory.
  Text deputy(int k, int v) const {
    for (const Manifest::Gate& g : manifest_.gates) {
      if (g.from != k || g.to != v || g.arguments.size() > 6) continue;
      for (const Manifest::Buffer& b : g.buffers) {
        if (b.direction != "in") continue;
        Address index;
        bool has_length = false;
        for (std::size_t i = 0; i < g.arguments.size(); ++i) {
          const std::string& a = g.arguments[i];
          const std::string name = a.substr(a.rfind(' ') + 1);
          if (name == b.parameter) index = i;
          has_length |= name == b.length;
        }
        const Address copier = symbol(
            fmt::format("def.{}_marshal.{}.{}", symbol_name(g.callee_component), k, g.function));
        if (!index || !has_length || !copier) continue;
        return text(k, PROBE_DEPUTY, {copier, index, of_probe(v, "probe_secret")});
      }
    }
    return std::nullopt;
  }

  Text on_platform(const AttackCell& cell) const {
    const int k = cell.attacker;
    const bool qemu = manifest_.platform == "qemu";
    const Address memory = symbol(qemu ? "nucleus_data_start" : "__platform_data_start");
    switch (cell.attack) {
      case Attack::null_read:
        return text(k, PROBE_READ, {0});
      case Attack::null_jump:
        return text(k, PROBE_EXECUTE, {0});
      case Attack::unmapped_read: {
        // Below the second thread's stack, where its overflow would meet the first's.
        Address stack = symbol(fmt::format("stack_start.{}", domain(k)));
        if (stack) *stack += manifest_.stack_size + 64;
        return text(k, PROBE_READ, {stack});
      }
      case Attack::platform_read:
        return text(k, PROBE_READ, {memory});
      case Attack::platform_write:
        return text(k, PROBE_WRITE, {memory});
      case Attack::gates_read:
        return text(k, PROBE_READ, {symbol("gate_forged")});
      case Attack::gates_write:
        return text(k, PROBE_WRITE, {symbol("gate_forged")});
      case Attack::tables_write:
        return text(k, PROBE_WRITE, {symbol("flexos_image")});
      case Attack::thread_write:
        return text(k, PROBE_WRITE, {symbol("platform_thread")});
      case Attack::restart:
        return text(k, PROBE_RESTART, {symbol("flexos_start")});
      case Attack::direct_syscall:
        return text(k, PROBE_SYSCALL, {qemu ? 6 : 231});  // exit: what nobody is refused
      case Attack::interrupt_80:
        return text(k, PROBE_INTERRUPT, {1});
      case Attack::service:
      case Attack::service_jump:
        return service(cell, qemu);
      case Attack::network:
      case Attack::network_jump:
        return network(cell, qemu);
      case Attack::own_wrpkru:
        return text(k, PROBE_OWN_CODE, {0});
      case Attack::own_xrstor:
        return text(k, PROBE_OWN_CODE, {1});
      default:
        return text(k, PROBE_INSTRUCTION,
                    {static_cast<std::uint64_t>(cell.attack) -
                     static_cast<std::uint64_t>(Attack::privileged_hlt)});
    }
  }

  struct Service {
    const char* right;
    const char* function;
    std::uint64_t number;  ///< on qemu; on linux the system call's
    const char* site;      ///< linux: behind the system call
    std::uint64_t linux_number;
    std::uint64_t first;  ///< linux: its first argument
  };

  bool holds(int compartment, const char* right) const {
    const auto& held = manifest_.compartment(compartment)->services;
    return std::find(held.begin(), held.end(), right) != held.end();
  }

  /// A service that this compartment was not given.
  Text service(const AttackCell& cell, bool qemu) const {
    constexpr std::array kServices = {
        Service{"console", "platform_console_write", 0, "guarded_write_site", 1, 1},
        Service{"random", "platform_random", 4, "guarded_random_site", 318, 1},
        Service{"clock", "platform_wall_clock", 3, "guarded_clock_site", 228, 1},
    };
    for (const Service& s : kServices) {
      if (holds(cell.attacker, s.right)) continue;
      return cell.attack == Attack::service
                 ? text(cell.attacker, PROBE_SERVICE, {symbol(s.function)})
                 : jump_to(s, cell.attacker, qemu);
    }
    return std::nullopt;
  }

  /// Frames in place of text: what a stolen compartment would send its loot with.
  Text network(const AttackCell& cell, bool qemu) const {
    // The image's first file behind standard input, output and errors is its tap.
    constexpr Service kNetwork = {"network", "platform_net_send", 12, "guarded_net_write_site", 1,
                                  3};
    // Without a device, nothing is sent by anybody: that would show nothing.
    if (holds(cell.attacker, kNetwork.right) || (!qemu && !has_tap_)) return std::nullopt;
    return cell.attack == Attack::network
               ? text(cell.attacker, PROBE_SERVICE, {symbol(kNetwork.function)})
               : jump_to(kNetwork, cell.attacker, qemu);
  }

  Text jump_to(const Service& service, int attacker, bool qemu) const {
    if (qemu) {
      return text(attacker, PROBE_SERVICE_JUMP,
                  {system_call("platform_exit"), service.number, of_probe(attacker, "probe_area")});
    }
    Address site = symbol(service.site);
    if (site) *site -= 2;
    return text(attacker, PROBE_SERVICE_JUMP, {site, service.linux_number, service.first});
  }

  Address system_call(const std::string& function) const {
    const auto found = symbols_.find(function);
    if (found == symbols_.end()) return std::nullopt;
    const auto bytes = elf_.memory(found->second->value, found->second->size);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      if (stands(bytes, i, {0x0f, 0x05})) return found->second->value + i;
    }
    return std::nullopt;
  }

  const Spec& spec_;
  const Configuration& c_;
  const Elf& elf_;
  const Manifest& manifest_;
  bool has_tap_;
  std::map<std::string, const ElfSymbol*> symbols_;
};

/// How a boot ended, in a line that a worker sends: INDEX KIND WHAT.
struct Seen {
  AttackVerdict verdict;
  std::string said;
  std::string broken;  ///< the environment's fault
};

Seen see(const Outcome& o, const CfiTraps& traps) {
  Seen seen;
  switch (o.ending) {
    case Ending::exited:
      if (o.code == PROBE_SUCCEEDED) {
        seen.verdict.kind = Kind::open;
      } else if (o.code == PROBE_HELD) {
        seen.verdict.kind = Kind::held;
      } else {
        seen.verdict = {Kind::stopped, {fmt::format("code-{}", o.code)}};
        seen.said = "the probe itself went wrong";
      }
      return seen;
    case Ending::no_keys:
    case Ending::environment:
    case Ending::interrupted:
    case Ending::refused:
      seen.broken = o.detail;
      return seen;
    default:
      break;
  }
  const auto fault = parse_fault(o.fault_line);
  if (fault) {
    seen.verdict = {
        Kind::stopped,
        {fault->access == '-' ? fault->kind : fmt::format("{}/{}", fault->kind, fault->access)}};
    if (is_cfi_trap(traps, *fault)) seen.verdict.faults = {"cfi"};
    seen.said = o.fault_line;
  } else {
    seen.verdict = {Kind::stopped, {std::string(name(o.ending))}};
    seen.said = o.detail;
  }
  return seen;
}

Seen boot(const AttackCell& cell, const Manifest& manifest, const AttackRun& run,
          const CfiTraps& traps) {
  std::vector<std::string> command;
  if (manifest.platform == "qemu") {
    command = qemu_command({.qemu = run.qemu,
                            .image = run.elf,
                            .accelerator = run.accelerator,
                            .memory = memory_of(manifest),
                            .arguments = *cell.arguments});
  } else {
    if (is_on_network(cell.attack)) command = run.with_tap;
    command.insert(command.end(), {run.elf, *cell.arguments});
  }
  std::string console;
  std::string errors;
  constexpr std::size_t kMost = 1 << 16;
  const ProcessEnd end = run_process({.command = command,
                                      .timeout = run.timeout,
                                      .output = [&](int stream, std::string_view bytes) {
                                        std::string& text = stream == 1 ? console : errors;
                                        text += bytes;
                                        if (text.size() > kMost) text.erase(0, kMost / 2);
                                        return true;
                                      }});
  return see(classify(manifest.platform, end, console, errors), traps);
}

/// A worker is a process, not a thread: it waits for processes and has signals of its own.
void work(const std::vector<AttackCell>& cells, unsigned first, unsigned step,
          const Manifest& manifest, const AttackRun& run, const CfiTraps& traps, int to) {
  unsigned turn = 0;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (!cells[i].arguments || turn++ % step != first) continue;
    const Seen seen = boot(cells[i], manifest, run, traps);
    std::string line = fmt::format("{}\t{}\t{}\t{}\t{}", i, static_cast<int>(seen.verdict.kind),
                                   seen.verdict.faults.empty() ? "" : seen.verdict.faults[0],
                                   seen.said, seen.broken);
    std::replace(line.begin(), line.end(), '\n', ' ');
    line = line.substr(0, 1000) + "\n";  // less than PIPE_BUF: one piece
    if (write(to, line.data(), line.size()) < 0 || !seen.broken.empty()) return;
  }
}

std::vector<std::string> split(const std::string& line) {
  std::vector<std::string> words(1);
  for (const char c : line) {
    if (c == '\t') {
      words.emplace_back();
    } else {
      words.back() += c;
    }
  }
  return words;
}

bool matches(const std::string& promised, const std::string& seen) {
  // A promise without the kind of access is about any.
  return promised == seen ||
         (promised.find('/') == std::string::npos && seen.rfind(promised + "/", 0) == 0);
}

}  // namespace

bool AttackCell::agrees() const {
  if (!arguments) return true;
  if (observed.kind != promise.verdict.kind) return false;
  if (observed.kind != Kind::stopped) return true;
  return std::any_of(promise.verdict.faults.begin(), promise.verdict.faults.end(),
                     [&](const std::string& f) { return matches(f, observed.faults[0]); });
}

std::string text_of(const AttackVerdict& verdict) {
  switch (verdict.kind) {
    case Kind::open:
      return "open";
    case Kind::held:
      return "held";
    case Kind::absent:
      return "-";
    case Kind::stopped:
      break;
  }
  std::string text;
  for (const std::string& f : verdict.faults) text += (text.empty() ? "" : " or ") + f;
  return text;
}

std::optional<Configuration> configuration_of(const Spec& spec, const Manifest& manifest) {
  const auto n = static_cast<std::size_t>(spec.size());
  Configuration c;
  c.levels.assign(static_cast<std::size_t>(pair_count(spec.size())), 0);
  c.hardening.assign(n, 0);
  c.variants.assign(n, 0);
  std::vector<int> home(n, 0);
  for (std::size_t i = 0; i < n; ++i) {
    const Component& component = spec.components[i];
    for (const auto& k : manifest.compartments) {
      if (std::count(k.components.begin(), k.components.end(), component.name) != 0) {
        home[i] = k.number;
      }
    }
    if (home[i] == 0) return std::nullopt;
    if (const auto list = manifest.hardening.find(component.name);
        list != manifest.hardening.end()) {
      for (std::size_t h = 0; h < spec.hardening.size(); ++h) {
        if (std::count(list->second.begin(), list->second.end(), spec.hardening[h].name) != 0) {
          c.hardening[i] |= std::uint64_t{1} << h;
        }
      }
    }
    if (const auto v = manifest.variants.find(component.name); v != manifest.variants.end()) {
      for (std::size_t j = 0; j < component.variants.size(); ++j) {
        if (component.variants[j].name == v->second) c.variants[i] = static_cast<std::uint8_t>(j);
      }
    }
  }
  for (const auto& b : manifest.boundaries) {
    std::optional<Level> level;
    for (std::size_t l = 0; l < spec.mechanisms.size(); ++l) {
      if (spec.mechanisms[l].name == b.mechanism) level = static_cast<Level>(l);
    }
    if (!level) return std::nullopt;
    for (int i = 0; i < spec.size(); ++i) {
      for (int j = 0; j < i; ++j) {
        const int x = home[static_cast<std::size_t>(i)];
        const int y = home[static_cast<std::size_t>(j)];
        if ((x == b.a && y == b.b) || (x == b.b && y == b.a)) {
          c.levels[static_cast<std::size_t>(pair_index(i, j))] = *level;
        }
      }
    }
  }
  if (configuration_id(spec, c) != manifest.id) return std::nullopt;
  return c;
}

std::vector<AttackCell> attack_cells(const Spec& spec, const Configuration& c, const Elf& elf,
                                     const Manifest& manifest, const AttackChoice& choice) {
  const Targets targets(spec, c, elf, manifest, choice.has_tap);
  const int n = static_cast<int>(compartments_of(spec, c).size());
  std::vector<AttackCell> cells;
  for (int a = 0; a < kAttacks; ++a) {
    const auto attack = static_cast<Attack>(a);
    if (!choice.only.empty() &&
        std::count(choice.only.begin(), choice.only.end(), facts(attack).name) == 0) {
      continue;
    }
    std::set<Wall> tried;
    for (int attacker = 1; attacker <= n; ++attacker) {
      const int last = is_on_platform(attack) ? 0 : n;
      for (int victim = is_on_platform(attack) ? 0 : 1; victim <= last; ++victim) {
        AttackCell cell;
        cell.attack = attack;
        cell.attacker = attacker;
        cell.victim = victim;
        cell.promise = promise(spec, c, manifest.platform, attack, attacker, victim);
        if (cell.promise.verdict.kind != Kind::absent) cell.arguments = targets.arguments(cell);
        if (choice.sample && cell.arguments &&
            !tried
                 .insert(is_on_platform(attack) ? Wall::same
                                                : wall_between(spec, c, attacker, victim))
                 .second) {
          cell.arguments.reset();
        }
        cells.push_back(std::move(cell));
      }
    }
  }
  return cells;
}

Result<Done> run_attacks(std::vector<AttackCell>& cells, const Manifest& manifest,
                         const AttackRun& run) {
  const auto elf = Elf::read(run.elf);
  if (!elf) return elf.error();
  const CfiTraps traps = cfi_traps(*elf);
  int ends[2];
  if (pipe(ends) != 0) return Error{std::string("no pipe: ") + strerror(errno), "", true};
  const unsigned workers = std::max(1U, run.workers);
  std::vector<pid_t> children;
  for (unsigned w = 0; w < workers; ++w) {
    const pid_t child = fork();
    if (child == 0) {
      close(ends[0]);
      work(cells, w, workers, manifest, run, traps, ends[1]);
      _exit(0);
    }
    if (child > 0) children.push_back(child);
  }
  close(ends[1]);
  std::size_t all = 0;
  for (const AttackCell& cell : cells) all += cell.arguments ? 1 : 0;
  std::size_t done = 0;
  std::string rest;
  std::string broken;
  char buffer[4096];
  for (;;) {
    const ssize_t n = read(ends[0], buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    rest.append(buffer, static_cast<std::size_t>(n));
    for (std::size_t at = rest.find('\n'); at != std::string::npos; at = rest.find('\n')) {
      const auto words = split(rest.substr(0, at));
      rest.erase(0, at + 1);
      std::size_t index = 0;
      std::from_chars(words[0].data(), words[0].data() + words[0].size(), index);
      if (words.size() != 5 || index >= cells.size()) continue;
      if (!words[4].empty()) broken = words[4];
      AttackCell& cell = cells[index];
      cell.observed.kind = static_cast<Kind>(words[1][0] - '0');
      if (cell.observed.kind == Kind::stopped) cell.observed.faults = {words[2]};
      cell.said = words[3];
      ++done;
      if (run.progress) run.progress(done, all);
    }
  }
  close(ends[0]);
  for (const pid_t child : children) {
    while (waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  if (!broken.empty()) return Error{broken, "", true};
  if (done != all)
    return Error{fmt::format("only {} of {} attacks were tried", done, all), "", true};
  return Done{};
}

}  // namespace flexos
