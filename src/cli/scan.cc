#include "codegen/scan.h"

#include <fmt/format.h>

#include "cli/app.h"

namespace flexos {

namespace {

struct Options {
  std::string image;
  bool strict = false;
  bool all = false;
};

std::string bytes_text(const std::vector<std::uint8_t>& bytes) {
  std::string text;
  for (const std::uint8_t b : bytes) text += fmt::format("{}{:02x}", text.empty() ? "" : " ", b);
  return text;
}

Json to_json(const Finding& f) {
  Json json;
  json["address"] = fmt::format("{:#x}", f.address);
  json["sequence"] = name(f.sequence);
  json["verdict"] = name(f.verdict);
  json["whole"] = f.whole;
  json["section"] = f.section;
  json["symbol"] = f.symbol;
  json["component"] = f.component;
  json["compartment"] = f.compartment;
  json["bytes"] = bytes_text(f.bytes);
  json["inside"] = f.inside;
  return json;
}

std::string line(const Finding& f) {
  std::string text =
      fmt::format("{:#x}  {:<9} {:<10} {}", f.address, name(f.sequence), name(f.verdict), f.symbol);
  text += f.section.empty() ? ", in no section" : ", " + f.section;
  if (!f.component.empty()) text += ", of " + f.component;
  if (f.compartment != 0) text += fmt::format(" (compartment {})", f.compartment);
  text += ": " + bytes_text(f.bytes);
  if (!f.whole) {
    text += ", hidden";
    if (!f.inside.empty()) text += " in `" + f.inside + "`";
  }
  return text + "\n";
}

int run(App& app, const Options& options) {
  const auto path = find_image(options.image);
  if (!path) return app.fail(kNo, path.error().message, path.error().hint);
  const auto elf = Elf::read(path->elf);
  if (!elf) return app.fail(kNo, elf.error().message, elf.error().hint);
  std::optional<Manifest> manifest;
  if (!path->manifest.empty()) {
    auto read = read_manifest(path->manifest);
    if (!read) return app.fail(kNo, read.error().message, read.error().hint);
    manifest = std::move(*read);
    if (manifest->counting) app.note("this image counts its calls: `profile` made it");
  } else {
    app.note("no image.json beside it: components are named by their symbols alone");
  }
  const Scan scan = scan_image(*elf, manifest ? &*manifest : nullptr);
  const bool good = options.strict ? scan.strictly_clean() : scan.clean();
  std::map<Verdict, std::size_t> count;
  for (const Finding& f : scan.findings) ++count[f.verdict];

  int printed = kDone;
  if (app.format == Format::json) {
    Json json;
    json["clean"] = good;
    json["bytes"] = scan.bytes;
    json["problems"] = scan.problems;
    json["findings"] = Json::array();
    for (const Finding& f : scan.findings) json["findings"].push_back(to_json(f));
    json["seconds"] = app.seconds();
    printed = app.print(json);
  } else {
    std::string text;
    for (const std::string& p : scan.problems) text += p + "\n";
    for (const Finding& f : scan.findings) {
      const bool wanted = options.all || f.verdict == Verdict::forbidden ||
                          (options.strict && f.verdict == Verdict::fenced);
      if (wanted) text += line(f);
    }
    text += fmt::format(
        "{}{}: {} ({} bytes of code at every offset; {} in their place, {} in ring 0, {} fenced, "
        "{} forbidden)\n",
        text.empty() ? "" : "\n", options.image, good ? "clean" : "not clean", scan.bytes,
        count[Verdict::allowed], count[Verdict::supervisor], count[Verdict::fenced],
        count[Verdict::forbidden]);
    printed = app.print(text);
  }
  if (printed != kDone) return printed;
  if (good) return kDone;
  return app.fail(kNo, options.image + " holds what only gates and platform may hold",
                  "docs/image.md says what each sequence could do, and where it may stand");
}

}  // namespace

void add_scan(CLI::App& root, App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* command = add_command(
      root, app, "scan", "Can any code of an image change its own rights?",
      [&app, options] { return run(app, *options); }, exit_code);
  command->add_option("IMAGE", options->image, "the ELF file, its folder, or image.json")
      ->required();
  command->add_flag("--strict", options->strict,
                    "hidden system calls are errors too, though the platform refuses them");
  command->add_flag("--all", options->all, "show also what is where it may be");
}

}  // namespace flexos
