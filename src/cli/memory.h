#pragma once

namespace flexos {

/// Has the heap grow in large steps, on large pages. To be called before threads are started.
void use_large_pages();

}  // namespace flexos
