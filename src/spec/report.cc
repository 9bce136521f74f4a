#include "spec/report.h"

#include <algorithm>
#include <tuple>

namespace flexos {

namespace {

/// More than anybody reads; keeps a hostile file from making gigabytes of diagnostics.
constexpr std::size_t kMaxFindings = 1000;
/// A longer source line is shown in part.
constexpr std::size_t kMaxExcerpt = 160;
constexpr std::size_t kExcerptLead = 60;

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

Diagnostic make(Severity severity, const Span& span, std::string_view code, std::string message,
                std::string hint) {
  Diagnostic d;
  d.severity = severity;
  d.code = code;
  d.message = std::move(message);
  d.hint = std::move(hint);
  if (span.source == nullptr) return d;
  d.file = span.source->file;
  d.line = span.line();
  d.column = span.column();
  d.length = span.length();
  if (d.line == 0) return d;

  const std::string& text = span.source->text;
  const std::size_t line_begin = span.source->line_starts[static_cast<std::size_t>(d.line - 1)];
  std::size_t line_end = std::min(text.find('\n', line_begin), text.size());
  if (line_end > line_begin && text[line_end - 1] == '\r') --line_end;
  std::size_t begin = line_begin;
  std::size_t end = line_end;
  if (line_end - line_begin > kMaxExcerpt) {
    if (span.begin > line_begin + kExcerptLead) begin = span.begin - kExcerptLead;
    end = std::min(line_end, begin + kMaxExcerpt);
    // Cut between characters; where the bytes are no UTF-8, anywhere.
    for (int i = 0; i < 3 && begin > line_begin && is_continuation(text[begin]); ++i) ++begin;
    for (int i = 0; i < 3 && end < line_end && is_continuation(text[end]); ++i) ++end;
  }
  d.excerpt = text.substr(begin, end - begin);
  d.excerpt_column = static_cast<int>(begin - line_begin) + 1;
  for (char& c : d.excerpt) {
    if (static_cast<unsigned char>(c) < 0x20 && c != '\t') c = '?';
  }
  // A file that is not UTF-8 is shown with its bad bytes replaced, so that the terminal survives.
  for (std::size_t bad = 0; (bad = find_bad_byte(d.excerpt)) != std::string::npos;) {
    d.excerpt[bad] = '?';
  }
  return d;
}

}  // namespace

Report::Finding& Report::Finding::note(const Span& span, std::string message) {
  if (span.source != nullptr) {
    notes_.push_back(make(Severity::note, span, {}, std::move(message), {}));
  }
  return *this;
}

Report::Finding& Report::error(const Span& span, std::string_view code, std::string message,
                               std::string hint) {
  ++errors_;
  return add(Severity::error, span, code, std::move(message), std::move(hint));
}

Report::Finding& Report::warning(const Span& span, std::string_view code, std::string message,
                                 std::string hint) {
  return add(Severity::warning, span, code, std::move(message), std::move(hint));
}

Report::Finding& Report::add(Severity severity, const Span& span, std::string_view code,
                             std::string message, std::string hint) {
  if (full()) {
    overflow_ = Finding();
    return overflow_;
  }
  Finding& finding = findings_.emplace_back();
  finding.main_ = make(severity, span, code, std::move(message), std::move(hint));
  finding.order_ = findings_.size();
  finding.primary_ = span.source != nullptr && span.source->primary;
  return finding;
}

bool Report::full() const { return findings_.size() >= kMaxFindings; }

std::vector<Diagnostic> Report::take() {
  const auto key = [](const Finding& f) {
    return std::tuple(!f.primary_, std::string_view(f.main_.file), f.main_.line, f.main_.column,
                      f.order_);
  };
  std::sort(findings_.begin(), findings_.end(),
            [&](const Finding& a, const Finding& b) { return key(a) < key(b); });
  std::vector<Diagnostic> result;
  const Diagnostic* previous = nullptr;
  for (Finding& finding : findings_) {
    // The same place can be read twice, through an alias for instance; it is one finding.
    if (previous != nullptr && previous->code == finding.main_.code &&
        previous->message == finding.main_.message && previous->line == finding.main_.line &&
        previous->column == finding.main_.column && previous->file == finding.main_.file) {
      continue;
    }
    previous = &finding.main_;
    result.push_back(finding.main_);
    result.insert(result.end(), finding.notes_.begin(), finding.notes_.end());
  }
  findings_.clear();
  return result;
}

}  // namespace flexos
