#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "bench/calibration_store.h"
#include "bench/platform.h"
#include "codegen/result.h"
#include "codegen/store.h"
#include "spec/load.h"

/// Measures what gates cost here: `micro` calls `echo` across one boundary (examples/micro.yaml).
namespace flexos {

struct CalibrateOptions {
  BenchPlatform platform;
  int runs = 15;  ///< boots of each image, where the clock is not exact
  std::filesystem::path images;
  std::filesystem::path project;
  std::string tool;
  std::function<void(const std::string&)> progress;
};

/// A mechanism without a number, and why.
struct NotCalibrated {
  std::string mechanism;
  std::string why;
};

struct Calibrated {
  Calibration calibration;
  std::vector<NotCalibrated> left_out;
};

/// Every mechanism that images can be built with on the platform, over a plain call.
Result<Calibrated> calibrate(const Library& library, ObjectStore& objects,
                             const CalibrateOptions& options);

/// Clock units a call, by what is called: what `micro` prints. The error: a line is missing, or a
/// wrong value came back through a gate.
Result<std::map<std::string, double>> parse_micro(std::string_view console);

}  // namespace flexos
