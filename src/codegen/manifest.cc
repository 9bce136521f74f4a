#include "codegen/manifest.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <fstream>
#include <functional>
#include <limits>
#include <optional>
#include <set>
#include <sstream>
#include <system_error>

namespace flexos {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint64_t kMostBytes = std::uint64_t{64} << 20;
constexpr int kMostKeys = 16;
constexpr int kMostCompartments = 4096;  // address spaces and machines multiply the keys

std::string hex(std::uint64_t value) { return fmt::format("{:#x}", value); }

Json json_of(const Manifest::Section& s) {
  return {{"name", s.name},    {"kind", s.kind},          {"start", hex(s.start)},
          {"end", hex(s.end)}, {"size", s.end - s.start}, {"protection", s.protection},
          {"key", s.key}};
}

template <typename T>
Json list_json(const std::vector<T>& list, Json (*one)(const T&)) {
  Json json = Json::array();
  for (const T& item : list) json.push_back(one(item));
  return json;
}

Json json_of(const Manifest::Compartment& c) {
  Json json;
  json["number"] = c.number;
  json["components"] = c.components;
  json["key"] = c.key;
  json["pkru"] = hex(c.pkru);
  json["stack_domain"] = c.stack_domain;
  json["within"] = c.within;
  json["sections"] = list_json(c.sections, json_of);
  json["services"] = c.services;
  return json;
}

Json json_of(const Manifest::Boundary& b) {
  return {{"a", b.a}, {"b", b.b}, {"mechanism", b.mechanism}};
}

Json json_of(const Manifest::Buffer& b) {
  return {{"parameter", b.parameter}, {"direction", b.direction}, {"length", b.length}};
}

Json json_of(const Manifest::Gate& g) {
  Json json;
  json["from"] = g.from;
  json["to"] = g.to;
  json["caller_component"] = g.caller_component;
  json["callee_component"] = g.callee_component;
  json["function"] = g.function;
  json["mechanism"] = g.mechanism;
  json["entry"] = hex(g.entry);
  json["symbol"] = g.symbol;
  json["arguments"] = g.arguments;
  json["buffers"] = list_json(g.buffers, json_of);
  return json;
}

Json json_of(const Manifest::Binding& b) {
  return {{"component", b.component}, {"symbol", b.symbol}, {"to", b.to}, {"how", b.how}};
}

Json json_of(const Manifest::Placement& p) {
  return {{"component", p.component},
          {"compartment", p.compartment},
          {"section", p.section},
          {"start", hex(p.start)},
          {"end", hex(p.end)}};
}

/// Keeps the first thing that is wrong; what is read afterwards is worthless but harmless.
class Errors {
 public:
  void add(const std::string& path, const std::string& what) {
    if (!first_) {
      first_ = Error{.message = fmt::format("image.json: {}: {}", path.empty() ? "/" : path, what)};
    }
  }
  const std::optional<Error>& first() const { return first_; }

 private:
  std::optional<Error> first_;
};

/// Text from a stranger in an error message: short and without control characters.
std::string shown(const std::string& text) {
  std::string result = "`";
  for (const char c : text.substr(0, 60)) {
    result += std::isprint(static_cast<unsigned char>(c)) != 0 ? c : '?';
  }
  return result + "`";
}

/// An object whose keys are taken one by one; `finish` reports those that nobody asked for.
class Object {
 public:
  Object(const Json& json, std::string path, Errors& errors)
      : json_(json), path_(std::move(path)), errors_(errors) {
    if (!json.is_object()) errors_.add(path_, "an object is expected");
  }

  const Json* take(const char* key) {
    taken_.insert(key);
    if (!json_.is_object()) return nullptr;
    const auto found = json_.find(key);
    if (found == json_.end()) {
      errors_.add(path_, fmt::format("`{}` is missing", key));
      return nullptr;
    }
    return &*found;
  }

  std::string text(const char* key) {
    const Json* value = take(key);
    if (value == nullptr) return {};
    return text_of(*value, path_ + "/" + key);
  }

  std::string one_of(const char* key, std::initializer_list<std::string_view> allowed) {
    std::string value = text(key);
    if (std::find(allowed.begin(), allowed.end(), value) == allowed.end()) {
      std::string names;
      for (const auto name : allowed) names += (names.empty() ? "" : ", ") + std::string(name);
      errors_.add(path_ + "/" + key, shown(value) + " is none of " + names);
    }
    return value;
  }

  std::uint64_t number(const char* key, std::uint64_t least, std::uint64_t most) {
    const Json* value = take(key);
    if (value == nullptr) return least;
    return number_of(*value, path_ + "/" + key, least, most);
  }
  int small(const char* key, int least, int most) {
    return static_cast<int>(
        number(key, static_cast<std::uint64_t>(least), static_cast<std::uint64_t>(most)));
  }

  /// "0x" and lower-case digits.
  std::uint64_t address(const char* key, std::uint64_t most) {
    const std::string value = text(key);
    std::uint64_t result = 0;
    const char* end = value.data() + value.size();
    if (!value.starts_with("0x") || value.size() < 3) {
      errors_.add(path_ + "/" + key, shown(value) + " is no address such as \"0x1000000\"");
      return 0;
    }
    const auto read = std::from_chars(value.data() + 2, end, result, 16);
    if (read.ec != std::errc{} || read.ptr != end || result > most || hex(result) != value) {
      errors_.add(path_ + "/" + key, shown(value) + " is no address such as \"0x1000000\"");
      return 0;
    }
    return result;
  }

  std::vector<std::string> texts(const char* key) {
    std::vector<std::string> result;
    each(key,
         [&](const Json& item, const std::string& path) { result.push_back(text_of(item, path)); });
    return result;
  }

  template <typename T>
  std::vector<T> list(const char* key, T (*read)(Object&)) {
    std::vector<T> result;
    each(key, [&](const Json& item, const std::string& path) {
      Object object(item, path, errors_);
      result.push_back(read(object));
      object.finish();
    });
    return result;
  }

  template <typename T>
  std::map<std::string, T> map(const char* key,
                               const std::function<T(const Json&, const std::string&)>& read) {
    std::map<std::string, T> result;
    const Json* value = take(key);
    if (value == nullptr) return result;
    const std::string path = path_ + "/" + key;
    if (!value->is_object()) {
      errors_.add(path, "an object is expected");
      return result;
    }
    for (const auto& [name, item] : value->items()) {
      result[name] = read(item, path + "/" + shown(name));
    }
    return result;
  }

  std::string text_of(const Json& value, const std::string& path) {
    if (value.is_string()) return value.get<std::string>();
    errors_.add(path, "a string is expected");
    return {};
  }

  std::uint64_t number_of(const Json& value, const std::string& path, std::uint64_t least,
                          std::uint64_t most) {
    // Negative ones are "integer" but not "unsigned"; beyond 64 bits the parser makes it a float.
    if (!value.is_number_unsigned()) {
      errors_.add(path, "a whole number is expected");
      return least;
    }
    const auto number = value.get<std::uint64_t>();
    if (number < least || number > most) {
      errors_.add(path, fmt::format("{} is not in {}..{}", number, least, most));
      return least;
    }
    return number;
  }

  /// True, false, or not there at all, which is false.
  bool flag(const char* key) {
    if (!json_.is_object() || !json_.contains(key)) return false;
    taken_.insert(key);
    if (!json_[key].is_boolean()) errors_.add(path_ + "/" + key, "true or false is expected");
    return json_[key].is_boolean() && json_[key].get<bool>();
  }

  void bad(const std::string& what) { errors_.add(path_, what); }

  void finish() {
    if (!json_.is_object()) return;
    for (const auto& [key, value] : json_.items()) {
      if (!taken_.contains(key)) errors_.add(path_, shown(key) + " is no known key");
    }
  }

 private:
  void each(const char* key, const std::function<void(const Json&, const std::string&)>& read) {
    const Json* value = take(key);
    if (value == nullptr) return;
    const std::string path = path_ + "/" + key;
    if (!value->is_array()) {
      errors_.add(path, "a list is expected");
      return;
    }
    std::size_t index = 0;
    for (const Json& item : *value) read(item, fmt::format("{}/{}", path, index++));
  }

  const Json& json_;
  std::string path_;
  Errors& errors_;
  std::set<std::string> taken_;
};

constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();

Manifest::Section read_section(Object& in) {
  Manifest::Section s;
  s.name = in.text("name");
  s.kind = in.one_of("kind", {"text", "rodata", "data", "stack", "heap", "window", "private",
                              "gate", "platform", "nucleus"});
  s.start = in.address("start", kMax);
  s.end = in.address("end", kMax);
  const std::uint64_t size = in.number("size", 0, kMax);
  if (s.start > s.end) in.bad("it ends before it starts");
  if (s.start <= s.end && size != s.end - s.start) in.bad("`size` is not `end` - `start`");
  s.protection = in.one_of("protection", {"---", "r--", "rw-", "r-x", "--x", "-w-", "rwx", "-wx"});
  s.key = in.small("key", 0, kMostKeys - 1);
  return s;
}

Manifest::Compartment read_compartment(Object& in) {
  Manifest::Compartment c;
  c.number = in.small("number", 1, kMostCompartments);
  c.components = in.texts("components");
  c.key = in.small("key", 0, kMostKeys - 1);
  c.pkru = static_cast<std::uint32_t>(in.address("pkru", 0xffffffff));
  c.stack_domain = in.small("stack_domain", 0, kMostCompartments);
  c.within = in.text("within");
  c.sections = in.list("sections", read_section);
  c.services = in.texts("services");
  return c;
}

Manifest::Boundary read_boundary(Object& in) {
  Manifest::Boundary b;
  b.a = in.small("a", 1, kMostCompartments);
  b.b = in.small("b", 1, kMostCompartments);
  b.mechanism = in.text("mechanism");
  return b;
}

Manifest::Buffer read_buffer(Object& in) {
  Manifest::Buffer b;
  b.parameter = in.text("parameter");
  b.direction = in.one_of("direction", {"in", "out", "inout"});
  b.length = in.text("length");
  return b;
}

Manifest::Gate read_gate(Object& in) {
  Manifest::Gate g;
  g.from = in.small("from", 1, kMostCompartments);
  g.to = in.small("to", 1, kMostCompartments);
  g.caller_component = in.text("caller_component");
  g.callee_component = in.text("callee_component");
  g.function = in.text("function");
  g.mechanism = in.text("mechanism");
  g.entry = in.address("entry", kMax);
  g.symbol = in.text("symbol");
  g.arguments = in.texts("arguments");
  g.buffers = in.list("buffers", read_buffer);
  return g;
}

Manifest::Binding read_binding(Object& in) {
  Manifest::Binding b;
  b.component = in.text("component");
  b.symbol = in.text("symbol");
  b.to = in.text("to");
  b.how = in.one_of("how", {"call", "gate", "leaf", "replica", "runtime", "platform", "memory"});
  return b;
}

Manifest::Placement read_placement(Object& in) {
  Manifest::Placement p;
  p.component = in.text("component");
  p.compartment = in.small("compartment", 0, kMostCompartments);
  p.section = in.text("section");
  p.start = in.address("start", kMax);
  p.end = in.address("end", kMax);
  if (p.start > p.end) in.bad("it ends before it starts");
  return p;
}

bool is_sha256(const std::string& text) {
  return text.size() == 64 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

/// What no single value shows: numbers that name compartments must name existing ones.
void check_references(const Manifest& m, Errors& errors) {
  std::set<int> numbers;
  for (const auto& c : m.compartments) {
    if (!numbers.insert(c.number).second) {
      errors.add("/compartments", fmt::format("compartment {} stands there twice", c.number));
    }
  }
  const auto known = [&](int number, const char* where) {
    if (!numbers.contains(number)) {
      errors.add(where, fmt::format("there is no compartment {}", number));
    }
  };
  for (const auto& b : m.boundaries) {
    known(b.a, "/boundaries");
    known(b.b, "/boundaries");
    if (b.a >= b.b) errors.add("/boundaries", "`a` must be less than `b`");
  }
  for (const auto& g : m.gates) {
    known(g.from, "/gates");
    known(g.to, "/gates");
  }
  for (const auto& p : m.placements) {
    if (p.compartment != 0) known(p.compartment, "/placements");
  }
}

}  // namespace

const Manifest::Compartment* Manifest::compartment(int number) const {
  for (const Compartment& c : compartments) {
    if (c.number == number) return &c;
  }
  return nullptr;
}

bool Manifest::uses_protection_keys() const {
  return std::any_of(compartments.begin(), compartments.end(),
                     [](const Compartment& c) { return c.pkru != 0; });
}

Json to_json(const Manifest& m) {
  Json json;
  json["flexos"] = Manifest::kVersion;
  json["id"] = m.id;
  json["spec"] = m.spec;
  json["file"] = m.file;
  json["platform"] = m.platform;
  json["sharing"] = m.sharing;
  json["threads"] = m.threads;
  json["stack_size"] = m.stack_size;
  json["compartments"] = list_json(m.compartments, json_of);
  json["boundaries"] = list_json(m.boundaries, json_of);
  json["shared"] = list_json(m.shared, json_of);
  json["gates"] = list_json(m.gates, json_of);
  json["bindings"] = list_json(m.bindings, json_of);
  json["placements"] = list_json(m.placements, json_of);
  json["hardening"] = Json::object();
  for (const auto& [component, names] : m.hardening) json["hardening"][component] = names;
  json["variants"] = Json::object();
  for (const auto& [component, name] : m.variants) json["variants"][component] = name;
  json["sizes"] = Json::object();
  for (const auto& [what, bytes] : m.sizes) json["sizes"][what] = bytes;
  json["inputs"] = Json::object();
  for (const auto& [name, hash] : m.inputs) json["inputs"][name] = hash;
  json["tool"] = m.tool;
  if (m.counting) json["counting"] = true;
  return json;
}

std::string to_text(const Manifest& manifest) {
  // Names come from users' files: what is no UTF-8 is replaced, never thrown at.
  return to_json(manifest).dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<Manifest> manifest_from_json(std::string_view text) {
  if (text.size() > kMostBytes) return Error{.message = "image.json: it is larger than 64 MiB"};
  const Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) return Error{.message = "image.json: it is no JSON"};

  Errors errors;
  Object in(json, "", errors);
  Manifest m;
  const std::uint64_t version = in.number("flexos", 0, kMax);
  if (!errors.first() && version != Manifest::kVersion) {
    return Error{
        .message = fmt::format("image.json: version {} is not one that this tool reads ({})",
                               version, Manifest::kVersion),
        .hint = "build the image anew, or use the tool that built it"};
  }
  m.id = in.text("id");
  m.spec = in.text("spec");
  m.file = in.text("file");
  // The name is opened and executed: it must not lead out of the image's folder.
  if (m.file.empty() || m.file == "." || m.file == ".." ||
      m.file.find_first_of(std::string("/\0", 2)) != std::string::npos) {
    errors.add("/file", shown(m.file) + " is no plain file name");
  }
  m.platform = in.one_of("platform", {"qemu", "linux"});
  m.sharing = in.one_of("sharing", {"copy", "dss"});
  m.threads = in.small("threads", 1, 1 << 20);
  m.stack_size = in.number("stack_size", 0, kMax);
  m.compartments = in.list("compartments", read_compartment);
  m.boundaries = in.list("boundaries", read_boundary);
  m.shared = in.list("shared", read_section);
  m.gates = in.list("gates", read_gate);
  m.bindings = in.list("bindings", read_binding);
  m.placements = in.list("placements", read_placement);
  m.hardening = in.map<std::vector<std::string>>("hardening",
                                                 [&](const Json& value, const std::string& path) {
                                                   std::vector<std::string> names;
                                                   if (!value.is_array())
                                                     errors.add(path, "a list is expected");
                                                   if (value.is_array()) {
                                                     for (const Json& name : value)
                                                       names.push_back(in.text_of(name, path));
                                                   }
                                                   return names;
                                                 });
  m.variants = in.map<std::string>("variants", [&](const Json& value, const std::string& path) {
    return in.text_of(value, path);
  });
  m.sizes = in.map<std::uint64_t>("sizes", [&](const Json& value, const std::string& path) {
    return in.number_of(value, path, 0, kMax);
  });
  m.inputs = in.map<std::string>("inputs", [&](const Json& value, const std::string& path) {
    std::string hash = in.text_of(value, path);
    if (!is_sha256(hash)) errors.add(path, shown(hash) + " is no SHA-256");
    return hash;
  });
  m.tool = in.text("tool");
  m.counting = in.flag("counting");
  in.finish();
  if (!errors.first()) check_references(m, errors);
  if (errors.first()) return *errors.first();
  return m;
}

Result<Manifest> read_manifest(const std::filesystem::path& file) {
  std::error_code error;
  const auto status = std::filesystem::status(file, error);
  if (!std::filesystem::is_regular_file(status)) {
    return Error{.message = "cannot read " + file.string() + ": there is no such file"};
  }
  if (std::filesystem::file_size(file, error) > kMostBytes || error) {
    return Error{.message = "cannot read " + file.string() + ": it is larger than 64 MiB"};
  }
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in) return Error{.message = "cannot read " + file.string()};
  auto manifest = manifest_from_json(text.str());
  if (!manifest) {
    return Error{.message = (file.parent_path() / manifest.error().message).string(),
                 .hint = manifest.error().hint};
  }
  return manifest;
}

Result<ImagePath> find_image(const std::filesystem::path& named) {
  std::error_code error;
  const bool folder = std::filesystem::is_directory(named, error);
  const std::filesystem::path json = folder ? named / "image.json" : named;
  if (folder || named.filename() == "image.json") {
    const auto manifest = read_manifest(json);
    if (!manifest) {
      Error reason = manifest.error();
      if (reason.hint.empty()) reason.hint = "`flexos-explore build SPEC -o DIR` makes images";
      return reason;
    }
    return ImagePath{json.parent_path() / manifest->file, json};
  }
  if (!std::filesystem::exists(named, error)) {
    return Error{.message = named.string() + ": there is no such image",
                 .hint = "`flexos-explore build SPEC -o DIR` makes images"};
  }
  const auto beside = named.parent_path() / "image.json";
  return ImagePath{named, std::filesystem::exists(beside, error) ? beside : ""};
}

}  // namespace flexos
