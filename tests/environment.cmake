# Read by ctest before the tests: what was calibrated on this machine is no part of what they expect.
set(ENV{FLEXOS_CALIBRATION} none)
