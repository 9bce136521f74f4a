#pragma once

#include <stdint.h>

namespace flexos {

void safestack_init();
void safestack_reset(uint32_t thread);

}  // namespace flexos
