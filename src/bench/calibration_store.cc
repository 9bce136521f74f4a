#include "bench/calibration_store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

namespace flexos {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr int kVersion = 1;
constexpr double kMostCost = 1e9;

constexpr std::pair<const char*, CalibratedCost MechanismCosts::*> kCosts[] = {
    {"gate", &MechanismCosts::gate},
    {"in-64", &MechanismCosts::in_64},
    {"in-4096", &MechanismCosts::in_4096},
    {"out-64", &MechanismCosts::out_64},
    {"out-4096", &MechanismCosts::out_4096}};

Json to_json(const Calibration& c) {
  Json mechanisms = Json::object();
  for (const MechanismCosts& m : c.mechanisms) {
    Json one;
    for (const auto& [key, member] : kCosts) {
      const CalibratedCost& cost = m.*member;
      one[key] = {{"minimum", cost.minimum},
                  {"median", cost.interval.median},
                  {"low", cost.interval.low},
                  {"high", cost.interval.high}};
    }
    mechanisms[m.mechanism] = std::move(one);
  }
  return {{"machine", c.machine},   {"description", c.description},
          {"platform", c.platform}, {"clock", c.clock},
          {"runs", c.runs},         {"mechanisms", mechanisms}};
}

Calibration from_json(const Json& json) {
  Calibration c;
  json.at("machine").get_to(c.machine);
  json.at("description").get_to(c.description);
  json.at("platform").get_to(c.platform);
  json.at("clock").get_to(c.clock);
  json.at("runs").get_to(c.runs);
  for (const auto& [name, one] : json.at("mechanisms").items()) {
    MechanismCosts m;
    m.mechanism = name;
    for (const auto& [key, member] : kCosts) {
      const Json& cost = one.at(key);
      m.*member = {cost.at("minimum").get<double>(),
                   {cost.at("median").get<double>(), cost.at("low").get<double>(),
                    cost.at("high").get<double>()}};
      const double median = (m.*member).interval.median;
      if (!(median >= 0 && median <= kMostCost)) {
        throw nlohmann::json::other_error::create(501, "a cost is out of range", &cost);
      }
    }
    c.mechanisms.push_back(std::move(m));
  }
  return c;
}

Error unreadable(const fs::path& file, const std::string& why) {
  return {fmt::format("{} holds no calibration: {}", file.string(), why),
          "remove it and run `flexos-explore calibrate`, or set FLEXOS_CALIBRATION=none", true};
}

/// One writer at a time; the lock goes with the process.
class Lock {
 public:
  explicit Lock(const fs::path& file)
      : descriptor_(open(file.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0666)) {
    if (descriptor_ >= 0 && flock(descriptor_, LOCK_EX) != 0) {
      close(descriptor_);
      descriptor_ = -1;
    }
  }
  ~Lock() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;
  bool held() const { return descriptor_ >= 0; }

 private:
  int descriptor_;
};

}  // namespace

std::optional<fs::path> calibration_file() {
  const char* set = std::getenv("FLEXOS_CALIBRATION");
  if (set != nullptr && *set != '\0') {
    if (std::string_view(set) == "none") return std::nullopt;
    return fs::path(set);
  }
  const char* data = std::getenv("XDG_DATA_HOME");
  if (data != nullptr && *data == '/') return fs::path(data) / "flexos-explore/calibration.json";
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home != '/') return std::nullopt;
  return fs::path(home) / ".local/share/flexos-explore/calibration.json";
}

Result<std::vector<Calibration>> read_calibrations(const fs::path& file) {
  std::error_code error;
  if (!fs::exists(file, error) && !error) return std::vector<Calibration>{};
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in) return unreadable(file, "it cannot be read");
  const Json json = Json::parse(text.str(), nullptr, false);
  if (json.is_discarded() || !json.is_object()) return unreadable(file, "it is no JSON object");
  std::vector<Calibration> list;
  try {
    if (json.at("flexos").get<int>() != kVersion) return unreadable(file, "its version is another");
    for (const Json& one : json.at("calibrations")) list.push_back(from_json(one));
  } catch (const Json::exception& e) {
    return unreadable(file, e.what());
  }
  return list;
}

Result<Done> keep_calibration(const fs::path& file, const Calibration& calibration) {
  std::error_code error;
  if (file.has_parent_path()) fs::create_directories(file.parent_path(), error);
  const auto failed = [&](const std::string& why) {
    return Error{fmt::format("cannot write {}: {}", file.string(), why), "", true};
  };
  if (error) return failed(error.message());
  fs::path beside = file;
  beside += ".lock";
  const Lock lock(beside);
  if (!lock.held()) return failed("it cannot be locked");
  auto list = read_calibrations(file);
  if (!list) return list.error();
  std::erase_if(*list, [&](const Calibration& c) {
    return c.machine == calibration.machine && c.platform == calibration.platform;
  });
  list->push_back(calibration);
  std::sort(list->begin(), list->end(), [](const Calibration& a, const Calibration& b) {
    return std::pair(a.machine, a.platform) < std::pair(b.machine, b.platform);
  });
  Json json{{"flexos", kVersion}, {"calibrations", Json::array()}};
  for (const Calibration& c : *list) json["calibrations"].push_back(to_json(c));
  fs::path temporary = file;
  temporary += fmt::format(".{}", getpid());
  {
    std::ofstream out(temporary, std::ios::binary);
    out << json.dump(2) << "\n";
    out.close();
    if (!out) error = std::make_error_code(std::errc::io_error);
  }
  if (!error) fs::rename(temporary, file, error);
  if (!error) return Done{};
  std::error_code ignored;
  fs::remove(temporary, ignored);
  return failed(error.message());
}

std::string cost_platform(const Spec& spec) {
  if (!spec.profile) return {};
  if (!spec.profile->platform.empty()) return spec.profile->platform;
  if (spec.profile->clock == CostClock::instructions) return "qemu/tcg/instructions";
  return spec.platform == "linux" ? "linux/native/cycles" : "qemu/kvm/cycles";
}

int use_calibration(Spec& spec, const Calibration& calibration) {
  int used = 0;
  for (Mechanism& m : spec.mechanisms) {
    if (m.level == 0 || m.gate_source == GateSource::spec) continue;
    for (const MechanismCosts& costs : calibration.mechanisms) {
      if (costs.mechanism != m.name) continue;
      // To a thousandth: what is exact stays so, and a decimal of the language it is.
      const auto cost = Decimal::make(std::llround(costs.gate.interval.median * 1000), 3);
      if (!cost) continue;
      m.gate_copy = m.gate_dss = *cost;
      m.gate_source = GateSource::calibration;
      ++used;
    }
  }
  return used;
}

}  // namespace flexos
