#pragma once

#include <stdint.h>

namespace ready {

/// What happens to a descriptor, as those see it who wait for several of them: that it does, for
/// edges; and since when it has had something to report, so that who is ready first is reported
/// first. Programs rely on that order, which is Linux's: a command on one connection, then one on
/// another that is about it.
class Pulse {
 public:
  /// Something has come from outside.
  void touch() { activity_++; }
  /// Something has come where there was nothing.
  void rise() {
    touch();
    since_ = ++moments;
  }
  /// It has been reported. Where there is still something to report, it stands at the end.
  void reported() { since_ = ++moments; }

  uint32_t activity() const { return activity_; }
  uint64_t since() const { return since_; }

 private:
  static uint64_t moments;  // in ready.cc

  // Zero where they stand, in tables: with a value here these tables would be filled at the start.
  uint32_t activity_;
  uint64_t since_;
};

}  // namespace ready
