#pragma once

/// An application says what of it is measured: FLEXOS_MEASURE(1) before, FLEXOS_MEASURE(0) after.
/// In an image that counts its calls (`profile`), what is between the two is counted; in all others
/// there is nobody to tell, and it is a comparison. An application that says nothing is counted
/// from its start to its end.
#ifdef __cplusplus
extern "C"
#endif
    void
    flexos_measure(int begins) __attribute__((weak));

#define FLEXOS_MEASURE(begins)                  \
  do {                                          \
    if (flexos_measure) flexos_measure(begins); \
  } while (0)
