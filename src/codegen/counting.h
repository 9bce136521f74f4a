#pragma once

#include <functional>
#include <string>

#include "codegen/object.h"
#include "codegen/plan.h"
#include "codegen/result.h"

/// A counting image is the unprotected image with a stub in every call from one component into
/// another. It says, when its workload is over, how often each was called and how long each
/// component itself ran: the `profile` of a spec. It is never measured against other images.
namespace flexos {

/// What prints the table in the end (src/kernel/components/count).
ObjectRecipe count_recipe(const std::filesystem::path& project);

/// Binds the calls of a plan to stubs. `is_function`: does a component export this as code (a stub
/// in front of data would be read as data)? Fails for more than one compartment.
Result<Done> add_counting(
    Plan& plan, const Spec& spec,
    const std::function<bool(int component, const std::string&)>& is_function);

/// The assembly of the stubs and their table; empty where the plan counts nothing.
std::string counting_source(const Plan& plan, const Spec& spec, std::uint32_t threads);

}  // namespace flexos
