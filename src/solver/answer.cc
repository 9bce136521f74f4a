#include "solver/answer.h"

namespace flexos {

const char* proof_name(Proof proof) {
  switch (proof) {
    case Proof::z3:
      return "z3";
    case Proof::bound:
      return "bound";
    case Proof::gap:
      return "gap";
  }
  return "gap";
}

}  // namespace flexos
