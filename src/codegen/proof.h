#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "codegen/result.h"
#include "codegen/store.h"

/// From WhyML to C that may be linked: nothing is extracted that has not been proved.
namespace flexos {

/// A folder that holds NAME.c, what why3 extracts from NAME.mlw, once every goal of NAME.mlw was
/// proved by this machine's why3 and prover. Kept by the hashes of all three, so one proof serves
/// all images. The error of a proof that fails names each goal with its line.
Result<std::filesystem::path> proved_code(const std::filesystem::path& whyml, ObjectStore& store);

/// What `why3 prove` printed. `goals` counts those that it tried to prove.
struct ProofLog {
  int goals = 0;
  std::vector<std::string> open;  ///< "line 12: Postcondition of goal f'vc: Timeout"
};
ProofLog read_proof_log(const std::string& text);

}  // namespace flexos
