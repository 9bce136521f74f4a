#include "report/measured_json.h"

namespace flexos {

namespace {

template <typename T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

}  // namespace

Json platform_json(const BenchPlatform& platform, const Machine& machine, const std::string& why) {
  return {{"key", platform.key()},
          {"platform", platform.platform},
          {"accelerator", platform.accelerator},
          {"clock", platform.clock},
          {"machine", machine.description},
          {"machine_id", machine.id},
          {"why", why}};
}

Json interval_json(const Interval& interval) {
  return {{"median", interval.median}, {"low", interval.low}, {"high", interval.high}};
}

Json measured_json(const Measurement& m) {
  Json json;
  json["id"] = m.id;
  json["image"] = m.image_hash.empty() ? Json(nullptr) : Json(m.image_hash);
  json["path"] = m.image.empty() ? Json(nullptr) : Json(m.image.string());
  json["failure"] = m.failure == Failure::none
                        ? Json(nullptr)
                        : Json{{"cause", name(m.failure)}, {"detail", m.detail}};
  const bool known = m.failure == Failure::none && m.runs > 0;
  json["relative"] = known ? interval_json(m.relative) : Json(nullptr);
  json["per_operation"] = known ? interval_json(m.per_operation) : Json(nullptr);
  json["throughput"] = known ? Json(m.throughput) : Json(nullptr);
  json["runs"] = m.runs;
  json["outliers"] = m.outliers;
  json["drift"] = m.drift;
  json["tight"] = m.tight;
  json["cached"] = m.cached;
  json["note"] = m.failure == Failure::none && !m.detail.empty() ? Json(m.detail) : Json(nullptr);
  json["latency"] = m.latency.empty() ? Json(nullptr) : Json(m.latency);
  json["instructions"] = or_null(m.instructions);
  json["crossings"] = or_null(m.crossings);
  json["boot_seconds"] = m.boot_seconds > 0 ? Json(m.boot_seconds) : Json(nullptr);
  json["memory_bytes"] = m.memory_bytes > 0 ? Json(m.memory_bytes) : Json(nullptr);
  json["image_bytes"] = m.image_bytes > 0 ? Json(m.image_bytes) : Json(nullptr);
  return json;
}

}  // namespace flexos
