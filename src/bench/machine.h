#pragma once

#include <string>

/// Which machine a number comes from, without naming anybody's.
namespace flexos {

struct Machine {
  std::string id;           ///< 12 hex digits: processor, cores, virtual or not; no host name
  std::string description;  ///< "AMD EPYC, 2 cores"
  int cores = 0;
};

/// The one that we run on.
Machine this_machine();
/// From what /proc/cpuinfo holds.
Machine machine_from(const std::string& cpuinfo);

/// Ticks of the time-stamp counter a second. Measured once a process, in a tenth of a second.
double tsc_rate();

}  // namespace flexos
