#include "bench/doctor.h"

#include <fmt/format.h>

#include "cli/app.h"
#include "codegen/backend.h"

namespace flexos {

namespace {

/// The mechanisms that are defined; a spec of one component knows them all.
std::vector<MechanismUse> mechanisms_of(const App& app) {
  const Loaded loaded = load_spec_text("flexos: 1\nname: doctor\ncomponents: [{component: any}]\n",
                                       "doctor", app.library());
  std::vector<MechanismUse> list;
  if (!loaded.spec) return list;
  for (const Mechanism& m : loaded.spec->mechanisms) {
    MechanismUse use{m.name, m.level != 0, m.platforms, weaves(m)};
    if (use.platforms.empty()) use.platforms = {"qemu", "linux"};
    list.push_back(std::move(use));
  }
  return list;
}

const char* text_of(KeysTest keys) {
  switch (keys) {
    case KeysTest::absent:
      return "absent";
    case KeysTest::refused:
      return "refused";
    case KeysTest::leaky:
      return "leaky";
    case KeysTest::works:
      return "works";
  }
  return "?";
}

const char* sentence(KeysTest keys) {
  switch (keys) {
    case KeysTest::absent:
      return "none";
    case KeysTest::refused:
      return "announced, but the kernel hands out none";
    case KeysTest::leaky:
      return "a denied page could be read all the same";
    case KeysTest::works:
      return "a denied page faulted, as it must";
  }
  return "?";
}

std::string sentence(KvmState kvm) {
  switch (kvm) {
    case KvmState::absent:
      return "absent: there is no /dev/kvm";
    case KvmState::denied:
      return "denied: /dev/kvm is not ours to open";
    case KvmState::broken:
      return "broken: /dev/kvm is there, and the probe's guest does not run";
    case KvmState::emulated:
      return "emulated: the probe's guest runs, and no faster than without it";
    case KvmState::real:
      return "real";
  }
  return "?";
}

Json to_json(const ProbeResult& p) {
  return {{"works", p.works}, {"keys", p.keys}, {"seconds", p.seconds}};
}

template <typename T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json to_json(const Diagnosis& d) {
  Json json;
  json["machine"] = {{"model", d.processor.model},
                     {"cores", d.processor.cores},
                     {"memory_bytes", d.state.memory},
                     {"virtual", d.processor.guest},
                     {"governor", or_null(d.state.governor)},
                     {"turbo", or_null(d.state.turbo)},
                     {"smt", or_null(d.state.siblings)},
                     {"load", or_null(d.state.load)}};
  json["clocks"] = {{"tsc_hz", d.tsc_hz},
                    {"tsc_steady", d.processor.steady_tsc},
                    {"source", or_null(d.state.clock_source)}};
  json["protection_keys"] = {
      {"host", text_of(d.keys)}, {"tcg", d.tcg_probe.keys}, {"kvm", d.kvm_probe.keys}};
  json["kvm"] = {{"state", name(d.kvm)}, {"probe", to_json(d.kvm_probe)}};
  json["tcg"] = {{"probe", to_json(d.tcg_probe)}};
  json["tools"] = Json::array();
  for (const ToolState& t : d.tools) {
    json["tools"].push_back({{"program", t.program},
                             {"found", !t.path.empty()},
                             {"version", t.version},
                             {"needed", t.needed},
                             {"purpose", t.purpose},
                             {"package", t.package}});
  }
  json["uses"] = Json::array();
  for (const Use& u : d.uses) {
    json["uses"].push_back({{"mechanism", u.mechanism},
                            {"platform", u.platform},
                            {"possible", u.possible},
                            {"key", u.possible ? Json(u.key()) : Json(nullptr)},
                            {"why", u.why}});
  }
  json["builds"] = d.builds();
  json["runs"] = d.runs();
  json["hints"] = d.hints;
  return json;
}

std::string probed(const ProbeResult& p) {
  if (!p.works) return "the probe did not run";
  return fmt::format("the probe took {:.2f} s, its guest has {}protection keys", p.seconds,
                     p.keys ? "" : "no ");
}

std::string to_text(const Diagnosis& d, const Style& style) {
  std::string text = emphasis("this machine", style) + "\n";
  const auto line = [&](std::string_view what, const std::string& is) {
    text += fmt::format("  {:<20}{}\n", what, is);
  };
  line("processor",
       fmt::format("{}, {} core{}{}", d.processor.model.empty() ? "unknown" : d.processor.model,
                   d.processor.cores, d.processor.cores == 1 ? "" : "s",
                   d.processor.guest ? ", inside a virtual machine" : ""));
  line("memory", fmt::format("{:.1f} GiB", static_cast<double>(d.state.memory) / (1U << 30U)));
  line("clock", fmt::format("TSC {:.3f} GHz measured, {}; the kernel's is {}", d.tsc_hz / 1e9,
                            d.processor.steady_tsc ? "steady" : "NOT steady",
                            d.state.clock_source.value_or("unknown")));
  std::string steadiness;
  const auto add = [&](const std::string& fact) {
    steadiness += (steadiness.empty() ? "" : ", ") + fact;
  };
  add("governor " + d.state.governor.value_or("not told"));
  add(!d.state.turbo ? "turbo not told" : *d.state.turbo ? "turbo on" : "turbo off");
  if (d.state.siblings) add(*d.state.siblings ? "two threads a core" : "one thread a core");
  if (d.state.load) add(fmt::format("load {:.2f}", *d.state.load));
  line("steadiness", steadiness);
  line("protection keys", sentence(d.keys));
  line("KVM", d.kvm == KvmState::real || d.kvm == KvmState::emulated
                  ? sentence(d.kvm) + "; " + probed(d.kvm_probe)
                  : sentence(d.kvm));
  line("TCG", probed(d.tcg_probe));
  text += "\n" + emphasis("tools", style) + "\n";
  for (const ToolState& t : d.tools) {
    line(t.program, fmt::format("{:<9} {}",
                                t.path.empty()      ? t.needed ? "MISSING" : "not here"
                                : t.version.empty() ? "here"
                                                    : t.version,
                                faint(t.purpose, style)));
  }
  text += "\n" + emphasis("what is used", style) + "\n";
  for (const Use& u : d.uses) {
    text += fmt::format("  {:<11}{:<7}{:<24}{}\n", u.mechanism, u.platform,
                        u.possible ? u.key() : "-", faint(u.why, style));
  }
  if (!d.hints.empty()) {
    text += "\n" + emphasis("how to get more", style) + "\n";
    for (const std::string& hint : d.hints) text += "  - " + hint + "\n";
  }
  return text;
}

int run(App& app) {
  app.progress("trying KVM, TCG, protection keys and clocks");
  const Diagnosis d = diagnose(mechanisms_of(app));
  const int printed =
      app.format == Format::json ? app.print(to_json(d)) : app.print(to_text(d, app.out_style()));
  if (printed != kDone) return printed;
  if (d.runs()) return kDone;
  return app.fail(kEnvironment, "nothing can be run on this machine",
                  d.hints.empty() ? "" : d.hints.front());
}

}  // namespace

void add_doctor(CLI::App& root, App& app, int& exit_code) {
  add_command(
      root, app, "doctor", "What can this machine do, and what will be used?",
      [&app] { return run(app); }, exit_code);
}

}  // namespace flexos
