#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "bench/measure.h"
#include "codegen/result.h"
#include "model/spec.h"

/// What gates cost on this machine, kept between runs: one JSON file for all of the user's specs,
/// by machine and bench platform.
namespace flexos {

/// A cost over a plain call: the least that was seen, the median and its 95 % interval.
struct CalibratedCost {
  double minimum = 0;
  Interval interval;
};

struct MechanismCosts {
  std::string mechanism;
  CalibratedCost gate;   ///< a call that carries numbers
  CalibratedCost in_64;  ///< and a buffer of 64 bytes into the callee
  CalibratedCost in_4096;
  CalibratedCost out_64;  ///< and one out of it
  CalibratedCost out_4096;
};

struct Calibration {
  std::string machine;      ///< its id (machine.h)
  std::string description;  ///< of the machine, for people
  std::string platform;     ///< a key (platform.h)
  std::string clock;
  int runs = 0;
  std::vector<MechanismCosts> mechanisms;
};

/// $FLEXOS_CALIBRATION, else $XDG_DATA_HOME or ~/.local/share; nullopt: none is to be used.
std::optional<std::filesystem::path> calibration_file();

/// All that the file holds; a file that is not there holds nothing. What is no such file is an
/// error, never a guess.
Result<std::vector<Calibration>> read_calibrations(const std::filesystem::path& file);

/// Puts one beside the others, in place of an older one of the same machine and platform. The file
/// is replaced in one step.
Result<Done> keep_calibration(const std::filesystem::path& file, const Calibration& calibration);

/// The platform that a spec's costs are of: its profile's, else the one that its clock has.
std::string cost_platform(const Spec& spec);

/// Puts calibrated costs into a spec's mechanisms, where neither the spec nor `define` says any.
/// Returns how many.
int use_calibration(Spec& spec, const Calibration& calibration);

}  // namespace flexos
