#pragma once

namespace flexos {

void canary_init();

}  // namespace flexos
